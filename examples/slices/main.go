// Slices shows how threads that compute take turns, and what the switches cost.
//
//	go run ./examples/slices
//	go run ./examples/slices -profile 2.7 -cores 2
//	go run ./examples/slices -trace slices.svg
package main

import (
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/models"
	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/trace"
)

func main() { cli.Main("slices", story) }

// compute has n threads compute for d each.
func compute(s *cli.Show, n int, d time.Duration, opts ...gil.Option) cli.Account {
	tasks := make([]preset.Task, n)
	for i := range tasks {
		tasks[i] = preset.Task{Rounds: 1, Hold: d}
	}
	return s.Watch(models.Threads.Of(tasks), opts...)
}

func story(s *cli.Show) {
	two := compute(s, 2, 40*time.Millisecond)
	s.Printf("Two threads compute for 40 ms each: %v\n", two)
	s.Check(two.Timeline.WriteText(s.Out(), trace.Text{Width: 78}))
	s.Printf("%s\n", lasts(s, two))
	if s.Live {
		return
	}
	s.Printf("\n")

	work := load(s)
	a := s.Run(models.Threads.Of(work.Tasks), gil.WithSwitchCost(work.Switch))
	s.Printf("%s: four threads, %.2f s of computing, %.2f s in all: %d switches of %v\n",
		work.Name, 4*work.Tasks[0].Hold.Seconds(), a.Took.Seconds(), a.Stats.Switches, work.Switch)

	s.Printf("\n30 measurements each, with noise of 3 %%   least  median    most\n")
	const row = "%-38s  %6.2f  %6.2f  %6.2f\n"
	serial, threads := measure(s.Untraced(), 30, models.Serial), measure(s.Untraced().Seeded(s.Seed+30), 30, models.Threads)
	s.Printf(row, "one after the other", serial[0], serial[15], serial[29])
	s.Printf(row, "four threads", threads[0], threads[15], threads[29])
	s.Printf("%s\n", verdict(serial, threads))
}
