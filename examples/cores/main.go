// Cores runs tasks that compute on computers with few and many cores, on threads and
// in processes, and with hardware threads that share a core.
package main

import (
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/models"
	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
)

func main() { cli.Main("cores", story) }

// tasks are n tasks that compute for 1 s.
func tasks(n int) []preset.Task {
	all := make([]preset.Task, n)
	for i := range all {
		all[i] = preset.Task{Rounds: 1, Hold: time.Second}
	}
	return all
}

// do runs n tasks. Who has a core keeps it until its task is done, so that tasks are
// done in rounds.
func do(s *cli.Show, m models.Model, n int, opts ...gil.Option) cli.Account {
	return s.Run(m.Of(tasks(n)), append(opts, gil.WithStartCost(0), gil.WithQuantum(0))...)
}

// turns is four processes on one core, which the operating system takes from them
// every 4 ms.
func turns(s *cli.Show) cli.Account {
	return s.On(1).Run(models.Processes.Of(tasks(4)), gil.WithStartCost(0))
}

// amdahl is how much faster n processes do a second of work of which a part cannot
// be divided.
func amdahl(s *cli.Show, part float64, n int) float64 {
	whole := time.Second
	alone := time.Duration(part * float64(whole))
	shared := make([]preset.Task, n)
	for i := range shared {
		shared[i] = preset.Task{Rounds: 1, Hold: (whole - alone) / time.Duration(n)}
	}
	a := s.On(n).Run(func(t *gil.Thread) {
		t.Compute(alone)
		models.Processes.Of(shared)(t)
	}, gil.WithStartCost(0))
	return whole.Seconds() / a.Took.Seconds()
}

func story(s *cli.Show) {
	s.Simulated()
	s.Fixed("each table has cores of its own", "cores")
	s.Printf("28 tasks of 1 s\ncores      ")
	counts := []int{1, 2, 4, 6, 8, 28}
	for _, c := range counts {
		s.Printf("%5d", c)
	}
	for _, way := range []struct {
		name string
		do   models.Model
	}{{"processes", models.Processes}, {"threads", models.Threads}} {
		s.Printf("\n%-11s", way.name)
		for _, c := range counts {
			s.Printf("%5.0f", do(s.On(c), way.do, 28).Took.Seconds())
		}
	}
	s.Printf("\n\n8 processes of 1 s on 4 cores with 2 hardware threads each\n")
	for _, yield := range []float64{1, 1.3, 2} {
		a := do(s.On(8), models.Processes, 8, gil.WithSMT(2, yield))
		s.Printf("two of them do the work of %.1f cores: %.3f s, %v\n", yield, a.Took.Seconds(), a)
	}
	s.Printf("\n4 processes that take turns on 1 core: %v\n", turns(s))
	s.Printf("\nWork of which a part cannot be divided, on 28 processes\n")
	for _, part := range []float64{0, 0.1, 0.5} {
		s.Printf("%3.0f %%: %5.2f times as fast\n", 100*part, amdahl(s, part, 28))
	}
}
