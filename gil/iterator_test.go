package gil_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
)

// TestIteratorIsShared: with a GIL two threads that take from one iterator get each
// item once, in every interleaving.
func TestIteratorIsShared(t *testing.T) {
	for _, p := range []gil.Profile{gil.CPython27, gil.CPython39, gil.CPython313, gil.AnyBytecode} {
		r := explore.Run(func(t *gil.Thread) {
			l := gil.NewList("l", 1, 2, 3)
			it := l.Iterator(t, "it")
			seen := map[int]int{}
			take := func(t *gil.Thread) {
				for v, ok := it.Next(t); ok; v, ok = it.Next(t) {
					seen[v]++
				}
			}
			gil.JoinAll(t, t.Go("a", take), t.Go("b", take))
			require.Equal(t, map[int]int{1: 1, 2: 1, 3: 1}, seen)
			l.Append(t, 4)
			_, ok := it.Next(t)
			require.False(t, ok, "what is over stays over")
		}, explore.WithProfile(p), explore.WithStrategy(explore.DPOR()))
		require.Empty(t, r.Failures, "%v", p)
		require.True(t, r.Exhausted, "%v", p)
		require.Greater(t, r.Schedules, 5, "%v", p)
	}
}

// TestIteratorIsDiagnosed: without a GIL a second thread is told that it must not, in
// every world and every interleaving, and one that comes when the first has ended is
// not.
func TestIteratorIsDiagnosed(t *testing.T) {
	program := func(second func(m *gil.Thread, take func(t *gil.Thread)), told *int) func(m *gil.Thread) {
		return func(m *gil.Thread) {
			it := gil.NewList("l", 1, 2, 3).Iterator(m, "it")
			it.Next(m) // main lives as long as anybody
			second(m, func(t *gil.Thread) {
				if err, ok := panicked(func() { it.Next(t) }).(*gil.RuntimeError); ok {
					require.ErrorContains(t, err, "iterator it of variable l is shared by threads MainThread and other")
					*told++
				}
			})
		}
	}
	other := func(m *gil.Thread, take func(t *gil.Thread)) { m.Go("other", take).Join(m) }
	for _, p := range []gil.Profile{gil.CPython313T, gil.CPython314T, gil.JVM} {
		for _, w := range []gil.World{gil.Live(), gil.NewMachine(2)} {
			told := 0
			require.NoError(t, w.Run(p, program(other, &told)))
			require.Equal(t, 1, told)
		}
		told := 0
		r := explore.Run(program(other, &told), explore.WithProfile(p), explore.WithStrategy(explore.DPOR()))
		require.Empty(t, r.Failures)
		require.GreaterOrEqual(t, told, r.Schedules)

		require.NoError(t, gil.NewMachine(2).Run(p, func(m *gil.Thread) {
			it := gil.NewList("l", 1, 2).Iterator(m, "it")
			for want := 1; want <= 2; want++ {
				m.Go("one after the other", func(t *gil.Thread) {
					v, ok := it.Next(t)
					require.True(t, ok)
					require.Equal(t, want, v)
				}).Join(m)
			}
		}))
	}
}
