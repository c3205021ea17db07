package main

import (
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
)

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
