package main

import (
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
)

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
