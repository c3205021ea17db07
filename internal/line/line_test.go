package line_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/pygil/pygil/internal/line"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type waiter struct {
	place line.Place[*waiter]
	name  int
}

// TestLine does at random what can be done and compares with a slice.
func TestLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l line.Line[*waiter]
		all := make([]*waiter, 6)
		for i := range all {
			all[i] = &waiter{name: i}
		}
		var want []*waiter
		t.Repeat(map[string]func(*rapid.T){
			"join": func(t *rapid.T) {
				w := rapid.SampledFrom(all).Draw(t, "who")
				if !w.place.In() {
					l.Join(&w.place, w)
					want = append(want, w)
				}
			},
			"leave": func(t *rapid.T) {
				w := rapid.SampledFrom(all).Draw(t, "who")
				i := slices.Index(want, w)
				require.Equal(t, i >= 0, w.place.In())
				require.Equal(t, i >= 0, l.Leave(&w.place))
				if i >= 0 {
					want = slices.Delete(want, i, i+1)
				}
			},
			"pop": func(t *rapid.T) {
				first, there := l.First()
				w, ok := l.Pop()
				require.Equal(t, len(want) > 0, ok)
				require.Equal(t, there, ok)
				require.Same(t, first, w)
				if ok {
					require.Same(t, want[0], w)
					want = want[1:]
				}
			},
			"all leave": func(t *rapid.T) {
				var got []*waiter
				for w := range l.All() {
					got = append(got, w)
					l.Leave(&w.place)
				}
				require.Equal(t, names(want), names(got))
				want = nil
			},
			"": func(t *rapid.T) {
				require.Equal(t, names(want), names(slices.Collect(l.All())))
				require.Equal(t, len(want), l.Len())
			},
		})
	})
}

func names(ws []*waiter) (out []int) {
	for _, w := range ws {
		out = append(out, w.name)
	}
	return out
}

func TestNothingIsAllocated(t *testing.T) {
	var l line.Line[*waiter]
	ws := []*waiter{{name: 1}, {name: 2}}
	require.Zero(t, testing.AllocsPerRun(100, func() {
		for _, w := range ws {
			l.Join(&w.place, w)
		}
		l.Pop()
		l.Leave(&ws[1].place)
	}))
}

func ExampleLine() {
	var l line.Line[string]
	var a, b, c line.Place[string]
	l.Join(&a, "a")
	l.Join(&b, "b")
	l.Join(&c, "c")
	l.Leave(&b)
	for l.Len() > 0 {
		who, _ := l.Pop()
		fmt.Println(who)
	}
	// Output:
	// a
	// c
}
