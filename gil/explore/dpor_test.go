package explore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
)

// lockLoop is n threads that take one lock rounds times each.
func lockLoop(n, rounds int) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		lock := &threading.Lock{Name: "lock"}
		ts := make([]*gil.Thread, n)
		for i := range ts {
			ts[i] = t.Go("", func(t *gil.Thread) {
				for range rounds {
					lock.Acquire(t)
					lock.Release(t)
				}
			})
		}
		gil.JoinAll(t, ts...)
	}
}

// TestLooksAtClosedGates: that somebody has asked whether a thread is alive is no race
// with a join of it that waits for ever, which could not have come before either.
func TestLooksAtClosedGates(t *testing.T) {
	prog := func(t *gil.Thread) {
		never, x := new(threading.Event), gil.NewVar("x", 0)
		a := t.Go("a", func(t *gil.Thread) { never.Wait(t) })
		t.Go("b", func(t *gil.Thread) {
			x.Load(t)
			a.IsAlive(t)
		})
		x.Store(t, 1)
		a.Join(t)
	}
	r := explore.Run(prog, explore.WithStrategy(explore.DPOR()), explore.Raw())
	require.True(t, r.Exhausted)
	require.Equal(t, 2, r.Classes)
	require.Equal(t, 2, r.Schedules)
	require.Zero(t, r.Blocked)
}

// TestClassCounts has the closed forms: m threads that each take a lock k times are
// (mk)!/(k!)^m orders.
func TestClassCounts(t *testing.T) {
	for _, c := range []struct {
		name    string
		prog    func(t *gil.Thread)
		classes int
	}{
		{"lost update of 2", lostUpdate(2), 4},
		{"lost update of 3", lostUpdate(3), 36},
		{"lost update of 4", lostUpdate(4), 576},
		{"lock, 2 threads, 3 times", lockLoop(2, 3), 20},
		{"lock, 3 threads, 2 times", lockLoop(3, 2), 90},
		{"lock, 4 threads, once", lockLoop(4, 1), 24},
		{"lock, 7 threads, once", lockLoop(7, 1), 5040},
	} {
		if raceDetector && c.classes > 600 {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			r := explore.Run(c.prog, explore.WithStrategy(explore.DPOR()), explore.WithMaxSchedules(20*c.classes))
			t.Log(r, r.Elapsed)
			require.True(t, r.Exhausted)
			require.Equal(t, c.classes, r.Classes)
			require.Equal(t, c.classes, r.Schedules, "redundant schedules")
			require.Zero(t, r.Blocked)
		})
	}
}
