// C_calls has four threads call C functions that give the GIL up, that keep it, and
// that use several cores by themselves.
//
//	go run ./examples/c_calls
//	go run ./examples/c_calls -live
package main

import (
	"fmt"
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
)

func main() { cli.Main("c_calls", story) }

// A call is a C function by what it does with the GIL, for the time d.
type call struct {
	name string
	do   func(t *gil.Thread, d time.Duration)
}

// length is how long a call takes: 1 s, and a tenth of it where one has to wait for it.
func length(s *cli.Show) time.Duration {
	if s.Live {
		return time.Second / 10
	}
	return time.Second
}

var calls = []call{
	{"given up: NumPy, zlib, with nogil, CDLL", func(t *gil.Thread, d time.Duration) { t.Released(d, 1) }},
	{"kept: forgotten, or PyDLL", func(t *gil.Thread, d time.Duration) { t.Held(d) }},
	{"given up, and four cores each", func(t *gil.Thread, d time.Duration) { t.Released(d, 4) }},
	{"pure Python", func(t *gil.Thread, d time.Duration) { t.Compute(d) }},
}

// four has four threads make a call.
func four(s *cli.Show, c call) cli.Account {
	return s.Run(func(t *gil.Thread) {
		var all []*gil.Thread
		for range 4 {
			all = append(all, t.Go("", func(t *gil.Thread) { c.do(t, length(s)) }))
		}
		gil.JoinAll(t, all...)
	})
}

// longest is the longest wait for the GIL of a thread that wants to compute for a
// moment beside a call.
func longest(s *cli.Show, c call) time.Duration {
	var wait time.Duration
	s.Run(func(t *gil.Thread) {
		other := t.Go("other", func(t *gil.Thread) {
			for range 10 {
				wakes := t.Now() + 10*time.Millisecond
				t.Sleep(10 * time.Millisecond)
				wait = max(wait, t.Now()-wakes)
			}
		})
		t.Sleep(10*time.Millisecond - time.Microsecond)
		c.do(t, length(s))
		other.Join(t)
	})
	return wait
}

func story(s *cli.Show) {
	s.Printf("%-42s %8s  %10s  %14s\n", fmt.Sprintf("four calls of %v s, on four threads", length(s).Seconds()), "time", "cores busy", "longest wait")
	for _, c := range calls {
		a := four(s, c)
		busy := "not known"
		if !s.Live {
			busy = fmt.Sprintf("%.1f", a.Utilisation*float64(s.Cores))
		}
		s.Printf("%-42s %6.3f s  %10s  %12.3f s   %v\n", c.name, a.Took.Seconds(), busy, longest(s, c).Seconds(), a)
	}
	s.Printf("\nA call that keeps the GIL stops all threads: nobody can ask it to let go.\n")
}
