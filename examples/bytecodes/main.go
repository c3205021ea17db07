// Bytecodes lists what one turn of a loop is made of in several Pythons, has the
// interpreter's loop execute a thousand turns, and counts: bytecodes, ticks and time
// are three things.
//
//	go run ./examples/bytecodes
//	go run ./examples/bytecodes -profile 3.1
package main

import (
	"slices"
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
)

func main() { cli.Main("bytecodes", story) }

// The loop, and what of it is a turn.
const (
	loop  = "for i in range(m): n += 1"
	turns = 1000
)

// A count is what a turn of the loop takes.
type count struct {
	bytecodes, ticks int
	time             time.Duration
	account          cli.Account
}

// listed is what is to be expected of a turn.
func listed(s *cli.Show) gil.Listing {
	l, err := s.Python.Disassemble(loop)
	s.Check(err)
	return l
}

// executed is what a turn took: the difference between so many turns and twice as many,
// so that what is around the loop goes. From 3.2 on a thread counts its bytecodes, up
// to then its ticks, and what a bytecode takes, 3 ns here, says how many there were.
func executed(s *cli.Show) (c count) {
	run := func(turns int) cli.Account {
		return s.Run(func(t *gil.Thread) {
			n := gil.NewVar("n", 0)
			for range gil.Range(t, turns) {
				gil.Add(t, n, 1)
			}
		}, gil.Ideal())
	}
	one, two := run(turns), run(2*turns)
	c.account = two
	c.time = (two.Took - one.Took) / turns
	c.bytecodes = int((two.Stats.Threads[0].Ticks - one.Stats.Threads[0].Ticks) / turns)
	if s.Python.Rule() == gil.CPython27.Rule() { // what was counted are ticks then
		c.ticks, c.bytecodes = c.bytecodes, int(c.time/(3*time.Nanosecond))
	}
	return c
}

func story(s *cli.Show) {
	s.Simulated()
	s.Printf("%s\na dot is where the GIL may be given up\n\n", loop)
	pythons := []gil.Profile{gil.CPython27, gil.CPython39, gil.CPython313}
	switch {
	case s.Python.Name() == gil.JVM.Name():
		s.Printf("The JVM executes bytecodes of its own.\n")
	case !slices.Contains(pythons, s.Python):
		pythons = append(pythons, s.Python)
	}
	for _, python := range pythons {
		s := s.Under(python)
		c := executed(s)
		s.Printf("Python %v: %v\n  a turn: %d bytecodes, %d ticks, %v; %v\n", python, listed(s), c.bytecodes, c.ticks, c.time, c.account)
	}
	s.Printf("\nThe interpreter's loop executes bytecodes, the processor executes that loop.\nUp to 3.1 some of them are ticks, and 100 ticks made an interval; since then it is\na time.\n")
}
