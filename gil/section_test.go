package gil_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
)

// sorted is what became of a list that one thread sorts by a key while another one
// appends to it.
type sorted struct {
	items    [3]int
	n        int
	modified bool
	empty    bool // the other thread has seen it so
}

func sortBeside(key func(t *gil.Thread, v int) int) func(t *gil.Thread) sorted {
	return func(t *gil.Thread) (s sorted) {
		l := gil.NewList("l", 2, 1)
		a := t.Go("sorts", func(t *gil.Thread) {
			var ve *gil.ValueError
			if err := gil.SortKey(t, l, key); errors.As(err, &ve) {
				s.modified = ve.PythonText() == "list modified during sort"
			}
		})
		b := t.Go("appends", func(t *gil.Thread) {
			s.empty = l.Len(t) == 0
			l.Append(t, 0)
		})
		gil.JoinAll(t, a, b)
		s.n = copy(s.items[:], l.Peek())
		return s
	}
}

func outcomes(p gil.Profile, prog func(t *gil.Thread) sorted) map[sorted]bool {
	all := map[sorted]bool{}
	for _, o := range explore.Outcomes(prog, explore.WithProfile(p), explore.WithStrategy(explore.DPOR()), explore.WithMaxSchedules(20_000)) {
		all[o.Value] = true
	}
	return all
}

// TestSortKey: while a list is sorted by a key in Python it is empty for everybody who
// can look, and what is put into it is lost. Without a GIL nobody can, because others
// wait for the section of the list, unless the key blocks, which suspends it.
func TestSortKey(t *testing.T) {
	before, after := sorted{items: [3]int{0, 1, 2}, n: 3}, sorted{items: [3]int{1, 2, 0}, n: 3}
	lost := sorted{items: [3]int{1, 2, 0}, n: 2, modified: true, empty: true}
	plain := func(_ *gil.Thread, v int) int { return v }
	blocks := func(t *gil.Thread, v int) int {
		t.Sleep(0)
		return v
	}
	for _, p := range []gil.Profile{gil.CPython27, gil.CPython39, gil.CPython312, gil.CPython314} {
		all := outcomes(p, sortBeside(plain))
		require.True(t, all[before] && all[after] && all[lost], "%v: %v", p, all)
	}
	for _, p := range []gil.Profile{gil.CPython313T, gil.CPython314T} {
		require.Equal(t, map[sorted]bool{before: true, after: true}, outcomes(p, sortBeside(plain)), "%v", p)
		all := outcomes(p, sortBeside(blocks))
		require.True(t, all[before] && all[after] && all[lost], "%v: %v", p, all)
		lock := outcomes(p, func(t *gil.Thread) sorted {
			var mu threading.Lock
			mu.Acquire(t)
			t.Go("holds", func(t *gil.Thread) { mu.Release(t) })
			return sortBeside(func(t *gil.Thread, v int) int {
				mu.With(t, func() {})
				return v
			})(t)
		})
		require.True(t, lock[before] && lock[after] && lock[lost], "%v: a lock that is waited for: %v", p, lock)
	}
}

// TestSectionsAreNoDeadlock: two threads in sections of two lists that both want the
// other one.
func TestSectionsAreNoDeadlock(t *testing.T) {
	program := func(m *gil.Thread) {
		a, b := gil.NewList("a", 2, 1), gil.NewList("b", 2, 1)
		sort := func(mine, other *gil.List[int]) func(t *gil.Thread) {
			return func(t *gil.Thread) {
				require.NoError(t, gil.SortKey(t, mine, func(t *gil.Thread, v int) int {
					_ = other.Len(t)
					return v
				}))
			}
		}
		gil.JoinAll(m, m.Go("ab", sort(a, b)), m.Go("ba", sort(b, a)))
		require.Equal(m, []int{1, 2}, a.Peek())
		require.Equal(m, []int{1, 2}, b.Peek())
	}
	for _, p := range []gil.Profile{gil.CPython312, gil.CPython313T} {
		r := explore.Run(program, explore.WithProfile(p), explore.WithMaxSchedules(300))
		require.Empty(t, r.Failures, "%v", p)
		for seed := range uint64(10) {
			require.NoError(t, gil.NewMachine(2, gil.Measured(), gil.WithSeed(seed)).Run(p, program))
		}
		require.NoError(t, gil.Live().Run(p, program))
	}
}

// TestSortKeyNested: a key that sorts is in the section of the inner list, and back in
// the outer one afterwards.
func TestSortKeyNested(t *testing.T) {
	for _, p := range []gil.Profile{gil.CPython313, gil.CPython313T} {
		for _, w := range []gil.World{gil.Live(), gil.NewMachine(2)} {
			l, in := gil.NewList("l", 3, 1, 2), gil.NewList("in", 2, 1)
			require.NoError(t, w.Run(p, func(t *gil.Thread) {
				require.NoError(t, gil.SortKey(t, l, func(t *gil.Thread, v int) int {
					require.NoError(t, gil.SortKey(t, in, func(t *gil.Thread, v int) int {
						t.Block(func() {})
						t.Released(time.Microsecond, 1)
						return v
					}))
					return v
				}))
				l.Append(t, 4)
			}))
			require.Equal(t, []int{1, 2, 3, 4}, l.Peek())
			require.Equal(t, []int{1, 2}, in.Peek())
		}
	}
}
