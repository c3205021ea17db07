// Profiles does three statements under every profile and prints which of them
// lose updates.
package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
)

// A statement is something that two threads do over and over.
type statement struct {
	python string
	do     func(t *gil.Thread, n *gil.Var[int], lock *threading.Lock)
}

var statements = []statement{
	{"n += 1", func(t *gil.Thread, n *gil.Var[int], _ *threading.Lock) {
		gil.Add(t, n, 1)
	}},
	{"n = f(n)", func(t *gil.Thread, n *gil.Var[int], _ *threading.Lock) {
		n.Update(t, func(n int) int { return n + 1 })
	}},
	{"with lock: n += 1", func(t *gil.Thread, n *gil.Var[int], lock *threading.Lock) {
		lock.With(t, func() { gil.Add(t, n, 1) })
	}},
}

// loses reports whether the statement loses an update when two threads do it 2000
// times each on a computer so slow that this takes many switch intervals.
func (s statement) loses(show *cli.Show) (bool, cli.Account) {
	const times = 2000
	n := gil.NewVar("n", 0)
	var lock threading.Lock
	a := show.Run(func(t *gil.Thread) {
		body := func(t *gil.Thread) {
			for range gil.Range(t, times) {
				s.do(t, n, &lock)
			}
		}
		gil.JoinAll(t, t.Go("a", body), t.Go("b", body))
	}, gil.Measured(), gil.WithTickCost(50*time.Microsecond))
	return n.Peek() < 2*times, a
}

func main() { cli.Main("profiles", story, two) }

// two is the default of -cores.
var two = cli.Cores(2)

// table is which statements lose updates under which Pythons.
func table(s *cli.Show, pythons []gil.Profile) (last cli.Account) {
	s.Printf("profile  rule         ")
	for _, st := range statements {
		s.Printf("   %s", st.python)
	}
	s.Printf("\n")
	for _, p := range pythons {
		line := fmt.Sprintf("%-8v %-13v", p, p.Rule())
		for _, st := range statements {
			answer := "whole"
			bad, a := st.loses(s.Under(p))
			if last = a; bad {
				answer = "LOST"
			}
			line += fmt.Sprintf("   %-*s", len(st.python), answer)
		}
		s.Printf("%s\n", strings.TrimRight(line, " "))
	}
	return last
}

func story(s *cli.Show) {
	s.Simulated()
	pythons := gil.Profiles()
	if s.Given("profile") {
		pythons = []gil.Profile{s.Python}
	}
	last := table(s, pythons)
	s.Printf("\nThe last one of these runs: %v.\n", last)
}
