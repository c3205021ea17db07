// Profiles does three statements under every profile and prints which of them
// lose updates.
package main

import (
	"fmt"
	"os"
	"strings"
	"time"

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
func loses(p gil.Profile, s statement) (bool, error) {
	const times = 2000
	m := gil.NewMachine(2, gil.Measured(), gil.WithTickCost(50*time.Microsecond))
	n := gil.NewVar("n", 0)
	var lock threading.Lock
	err := m.Run(p, func(t *gil.Thread) {
		body := func(t *gil.Thread) {
			for range gil.Range(t, times) {
				s.do(t, n, &lock)
			}
		}
		gil.JoinAll(t, t.Go("a", body), t.Go("b", body))
	})
	return n.Peek() < 2*times, err
}

func main() {
	fmt.Printf("profile  rule          ")
	for _, s := range statements {
		fmt.Printf("   %s", s.python)
	}
	fmt.Println()
	for _, p := range gil.Profiles() {
		line := fmt.Sprintf("%-8v %-13v", p, p.Rule())
		for _, s := range statements {
			answer := "whole"
			bad, err := loses(p, s)
			if err != nil {
				fmt.Fprintln(os.Stderr, "profiles:", err)
				os.Exit(1)
			}
			if bad {
				answer = "LOST"
			}
			line += fmt.Sprintf("   %-*s", len(s.python), answer)
		}
		fmt.Println(strings.TrimRight(line, " "))
	}
}
