// Races goes through the interleavings of programs whose results depend on them: a
// counter, a balance that is checked before it is changed, three threads that print.
//
//	go run ./examples/races
//	go run ./examples/races -profile 3.9
//	go run ./examples/races -profile 3.13
package main

import (
	"bytes"
	"slices"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
	"github.com/pygil/pygil/process"
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

// least is the interleaving of two times n additions that leaves 2: each thread's
// first addition reads 0, and one of them is written when the other thread has but
// one addition to go, whose result is then written last.
func least(n int) (labels []string) {
	labels = append(labels, "a@read") // a has read 0
	for range n - 1 {
		labels = append(labels, "b@wrote")
	}
	labels = append(labels, "a@wrote", "b@read") // n is 1, and b has read it
	return append(labels, "a@end", "b@end")      // b writes 2
}

// follow is what the counter is in a given interleaving.
func follow(s *cli.Show, times int, labels []string) int {
	all := explore.Outcomes(func(t *gil.Thread) int { return counter(t, times, false) },
		explore.WithProfile(s.Python), explore.WithStrategy(explore.Follow(labels...)), explore.WithMaxSteps(1_000_000))
	return all[0].Value
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

// outputs are all outputs of n threads that print Two, as text and newline one after
// the other, or both at once.
func outputs(s *cli.Show, n int, atOnce bool) []string {
	var all []string
	for _, o := range explore.Outcomes(func(t *gil.Thread) string {
		var out bytes.Buffer
		write := func(t *gil.Thread, text string) { t.Block(func() { out.WriteString(text) }) }
		two := func(t *gil.Thread) {
			if atOnce {
				write(t, "Two\n")
				return
			}
			write(t, "Two")
			write(t, "\n")
		}
		var threads []*gil.Thread
		for range n {
			threads = append(threads, t.Go("", two))
		}
		gil.JoinAll(t, threads...)
		return out.String()
	}, explore.WithProfile(s.Python), explore.WithStrategy(explore.DFS())) {
		all = append(all, o.Value)
	}
	slices.Sort(all)
	return all
}

// till is a counter in memory that processes share.
type till struct {
	N    *process.Value[int]
	Lock *process.Lock
}

// add1 is what a process does with it.
var add1 = process.DefineTarget("races.add", func(t *gil.Thread, in till) error {
	add := func() error {
		n, err := in.N.Load(t)
		if err != nil {
			return err
		}
		return in.N.Store(t, n+1)
	}
	if in.Lock == nil {
		return add()
	}
	if err := in.Lock.Acquire(t); err != nil {
		return err
	}
	defer func() { _ = in.Lock.Release(t) }()
	return add()
})

// shared are all values of a counter to which two processes add 1.
func shared(s *cli.Show, locked bool) []int {
	var all []int
	for _, o := range explore.Outcomes(func(t *gil.Thread) int {
		n, err := process.NewValue(t, 0)
		check(err)
		in := till{N: n}
		if locked {
			in.Lock, err = process.NewLock(t)
			check(err)
		}
		p, err := add1.Start(t, in)
		check(err)
		q, err := add1.Start(t, in)
		check(err)
		check(p.Join(t))
		check(q.Join(t))
		v, err := n.Load(t)
		check(err)
		return v
	}, explore.WithProfile(s.Python), explore.WithMaxSchedules(300)) {
		all = append(all, o.Value)
	}
	slices.Sort(all)
	return all
}

func check(err error) {
	if err != nil {
		panic(err)
	}
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

// balances are all that can be left.
func balances(s *cli.Show) []int {
	var all []int
	for _, o := range explore.Outcomes(withdraw, explore.WithProfile(s.Python), explore.WithStrategy(explore.DFS())) {
		all = append(all, o.Value)
	}
	slices.Sort(all)
	return all
}
