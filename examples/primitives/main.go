// Primitives runs the same checks over what threading and multiprocessing both have:
// Lock, RLock, Semaphore, BoundedSemaphore, Event, Condition, Barrier.
package main

import (
	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
)

func main() { cli.Main("primitives", story) }

// A locker is what can be acquired and released.
type locker struct {
	acquire, release func(t *gil.Thread) error
	try              func(t *gil.Thread) bool
}

// An event, a condition and a barrier, with the methods that the checks need.
type (
	event struct {
		set, clear, wait func(t *gil.Thread) error
		isSet            func(t *gil.Thread) bool
	}
	condition struct {
		locker
		wait, notify func(t *gil.Thread) error
	}
	barrier struct {
		wait func(t *gil.Thread) (int, error)
	}
)

// A kit is the primitives of one package.
type kit struct {
	name               string
	lock, rlock        func(t *gil.Thread) locker
	semaphore, bounded func(t *gil.Thread, n int) locker
	event              func(t *gil.Thread) event
	condition          func(t *gil.Thread) condition
	barrier            func(t *gil.Thread, n int) barrier
}

var kits = []kit{threads, processes}

// passed are the primitives of a package that the checks find nothing wrong with, and
// the most that was done at once in any of the runs.
func passed(s *cli.Show, k kit) (names []string, most cli.Account) {
	for _, c := range checks {
		wrong := ""
		a := s.Run(func(t *gil.Thread) { wrong = c.find(t, k) })
		most.Par, most.Conc = max(most.Par, a.Par), max(most.Conc, a.Conc)
		if wrong == "" {
			names = append(names, c.name)
		} else {
			s.Printf("%s.%s: %s\n", k.name, c.name, wrong)
		}
	}
	return names, most
}

func story(s *cli.Show) {
	s.Simulated()
	for _, k := range kits {
		names, a := passed(s, k)
		s.Printf("%-16s %d of %d: %v; %v\n", k.name, len(names), len(checks), names, a)
	}
}
