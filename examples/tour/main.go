// Tour is the front door: four short lessons about Python's GIL. It needs nothing
// but Go and takes less than five seconds.
//
//	go run ./examples/tour
package main

import (
	"fmt"
	"os"
)

func main() {
	if err := tour(newPage(os.Stdout), liveTurns); err != nil {
		fmt.Fprintln(os.Stderr, "tour:", err)
		os.Exit(1)
	}
}

// tour gives the lessons. turns is how long the last one, which measures, runs.
func tour(p *page, turns int) error {
	p.heading("Python's GIL in four lessons")
	p.text(`
A Python program can have many threads, but only one of them runs at a time: the
one that holds the GIL, the global interpreter lock. This is Go, playing by the
rules of Python.

Lessons 1 to 3 run on a simulated computer with 4 cores. Their numbers are
exact: you see the same ones on every computer.
`)
	for _, lesson := range []func(*page) error{
		counters,
		computing,
		waiting,
		func(p *page) error { return measuring(p, turns) },
	} {
		if p.err != nil {
			return p.err // nobody reads on
		}
		if err := lesson(p); err != nil {
			return err
		}
	}
	p.heading("Where to look next")
	p.text(`
go run ./examples/race         the smallest program that loses an update
go run ./examples/profiles     what each Python does to three statements
go run ./examples/standalone   the GIL alone, for plain goroutines
go doc ./gil                   what a tick is, and when the GIL is given up
README.md                      Python's names and ours
`)
	return p.err
}
