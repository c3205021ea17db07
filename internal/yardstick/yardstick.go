// Package yardstick lets benchmarks hold times against limits that were set on another
// computer, or on this one in a better hour.
//
// A limit such as "a start and join in at most 1.5 µs" holds for the computer on which
// it was set. What a benchmark takes elsewhere is divided by how much longer a bare
// coroutine takes there: the round trip of an iter.Pull is a hundred instructions and a
// few atomic operations in the Go runtime, of which this module has no part, and a
// computer that others use at the same time is slow with both alike.
package yardstick

import (
	"iter"
	"slices"
	"time"
)

// reference is how long a round trip took on the computer on which the limits were set.
const reference = 62 * time.Nanosecond

// Pull makes n round trips through a bare coroutine. It is a peer by itself.
func Pull(n int) {
	next, stop := iter.Pull(func(yield func(struct{}) bool) {
		for yield(struct{}{}) {
		}
	})
	defer stop()
	for range n {
		next()
	}
}

// Slowness is how many times longer than on the computer of the limits things take now.
func Slowness() float64 {
	const rounds, trips = 11, 2000
	var took [rounds]time.Duration
	for i := range took {
		begin := time.Now()
		Pull(trips)
		took[i] = time.Since(begin)
	}
	slices.Sort(took[:])
	return float64(took[rounds/2]) / float64(trips*reference)
}

// Part is the part of limit that an operation takes if n of them took so long: up to 1
// the limit is kept.
func Part(took time.Duration, n int, limit time.Duration) float64 {
	return part(took, n, limit, Slowness())
}

func part(took time.Duration, n int, limit time.Duration, slowness float64) float64 {
	return float64(took) / float64(n) / float64(limit) / slowness
}
