// Hangs shows programs that get nowhere, what finds out, and what helps: deadlock,
// livelock, starvation.
package main

import (
	"errors"
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
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

// polite has two threads that give their lock back when they see that the other one
// wants to go on too, wait, and try again: in step, unless each waits for a time of
// its own.
func polite(s *cli.Show, random bool) (rounds int, ended bool) {
	const most = 200
	a := s.On(2).Try(func(t *gil.Thread) {
		locks := [2]threading.Lock{{Name: "left"}, {Name: "right"}}
		done := 0
		walk := func(me int) func(t *gil.Thread) {
			return func(t *gil.Thread) {
				for i := range most {
					mine, other := &locks[me], &locks[1-me]
					mine.Acquire(t)
					t.Sleep(time.Millisecond)
					if other.TryAcquire(t) {
						done++
						other.Release(t)
						mine.Release(t)
						return
					}
					t.Sleep(time.Millisecond)
					mine.Release(t)
					pause := time.Millisecond
					if random {
						pause = time.Duration(1+t.Choose(10)) * time.Millisecond
					}
					rounds = max(rounds, i+1)
					t.Sleep(pause)
				}
			}
		}
		gil.JoinAll(t, t.Go("a", walk(0)), t.Go("b", walk(1)))
		ended = done == 2
	})
	s.Check(a.Err)
	return rounds, ended
}

// verdict is the kind of failure that a search finds.
func verdict(prog func(t *gil.Thread), opts ...explore.Option) string {
	opts = append([]explore.Option{explore.WithMaxSchedules(300), explore.WithMaxSteps(3000)}, opts...)
	if f := explore.Find(prog, opts...); f != nil {
		return f.Kind.String()
	}
	return "none"
}

// spin waits for a flag by looking again and again, so that the thread that would set
// it may never get its turn.
func spin(t *gil.Thread) {
	stop := gil.NewVar("stop", false)
	a := t.Go("a", func(t *gil.Thread) {
		for !stop.Load(t) {
			continue
		}
	})
	stop.Store(t, true)
	a.Join(t)
}

// inStep is polite, for the explorer: both give way whenever the other one is there.
func inStep(t *gil.Thread) {
	here := []*gil.Var[bool]{gil.NewVar("a is here", true), gil.NewVar("b is here", true)}
	walk := func(me int) func(t *gil.Thread) {
		return func(t *gil.Thread) {
			for here[1-me].Load(t) {
				here[me].Store(t, false) // after you
				t.Yield()
				here[me].Store(t, true)
				t.Yield()
			}
			here[me].Store(t, false)
		}
	}
	gil.JoinAll(t, t.Go("a", walk(0)), t.Go("b", walk(1)))
}

// writer waits for a door that eleven readers pass. Unfair, it gets in when no reader
// is there; fair, readers that come later wait behind it.
func writer(s *cli.Show, fair bool) (passedOver int) {
	s.Run(func(t *gil.Thread) {
		var turnstile, room threading.Lock
		var mutex threading.Lock
		readers, waiting := 0, false
		reader := func(t *gil.Thread) {
			if fair {
				turnstile.Acquire(t)
				turnstile.Release(t)
			}
			mutex.With(t, func() {
				if readers++; readers == 1 {
					room.Acquire(t)
				}
				if waiting {
					passedOver++
				}
			})
			t.IO(10 * time.Millisecond)
			mutex.With(t, func() {
				if readers--; readers == 0 {
					room.Release(t)
				}
			})
		}
		var all []*gil.Thread
		for i := range 11 {
			all = append(all, t.Go("reader", func(t *gil.Thread) {
				t.Sleep(time.Duration(5*i) * time.Millisecond) // one comes before the last one leaves
				reader(t)
			}))
		}
		all = append(all, t.Go("writer", func(t *gil.Thread) {
			t.Sleep(2 * time.Millisecond)
			if fair {
				turnstile.Acquire(t)
			}
			waiting = true
			room.Acquire(t)
			waiting = false
			room.Release(t)
			if fair {
				turnstile.Release(t)
			}
		}))
		gil.JoinAll(t, all...)
	})
	return passedOver
}

func story(s *cli.Show) {
	s.Simulated()
	s.Fixed("two threads need two cores, and no more", "cores")
	a := s.On(2).Try(abba(false, false))
	var dead *gil.DeadlockError
	if errors.As(a.Err, &dead) {
		s.Printf("Two threads, two locks, in opposite orders, after %v (%v):\n%v\n\n", a.Took, a, dead)
	}
	s.Printf("in opposite orders: %s\nin the same order: %s\ntry, and give back: %s\n\n", verdict(abba(false, false)), verdict(abba(true, false)), verdict(abba(false, true)))
	rounds, ended := polite(s, false)
	s.Printf("Two polite threads that give way in step: %d rounds, ended %v; %s\n", rounds, ended, verdict(inStep))
	rounds, ended = polite(s, true)
	s.Printf("The same, each waiting for a random time: %d rounds, ended %v\n\n", rounds, ended)
	s.Printf("A writer is passed over by %d readers; at a fair door by %d.\n", writer(s, false), writer(s, true))
	s.Printf("A thread that never gets its turn: %s\n", verdict(spin, starving...))
}

// starving lets the explorer choose the same thread for ever.
var starving = []explore.Option{explore.WithoutFairness(), explore.WithStrategy(explore.DFS()), explore.WithMaxSchedules(50)}
