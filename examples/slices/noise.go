package main

import (
	"slices"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/models"
	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
)

// load is the work whose time is measured. Up to 3.1 a hundredth of it has switches
// enough.
func load(s *cli.Show) preset.Preset {
	work := preset.CPU()
	if s.Python.PollsWaits() {
		for i := range work.Tasks {
			work.Tasks[i].Hold /= 100
		}
	}
	return work
}

// measure takes the time n times, each time with another seed, on a computer whose
// speed varies by 3 percent, as those on which notebooks run do.
func measure(s *cli.Show, n int, m models.Model) (seconds []float64) {
	for i := range n {
		s := s.Seeded(s.Seed + uint64(i))
		work := load(s)
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

// verdict says what two rows of measurements tell.
func verdict(serial, threads []float64) string {
	if median := threads[15]; serial[0] < median && median < serial[29] {
		return "The difference is smaller than the noise: one measurement says nothing."
	}
	return "The difference is greater than the noise: one measurement shows it."
}
