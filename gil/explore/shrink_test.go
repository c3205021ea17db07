package explore_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
)

// slow skips a test under -race: a virtual world is one goroutine, takes ten times as
// long, and shows nothing.
func slow(t *testing.T) {
	t.Helper()
	if raceDetector {
		t.Skip("many thousands of runs on one goroutine")
	}
}

// noisy is a program around a bug, with work beside it that has nothing to do with
// it: threads that do many things to variables and locks of their own.
func noisy(threads, rounds int, bug func(t *gil.Thread)) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		others := make([]*gil.Thread, threads)
		for i := range others {
			n, mu := gil.NewVar(fmt.Sprint("own", i), 0), new(threading.Lock)
			others[i] = t.Go(fmt.Sprint("noise", i), func(t *gil.Thread) {
				for range rounds {
					mu.With(t, func() { n.Store(t, n.Load(t)+1) })
				}
			})
		}
		bug(t)
		gil.JoinAll(t, others...)
	}
}

// TestShrink finds bugs by a walk that switches all the time, and makes short
// schedules of what it has found.
func TestShrink(t *testing.T) {
	slow(t)
	for name, c := range map[string]struct {
		bug  func(t *gil.Thread)
		kind explore.Kind
		most int // deviations
	}{
		"lost update": {failLostUpdate, explore.Assertion, 1},
		"lock order":  {failLockOrder, explore.Deadlock, 1},
		"two switches": {func(t *gil.Thread) {
			a, b := gil.NewVar("a", 0), gil.NewVar("b", 0)
			set := t.Go("set", func(t *gil.Thread) { a.Store(t, 1); b.Store(t, 1); a.Store(t, 2); b.Store(t, 2) })
			look := t.Go("look", func(t *gil.Thread) {
				x, y := a.Load(t), b.Load(t)
				require.False(t, x == 1 && y == 2, "between two changes")
			})
			gil.JoinAll(t, set, look)
		}, explore.Assertion, 2},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(3) {
				f := explore.Find(noisy(3, 20, c.bug), explore.WithStrategy(explore.Random()), explore.WithSeed(seed))
				require.NotNil(t, f)
				require.Equal(t, c.kind, f.Kind)
				require.LessOrEqual(t, len(f.Schedule.Deviations), c.most, "%v", f.Schedule)
				require.Greater(t, len(f.Found.Deviations), 20)
				again := explore.Replay(noisy(3, 20, c.bug), f.Schedule, explore.WithStrictReplay())
				require.NotNil(t, again)
				require.Equal(t, f.Err.Error(), again.Err.Error(), "the schedule fails as the failure says")
				found := explore.Replay(noisy(3, 20, c.bug), f.Found)
				require.NotNil(t, found)
				require.Equal(t, f.Kind, found.Kind)
				require.Less(t, strings.Count(f.Table(), "\n"), 70)
			}
		})
	}
}

// TestShrinkCanonical shrinks what different searches have found to the same
// schedule.
func TestShrinkCanonical(t *testing.T) {
	slow(t)
	texts := map[string]int{}
	for seed := range uint64(20) {
		f := explore.Find(failLockOrder, explore.WithStrategy(explore.Random()), explore.WithSeed(seed))
		texts[f.Schedule.String()]++
	}
	require.Len(t, texts, 1, "%v", texts)
}

// TestShrinkKeepsTheFailure has a program with two bugs, of which the one that needs
// more switches must not turn into the other one on the way.
func TestShrinkKeepsTheFailure(t *testing.T) {
	slow(t)
	program := func(t *gil.Thread) {
		a, b := gil.NewVar("a", 0), gil.NewVar("b", 0)
		x := t.Go("x", func(t *gil.Thread) { a.Store(t, 1); b.Store(t, 1); a.Store(t, 2); b.Store(t, 2) })
		y := t.Go("y", func(t *gil.Thread) {
			switch v, w := a.Load(t), b.Load(t); {
			case v == 1 && w == 2:
				t.Errorf("bug 1")
			case v != w:
				t.Errorf("bug 2")
			}
		})
		gil.JoinAll(t, x, y)
	}
	r := explore.Run(program, explore.WithStrategy(explore.Random()), explore.WithMaxSchedules(2000))
	require.Len(t, r.Failures, 2)
	require.NotEqual(t, r.Failures[0].Err.Error(), r.Failures[1].Err.Error(), "two bugs were found, and two are left")
	for _, f := range r.Failures {
		again := explore.Replay(program, f.Schedule, explore.WithStrictReplay())
		require.NotNil(t, again)
		assert.Equal(t, f.Err.Error(), again.Err.Error())
		if strings.Contains(f.Err.Error(), "bug 1") {
			assert.Len(t, f.Schedule.Deviations, 2)
		} else {
			assert.Len(t, f.Schedule.Deviations, 1)
		}
	}
}

// TestNearby edits a program in ways that move the place that matters, and finds the
// failure by the schedule of the program before.
func TestNearby(t *testing.T) {
	slow(t)
	program := func(before, between, first int) func(t *gil.Thread) {
		return func(t *gil.Thread) {
			n, other := gil.NewVar("n", 0), gil.NewVar("other", 0)
			for range first {
				t.Go("new", func(t *gil.Thread) { other.Load(t) }).Join(t)
			}
			add := func(t *gil.Thread) {
				for range before {
					other.Load(t)
				}
				v := n.Load(t)
				for range between {
					other.Load(t)
				}
				n.Store(t, v+1)
			}
			gil.JoinAll(t, t.Go("a", add), t.Go("b", add))
			require.Equal(t, 2, n.Load(t))
		}
	}
	f := explore.Find(program(3, 0, 0))
	require.NotNil(t, f)
	edits := [][3]int{{3, 0, 0}, {0, 0, 0}, {3, 5, 0}, {9, 0, 0}, {3, 0, 1}, {5, 2, 1}, {0, 0, 2}}
	for _, e := range edits {
		got := explore.Replay(program(e[0], e[1], e[2]), f.Schedule, explore.WithNearby(500))
		require.NotNil(t, got, "%v", e)
		require.Equal(t, "lost update", got.Pattern)
	}
	missed := 0
	for _, e := range edits {
		if explore.Replay(program(e[0], e[1], e[2]), f.Schedule) == nil {
			missed++
		}
	}
	require.Greater(t, missed, 3, "without looking nearby, edits hide it")
	require.Nil(t, explore.Replay(func(t *gil.Thread) {
		n := gil.NewVar("n", 0)
		add := func(t *gil.Thread) { n.Swap(t, 1) }
		gil.JoinAll(t, t.Go("a", add), t.Go("b", add))
	}, f.Schedule, explore.WithNearby(500)))
}
