package pool_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pool"
	"github.com/pygil/pygil/process"
)

// A flavour is one kind of workers in one world.
type flavour struct {
	name    string
	remote  bool // workers are processes
	virtual bool
	run     func(t *testing.T, fn func(ctx context.Context))
	make    func(ctx context.Context, n int, opts ...pool.Option) pool.Executor
	pool    func(ctx context.Context, n int, opts ...pool.Option) *pool.Pool
}

func thread(ctx context.Context) *gil.Thread {
	t, _ := gil.Current(ctx)
	return t
}

func threadExecutor(ctx context.Context, n int, opts ...pool.Option) pool.Executor {
	return pool.NewThreadExecutor(thread(ctx), n, opts...)
}

func threadPool(ctx context.Context, n int, opts ...pool.Option) *pool.Pool {
	return pool.NewThread(thread(ctx), n, opts...)
}

func flavours() []flavour {
	all := []flavour{
		{name: "threads", run: threaded(gil.Live(), gil.CPython313), make: threadExecutor, pool: threadPool},
		{name: "threads, free", run: threaded(gil.Live(), gil.CPython313T), make: threadExecutor, pool: threadPool},
		{name: "threads, machine", virtual: true, run: threaded(gil.NewMachine(4), gil.CPython313), make: threadExecutor, pool: threadPool},
		{name: "threads, machine, free", virtual: true, run: threaded(gil.NewMachine(4), gil.CPython313T), make: threadExecutor, pool: threadPool},
	}
	for _, f := range []flavour{
		{name: "interpreters", run: threaded(gil.Live(), gil.CPython314)},
		{name: "interpreters, machine", virtual: true, run: threaded(gil.NewMachine(4), gil.CPython314)},
	} {
		f.make = func(ctx context.Context, n int, opts ...pool.Option) pool.Executor {
			return pool.NewInterpreterExecutor(thread(ctx), n, opts...)
		}
		all = append(all, f)
	}
	return append(all, moreFlavours()...)
}

// every runs a case with every kind of executor.
func every(t *testing.T, fn func(t *testing.T, ctx context.Context, f flavour)) {
	for _, f := range flavours() {
		t.Run(f.name, func(t *testing.T) {
			f.run(t, func(ctx context.Context) { fn(t, ctx, f) })
		})
	}
}

// with runs a case with an executor of n workers and shuts it down.
func with(t *testing.T, n int, fn func(t *testing.T, ctx context.Context, ex pool.Executor), opts ...pool.Option) {
	every(t, func(t *testing.T, ctx context.Context, f flavour) {
		ex := f.make(ctx, n, opts...)
		defer func() { assert.NoError(t, pool.Shutdown(ctx, ex)) }()
		fn(t, ctx, ex)
	})
}

// everyPool is every for those that have a Pool.
func everyPool(t *testing.T, fn func(t *testing.T, ctx context.Context, f flavour)) {
	for _, f := range flavours() {
		if f.pool == nil {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			f.run(t, func(ctx context.Context) { fn(t, ctx, f) })
		})
	}
}

// withPool is with for a Pool.
func withPool(t *testing.T, n int, fn func(t *testing.T, ctx context.Context, p *pool.Pool), opts ...pool.Option) {
	everyPool(t, func(t *testing.T, ctx context.Context, f flavour) {
		p := f.pool(ctx, n, opts...)
		assert.NoError(t, p.With(ctx, func() { fn(t, ctx, p) }))
		assert.NoError(t, p.Join(ctx))
	})
}

