package main

import (
	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
)

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
