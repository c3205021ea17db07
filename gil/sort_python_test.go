package gil_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
)

// TestSortKeyThatTouchesTheList: what a key does to the list that is sorted by it, and
// what the list is afterwards. Every Python from 2.7 on says the same; the comments are
// the bodies of its `def key(x):`.
func TestSortKeyThatTouchesTheList(t *testing.T) {
	errKey := errors.New("key")
	for name, c := range map[string]struct {
		key      func(t *gil.Thread, l *gil.List[int], x int)
		want     []int
		modified bool
		raised   bool
	}{
		"return x": {func(*gil.Thread, *gil.List[int], int) {}, []int{1, 2, 3}, false, false},
		"if x == 1: raise E": {func(_ *gil.Thread, _ *gil.List[int], x int) {
			if x == 1 {
				panic(errKey)
			}
		}, []int{3, 1, 2}, false, true},
		"l.append(9); if x == 1: raise E": {func(t *gil.Thread, l *gil.List[int], x int) {
			l.Append(t, 9)
			if x == 1 {
				panic(errKey)
			}
		}, []int{3, 1, 2}, false, true},
		"l.append(9)": {func(t *gil.Thread, l *gil.List[int], _ int) { l.Append(t, 9) }, []int{1, 2, 3}, true, false},
		"l.append(9); l.pop()": {func(t *gil.Thread, l *gil.List[int], _ int) {
			l.Append(t, 9)
			_, _ = l.Pop(t)
		}, []int{1, 2, 3}, true, false},
		"l.append(9); del l[:]": {func(t *gil.Thread, l *gil.List[int], _ int) {
			l.Append(t, 9)
			l.Clear(t)
		}, []int{1, 2, 3}, true, false},
		"l.append(9); del l[:]; l.sort(key=abs)": {func(t *gil.Thread, l *gil.List[int], _ int) {
			l.Append(t, 9)
			l.Clear(t)
			sortPlain(t, l)
		}, []int{1, 2, 3}, true, false},
		"del l[:]":           {func(t *gil.Thread, l *gil.List[int], _ int) { l.Clear(t) }, []int{1, 2, 3}, false, false},
		"l.extend(())":       {func(t *gil.Thread, l *gil.List[int], _ int) { l.Extend(t) }, []int{1, 2, 3}, false, false},
		"l.sort()":           {func(t *gil.Thread, l *gil.List[int], _ int) { gil.Sort(t, l) }, []int{1, 2, 3}, false, false},
		"l.sort(key=abs)":    {func(t *gil.Thread, l *gil.List[int], _ int) { sortPlain(t, l) }, []int{1, 2, 3}, false, false},
		"try: l.pop() …":     {func(t *gil.Thread, l *gil.List[int], _ int) { _, _ = l.Pop(t) }, []int{1, 2, 3}, false, false},
		"try: l[0] = 9 …":    {func(t *gil.Thread, l *gil.List[int], _ int) { _ = l.SetIndex(t, 0, 9) }, []int{1, 2, 3}, false, false},
		"assert len(l) == 0": {func(t *gil.Thread, l *gil.List[int], _ int) { require.Zero(t, l.Len(t)) }, []int{1, 2, 3}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, p := range []gil.Profile{gil.CPython27, gil.CPython312, gil.CPython313T} {
				for _, w := range []gil.World{gil.Live(), gil.NewMachine(1)} {
					require.NoError(t, w.Run(p, func(t *gil.Thread) {
						l := gil.NewList("l", 3, 1, 2)
						var err error
						raised := func() (v any) {
							defer func() { v = recover() }()
							err = gil.SortKey(t, l, func(t *gil.Thread, x int) int {
								c.key(t, l, x)
								return x
							})
							return nil
						}()
						require.Equal(t, c.raised, raised != nil, "%v", raised)
						require.Equal(t, c.want, l.Snapshot(t))
						var modified *gil.ValueError
						require.Equal(t, c.modified, errors.As(err, &modified))
						l.Append(t, 4) // and nobody is left in its critical section
						t.Go("other", func(t *gil.Thread) { l.Append(t, 5) }).Join(t)
						require.Equal(t, append(c.want, 4, 5), l.Snapshot(t))
					}))
				}
			}
		})
	}
}

func sortPlain(t *gil.Thread, l *gil.List[int]) {
	if err := gil.SortKey(t, l, func(_ *gil.Thread, x int) int { return x }); err != nil {
		panic(err)
	}
}
