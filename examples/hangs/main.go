// Hangs shows programs that get nowhere, what finds out, and what helps: deadlock,
// livelock, starvation.
package main

import (
	"errors"
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/stuck"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
)

func main() { cli.Main("hangs", story) }

// abba has two threads take two locks, in opposite orders unless ordered is set; with
// backOff a thread that does not get the second one gives the first one back.
func abba(ordered, backOff bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		first, second := &threading.Lock{Name: "first"}, &threading.Lock{Name: "second"}
		use := func(one, two *threading.Lock) func(t *gil.Thread) {
			return func(t *gil.Thread) {
				for {
					one.Acquire(t)
					t.IO(time.Millisecond)
					if !backOff {
						two.Acquire(t)
						break
					}
					if two.TryAcquire(t) {
						break
					}
					one.Release(t)
					two.Acquire(t) // wait for it, rather than try and try
					two.Release(t)
				}
				two.Release(t)
				one.Release(t)
			}
		}
		a, b := use(first, second), use(second, first)
		if ordered {
			b = a
		}
		gil.JoinAll(t, t.Go("a", a), t.Go("b", b))
	}
}

// search goes through the orders of a program.
func search(program func(t *gil.Thread)) *explore.Failure {
	return explore.Find(program, explore.WithMaxSchedules(300), explore.WithMaxSteps(3000))
}

// verdict is the kind of what a search has found.
func verdict(f *explore.Failure) string {
	if f == nil {
		return "none"
	}
	return f.Kind.String()
}

func story(s *cli.Show) {
	s.Simulated()
	s.Fixed("two threads need two cores, and no more", "cores")
	a := s.On(2).Try(abba(false, false))
	var dead *gil.DeadlockError
	if errors.As(a.Err, &dead) {
		s.Printf("Two threads, two locks, in opposite orders, after %v (%v):\n%v\n\n", a.Took, a, dead)
	}
	s.Printf("in opposite orders: %s\nin the same order: %s\ntry, and give back: %s\n\n",
		verdict(search(abba(false, false))), verdict(search(abba(true, false))), verdict(search(abba(false, true))))
	rounds, ended := polite(s, false)
	s.Printf("Two polite threads that give way in step: %d rounds, ended %v; %s\n", rounds, ended, verdict(stuck.Livelock.Find()))
	rounds, ended = polite(s, true)
	s.Printf("The same, each waiting for a random time: %d rounds, ended %v\n\n", rounds, ended)
	s.Printf("A writer is passed over by %d readers; at a fair door by %d.\n", writer(s, false), writer(s, true))
	s.Printf("A thread that never gets its turn: %s\n", verdict(stuck.Starvation.Find()))
}
