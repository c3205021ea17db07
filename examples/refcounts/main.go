// Refcounts takes references to one object and drops them on two threads: with the
// GIL, without any lock, and without a GIL but with counts that are atomic. Then it
// does the same to a counter of the program, which no GIL guards.
package main

import (
	"slices"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
)

func main() { cli.Main("refcounts", story) }

// A counting is how an interpreter changes a reference count.
type counting struct {
	name string
	free bool // without a GIL
	add  func(t *gil.Thread, refs *gil.Var[int], n int)
}

// plain reads the count and writes it back, as a C program without a lock does.
func plain(t *gil.Thread, refs *gil.Var[int], n int) { refs.Store(t, refs.Load(t)+n) }

// atomically cannot be interrupted: one C call under the GIL, or an instruction of
// the processor.
func atomically(t *gil.Thread, refs *gil.Var[int], n int) {
	for {
		old := refs.Load(t)
		if refs.CompareAndSwap(t, old, old+n) {
			return
		}
	}
}

var countings = []counting{
	{"with the GIL", false, atomically},
	{"no lock at all", true, plain},
	{"no GIL, atomic counts", true, atomically},
}

// counts are all values that the count of one object can have when two threads have
// taken a reference to it and dropped it again.
func counts(c counting) []int {
	python := gil.AnyBytecode
	if c.free {
		python = gil.CPython313T
	}
	var all []int
	for _, o := range explore.Outcomes(func(t *gil.Thread) int {
		refs := gil.NewVar("refs", 1)
		use := func(t *gil.Thread) {
			c.add(t, refs, 1)
			c.add(t, refs, -1)
		}
		gil.JoinAll(t, t.Go("a", use), t.Go("b", use))
		return refs.Peek()
	}, explore.WithProfile(python), explore.WithStrategy(explore.DFS())) {
		all = append(all, o.Value)
	}
	slices.Sort(all)
	return all
}

func story(s *cli.Show) {
	s.Simulated()
	s.Printf("A reference count that is 1, after two threads took a reference and dropped it\n")
	for _, c := range countings {
		s.Printf("%-24s %v\n", c.name, counts(c))
	}
	s.Printf("0 or less is an object that was freed while in use, more than 1 one that is\nnever freed.\n\n")
	s.Printf("A counter of the program, after two threads added 1, in Python %v\n", s.Python)
	s.Printf("%-24s %v\n%-24s %v\n", "without a lock", totals(s.Python, false), "with a lock", totals(s.Python, true))
	s.Printf("The GIL guards Python's objects, not what the program means by them.\n")
	n := 0
	a := s.Run(func(t *gil.Thread) { n = total(t, false) })
	s.Printf("One run on %d cores leaves %d: %v. All others had to be looked for.\n", s.Cores, n, a)
}
