package pool_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pool"
	"github.com/pygil/pygil/process"
)

// CPython: ExecutorTest.test_submit, test_no_stale_references (that results are
// right), ProcessPoolExecutorTest.test_traceback, ThreadPoolExecutorTest.test_saturation.
func TestSubmit(t *testing.T) {
	with(t, 3, func(t *testing.T, ctx context.Context, ex pool.Executor) {
		var fs []*pool.Future[int]
		for i := range 100 {
			fs = append(fs, pool.Submit(ctx, ex, square, i))
		}
		for i, f := range fs {
			v, err := f.Result(ctx)
			assert.NoError(t, err)
			assert.Equal(t, i*i, v)
		}
		v, err := pool.Submit(ctx, ex, nothing, 0).Result(ctx)
		assert.NoError(t, err)
		assert.Nil(t, v)
		v, err = pool.Submit(ctx, ex, nothing, 7).Result(ctx)
		assert.NoError(t, err)
		assert.Equal(t, 7, v)
	})
}

// An error is what the function returned, for errors.Is and errors.As, and a panic is
// an error with the stack of the task.
func TestFailures(t *testing.T) {
	with(t, 2, func(t *testing.T, ctx context.Context, ex pool.Executor) {
		err := pool.Submit(ctx, ex, divide, 0).Exception(ctx)
		assert.ErrorIs(t, err, fs.ErrInvalid)
		assert.ErrorContains(t, err, "divide by zero: invalid argument")
		var remote *pool.RemoteError
		if errors.As(err, &remote) {
			assert.Equal(t, "*fs.PathError", remote.Type)
		}
		err = pool.Submit(ctx, ex, explode, "boom").Exception(ctx)
		var panicked *pool.PanicError
		if assert.ErrorAs(t, err, &panicked) {
			assert.Equal(t, "boom", fmt.Sprint(panicked.Value))
			assert.Contains(t, panicked.Stack, "suite_test.go")
		}
		v, err := pool.Submit(ctx, ex, divide, 5).Result(ctx)
		assert.NoError(t, err, "the worker lives")
		assert.Equal(t, 20, v)
	})
}

// A panic goes on where the result is taken, if that is wanted.
func TestRepanic(t *testing.T) {
	with(t, 2, func(t *testing.T, ctx context.Context, ex pool.Executor) {
		f := pool.Submit(ctx, ex, explode, "boom")
		assert.PanicsWithError(t, "pool: the task panicked: boom", func() { _, _ = f.Result(ctx) })
		assert.Error(t, f.Exception(ctx))
	}, pool.WithRepanic())
}

// CPython: ExecutorTest.test_map, test_map_exception, ProcessPoolExecutorTest.test_map_chunksize,
// test_map_buffersize, test_map_buffersize_value_validation.
func TestMapOn(t *testing.T) {
	with(t, 3, func(t *testing.T, ctx context.Context, ex pool.Executor) {
		for _, opts := range [][]pool.Option{
			nil,
			{pool.WithChunkSize(1)},
			{pool.WithChunkSize(7)},
			{pool.WithChunkSize(1000)},
			{pool.WithBufferSize(1)},
			{pool.WithBufferSize(3), pool.WithChunkSize(2)},
		} {
			out, errs := collect(pool.MapOn(ctx, ex, square, upTo(20), opts...))
			assert.Empty(t, errs)
			assert.Equal(t, squares(20), out)
			out, errs = collect(pool.MapOn(ctx, ex, square, nil, opts...))
			assert.Empty(t, errs)
			assert.Empty(t, out)
		}
		out, errs := collect(pool.MapOn(ctx, ex, divide, []int{1, 2, 0, 3}))
		assert.Equal(t, []int{100, 50}, out)
		if assert.Len(t, errs, 1) {
			assert.ErrorIs(t, errs[0], fs.ErrInvalid)
		}
		for text, options := range map[string][]pool.Option{
			"buffersize must be None or > 0": {pool.WithBufferSize(0), pool.WithBufferSize(-1)},
			"chunksize must be >= 1.":        {pool.WithChunkSize(0), pool.WithChunkSize(-1)},
		} {
			for _, o := range options {
				_, errs = collect(pool.MapOn(ctx, ex, square, upTo(3), o))
				var bad *gil.ValueError
				if assert.Len(t, errs, 1) && assert.ErrorAs(t, errs[0], &bad) {
					assert.Equal(t, text, bad.PythonText())
				}
			}
		}
	})
}

