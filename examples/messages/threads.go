package main

import (
	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/queue"
)

// A parcel is something of which there is a number.
type parcel struct{ producer, number int }

// throughThreads has four threads put a thousand things each and four take them.
func throughThreads(s *cli.Show) (got [][]parcel) {
	got = make([][]parcel, 4)
	s.Run(func(t *gil.Thread) {
		q := queue.New[parcel](100)
		var producers []*gil.Thread
		for i := range 4 {
			producers = append(producers, t.Go("producer", func(t *gil.Thread) {
				for n := range 1000 {
					s.Check(q.Put(t, parcel{i, n}))
				}
			}))
			t.Go("consumer", func(t *gil.Thread) {
				for {
					p, err := q.Get(t)
					if err != nil {
						return // shut down, and empty
					}
					got[i] = append(got[i], p)
				}
			})
		}
		gil.JoinAll(t, producers...)
		q.Shutdown(t, false)
	}, gil.Measured())
	return got
}