// The functions that the suite runs. Threads and processes run the same ones.
var (
	square = process.Define("pool_test.square", func(_ context.Context, n int) (int, error) { return n * n, nil })
	divide = process.Define("pool_test.divide", func(_ context.Context, n int) (int, error) {
		if n == 0 {
			return 0, &fs.PathError{Op: "divide", Path: "by zero", Err: fs.ErrInvalid}
		}
		return 100 / n, nil
	})
	explode = process.Define("pool_test.explode", func(_ context.Context, s string) (int, error) { panic(s) })
	nap     = process.Define("pool_test.nap", func(t *gil.Thread, d time.Duration) (time.Duration, error) {
		t.Sleep(d)
		return d, nil
	})
	add = process.Define("pool_test.add", func(_ context.Context, a pool.Args[int, int]) (int, error) { return a.A + a.B, nil })
	// nothing returns what a type without values is.
	nothing = process.Define("pool_test.nothing", func(_ context.Context, n int) (any, error) {
		if n > 0 {
			return n, nil
		}
		return nil, nil
	})
)

func upTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func squares(n int) []int {
	out := upTo(n)
	for i := range out {
		out[i] *= out[i]
	}
	return out
}

func collect[T any](seq func(yield func(T, error) bool)) (out []T, errs []error) {
	for v, err := range seq {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		out = append(out, v)
	}
	return out, errs
}

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
		out, errs := collect(pool.MapOn(ctx, ex, nap, []time.Duration{0, 0, 100 * time.Millisecond}, pool.WithTimeout(0)))
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
		var fs []*pool.Future[time.Duration]
		for range 50 {
			fs = append(fs, pool.Submit(ctx, ex, nap, 2*time.Millisecond))
		}
		_, err := fs[0].Result(ctx)
		assert.NoError(t, err)
		assert.NoError(t, pool.Shutdown(ctx, ex, pool.WithCancelFutures()))
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

func statsOf(ctx context.Context, ex pool.Executor) pool.Stats {
	return ex.(interface {
		Stats(ctx context.Context) pool.Stats
	}).Stats(ctx)
}

// until waits until something is the case, for 30 s of whichever clock.
func until(t *testing.T, ctx context.Context, is func() bool) {
	t.Helper()
	for n := 0; !is(); n++ {
		if n > 30_000 {
			assert.Fail(t, "it has not come")
			return
		}
		if th := thread(ctx); th != nil {
			th.Sleep(time.Millisecond)
		} else {
			time.Sleep(time.Millisecond)
		}
	}
}

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

// CPython: TestPool.test_map, test_map_chunksize, test_starmap, test_empty_iterable,
// test_map_async, test_apply, test_async, test_imap, test_imap_unordered,
// test_map_async_callbacks, _TestPoolWorkerErrors.test_async_error_callback.
func TestPoolVerbs(t *testing.T) {
	withPool(t, 3, func(t *testing.T, ctx context.Context, p *pool.Pool) {
		for _, n := range []int{0, 1, 10, 100} {
			for _, opts := range [][]pool.Option{nil, {pool.WithChunkSize(1)}, {pool.WithChunkSize(3)}, {pool.WithChunkSize(20)}} {
				out, err := pool.Map(ctx, p, square, upTo(n), opts...)
				assert.NoError(t, err)
				assert.Equal(t, squares(n), out)
				out, err = pool.MapAsync(ctx, p, square, upTo(n), opts...).Get(ctx)
				assert.NoError(t, err)
				assert.Equal(t, squares(n), out)
				out, errs := collect(pool.IMap(ctx, p, square, slices.Values(upTo(n)), opts...))
				assert.Empty(t, errs)
				assert.Equal(t, squares(n), append([]int{}, out...))
				out, errs = collect(pool.IMapUnordered(ctx, p, square, slices.Values(upTo(n)), opts...))
				assert.Empty(t, errs)
				slices.Sort(out)
				assert.Equal(t, squares(n), append([]int{}, out...))
			}
		}
		v, err := pool.Apply(ctx, p, square, 5)
		assert.NoError(t, err)
		assert.Equal(t, 25, v)
		sums, err := pool.Starmap(ctx, p, add, []pool.Args[int, int]{{A: 1, B: 2}, {A: 3, B: 4}})
		assert.NoError(t, err)
		assert.Equal(t, []int{3, 7}, sums)

		var told []any
		good := pool.WithCallback(func(_ context.Context, v int) { told = append(told, v) })
		all := pool.WithCallback(func(_ context.Context, v []int) { told = append(told, v) })
		failed := pool.WithErrorCallback(func(_ context.Context, err error) { told = append(told, errors.Is(err, fs.ErrInvalid)) })
		for _, wait := range []func() error{
			func() error { return pool.ApplyAsync(ctx, p, divide, 5, good, failed).Wait(ctx) },
			func() error { return pool.ApplyAsync(ctx, p, divide, 0, good, failed).Wait(ctx) },
			func() error { return pool.MapAsync(ctx, p, divide, []int{1, 2}, all, failed).Wait(ctx) },
			func() error { return pool.MapAsync(ctx, p, divide, []int{1, 0}, all, failed).Wait(ctx) },
		} {
			assert.NoError(t, wait())
		}
		assert.Equal(t, []any{20, true, []int{100, 50}, true}, told)
	})
}

