package explore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
)

// safeStack is Dmitry Vyukov's lock-free stack of three nodes, with which three threads
// come to own one node twice. The good one pops and pushes under a lock.
//
// It is no exhibit of the zoo, for no search finds it soon. A walk through the states of
// a model of it, those that take fewer preemptions first, came to a failing one with the
// seventh, after three million states; random walks through the model failed about once
// in a million, and explore.Random does for the first time after 1 411 257 schedules
// with seed 0.
func safeStack(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		const n = 3
		head, count := gil.NewVar("head", 0), gil.NewVar("count", n)
		next, value := make([]*gil.Var[int], n), make([]*gil.Var[int], n)
		for i := range n {
			next[i] = gil.NewVar("next"+string(rune('0'+i)), i+1)
			value[i] = gil.NewVar("value"+string(rune('0'+i)), 0)
		}
		next[n-1] = gil.NewVar("next2", -1)
		lock := &threading.Lock{Name: "lock"}
		pop := func(t *gil.Thread) int {
			if !bad {
				lock.Acquire(t)
				defer lock.Release(t)
			}
			for count.Load(t) > 1 {
				h := head.Load(t)
				after := next[h].Swap(t, -1)
				if after < 0 {
					t.Yield() // somebody else is about to take this node
					continue
				}
				if head.CompareAndSwap(t, h, after) {
					atomically(t, count, -1)
					return h
				}
				next[h].Swap(t, after)
			}
			return -1
		}
		push := func(t *gil.Thread, i int) {
			if !bad {
				lock.Acquire(t)
				defer lock.Release(t)
			}
			for {
				h := head.Load(t)
				next[i].Store(t, h)
				if head.CompareAndSwap(t, h, i) {
					break
				}
			}
			atomically(t, count, 1)
		}
		together(t, crowd(3, func(t *gil.Thread, me int) {
			for range 2 {
				i := pop(t)
				for i < 0 {
					t.Yield()
					i = pop(t)
				}
				value[i].Store(t, me)
				must(t, value[i].Load(t) == me, "node %d has two owners", i)
				push(t, i)
			}
		})...)
	}
}

// TestSafeStack performs the interleaving with the fewest preemptions in which SafeStack
// fails. The first thread looks at the stack a second time and is held up; the third one
// is pushing node 0 when the first one takes the place of its successor from it, and
// gives it back when that is no longer its successor.
func TestSafeStack(t *testing.T) {
	const witness = "gil1:1@16>3,3@11>1,1@18>2,2@11>3,3@18>1,1@27>3,3@24>1"
	s, err := explore.ParseSchedule(witness)
	require.NoError(t, err)
	f := explore.Replay(safeStack(true), s)
	require.NotNil(t, f)
	require.Equal(t, explore.Assertion, f.Kind)
	require.Contains(t, f.Err.Error(), "node 1 has two owners")
	require.Len(t, f.Schedule.Deviations, len(s.Deviations), "nothing can be left out")

	require.Nil(t, explore.Replay(safeStack(false), s))
	r := explore.Run(safeStack(false), explore.WithMaxSchedules(1000))
	require.Empty(t, r.Failures)
}
