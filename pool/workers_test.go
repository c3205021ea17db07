package pool_test

import (
	"context"
	"fmt"
	"io/fs"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
	"github.com/pygil/pygil/pool"
)

// CPython: ExecutorTest.test_max_workers_negative, TestPool.test_make_pool.
func TestNumberOfWorkers(t *testing.T) {
	everyPool(t, func(t *testing.T, ctx context.Context, f flavour) {
		if f.remote {
			return // they return it: see TestNumberOfProcesses
		}
		for _, n := range []int{0, -1} {
			for text, make := range map[string]func(){
				"max_workers must be greater than 0":     func() { f.make(ctx, n) },
				"Number of processes must be at least 1": func() { f.pool(ctx, n) },
			} {
				func() {
					defer func() {
						bad, ok := recover().(*gil.ValueError)
						if assert.True(t, ok) {
							assert.Equal(t, text, bad.PythonText())
						}
					}()
					make()
				}()
			}
		}
	})
}

// CPython: InitializerMixin.test_initializer is TestInitializer of each kind;
// FailingInitializerMixin.test_initializer: nothing hangs, everything says why.
func TestFailingInitializer(t *testing.T) {
	fail := pool.WithInitializer(divide, 0)
	every(t, func(t *testing.T, ctx context.Context, f flavour) {
		for range 2 {
			ex := f.make(ctx, 2, fail)
			var fs []*pool.Future[int]
			for i := range 10 {
				fs = append(fs, pool.Submit(ctx, ex, square, i))
			}
			seen := map[*pool.BrokenError]bool{}
			for i := range len(fs) + 3 {
				if i >= len(fs) { // the others have failed: it is too late
					fs = append(fs, pool.Submit(ctx, ex, square, 1))
				}
				f := fs[i]
				b := broken(t, f.Exception(ctx))
				assert.True(t, b.Late || i < 10)
				assert.False(t, seen[b], "each has an error of its own")
				seen[b] = true
				assert.Same(t, b, broken(t, f.Exception(ctx)), "and always the same")
			}
			assert.NoError(t, pool.Shutdown(ctx, ex))

			if f.pool == nil {
				continue
			}
			p := f.pool(ctx, 2, fail)
			_, err := pool.Map(ctx, p, square, upTo(100))
			broken(t, err)
			assert.NoError(t, p.Close(ctx))
			assert.NoError(t, p.Join(ctx))
		}
	})
}

// CPython: FailingInitializerMixin._assert_logged: the failure of an initializer is told on
// stderr, once for each worker that has failed.
func TestFailingInitializerIsTold(t *testing.T) {
	for _, f := range flavours() {
		if f.remote {
			continue // that is the worker's own stderr
		}
		t.Run(f.name, func(t *testing.T) {
			said := stderrOf(t, func() {
				f.run(t, func(ctx context.Context) {
					ex := f.make(ctx, 1, pool.WithInitializer(divide, 0))
					assert.ErrorIs(t, pool.Submit(ctx, ex, square, 3).Exception(ctx), pool.ErrBroken)
					assert.NoError(t, pool.Shutdown(ctx, ex))
				})
			})
			assert.Equal(t, "Exception in initializer:\ndivide by zero: invalid argument\n", said)
		})
	}
}

func broken(t *testing.T, err error) *pool.BrokenError {
	t.Helper()
	assert.ErrorIs(t, err, pool.ErrBroken)
	assert.ErrorIs(t, err, fs.ErrInvalid, "it says why")
	var b *pool.BrokenError
	if assert.ErrorAs(t, err, &b) {
		assert.True(t, b.Initializer)
	}
	return b
}

