package main

import (
	"slices"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
)

// totals are all values of a counter to which two threads add 1, with and without a
// lock.
func totals(python gil.Profile, locked bool) []int {
	var all []int
	for _, o := range explore.Outcomes(func(t *gil.Thread) int { return total(t, locked) }, explore.WithProfile(python), explore.WithStrategy(explore.DFS())) {
		all = append(all, o.Value)
	}
	slices.Sort(all)
	return all
}

// total is the counter in the end.
func total(t *gil.Thread, locked bool) int {
	n := gil.NewVar("n", 0)
	var lock threading.Lock
	add := func(t *gil.Thread) {
		if locked {
			lock.Acquire(t)
			defer lock.Release(t)
		}
		n.Update(t, func(x int) int { return x + 1 }) // x = n; n = x + 1, with a call between
	}
	gil.JoinAll(t, t.Go("a", add), t.Go("b", add))
	return n.Peek()
}