// CPython: test_map_no_failfast: every item is tried, and the error is one of theirs.
// An imap goes on after an error.
func TestPoolErrors(t *testing.T) {
	withPool(t, 2, func(t *testing.T, ctx context.Context, p *pool.Pool) {
		out, err := pool.Map(ctx, p, divide, []int{1, 0, 2, 0, 4}, pool.WithChunkSize(1))
		assert.Nil(t, out)
		assert.ErrorIs(t, err, fs.ErrInvalid)
		assert.Equal(t, 5, p.Stats(ctx).Submitted)
		until(t, ctx, func() bool { return p.Stats(ctx).Completed == 5 })
		assert.Equal(t, 2, p.Stats(ctx).Failed)

		out, errs := collect(pool.IMap(ctx, p, divide, slices.Values([]int{1, 0, 2, 0, 4})))
		assert.Equal(t, []int{100, 50, 25}, out)
		assert.Len(t, errs, 2)
		out, errs = collect(pool.IMapUnordered(ctx, p, divide, slices.Values([]int{1, 0, 2, 0, 4})))
		assert.Len(t, out, 3)
		assert.Len(t, errs, 2)

		a := pool.ApplyAsync(ctx, p, divide, 0)
		assert.NoError(t, a.Wait(ctx))
		ok, err := a.Successful(ctx)
		assert.NoError(t, err)
		assert.False(t, ok)
		assert.True(t, a.Ready(ctx))
	})
}

// CPython: test_async_timeout, AsyncResult.successful before the end.
func TestAsyncTimeout(t *testing.T) {
	withPool(t, 1, func(t *testing.T, ctx context.Context, p *pool.Pool) {
		a := pool.ApplyAsync(ctx, p, nap, 50*time.Millisecond)
		_, err := a.TryGet(ctx)
		assert.ErrorIs(t, err, pool.ErrTimeout)
		_, err = a.GetTimeout(ctx, time.Microsecond)
		assert.ErrorIs(t, err, pool.ErrTimeout)
		_, err = a.Successful(ctx)
		var bad *gil.ValueError
		if assert.ErrorAs(t, err, &bad) {
			assert.Contains(t, bad.PythonText(), " not ready")
		}
		v, err := a.Get(ctx)
		assert.NoError(t, err)
		assert.Equal(t, 50*time.Millisecond, v)
		ok, err := a.Successful(ctx)
		assert.NoError(t, err)
		assert.True(t, ok)
		v, err = a.Get(ctx)
		assert.NoError(t, err, "it may be asked again")
		assert.Equal(t, 50*time.Millisecond, v)
	})
}