// Bounded submission waits, or refuses, and everything is done.
func TestMaxPending(t *testing.T) {
	everyPool(t, func(t *testing.T, ctx context.Context, f flavour) {
		s, end := newScript(t)
		defer end()
		ex := f.make(ctx, 1, pool.WithMaxPending(2))
		first := pool.Submit(ctx, ex, noted, s.step("first", "gate"))
		second := pool.Submit(ctx, ex, noted, s.step("second"))
		for range 3 {
			_, err := pool.TrySubmit(ctx, ex, square, 3)
			assert.ErrorIs(t, err, pool.ErrFull)
		}
		assert.Equal(t, 2, statsOf(ctx, ex).Submitted)
		var returned atomic.Bool
		join := beside(ctx, func(ctx context.Context) {
			third := pool.Submit(ctx, ex, noted, s.step("third"))
			returned.Store(true)
			assert.True(t, first.Done(ctx), "it had room only then")
			assert.NoError(t, third.Exception(ctx))
		})
		blocked(t, ctx, &returned, "semaphore.(*Weighted).Acquire", "threading.(*Semaphore).Acquire")
		s.open("gate")
		join()
		for _, f := range []*pool.Future[string]{first, second} {
			assert.NoError(t, f.Exception(ctx))
		}
		assert.Equal(t, []string{"first", "second", "third"}, s.begun())
		out, errs := collect(pool.MapOn(ctx, ex, square, upTo(30)))
		assert.Empty(t, errs)
		assert.Equal(t, squares(30), out)
		assert.NoError(t, pool.Shutdown(ctx, ex))
		now := statsOf(ctx, ex)
		assert.Equal(t, []int{33, 33}, []int{now.Submitted, now.Completed}, "%v", now)
	})
}

// Whatever ends a task that was never done leaves its place to others.
func TestMaxPendingIsGivenBack(t *testing.T) {
	everyPool(t, func(t *testing.T, ctx context.Context, f flavour) {
		s, end := newScript(t)
		defer end()
		ex := f.make(ctx, 1, pool.WithMaxPending(2))
		free := func() { // neither place is lost
			t.Helper()
			var fillers []*pool.Future[string]
			until(t, ctx, func() bool {
				f, err := pool.TrySubmit(ctx, ex, noted, s.step("filler"))
				if err == nil {
					fillers = append(fillers, f)
				}
				return len(fillers) == 4
			})
			for _, f := range fillers {
				assert.NoError(t, f.Exception(ctx))
			}
		}
		for i, round := range []string{"1", "2", "3"} { // cancelled while it waits
			first := pool.Submit(ctx, ex, noted, s.step("first", round))
			s.await(ctx, 5*i+1)
			second := pool.Submit(ctx, ex, noted, s.step("second"))
			assert.True(t, second.Cancel(ctx))
			s.open(round)
			assert.NoError(t, first.Exception(ctx))
			free()
		}
		// Who waits for a place when all is cancelled is told, though the first runs on.
		first := pool.Submit(ctx, ex, noted, s.step("first", "last"))
		s.await(ctx, 16)
		second := pool.Submit(ctx, ex, noted, s.step("second"))
		var returned atomic.Bool
		join := beside(ctx, func(ctx context.Context) {
			assert.ErrorIs(t, pool.Submit(ctx, ex, noted, s.step("third")).Exception(ctx), pool.ErrShutdown)
			returned.Store(true)
		})
		blocked(t, ctx, &returned, "semaphore.(*Weighted).Acquire", "threading.(*Semaphore).Acquire")
		assert.NoError(t, pool.Shutdown(ctx, ex, pool.WithCancelFutures(), pool.WithWait(false)))
		join()
		assert.True(t, second.Cancelled(ctx))
		assert.False(t, first.Done(ctx))
		s.open("last")
		assert.NoError(t, first.Exception(ctx))
		assert.NoError(t, pool.Shutdown(ctx, ex))
	})
}

// Of what waits, the highest priority is next, and equals keep their order; the tasks of a
// map go where its priority puts them.
func TestPriority(t *testing.T) {
	with(t, 1, func(t *testing.T, ctx context.Context, ex pool.Executor) {
		s, end := newScript(t)
		defer end()
		first := pool.Submit(ctx, ex, noted, s.step("first", "gate"))
		s.await(ctx, 1)
		var fs []*pool.Future[string]
		for i, priority := range []int{0, 5, -1, 5, 0} {
			fs = append(fs, pool.Submit(ctx, ex, noted, s.step(fmt.Sprint(i)), pool.WithPriority(priority)))
		}
		seq := pool.MapOn(ctx, ex, noted, s.steps("a", "b"), pool.WithPriority(3))
		fs = append(fs, pool.Submit(ctx, ex, noted, s.step("5")))
		s.open("gate")
		for _, f := range append(fs, first) {
			assert.NoError(t, f.Exception(ctx))
		}
		out, errs := collect(seq)
		assert.Empty(t, errs)
		assert.Equal(t, []string{"a", "b"}, out)
		assert.Equal(t, []string{"first", "1", "3", "a", "b", "0", "4", "5", "2"}, s.begun())
	})
}

