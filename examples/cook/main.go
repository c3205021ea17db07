// Cook prepares ten meals: 5 and 13 minutes of work, 30 minutes of boiling, 2
// minutes of work each. A cook is a thread of an interpreter of its own; what a
// cook's hands do is computing, what boils is waiting.
package main

import (
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
)

func main() { cli.Main("cook", story) }

const (
	meals    = preset.CookMeals
	deadline = int(preset.CookDeadline / time.Minute)
)

// cook prepares n meals. With overlap all of them go on the stove first, and each is
// finished when it has boiled.
func cook(t *gil.Thread, n int, overlap bool) {
	var stove threading.Event // everything is on it
	for range n {
		t.Compute(preset.CookStart + preset.CookPrepare)
		boil := t.Go("meal", func(t *gil.Thread) {
			t.IO(preset.CookBoil)
			if overlap {
				stove.Wait(t)
			}
			t.Compute(preset.CookFinish)
		})
		if !overlap {
			boil.Join(t)
		}
	}
	stove.Set(t)
}

// minutes is how long the cooks need.
func minutes(s *cli.Show, cooks int, overlap bool) float64 {
	return prepare(s, cooks, overlap).Took.Minutes()
}

// prepare has so many cooks prepare the meals.
func prepare(s *cli.Show, cooks int, overlap bool) cli.Account {
	python := s.Python.WithSwitchInterval(time.Minute).WithCheckInterval(1_000_000_000) // not every 5 ms
	return s.Under(python).On(max(cooks, s.Cores)).Run(func(t *gil.Thread) {
		for i := range cooks {
			share := (meals + i) / cooks
			t.Emulate("cook", func(t *gil.Thread) { cook(t, share, overlap) })
		}
	}, gil.WithStartCost(0))
}

// smallest is the least number of cooks that are done in time.
func smallest(s *cli.Show, overlap bool) int {
	cooks := 1
	for minutes(s, cooks, overlap) > float64(deadline) {
		cooks++
	}
	return cooks
}

func story(s *cli.Show) {
	s.Simulated()
	s.Fixed("there is a core for each cook", "cores")
	s.Printf("cooks   one meal after the other   another while one boils\n")
	for _, cooks := range []int{1, 2, 3, 4, 10} {
		s.Printf("%5d   %20.0f min   %19.0f min\n", cooks, minutes(s, cooks, false), minutes(s, cooks, true))
	}
	s.Printf("\nIn %d minutes: %d cooks, or %d who do not wait for the water.\n", deadline, smallest(s, false), smallest(s, true))
	s.Printf("Two who do not wait: %v.\n", prepare(s, 2, true))
}