// CPython: test_enter, test_terminate, join before close, everything after close.
func TestPoolStates(t *testing.T) {
	everyPool(t, func(t *testing.T, ctx context.Context, f flavour) {
		p := f.pool(ctx, 2)
		assert.Equal(t, "<pool.Pool state=RUN pool_size=2>", p.String())
		text := func(err error) string {
			var python interface{ PythonText() string }
			if assert.ErrorAs(t, err, &python) {
				return python.PythonText()
			}
			return ""
		}
		assert.Equal(t, "Pool is still running", text(p.Join(ctx)))
		a := pool.MapAsync(ctx, p, square, upTo(50))
		assert.NoError(t, p.Close(ctx))
		assert.NoError(t, p.Close(ctx))
		assert.Equal(t, "<pool.Pool state=CLOSE pool_size=2>", p.String())
		_, err := pool.Map(ctx, p, square, upTo(3))
		assert.Equal(t, "Pool not running", text(err))
		_, err = pool.Map(ctx, p, square, nil)
		assert.Equal(t, "Pool not running", text(err))
		_, err = pool.Apply(ctx, p, square, 3)
		assert.Equal(t, "Pool not running", text(err))
		_, errs := collect(pool.IMap(ctx, p, square, slices.Values(upTo(3))))
		if assert.Len(t, errs, 1) {
			assert.Equal(t, "Pool not running", text(errs[0]))
		}
		assert.Equal(t, "Pool not running", text(p.With(ctx, func() {})))
		assert.NoError(t, p.Join(ctx))
		out, err := a.Get(ctx)
		assert.NoError(t, err, "what was there is done")
		assert.Equal(t, squares(50), out)

		p = f.pool(ctx, 2)
		a = pool.MapAsync(ctx, p, square, upTo(10), pool.WithChunkSize(1))
		b := pool.MapAsync(ctx, p, nap, slices.Repeat([]time.Duration{time.Millisecond}, 1000), pool.WithChunkSize(1))
		assert.NoError(t, p.Terminate(ctx))
		assert.NoError(t, p.Join(ctx))
		assert.Equal(t, "<pool.Pool state=TERMINATE pool_size=2>", p.String())
		_, err = b.Get(ctx)
		assert.ErrorIs(t, err, pool.ErrTerminated, "nobody waits for ever")
		if _, err = a.Get(ctx); err != nil {
			assert.ErrorIs(t, err, pool.ErrTerminated)
		}
	})
}

// PO-3: CPython's rule for the size of chunks, observed by how many tasks there are.
func TestChunkRule(t *testing.T) {
	withPool(t, 2, func(t *testing.T, ctx context.Context, p *pool.Pool) {
		before := 0
		for _, c := range []struct{ items, size int }{{1, 1}, {8, 1}, {9, 2}, {16, 2}, {17, 3}, {100, 13}, {1000, 125}} {
			_, err := pool.Map(ctx, p, square, upTo(c.items))
			assert.NoError(t, err)
			tasks := p.Stats(ctx).Submitted - before
			before += tasks
			assert.Equal(t, (c.items+c.size-1)/c.size, tasks, "%d items", c.items)
		}
		_, err := pool.Map(ctx, p, square, upTo(3), pool.WithChunkSize(0))
		assert.Error(t, err, "CPython returns Nones")
	})
}

