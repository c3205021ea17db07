package pool_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pool"
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
// ExecutorShutdownTest.test_map_submits_without_iteration,
// test_map_buffersize (4 of them), test_map_buffersize_value_validation.
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
		for _, o := range []pool.Option{pool.WithBufferSize(0), pool.WithChunkSize(0)} {
			_, errs = collect(pool.MapOn(ctx, ex, square, upTo(3), o))
			var bad *gil.ValueError
			if assert.Len(t, errs, 1) {
				assert.ErrorAs(t, errs[0], &bad)
			}
		}
		_ = pool.MapOn(ctx, ex, square, upTo(3)) // it runs although nobody looks
	})
}

// CPython: test_map_timeout.
func TestMapTimeout(t *testing.T) {
	with(t, 2, func(t *testing.T, ctx context.Context, ex pool.Executor) {
		path, open := gate(t)
		defer open()
		out, errs := collect(pool.MapOn(ctx, ex, held, []string{"", "", path}, pool.WithTimeout(0)))
		assert.LessOrEqual(t, len(out), 2)
		if assert.Len(t, errs, 1) {
			assert.ErrorIs(t, errs[0], pool.ErrTimeout)
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
		assert.Positive(t, cancelled)
		assert.Equal(t, 50, done+cancelled)
	})
}

// CPython: FutureTests.test_cancel on an executor; a cancelled task is not run, and
// ExecutorTest.test_executor_map_current_future_cancel.
func TestCancelQueued(t *testing.T) {
	with(t, 1, func(t *testing.T, ctx context.Context, ex pool.Executor) {
		slow := pool.Submit(ctx, ex, nap, 20*time.Millisecond)
		queued := pool.Submit(ctx, ex, explode, "must not run")
		if queued.Cancel(ctx) {
			assert.ErrorIs(t, queued.Exception(ctx), pool.ErrCancelled)
			assert.True(t, queued.Cancelled(ctx))
		}
		_, err := slow.Result(ctx)
		assert.NoError(t, err)
		assert.False(t, slow.Cancel(ctx))
	})
}

// CPython: ThreadPoolExecutorTest.test_idle_thread_reuse,
// ProcessPoolExecutorTest.test_idle_process_reuse_one: an idle worker is taken
// before another is started.
func TestIdleReuse(t *testing.T) {
	every(t, func(t *testing.T, ctx context.Context, f flavour) {
		ex := f.make(ctx, 4)
		for range 10 {
			_, err := pool.Submit(ctx, ex, square, 3).Result(ctx)
			assert.NoError(t, err)
			until(t, ctx, func() bool { return statsOf(ctx, ex).Running == 0 })
		}
		until(t, ctx, func() bool { return statsOf(ctx, ex).Completed == 10 }) // counted after the result is there
		s := statsOf(ctx, ex)
		assert.Equal(t, 1, s.Workers, "%v", s)
		assert.NoError(t, pool.Shutdown(ctx, ex))
	})
}

// A plain context, whose end is the task's.
func TestTaskContext(t *testing.T) {
	with(t, 1, func(t *testing.T, ctx context.Context, ex pool.Executor) {
		th := thread(ctx)
		if th == nil {
			return // see TestTaskContextEndsRunning
		}
		slow := pool.Submit(ctx, ex, nap, 20*time.Millisecond)
		end, cancel := gil.WithCancel(th)
		queued := pool.Submit(end, ex, nap, 0)
		cancel()
		if err := queued.Exception(ctx); err != nil {
			assert.ErrorIs(t, err, pool.ErrCancelled)
		}
		assert.NoError(t, slow.Exception(ctx))
	})
}
