package main

import (
	"fmt"
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
)

// A slice is one holding of the GIL.
type slice struct {
	thread uint32
	length time.Duration
}

// contended are the slices that ended because somebody asked, in their order, from
// when the main thread has started all others and only waits.
func contended(a cli.Account) (all []slice) {
	waits := time.Duration(-1)
	for _, e := range a.Timeline.Trace.Events {
		switch {
		case e.Kind == gil.EvJoinBegin && waits < 0:
			waits = e.T
		case e.Kind == gil.EvGILRelease && waits >= 0 && e.T-time.Duration(e.A) > waits && (e.Why == gil.WhyInterval || e.Why == gil.WhyTick):
			all = append(all, slice{e.TID, time.Duration(e.A)})
		}
	}
	return all
}

// mean is the length of a slice on average, in milliseconds.
func mean(all []slice) float64 {
	sum := 0.0
	for _, s := range all {
		sum += s.length.Seconds() * 1000
	}
	return sum / float64(max(1, len(all)))
}

// lasts says how long a slice is, and how long on a computer that has delays.
func lasts(s *cli.Show, two cli.Account) string {
	switch {
	case s.Python.FreeThreaded():
		return "without a GIL there are no slices"
	case s.Live:
		return fmt.Sprintf("a slice lasts %.3f ms on average", mean(contended(two)))
	}
	measured := compute(s, 2, 400*time.Millisecond, gil.Measured())
	return fmt.Sprintf("a slice lasts %.3f ms on average, and %.2f ms with the delays of a real computer", mean(contended(two)), mean(contended(measured)))
}