// CPython: ExecutorShutdownTest.test_run_after_shutdown, test_context_manager_shutdown,
// test_cancel_futures, test_shutdown_no_wait; shutting down again is no error.
func TestShutdown(t *testing.T) {
	every(t, func(t *testing.T, ctx context.Context, f flavour) {
		ex := f.make(ctx, 1)
		fut := pool.Submit(ctx, ex, square, 3)
		require.NoError(t, pool.Shutdown(ctx, ex, pool.WithWait(false)))
		late := pool.Submit(ctx, ex, square, 4)
		var python interface{ PythonText() string }
		err := late.Exception(ctx)
		assert.ErrorIs(t, err, pool.ErrShutdown)
		if assert.ErrorAs(t, err, &python) {
			assert.Equal(t, "cannot schedule new futures after shutdown", python.PythonText())
		}
		_, err = pool.TrySubmit(ctx, ex, square, 4)
		assert.ErrorIs(t, err, pool.ErrShutdown)
		assert.NoError(t, pool.Shutdown(ctx, ex))
		assert.NoError(t, pool.Shutdown(ctx, ex))
		v, err := fut.Result(ctx)
		assert.NoError(t, err, "what was pending is done")
		assert.Equal(t, 9, v)
		out, errs := collect(pool.MapOn(ctx, ex, square, nil))
		assert.Empty(t, out)
		assert.Empty(t, errs)
	})
}

// CPython: test_cancel_futures: what has not begun is cancelled, what has is done.
func TestCancelFutures(t *testing.T) {
	every(t, func(t *testing.T, ctx context.Context, f flavour) {
		ex := f.make(ctx, 2)
		path, open := gate(t)
		fs := []*pool.Future[string]{pool.Submit(ctx, ex, held, "")}
		for range 49 {
			fs = append(fs, pool.Submit(ctx, ex, held, path))
		}
		_, err := fs[0].Result(ctx)
		assert.NoError(t, err)
		assert.NoError(t, pool.Shutdown(ctx, ex, pool.WithCancelFutures(), pool.WithWait(false)))
		open()
		assert.NoError(t, pool.Shutdown(ctx, ex))
		done, cancelled := 0, 0
		for _, f := range fs {
			assert.True(t, f.Done(ctx))
			if f.Cancelled(ctx) {
				cancelled++
			} else if assert.NoError(t, f.Exception(ctx)) {
				done++
			}
		}
		assert.Positive(t, done)
		assert.LessOrEqual(t, done, 3, "the first, and one that each worker had begun")
		assert.Equal(t, 50, done+cancelled)
		assert.Equal(t, cancelled, statsOf(ctx, ex).Cancelled)
	})
}

// CPython: FutureTests.test_cancel on an executor: a task that has not begun is cancelled and
// never run, one that runs cannot be.
func TestCancelQueued(t *testing.T) {
	with(t, 1, func(t *testing.T, ctx context.Context, ex pool.Executor) {
		s, end := newScript(t)
		defer end()
		first := pool.Submit(ctx, ex, noted, s.step("first", "gate"))
		s.await(ctx, 1)
		queued := pool.Submit(ctx, ex, noted, s.step("queued"))
		assert.False(t, first.Cancel(ctx), "it runs")
		assert.True(t, queued.Cancel(ctx))
		assert.True(t, queued.Cancelled(ctx))
		assert.ErrorIs(t, queued.Exception(ctx), pool.ErrCancelled)
		assert.False(t, first.Done(ctx))
		last := pool.Submit(ctx, ex, noted, s.step("last"))
		s.open("gate")
		for _, f := range []*pool.Future[string]{first, last} {
			assert.NoError(t, f.Exception(ctx))
			assert.False(t, f.Cancel(ctx), "it has ended")
		}
		assert.Equal(t, []string{"first", "last"}, s.begun())
		until(t, ctx, func() bool { return statsOf(ctx, ex).Completed == 2 })
		assert.Equal(t, 1, statsOf(ctx, ex).Cancelled)
	})
}

// CPython: ThreadPoolExecutorTest.test_idle_thread_reuse,
// ProcessPoolExecutorTest.test_idle_process_reuse_one, test_idle_process_reuse_multiple: idle
// workers are taken before another is started, one as well as several.
func TestIdleReuse(t *testing.T) {
	for _, atOnce := range []int{1, 2} {
		every(t, func(t *testing.T, ctx context.Context, f flavour) {
			ex := f.make(ctx, 4)
			for round := range 5 {
				s, end := newScript(t)
				var fs []*pool.Future[string]
				for range atOnce {
					fs = append(fs, pool.Submit(ctx, ex, noted, s.step("x", "gate")))
				}
				s.await(ctx, atOnce)
				s.open("gate")
				for _, f := range fs {
					assert.NoError(t, f.Exception(ctx))
				}
				end()
				until(t, ctx, func() bool {
					s := statsOf(ctx, ex)
					return s.Idle == s.Workers && s.Completed == atOnce*(round+1) // counted after the result is there
				})
				s2 := statsOf(ctx, ex)
				assert.Equal(t, []int{atOnce, atOnce, 0}, []int{s2.Started, s2.Workers, s2.Running}, "%v", s2)
			}
			assert.NoError(t, pool.Shutdown(ctx, ex))
		})
	}
}

