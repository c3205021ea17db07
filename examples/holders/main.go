// Holders prints who holds the GIL and why it is given up: around I/O, after so many
// ticks, never when nobody wants it.
package main

import (
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
)

func main() { cli.Main("holders", story) }

// reader is a thread that waits for 10 ms of I/O beside one that computes.
func reader(t *gil.Thread) {
	read := t.Go("reads", func(t *gil.Thread) {
		t.Compute(2 * time.Millisecond)
		t.IO(10 * time.Millisecond)
		t.Compute(2 * time.Millisecond)
	})
	compute := t.Go("computes", func(t *gil.Thread) { t.Compute(30 * time.Millisecond) })
	gil.JoinAll(t, read, compute)
}

// A count is what the GIL did while bytecodes were executed.
type count struct{ checks, releases, handOvers int64 }

// ticks executes n bytecodes on one thread, or on two.
func ticks(s *cli.Show, n, threads int) (c count) {
	s.Run(func(t *gil.Thread) {
		before := t.Interpreter().Stats()
		work := func(t *gil.Thread) {
			for range n / threads {
				t.Tick(1)
			}
		}
		var all []*gil.Thread
		for range threads - 1 {
			all = append(all, t.Go("", work))
		}
		work(t)
		gil.JoinAll(t, all...)
		after := t.Interpreter().Stats()
		c = count{after.Checks - before.Checks, after.Acquisitions - before.Acquisitions, after.Switches - before.Switches}
	}, gil.Ideal(), gil.WithTickCost(50*time.Nanosecond))
	return c
}

func story(s *cli.Show) {
	a := s.Watch(reader)
	s.Printf("A thread that reads beside one that computes: %v\n\n", a)
	for _, e := range a.Timeline.Trace.Events {
		switch e.Kind {
		case gil.EvGILAcquire, gil.EvGILRelease, gil.EvIOBegin, gil.EvIOEnd, gil.EvGILRequest:
			s.Printf("%8.3f ms  %s\n", float64(e.T)/1e6, a.Timeline.Sentence(e))
		}
	}
	if s.Live {
		return
	}
	s.Printf("\n1000000 bytecodes          checks    GIL taken   by another thread\n")
	for _, c := range []struct {
		name    string
		python  gil.Profile
		threads int
	}{
		{"Ticks(100), alone", gil.FromRule(gil.Ticks(100)), 1},
		{"Ticks(100), two threads", gil.FromRule(gil.Ticks(100)), 2},
		{"2.7, alone", gil.CPython27, 1},
		{"2.7, two threads", gil.CPython27, 2},
		{"3.13, alone", gil.CPython313, 1},
		{"3.13, two threads", gil.CPython313, 2},
	} {
		n := ticks(s.Under(c.python), 1_000_000, c.threads)
		s.Printf("%-24s %8d  %11d  %18d\n", c.name, n.checks, n.releases, n.handOvers)
	}
}
