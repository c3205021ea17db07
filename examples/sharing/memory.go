package main

import (
	"fmt"
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
)

const (
	base     = 8 << 20 // a fresh interpreter
	gigabyte = 1 << 30
)

// workers is the memory of a program with four of them, each of which writes to so
// many bytes of what it was forked with.
func workers(s *cli.Show, method gil.StartMethod, threads bool, write int64) (total int64) {
	s.Run(func(t *gil.Thread) {
		wait := func(t *gil.Thread) {
			t.Touch(write)
			t.Sleep(time.Second)
		}
		for range 4 {
			if threads {
				t.Go("", wait)
			} else {
				t.Emulate("worker", wait)
			}
		}
		t.Sleep(time.Millisecond)
		total = t.Machine().Memory().Total()
	}, gil.WithMemory(base), gil.WithStartMethod(method), gil.WithStartCost(0))
	return total
}

// touched is what a child has of its own, in percent of its parent's data, when it
// writes to a tenth of that. A child by spawn gets all of it as an argument.
func touched(s *cli.Show, method gil.StartMethod) float64 {
	const data = 1000 << 20
	var private int64
	s.Run(func(t *gil.Thread) {
		t.Alloc(data)
		child := t.Emulate("child", func(t *gil.Thread) {
			if method == gil.Spawn {
				t.Alloc(data)
			}
			t.Touch(data / 10) // copies what is still shared
		})
		child.Join(t)
		for _, p := range t.Machine().Memory().Processes {
			if p.PID == child.PID() {
				private = p.Private
			}
		}
	}, gil.WithStartMethod(method), gil.WithMemory(0))
	return 100 * float64(private) / data
}

// fit starts eight children that need a gigabyte of their parent's data on a computer
// with four, and returns the first that does not get it, 0 for none, and what it says.
func fit(s *cli.Show, method gil.StartMethod) (child int, failed error) {
	s.Run(func(t *gil.Thread) {
		t.Alloc(gigabyte)
		for i := range 8 {
			t.Emulate("child", func(t *gil.Thread) {
				defer func() {
					if r := recover(); r != nil && failed == nil {
						child, failed = i+1, r.(*gil.MemoryError)
					}
				}()
				if method == gil.Spawn {
					t.Alloc(gigabyte) // forked, it reads what it has
				}
				t.Sleep(time.Hour)
			})
			t.Sleep(time.Second)
		}
	}, gil.WithStartMethod(method), gil.WithMemory(0), gil.WithMemoryLimit(4*gigabyte))
	return child, failed
}

// times is a number of interpreters.
func times(bytes int64) string { return fmt.Sprintf("%d × base", bytes/base) }

func memory(s *cli.Show) {
	s.Printf("\nMemory of four workers, an interpreter being %d MiB\n", base>>20)
	s.Printf("%-10s %s\n", "threads", times(workers(s, gil.Spawn, true, 0)))
	for _, method := range []gil.StartMethod{gil.Spawn, gil.Fork} {
		s.Printf("%-10v %s; %s when each writes to a quarter; to a tenth of its parent's data: has %.0f %% of it\n",
			method, times(workers(s, method, false, 0)), times(workers(s, method, false, base/4)), touched(s, method))
	}
	child, err := fit(s, gil.Spawn)
	s.Printf("\nA parent and children with 1 GiB each on a computer with 4\nspawn      child %d: %v\n", child, err)
	_, err = fit(s, gil.Fork)
	s.Printf("fork       all eight read their parent's: error %v\n", err)
}