// CPython: ThreadPoolExecutorTest.test_saturation, ProcessPoolExecutorTest.test_saturation,
// test_threads_terminate, test_processes_terminate: as many workers as allowed and no more,
// however much waits, and none when it is shut down.
func TestSaturation(t *testing.T) {
	every(t, func(t *testing.T, ctx context.Context, f flavour) {
		s, end := newScript(t)
		defer end()
		ex := f.make(ctx, 3)
		for i := range 15 {
			pool.Submit(ctx, ex, noted, s.step(fmt.Sprint(i), "gate"))
		}
		s.await(ctx, 3)
		until(t, ctx, func() bool { return statsOf(ctx, ex).Running == 3 })
		now := statsOf(ctx, ex)
		assert.Equal(t, []int{3, 3, 0, 12}, []int{now.Started, now.Workers, now.Idle, now.Pending}, "%v", now)
		s.open("gate")
		assert.NoError(t, pool.Shutdown(ctx, ex))
		now = statsOf(ctx, ex)
		assert.Equal(t, []int{3, 0, 0, 0, 15}, []int{now.Started, now.Workers, now.Running, now.Pending, now.Completed}, "%v", now)
		assert.Len(t, s.begun(), 15)
	})
}

// CPython: test_hang_gh94440: a task that is cancelled right before the shutdown, of an idle
// executor and of one that has not begun anything.
func TestShutdownAfterCancel(t *testing.T) {
	every(t, func(t *testing.T, ctx context.Context, f flavour) {
		for _, warm := range []bool{true, false} {
			ex := f.make(ctx, 1)
			if warm {
				assert.NoError(t, pool.Submit(ctx, ex, square, 3).Exception(ctx))
			}
			f := pool.Submit(ctx, ex, square, 4)
			cancelled := f.Cancel(ctx)
			assert.NoError(t, pool.Shutdown(ctx, ex))
			assert.Equal(t, cancelled, f.Cancelled(ctx))
			assert.True(t, f.Done(ctx))
		}
	})
}

// CPython 3.14: test_swallows_falsey_exceptions: an error is one whatever its value is.
func TestEmptyErrors(t *testing.T) {
	with(t, 1, func(t *testing.T, ctx context.Context, ex pool.Executor) {
		for kind := range 3 {
			f := pool.Submit(ctx, ex, failEmpty, kind)
			_, err := f.Result(ctx)
			assert.Error(t, err, kind)
			assert.Error(t, f.Exception(ctx), kind)
			_, errs := collect(pool.MapOn(ctx, ex, failEmpty, []int{kind}))
			assert.Len(t, errs, 1, kind)
		}
		_, rest, err := pool.Wait(ctx, []*pool.Future[int]{pool.Submit(ctx, ex, failEmpty, 0), pool.NewFuture[int]()}, pool.FirstException)
		assert.NoError(t, err)
		assert.Len(t, rest, 1)
	})
}

var failEmpty = process.Define("pool_test.failEmpty", func(_ context.Context, kind int) (int, error) {
	return 0, []error{errors.New(""), empty(""), (*nothingAtAll)(nil)}[kind]
})

// empty and nothingAtAll are errors that say nothing.
type (
	empty        string
	nothingAtAll struct{}
)

func (e empty) Error() string         { return string(e) }
func (e *nothingAtAll) Error() string { return "" }

// The end of a context cancels the task that waits, which is never run. What runs on a thread
// goes on; how a process is ended is TestTaskTimeoutAndContext.
func TestTaskContext(t *testing.T) {
	with(t, 1, func(t *testing.T, ctx context.Context, ex pool.Executor) {
		s, end := newScript(t)
		defer end()
		of, cancel := context.WithCancel(ctx)
		if th := thread(ctx); th != nil {
			of, cancel = gil.WithCancel(th)
		}
		defer cancel()
		first := pool.Submit(ctx, ex, noted, s.step("first", "gate"))
		s.await(ctx, 1)
		queued := pool.Submit(of, ex, noted, s.step("queued"))
		assert.False(t, queued.Done(ctx))
		cancel()
		assert.ErrorIs(t, queued.Exception(ctx), pool.ErrCancelled)
		assert.False(t, first.Done(ctx))
		s.open("gate")
		assert.NoError(t, first.Exception(ctx))
		assert.NoError(t, pool.Submit(ctx, ex, noted, s.step("last")).Exception(ctx))
		assert.Equal(t, []string{"first", "last"}, s.begun())
	})
}
