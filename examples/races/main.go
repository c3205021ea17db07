// Races goes through the interleavings of programs whose results depend on them: a
// counter, a balance that is checked before it is changed, three threads that print.
//
//	go run ./examples/races
//	go run ./examples/races -profile 3.9
//	go run ./examples/races -profile 3.13
package main

import (
	"slices"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
)

func main() { cli.Main("races", story, anywhere) }

// anywhere is the default: a switch between any two bytecodes, as the language allows.
var anywhere = cli.Python(gil.AnyBytecode)

// counter has two threads add 1 so many times each, by reading the counter and
// writing it, and returns what it is in the end.
func counter(t *gil.Thread, times int, locked bool) int {
	n := gil.NewVar("n", 0)
	var lock threading.Lock
	add := func(t *gil.Thread) {
		for range times {
			if locked {
				lock.Acquire(t)
			}
			x := n.Load(t)
			t.Label("read")
			n.Store(t, x+1)
			t.Label("wrote")
			if locked {
				lock.Release(t)
			}
		}
	}
	gil.JoinAll(t, t.Go("a", add), t.Go("b", add))
	return n.Peek()
}

// withdraw has two threads take 100 each if there are 100, and returns what is left.
func withdraw(t *gil.Thread) int {
	balance := gil.NewVar("balance", 100)
	take := func(t *gil.Thread) {
		if balance.Load(t) >= 100 {
			balance.Store(t, balance.Load(t)-100)
		}
	}
	gil.JoinAll(t, t.Go("a", take), t.Go("b", take))
	return balance.Peek()
}

// balances are all that can be left.
func balances(s *cli.Show) []int {
	var all []int
	for _, o := range explore.Outcomes(withdraw, explore.WithProfile(s.Python), explore.WithStrategy(explore.DFS())) {
		all = append(all, o.Value)
	}
	slices.Sort(all)
	return all
}

func story(s *cli.Show) {
	s.Simulated()
	s.Fixed("all interleavings are gone through, on one core and without a clock; a Failure prints its own table", "cores", "trace")
	s.Printf("n is 0, and two threads add 1 to it ten times each:\n")
	f := explore.Find(func(t *gil.Thread) {
		if counter(t, 2, false) < 4 {
			panic("an update was lost")
		}
	}, explore.WithProfile(s.Python), explore.WithSeed(s.Seed))
	if f == nil {
		s.Printf("20 in every interleaving: Python %v does not switch between the two lines.\n\n", s.Python)
	} else {
		s.Printf("at least %d, at most %d\n", follow(s, 10, least(10)), follow(s, 10, []string{"a@end", "b@end"}))
		s.Printf("\nThe shortest way to lose an update of 2 × 2:\n%s\n", f.Table())
	}
	s.Printf("Two threads take 100 from 100, if there are: the balance is one of %v\n", balances(s))
	s.Printf("Two processes add 1 to what they share: %v, with a lock %v\n\n", shared(s, false), shared(s, true))
	shapes := outputs(s, 3, false)
	s.Printf("Three threads print Two. With two writes each there are %d outputs:\n", len(shapes))
	for _, shape := range shapes {
		s.Printf("  %q\n", shape)
	}
	s.Printf("With one write each there is %d. At one instant one of them computes: par 1, conc 3.\n", len(outputs(s, 3, true)))
}
