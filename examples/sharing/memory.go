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

// workers is the memory of a program with four of them.
func workers(s *cli.Show, method gil.StartMethod, threads bool) (total int64) {
	s.Run(func(t *gil.Thread) {
		wait := func(t *gil.Thread) { t.Sleep(time.Second) }
		if threads {
			for range 4 {
				t.Go("", wait)
			}
		} else {
			for range 4 {
				t.Emulate("worker", wait)
			}
		}
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
			} else {
				t.Alloc(data / 10) // pages that were shared and are written to
			}
		}, gil.WithStartMethod(method))
		child.Join(t)
		for _, p := range t.Machine().Memory().Processes {
			if p.PID == child.PID() {
				private = p.Private
			}
		}
	})
	return 100 * float64(private) / data
}

// fit is how many of eight children that need a gigabyte of their parent's data get
// it on a computer with four.
func fit(s *cli.Show, method gil.StartMethod) (children int) {
	s.Run(func(t *gil.Thread) {
		t.Alloc(gigabyte)
		for range 8 {
			need := int64(gigabyte)
			if method == gil.Fork {
				need = 0 // it only reads: the pages stay shared
			}
			if t.Machine().Memory().Total()+need > 4*gigabyte {
				return
			}
			t.Emulate("child", func(t *gil.Thread) {
				t.Alloc(need)
				t.Sleep(time.Hour)
			}, gil.WithStartMethod(method))
			t.Sleep(time.Second)
			children++
		}
	}, gil.WithMemory(0))
	return children
}

// times is a number of interpreters.
func times(bytes int64) string { return fmt.Sprintf("%d × base", bytes/base) }

func memory(s *cli.Show) {
	s.Printf("\nMemory of four workers, an interpreter being %d MiB\n", base>>20)
	s.Printf("%-12s %s\n", "threads", times(workers(s, gil.Spawn, true)))
	for _, method := range []gil.StartMethod{gil.Spawn, gil.Fork} {
		s.Printf("%-12v %s; a child that writes to a tenth of its parent's data has %.0f %% of it;\n%12s %d children of 1 GiB fit beside their parent in 4 GiB\n",
			method, times(workers(s, method, false)), touched(s, method), "", fit(s, method))
	}
}
