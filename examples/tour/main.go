// Tour is the front door: six short lessons about Python's GIL and the ways around
// it. It needs nothing but Go and takes less than five seconds.
//
//	go run ./examples/tour
package main

import (
	"context"
	"os"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/process"
)

// In a process that lesson 5 starts, Main does that lesson's work instead.
func main() {
	process.Main(func(t *gil.Thread) error { return tour(t, newPage(os.Stdout), liveTurns) })
}

// tour gives the lessons. turns is how long the last one, which measures, runs.
func tour(ctx context.Context, p *page, turns int) error {
	p.heading("Python's GIL in six lessons")
	p.text(`
A Python program can have many threads, but only one of them runs at a time: the
one that holds the GIL, the global interpreter lock. This is Go, playing by the
rules of Python.

Lessons 1 to 4 are simulated. Their orders and numbers are exact: you see the
same ones on every computer.
`)
	for _, lesson := range []func(*page) error{
		lost,
		counters,
		gettingNowhere,
		inWays,
		func(p *page) error { return together(ctx, p) },
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
go run ./examples/pygil        all of this as a command: run, explore, replay,
                               trace, compare, advise
go run ./examples/versions     49 programs against the versions of Python
go run ./examples/glossary     the words, a line each
go doc ./gil                   what a tick is, and when the GIL is given up
README.md                      Python's names and ours
`)
	return p.err
}
