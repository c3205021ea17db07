// Pythons runs four tasks of 1 s under interpreters with a GIL and without one, and
// in sub-interpreters, each of which has its own from 3.12 on.
package main

import (
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/models"
	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
)

func main() { cli.Main("pythons", story) }

// tasks are n tasks that compute for what is 1 s with CPython.
func tasks(n int) []preset.Task {
	all := make([]preset.Task, n)
	for i := range all {
		all[i] = preset.Task{Rounds: 1, Hold: time.Second}
	}
	return all
}

func threads(s *cli.Show, p gil.Profile, n int) cli.Account {
	return s.Under(p).Run(models.Threads.Of(tasks(n)))
}

// interpreters gives each task a sub-interpreter on a thread of its own, and counts
// GILs and processes.
func interpreters(s *cli.Show, p gil.Profile, n int) (a cli.Account, gils, pids map[uint64]bool) {
	gils, pids = map[uint64]bool{}, map[uint64]bool{}
	a = s.Under(p).Run(func(t *gil.Thread) {
		var all []*gil.Thread
		for range n {
			all = append(all, t.Go("", func(t *gil.Thread) {
				sub := t.NewInterpreter()
				if err := sub.Run(func(t *gil.Thread) {
					gils[t.Interpreter().GIL().ID()], pids[uint64(t.Interpreter().PID())] = true, true
					t.Compute(time.Second)
				}); err != nil {
					panic(err)
				}
			}))
		}
		gil.JoinAll(t, all...)
	})
	return a, gils, pids
}

func story(s *cli.Show) {
	s.Simulated()
	s.Fixed("the table has all of them", "profile")
	s.Printf("four tasks of 1 s                     time\n")
	for _, p := range []gil.Profile{gil.CPython311, gil.CPython313, gil.PyPy, gil.CPython313T, gil.CPython314T, gil.JVM} {
		a := threads(s, p, 4)
		s.Printf("%-32s %8.3f s   %v\n", "threads, "+p.Name(), a.Took.Seconds(), a)
	}
	a, gils, pids := interpreters(s, gil.CPython312, 4)
	s.Printf("%-32s %8.3f s   %v   %d GILs in %d process\n", "sub-interpreters, 3.12", a.Took.Seconds(), a, len(gils), len(pids))
	p := s.Under(gil.CPython311).Run(models.Processes.Of(tasks(4)), gil.WithStartCost(0))
	s.Printf("%-32s %8.3f s   %v\n", "processes, 3.11", p.Took.Seconds(), p)
	s.Printf("\none task alone\n")
	for _, p := range []gil.Profile{gil.CPython313, gil.CPython313T, gil.CPython314T, gil.PyPy, gil.JVM} {
		s.Printf("%-32s %8.3f s\n", p.Name(), threads(s, p, 1).Took.Seconds())
	}
}
