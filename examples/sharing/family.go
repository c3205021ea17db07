package main

import (
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
)

// A family is a process and what it has started.
type family struct {
	main     string // the name of its first thread
	parents  []int  // of each child process, the number of its parent
	threads  int
	gils     map[uint64]bool
	waits    int // times a process waited for the GIL of another
	children int
}

// start has a process start two threads and two processes.
func start(s *cli.Show) (f family, a cli.Account) {
	f.gils = map[uint64]bool{}
	note := func(t *gil.Thread) {
		if g := t.Interpreter().GIL(); g != nil { // it has one
			f.gils[g.ID()] = true
		}
	}
	a = s.Watch(func(t *gil.Thread) {
		f.main = t.Interpreter().Main().Name()
		note(t)
		work := func(t *gil.Thread) { t.Compute(20 * time.Millisecond) }
		one, two := t.Go("", work), t.Go("", work)
		var children []*gil.Child
		for range 2 {
			children = append(children, t.Emulate("child", func(t *gil.Thread) {
				note(t)
				work(t)
			}))
		}
		f.threads, f.children = t.Interpreter().ActiveCount(t), len(children)
		for _, c := range children {
			f.parents = append(f.parents, c.Parent().PID())
			c.Join(t)
		}
		gil.JoinAll(t, one, two)
	}, gil.WithStartCost(0))
	process := map[uint32]uint32{} // of each thread
	for _, e := range a.Timeline.Trace.Events {
		process[e.TID] = e.PID
		if e.Kind == gil.EvGILRequest && e.Peer != 0 && process[e.Peer] != e.PID {
			f.waits++
		}
	}
	return f, a
}
