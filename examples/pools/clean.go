package main

import (
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe/pickle"
	"github.com/pygil/pygil/pool"
	"github.com/pygil/pygil/process"
)

// clean is 40 ms of work on a part of the data.
var clean = process.Define("pools.clean", func(t *gil.Thread, chunk []int) (int, error) {
	t.Compute(40 * time.Millisecond)
	return len(chunk), nil
})

// chunks are what the data is cut into.
const chunks = 100

// cleaned maps over the data in chunks: how many were done, how long that took once
// the workers were there, and how much had to be pickled for them.
func cleaned(s *cli.Show) (done int, took time.Duration, bytes int) {
	data := make([][]int, chunks)
	for i := range data {
		data[i] = make([]int, 10_000)
		b, err := pickle.Marshal(data[i])
		s.Check(err)
		bytes += len(b)
	}
	s.Run(func(t *gil.Thread) {
		p, err := pool.New(t, 4)
		s.Check(err)
		s.Check(p.With(t, func() {
			began := t.Now()
			results, err := pool.Map(t, p, clean, data, pool.WithChunkSize(1))
			s.Check(err)
			took, done = t.Now()-began, len(results)
		}))
	}, costs(preset.ProcessStart)...)
	return done, took, bytes
}
