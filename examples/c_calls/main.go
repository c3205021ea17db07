// C_calls has four threads call C functions that give the GIL up, that keep it, and
// that use several cores by themselves.
//
//	go run ./examples/c_calls
//	go run ./examples/c_calls -live
package main

import (
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
)

func main() { cli.Main("c_calls", story) }

// A call is a C function by what it does with the GIL.
type call struct {
	name string
	do   func(t *gil.Thread)
}

var calls = []call{
	{"given up: NumPy, zlib, with nogil, CDLL", func(t *gil.Thread) { t.Released(time.Second, 1) }},
	{"kept: forgotten, or PyDLL", func(t *gil.Thread) { t.Held(time.Second) }},
	{"given up, and four cores each", func(t *gil.Thread) { t.Released(time.Second, 4) }},
	{"pure Python", func(t *gil.Thread) { t.Compute(time.Second) }},
}

// four has four threads make a call.
func four(s *cli.Show, c call) cli.Account {
	return s.Watch(func(t *gil.Thread) {
		var all []*gil.Thread
		for range 4 {
			all = append(all, t.Go("", c.do))
		}
		gil.JoinAll(t, all...)
	})
}

// longest is the longest wait for the GIL of a thread that wants to compute for a
// moment beside a call of 1 s.
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
		c.do(t)
		other.Join(t)
	})
	return wait
}

func story(s *cli.Show) {
	s.Printf("%-42s %8s  %10s  %14s\n", "four calls of 1 s, on four threads", "time", "cores busy", "longest wait")
	for _, c := range calls {
		a := four(s, c)
		s.Printf("%-42s %6.3f s  %10.1f  %12.3f s   %v\n", c.name, a.Took.Seconds(),
			a.Utilisation*float64(s.Cores), longest(s, c).Seconds(), a)
	}
	s.Printf("\nA call that keeps the GIL stops all threads: nobody can ask it to let go.\n")
}
