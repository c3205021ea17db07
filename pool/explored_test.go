package pool_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/pool"
)

// An explorer goes through the interleavings of small programs and finds none that
// fails.
func TestExplored(t *testing.T) {
	for _, c := range []struct {
		name string
		prog func(t *gil.Thread)
	}{
		{"result", func(t *gil.Thread) {
			f := pool.NewFuture[int]()
			other := t.Go("other", func(t *gil.Thread) { require.NoError(t, f.SetResult(t, 42)) })
			v, err := f.Result(t)
			require.NoError(t, err)
			require.Equal(t, 42, v)
			other.Join(t)
		}},
		{"cancel or begin", func(t *gil.Thread) {
			f := pool.NewFuture[int]()
			began := false
			other := t.Go("other", func(t *gil.Thread) {
				if ok, err := f.SetRunningOrNotifyCancel(t); ok && err == nil {
					began = true
					require.NoError(t, f.SetResult(t, 1))
				}
			})
			cancelled := f.Cancel(t)
			other.Join(t)
			require.NotEqual(t, cancelled, began, "exactly one of both")
		}},
		{"first of two", func(t *gil.Thread) {
			a, b := pool.NewFuture[int](), pool.NewFuture[int]()
			other := t.Go("other", func(t *gil.Thread) { require.NoError(t, b.SetResult(t, 1)) })
			done, rest, err := pool.Wait(t, []*pool.Future[int]{a, b}, pool.FirstCompleted)
			require.NoError(t, err)
			require.Equal(t, []*pool.Future[int]{b}, done)
			require.Equal(t, []*pool.Future[int]{a}, rest)
			other.Join(t)
		}},
		{"executor", func(t *gil.Thread) {
			ex := pool.NewThreadExecutor(t, 1)
			f := pool.Submit(t, ex, square, 7)
			require.NoError(t, ex.Shutdown(t))
			v, err := f.Result(t)
			require.NoError(t, err)
			require.Equal(t, 49, v)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, p := range []gil.Profile{gil.CPython312, gil.CPython313T, gil.AnyBytecode} {
				r := explore.Run(c.prog, explore.WithProfile(p), explore.WithStrategy(explore.DPOR()), explore.WithMaxSchedules(3_000))
				require.Empty(t, r.Failures)
				t.Logf("%v: %d schedules, exhausted: %v", p, r.Schedules, r.Exhausted)
			}
			r := explore.Run(c.prog, explore.WithMaxSchedules(300))
			require.Empty(t, r.Failures)
		})
	}
}

// A callback that looks before it acts is found to be wrong: two workers finish at
// once, and an update is lost.
func TestExploredRace(t *testing.T) {
	f := explore.Find(func(t *gil.Thread) {
		ex := pool.NewThreadExecutor(t, 2)
		n := gil.NewVar("n", 0)
		for range 2 {
			pool.Submit(t, ex, pool.Func(func(t *gil.Thread, _ int) (int, error) {
				n.Store(t, n.Load(t)+1)
				return 0, nil
			}), 0)
		}
		require.NoError(t, ex.Shutdown(t))
		require.Equal(t, 2, n.Load(t))
	}, explore.WithMaxSchedules(3000))
	require.NotNil(t, f)
}

// TP-5: a task that waits for another one, with all workers busy, hangs in Python. On a
// machine the deadlock is reported.
func TestNestedSubmitDeadlock(t *testing.T) {
	err := gil.NewMachine(1).Run(gil.CPython313, func(t *gil.Thread) {
		ex := pool.NewThreadExecutor(t, 1)
		outer := pool.Submit(t, ex, pool.Func(func(t *gil.Thread, n int) (int, error) {
			return pool.Submit(t, ex, square, n).Result(t)
		}), 3)
		_, _ = outer.Result(t)
	})
	var e *gil.DeadlockError
	require.ErrorAs(t, err, &e)
	require.Contains(t, e.Error(), "a future")
}

// The events of a task: submitted, begun, ended, taken; and what kills the guess that
// they were all one task's, their numbers.
func TestObserved(t *testing.T) {
	for _, kind := range []string{"threads", "processes", "real processes"} {
		t.Run(kind, func(t *testing.T) {
			type seen struct {
				kind gil.EventKind
				task int64
				b    int64
			}
			var got []seen
			objects, lanes := map[uint64]bool{}, map[uint32]bool{}
			var mu sync.Mutex // real workers' answers come beside the program
			watch := gil.WithObserver(gil.ObserverFunc(func(e gil.Event) {
				mu.Lock()
				defer mu.Unlock()
				switch e.Kind {
				case gil.EvSubmit, gil.EvTaskBegin, gil.EvTaskEnd, gil.EvResult, gil.EvChunk:
					got = append(got, seen{e.Kind, e.A, e.B})
					objects[e.Obj] = true
					if e.Kind == gil.EvTaskBegin {
						lanes[e.TID] = true
					}
				}
			}))
			var world interface {
				Run(p gil.Profile, main func(t *gil.Thread)) error
			} = gil.NewMachine(2, watch)
			if kind == "real processes" {
				world = gil.Live(watch)
			}
			require.NoError(t, world.Run(gil.CPython313, func(th *gil.Thread) {
				ex := threadExecutor(th, 1)
				if kind != "threads" {
					ex = must(pool.NewProcessExecutor(th, 1))
				}
				_, err := pool.Submit(th, ex, square, 7).Result(th)
				assert.NoError(t, err)
				_, err = pool.Submit(th, ex, divide, 0).Result(th)
				assert.Error(t, err)
				_, err = pool.Map(th, ex, square, upTo(3), pool.WithChunkSize(3))
				assert.NoError(t, err)
				assert.NoError(t, pool.Shutdown(th, ex))
			}))
			require.Equal(t, []seen{
				{gil.EvSubmit, 1, 0},
				{gil.EvTaskBegin, 1, 0},
				{gil.EvTaskEnd, 1, 0},
				{gil.EvResult, 1, 0},
				{gil.EvSubmit, 2, 0},
				{gil.EvTaskBegin, 2, 0},
				{gil.EvTaskEnd, 2, 1},
				{gil.EvResult, 2, 0},
				{gil.EvSubmit, 3, 0},
				{gil.EvChunk, 3, 3},
				{gil.EvTaskBegin, 3, 0},
				{gil.EvTaskEnd, 3, 0},
			}, got)
			require.Len(t, objects, 1)
			require.Len(t, lanes, 1, "one worker")
		})
	}
}

// Interpreters share nothing that can be changed, and run in parallel.
func TestInterpretersAreApart(t *testing.T) {
	m := gil.NewMachine(4)
	require.NoError(t, m.Run(gil.CPython314, func(th *gil.Thread) {
		ex := pool.NewInterpreterExecutor(th, 4)
		mine := []int{1, 2, 3}
		out, err := pool.Submit(th, ex, pool.Func(func(_ context.Context, list []int) ([]int, error) {
			list[0] = 100
			return list, nil
		}), mine).Result(th)
		assert.NoError(t, err)
		assert.Equal(t, []int{100, 2, 3}, out)
		assert.Equal(t, []int{1, 2, 3}, mine)
		_, err = pool.Map(th, ex, cpuBound, []int{8, 8, 8, 8})
		assert.NoError(t, err)
		assert.NoError(t, ex.Shutdown(th))
	}))
	one := gil.NewMachine(1)
	require.NoError(t, one.Run(gil.CPython314, func(th *gil.Thread) { _, _ = cpuBound.Run(th, 8) }))
	assert.Less(t, m.Now(), one.Now()*3/2, "four at once")
}
