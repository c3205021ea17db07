// Words does four tasks in five ways and prints two numbers for each: how many
// tasks had begun and not ended at one instant, which is concurrency, and how many
// computed at one instant, which is parallelism.
//
//	go run ./examples/words
//	go run ./examples/words -cores 1
package main

import (
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/models"
	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
)

func main() { cli.Main("words", story) }

// Each task takes 0.1 s: one kind computes, one does both, one waits.
var (
	compute = preset.Task{Rounds: 1, Hold: 100 * time.Millisecond}
	mixed   = preset.Task{Rounds: 2, Hold: 45 * time.Millisecond, Wait: 5 * time.Millisecond}
	wait    = preset.Task{Rounds: 1, Wait: 100 * time.Millisecond}
)

// A way is a model under a Python of its own.
type way struct {
	name  string
	do    models.Model
	free  bool // without a GIL
	child bool // with processes, which only the simulated computer can count
}

var ways = []way{
	{"serial", models.Serial, false, false},
	{"threads", models.Threads, false, false},
	{"asyncio", models.Coroutines, false, false},
	{"processes", models.Processes, false, true},
	{"threads, no GIL", models.Threads, true, false},
}

func (w way) run(s *cli.Show, task preset.Task, n int) cli.Account {
	tasks := make([]preset.Task, n)
	for i := range tasks {
		tasks[i] = task
	}
	if w.free {
		s = s.Under(gil.FromRule(gil.None()))
	}
	var begun models.Counter
	a := s.Attempt(func(t *gil.Thread) { w.do(t, tasks, begun.On) }, gil.WithStartCost(0))
	a.Conc = begun.Most() // of tasks: coroutines are no threads
	return a
}

func story(s *cli.Show) {
	for _, kind := range []struct {
		name string
		task preset.Task
	}{{"computing", compute}, {"computing, with two short waits", mixed}, {"waiting", wait}} {
		s.Printf("4 tasks of 0.1 s each, %s\n%-16s  %7s  %13s  %17s\n", kind.name, "", "time", "begun: conc", "at once: par")
		for _, w := range ways {
			if w.child && s.Live {
				continue
			}
			a := w.run(s, kind.task, 4)
			if a.Err != nil {
				s.Printf("%-16s  Python %v has none\n", w.name, s.Python)
				continue
			}
			s.Printf("%-16s  %5.2f s  %13d  %17d\n", w.name, a.Took.Seconds(), a.Conc, a.Par)
		}
		s.Printf("\n")
	}
	if s.Live {
		for _, p := range []gil.Profile{gil.CPython313, gil.CPython313T} {
			par, err := together(p)
			s.Check(err)
			s.Printf("Python %-5v  threads seen executing at one instant: %d\n", p, par)
		}
		return
	}
	s.Printf("Concurrency makes waits overlap. Only parallelism makes computing faster.\n")
}
