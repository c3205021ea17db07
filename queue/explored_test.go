package queue_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/queue"
)

// TestEveryInterleaving goes through all interleavings of a producer and a consumer,
// or of two and none, and finds no failure in any.
func TestEveryInterleaving(t *testing.T) {
	for _, c := range []struct {
		name string
		prog func(t *gil.Thread)
	}{
		{"Queue", func(t *gil.Thread) {
			q := queue.New[int](1)
			p := t.Go("p", func(t *gil.Thread) { require.NoError(t, q.Put(t, 1)) })
			v, err := q.Get(t)
			require.NoError(t, err)
			require.Equal(t, 1, v)
			p.Join(t)
		}},
		{"Queue, turns", func(t *gil.Thread) {
			q := queue.New[int](1)
			p := t.Go("p", func(t *gil.Thread) {
				for i := range 3 {
					require.NoError(t, q.Put(t, i))
				}
			})
			for i := range 3 {
				v, err := q.Get(t)
				require.NoError(t, err)
				require.Equal(t, i, v)
			}
			p.Join(t)
		}},
		{"Queue, two consumers and an end", func(t *gil.Thread) {
			q := queue.New[int](1)
			got := 0
			join := bunch(t, 2, func(t *gil.Thread, _ int) {
				for range q.All(t) {
					got++
				}
			})
			require.NoError(t, q.Put(t, 1))
			q.Shutdown(t, false)
			join()
			require.Equal(t, 1, got)
		}},
		{"SimpleQueue", func(t *gil.Thread) {
			q := queue.NewSimple[int]()
			p := t.Go("p", func(t *gil.Thread) {
				put(t, q, 1)
				put(t, q, 2)
			})
			for want := 1; want <= 2; want++ {
				v, err := q.Get(t)
				require.NoError(t, err)
				require.Equal(t, want, v)
			}
			p.Join(t)
		}},
		{"SimpleQueue, two consumers", func(t *gil.Thread) {
			q := queue.NewSimple[int]()
			sum := 0
			join := bunch(t, 2, func(t *gil.Thread, _ int) {
				v, err := q.Get(t)
				require.NoError(t, err)
				sum += v
			})
			put(t, q, 1)
			put(t, q, 2)
			join()
			require.Equal(t, 3, sum)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, p := range []gil.Profile{gil.CPython312, gil.CPython313T, gil.AnyBytecode} {
				r := explore.Run(c.prog, explore.WithProfile(p), explore.WithStrategy(explore.DPOR()), explore.WithMaxSchedules(5_000))
				require.Empty(t, r.Failures)
				require.True(t, r.Exhausted, "%v: %d schedules", p, r.Schedules)
				t.Logf("%v: %d schedules", p, r.Schedules)
			}
		})
	}
}

// Two threads that both look before they put are found to be wrong: between the look
// and the Put the other one may have put.
func TestCheckThenAct(t *testing.T) {
	for _, make := range []func() common{
		func() common { return queue.New[int](0) },
		func() common { return queue.NewSimple[int]() },
	} {
		f := explore.Find(func(t *gil.Thread) {
			q := make()
			bunch(t, 2, func(t *gil.Thread, i int) {
				if q.Empty(t) {
					put(t, q, i)
				}
			})()
			require.Equal(t, 1, q.QSize(t))
		}, explore.WithMaxSchedules(1000))
		require.NotNil(t, f)
	}
}

// TestDeadlock: who waits for what is never put is found, and named.
func TestDeadlock(t *testing.T) {
	for _, simple := range []bool{false, true} {
		err := gil.NewMachine(1).Run(gil.CPython313, func(t *gil.Thread) {
			if simple {
				_, _ = (&queue.SimpleQueue[int]{Name: "jobs"}).Get(t)
				return
			}
			q := queue.New[int](1)
			q.Name = "jobs"
			_, _ = q.Get(t)
		})
		var e *gil.DeadlockError
		require.ErrorAs(t, err, &e)
		require.Contains(t, e.Error(), "jobs")
	}
}
