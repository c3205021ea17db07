// Slices shows how threads that compute take turns, and what the switches cost.
//
//	go run ./examples/slices
//	go run ./examples/slices -profile 2.7 -cores 2
//	go run ./examples/slices -trace slices.svg
package main

import (
	"slices"
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

// A slice is one holding of the GIL.
type slice struct {
	thread uint32
	length time.Duration
}

// contended are the slices that ended because somebody asked, in their order, from
// when the main thread has started all others and only waits.
func contended(a cli.Account) (all []slice) {
	waits := time.Duration(-1)
	for _, e := range a.Timeline.Trace.Events {
		switch {
		case e.Kind == gil.EvJoinBegin && waits < 0:
			waits = e.T
		case e.Kind == gil.EvGILRelease && waits >= 0 && e.T-time.Duration(e.A) > waits && (e.Why == gil.WhyInterval || e.Why == gil.WhyTick):
			all = append(all, slice{e.TID, time.Duration(e.A)})
		}
	}
	return all
}

// mean is the length of a slice on average, in milliseconds.
func mean(all []slice) float64 {
	sum := 0.0
	for _, s := range all {
		sum += s.length.Seconds() * 1000
	}
	return sum / float64(max(1, len(all)))
}

// measure takes the time n times, each time with another seed, on a computer whose
// speed varies by 3 percent, as those on which notebooks run do.
func measure(s *cli.Show, n int, m models.Model) (seconds []float64) {
	for i := range n {
		s := s.Seeded(s.Seed + uint64(i))
		work := preset.CPU()
		var noise float64
		a := s.Run(func(t *gil.Thread) {
			noise = 0.97 + 0.06*float64(t.Choose(1000))/999
			m.Of(work.Tasks)(t)
		}, gil.WithSwitchCost(work.Switch))
		seconds = append(seconds, a.Took.Seconds()*noise)
	}
	slices.Sort(seconds)
	return seconds
}

func story(s *cli.Show) {
	two := compute(s, 2, 40*time.Millisecond)
	s.Printf("Two threads compute for 40 ms each: %v\n", two)
	s.Check(two.Timeline.WriteText(s.Out(), trace.Text{Width: 78}))
	s.Printf("a slice lasts %.3f ms on average", mean(contended(two)))
	if s.Live {
		s.Printf("\n")
		return
	}
	measured := compute(s, 2, 400*time.Millisecond, gil.Measured())
	s.Printf(", and %.2f ms with the delays of a real computer\n\n", mean(contended(measured)))

	work := preset.CPU()
	a := s.Run(models.Threads.Of(work.Tasks), gil.WithSwitchCost(work.Switch))
	s.Printf("%s: four threads, %.2f s of computing, %.2f s in all: %d switches of %v\n",
		work.Name, 4*preset.CPUTask.Seconds(), a.Took.Seconds(), a.Stats.Switches, work.Switch)

	s.Printf("\n30 measurements each, with noise of 3 %%   least  median    most\n")
	for _, way := range []struct {
		name string
		do   models.Model
	}{{"one after the other", models.Serial}, {"four threads", models.Threads}} {
		all := measure(s, 30, way.do)
		s = s.Seeded(s.Seed + 30)
		s.Printf("%-38s  %6.2f  %6.2f  %6.2f\n", way.name, all[0], all[15], all[29])
	}
	s.Printf("The difference is smaller than the noise: one measurement says nothing.\n")
}