// PO-8: an imap takes no more of its input than it has been asked for.
func TestIMapIsLazy(t *testing.T) {
	withPool(t, 2, func(t *testing.T, ctx context.Context, p *pool.Pool) {
		taken, yielded := 0, 0
		endless := func(yield func(int) bool) {
			for i := 0; ; i++ {
				taken++
				if !yield(i) {
					return
				}
			}
		}
		for range 2 {
			for v, err := range pool.IMap(ctx, p, square, endless, pool.WithBufferSize(5)) {
				assert.NoError(t, err)
				assert.Equal(t, yielded%100*(yielded%100), v)
				if yielded++; yielded%100 == 0 {
					break
				}
				assert.LessOrEqual(t, taken-yielded, 106)
			}
		}
		assert.Equal(t, 200, yielded)
		assert.LessOrEqual(t, taken, 212)
		n := 0
		for _, err := range pool.IMapUnordered(ctx, p, square, endless) {
			assert.NoError(t, err)
			if n++; n == 1000 {
				break
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
			for _, f := range fs {
				broken(t, f.Exception(ctx))
			}
			broken(t, pool.Submit(ctx, ex, square, 1).Exception(ctx))
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

func broken(t *testing.T, err error) {
	t.Helper()
	assert.ErrorIs(t, err, pool.ErrBroken)
	assert.ErrorIs(t, err, fs.ErrInvalid, "it says why")
	var b *pool.BrokenError
	if assert.ErrorAs(t, err, &b) {
		assert.True(t, b.Initializer)
	}
}

// Bounded submission waits, or refuses, and everything is done.
func TestMaxPending(t *testing.T) {
	everyPool(t, func(t *testing.T, ctx context.Context, f flavour) {
		ex := f.make(ctx, 1, pool.WithMaxPending(2))
		defer func() { assert.NoError(t, pool.Shutdown(ctx, ex)) }()
		slow := pool.Submit(ctx, ex, nap, 20*time.Millisecond)
		second := pool.Submit(ctx, ex, square, 2)
		refused := 0
		if _, err := pool.TrySubmit(ctx, ex, square, 3); err != nil {
			assert.ErrorIs(t, err, pool.ErrFull)
			refused++
		}
		third := pool.Submit(ctx, ex, square, 3) // waits for the first
		assert.True(t, slow.Done(ctx) || refused == 0)
		for _, f := range []*pool.Future[int]{second, third} {
			assert.NoError(t, f.Exception(ctx))
		}
		out, errs := collect(pool.MapOn(ctx, ex, square, upTo(30)))
		assert.Empty(t, errs)
		assert.Equal(t, squares(30), out)
	})
}

// Of what waits, the highest priority is next, and equals keep their order.
func TestPriority(t *testing.T) {
	with(t, 1, func(t *testing.T, ctx context.Context, ex pool.Executor) {
		var order []int
		first := pool.Submit(ctx, ex, nap, 30*time.Millisecond)
		var fs []*pool.Future[int]
		for i, priority := range []int{0, 5, -1, 5, 0} {
			f := pool.Submit(ctx, ex, square, i, pool.WithPriority(priority))
			f.AddDoneCallback(ctx, func(context.Context, *pool.Future[int]) { order = append(order, i) })
			fs = append(fs, f)
		}
		begun := first.Done(ctx) // the machine was so slow that the order was decided
		for _, f := range fs {
			assert.NoError(t, f.Exception(ctx))
		}
		until(t, ctx, func() bool { return statsOf(ctx, ex).Completed == 6 })
		if !begun {
			assert.Equal(t, []int{1, 3, 0, 4, 2}, order)
		}
	})
}

// Resize: more workers, fewer workers, and none is refused.
func TestResize(t *testing.T) {
	everyPool(t, func(t *testing.T, ctx context.Context, f flavour) {
		p := f.pool(ctx, 1)
		for _, n := range []int{4, 2, 3, 1} {
			assert.NoError(t, p.Resize(ctx, n))
			out, err := pool.Map(ctx, p, nap, slices.Repeat([]time.Duration{time.Millisecond}, 40), pool.WithChunkSize(1))
			assert.NoError(t, err)
			assert.Len(t, out, 40)
			until(t, ctx, func() bool { return p.Stats(ctx).Workers <= n })
		}
		assert.Error(t, p.Resize(ctx, 0))
		assert.NoError(t, p.Close(ctx))
		assert.NoError(t, p.Join(ctx))
	})
}

// Progress is told in order and to the end.
func TestProgress(t *testing.T) {
	withPool(t, 3, func(t *testing.T, ctx context.Context, p *pool.Pool) {
		var done []int
		_, err := pool.Map(ctx, p, square, upTo(100), pool.WithChunkSize(7), pool.WithProgress(func(d, total int) {
			assert.Equal(t, 100, total)
			done = append(done, d)
		}))
		assert.NoError(t, err)
		assert.Len(t, done, 15)
		assert.True(t, slices.IsSorted(done))
		assert.Equal(t, 100, done[len(done)-1])
		last := 0
		_, errs := collect(pool.IMap(ctx, p, square, slices.Values(upTo(50)), pool.WithProgress(func(d, _ int) { last = d })))
		assert.Empty(t, errs)
		assert.Equal(t, 50, last)
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
