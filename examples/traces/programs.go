package main

import (
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/trace"
)

// convoy is a thread that computes and one that answers requests: each answer waits
// for a whole switch interval.
func convoy(m *gil.Thread) {
	cpu := m.Go("compute", func(t *gil.Thread) { t.Compute(45 * time.Millisecond) })
	io := m.Go("answer", func(t *gil.Thread) {
		for range 5 {
			t.IO(2 * time.Millisecond)
			t.Compute(100 * time.Microsecond)
		}
	})
	gil.JoinAll(m, cpu, io)
}

// battle is two threads that compute.
func battle(m *gil.Thread) {
	work := func(t *gil.Thread) { t.Compute(20 * time.Millisecond) }
	gil.JoinAll(m, m.Go("a", work), m.Go("b", work))
}

// record is the timeline of a program on two cores.
func record(title string, python gil.Profile, program func(*gil.Thread)) (*trace.Timeline, error) {
	tr, err := trace.Record(2, python, program, gil.Measured(), gil.WithSeed(1))
	tr.Header.Title = title
	return tr.Timeline(), err
}