// Resize: more workers, fewer workers, and none is refused.
func TestResize(t *testing.T) {
	everyPool(t, func(t *testing.T, ctx context.Context, f flavour) {
		p := f.pool(ctx, 1)
		for _, n := range []int{4, 2, 3, 1} {
			s, end := newScript(t)
			before := p.Stats(ctx).Workers
			assert.NoError(t, p.Resize(ctx, n))
			until(t, ctx, func() bool { return p.Stats(ctx).Workers <= n })
			assert.Equal(t, fmt.Sprintf("<pool.Pool state=RUN pool_size=%d>", n), p.String())
			var all []*pool.AsyncResult[string]
			for i := range 8 {
				all = append(all, pool.ApplyAsync(ctx, p, noted, s.step(fmt.Sprint(i), "gate")))
			}
			s.await(ctx, n)
			until(t, ctx, func() bool { return p.Stats(ctx).Running == n })
			now := p.Stats(ctx)
			assert.Equal(t, []int{n, 8 - n}, []int{now.Workers, now.Pending}, "%v", now)
			assert.Len(t, s.begun(), n)
			if n < before { // who is one too many ends when it has done what it has
				assert.NoError(t, p.Resize(ctx, before))
				s.await(ctx, before)
				assert.NoError(t, p.Resize(ctx, n))
				assert.Equal(t, before, p.Stats(ctx).Workers)
			}
			s.open("gate")
			for _, a := range all {
				_, err := a.Get(ctx)
				assert.NoError(t, err)
			}
			until(t, ctx, func() bool { return p.Stats(ctx).Workers <= n })
			end()
		}
		var bad *gil.ValueError
		if assert.ErrorAs(t, p.Resize(ctx, 0), &bad) {
			assert.Equal(t, "max_workers must be greater than 0", bad.PythonText())
		}
		assert.NoError(t, p.Close(ctx))
		assert.NoError(t, p.Join(ctx))
	})
}

// maxtasksperchild with a backlog: CPython's executor hangs (gh-115634).
func TestMaxTasksPerChild(t *testing.T) {
	withPool(t, 2, func(t *testing.T, ctx context.Context, p *pool.Pool) {
		out, err := pool.Map(ctx, p, square, upTo(50), pool.WithChunkSize(5))
		assert.NoError(t, err)
		assert.Equal(t, squares(50), out)
		assert.GreaterOrEqual(t, p.Stats(ctx).Started, 5)
	}, pool.WithMaxTasksPerChild(2))
}

// CPython: test_pool_maxtasksperchild_invalid: numbers that cannot be are refused, and an
// option where it has no meaning.
func TestNumberOfTasks(t *testing.T) {
	for _, o := range []pool.Option{pool.WithMaxTasksPerChild(0), pool.WithMaxTasksPerChild(-1), pool.WithMaxPending(0), pool.WithRetries(-1), pool.WithChunkSize(3)} {
		var bad *gil.ValueError
		_, err := pool.New(t.Context(), 1, o)
		assert.ErrorAs(t, err, &bad)
		_, err = pool.NewProcessExecutor(t.Context(), 1, o)
		assert.ErrorAs(t, err, &bad)
	}
}

// Room that there is not is refused while the worker is busy, and a job that waits has a
// thread as soon as there may be another one.
func TestBusyThreads(t *testing.T) {
	require.NoError(t, gil.NewMachine(2).Run(gil.CPython313, func(th *gil.Thread) {
		var open threading.Event
		hold := pool.Func(func(th *gil.Thread, _ int) (int, error) { open.Wait(th); return 0, nil })
		ex := pool.NewThreadExecutor(th, 1, pool.WithMaxPending(2))
		pool.Submit(th, ex, hold, 0)
		pool.Submit(th, ex, hold, 0)
		_, err := pool.TrySubmit(th, ex, hold, 0)
		require.ErrorIs(t, err, pool.ErrFull)

		p := pool.NewThread(th, 1)
		first := pool.ApplyAsync(th, p, hold, 0)
		second := pool.ApplyAsync(th, p, square, 3)
		require.NoError(t, p.Resize(th, 2))
		v, err := second.Get(th)
		require.NoError(t, err)
		require.Equal(t, 9, v)
		require.False(t, first.Ready(th))
		open.Set(th)
		require.NoError(t, p.Close(th))
		require.NoError(t, p.Join(th))
		require.NoError(t, ex.Shutdown(th))
	}))
}
