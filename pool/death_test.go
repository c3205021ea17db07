//go:build linux || darwin

package pool_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pool"
	"github.com/pygil/pygil/process"
)

// The functions that end, or try, the process they run in.
var (
	die = process.Define("pool_test.die", func(_ context.Context, s syscall.Signal) (int, error) {
		fmt.Fprintln(os.Stderr, "these are my last words")
		if err := syscall.Kill(os.Getpid(), s); err != nil {
			return 0, err
		}
		select {}
	})
	exit = process.Define("pool_test.exit", func(ctx context.Context, code int) (int, error) {
		process.Exit(ctx, code)
		return 0, nil
	})
	quit = process.Define("pool_test.quit", func(_ context.Context, code int) (int, error) {
		os.Exit(code)
		return 0, nil
	})
	crash = process.Define("pool_test.crash", func(context.Context, int) (int, error) {
		go panic("in a goroutine of its own")
		select {}
	})
	whoami = process.Define("pool_test.whoami", func(context.Context, int) (int, error) { return os.Getpid(), nil })
	// dieAt kills its process at one item, and squares the others.
	dieAt = process.Define("pool_test.dieAt", func(_ context.Context, a pool.Args[int, int]) (int, error) {
		if a.A == a.B {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		return a.A * a.A, nil
	})
	// dieOnce kills its process unless a file is there, which it makes.
	dieOnce = process.Define("pool_test.dieOnce", func(_ context.Context, path string) (string, error) {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return "again", nil
		}
		_ = f.Close()
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	})
	forever = process.Define("pool_test.forever", func(context.Context, int) (int, error) { select {} })
	deaf    = process.Define("pool_test.deaf", func(context.Context, int) (int, error) {
		if err := syscall.Kill(os.Getpid(), syscall.SIGSTOP); err != nil {
			return 0, err
		}
		select {} // another thread may get the signal, and this one go on for a while
	})
	opaque   = process.Define("pool_test.opaque", func(_ context.Context, n int) (any, error) { return func() int { return n }, nil })
	obscure  = process.Define("pool_test.obscure", func(context.Context, int) (int, error) { return 0, &private{why: "nobody knows the type"} })
	anything = process.Define("pool_test.anything", func(_ context.Context, v any) (string, error) { return fmt.Sprint(v), nil })
)

// private is an error whose type no other process knows.
type private struct{ why string }

func (p *private) Error() string { return p.why }

func executor(t *testing.T, n int, opts ...pool.Option) *pool.ProcessExecutor {
	ex, err := pool.NewProcessExecutor(t.Context(), n, opts...)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, ex.Shutdown(context.Background())) })
	return ex
}

func processes(t *testing.T, n int, opts ...pool.Option) *pool.Pool {
	p, err := pool.New(t.Context(), n, opts...)
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, p.Terminate(context.Background()))
		assert.NoError(t, p.Join(context.Background()))
	})
	return p
}

// Pain 1, and CPython's test_crash_*, test_exit_*: the task of a worker that dies has
// an error that says how, and the others go on.
func TestPoolLosesATask(t *testing.T) {
	ctx := t.Context()
	for _, c := range []struct {
		name   string
		lose   func(p *pool.Pool) error
		code   int
		signal syscall.Signal
		words  string
	}{
		{"killed", func(p *pool.Pool) error { _, err := pool.Apply(ctx, p, die, syscall.SIGKILL); return err }, -9, syscall.SIGKILL, "these are my last words"},
		{"terminated", func(p *pool.Pool) error { _, err := pool.Apply(ctx, p, die, syscall.SIGTERM); return err }, -15, syscall.SIGTERM, "these are my last words"},
		{"exit", func(p *pool.Pool) error { _, err := pool.Apply(ctx, p, exit, 3); return err }, 3, 0, ""},
		{"os.Exit", func(p *pool.Pool) error { _, err := pool.Apply(ctx, p, quit, 0); return err }, 0, 0, ""},
		{"crash", func(p *pool.Pool) error { _, err := pool.Apply(ctx, p, crash, 0); return err }, 2, 0, "in a goroutine of its own"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := processes(t, 2)
			others := pool.MapAsync(ctx, p, square, upTo(200), pool.WithChunkSize(1))
			err := c.lose(p)
			var lost *pool.WorkerError
			require.ErrorAs(t, err, &lost)
			assert.Equal(t, c.code, lost.Code)
			assert.Equal(t, c.signal, lost.Signal())
			assert.Contains(t, lost.LastWords, c.words)
			assert.Contains(t, err.Error(), c.words)
			assert.NotZero(t, lost.PID)
			assert.EqualValues(t, 201, lost.Number)
			assert.True(t, strings.HasPrefix(lost.Task, "pool_test."), lost.Task)
			out, err := others.Get(ctx)
			assert.NoError(t, err)
			assert.Equal(t, squares(200), out)
			out, err = pool.Map(ctx, p, square, upTo(100))
			assert.NoError(t, err)
			assert.Equal(t, squares(100), out)
			until(t, ctx, func() bool { return p.Stats(ctx).Workers == 2 })
			assert.Equal(t, 1, p.Stats(ctx).Replaced)
		})
	}
}

// Pain 2: a worker killed while it is idle. CPython's pool hangs, and so does its
// terminate.
func TestPoolLosesAnIdleWorker(t *testing.T) {
	ctx := t.Context()
	p := processes(t, 1)
	for range 3 {
		pid, err := pool.Apply(ctx, p, whoami, 0)
		require.NoError(t, err)
		require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
		until(t, ctx, func() bool { return !alive(pid) })
		again, err := pool.Apply(ctx, p, whoami, 0)
		if err != nil { // it was handed out before its death was known
			var lost *pool.WorkerError
			require.ErrorAs(t, err, &lost)
			continue
		}
		assert.NotEqual(t, pid, again)
	}
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

// CPython: ProcessPoolExecutorTest.test_killed_child and the deadlock tests: what was
// running and what waited is broken. Pain 15: each future has an error of its own.
func TestExecutorBreaks(t *testing.T) {
	ctx := t.Context()
	ex := executor(t, 2)
	slow := pool.Submit(ctx, ex, forever, 0)
	fs := []*pool.Future[int]{slow, pool.Submit(ctx, ex, die, syscall.SIGKILL)}
	for i := range 20 {
		fs = append(fs, pool.Submit(ctx, ex, square, i))
	}
	seen := map[error]bool{}
	texts := []string{"A process in the process pool was terminated abruptly while the future was running or pending."}
	const after = "A child process terminated abruptly, the process pool is not usable anymore"
	for _, f := range fs {
		err := f.Exception(ctx)
		require.ErrorIs(t, err, pool.ErrBroken)
		assert.False(t, seen[err], "one error for two futures")
		seen[err] = true
		var lost *pool.WorkerError
		require.ErrorAs(t, err, &lost)
		assert.Equal(t, syscall.SIGKILL, lost.Signal())
		var b *pool.BrokenError
		require.ErrorAs(t, err, &b)
		if len(seen) == 3 {
			texts = append(texts, after) // the death may be known before all are submitted
		}
		require.Contains(t, texts, b.PythonText())
		if b.PythonText() == after {
			texts = texts[len(texts)-1:] // and from then on it is
		}
	}
	err := pool.Submit(ctx, ex, square, 1).Exception(ctx)
	var b *pool.BrokenError
	require.ErrorAs(t, err, &b)
	assert.Equal(t, after, b.PythonText())
}

// An executor whose worker dies idle is broken, as CPython's is.
func TestExecutorBreaksIdle(t *testing.T) {
	ctx := t.Context()
	ex := executor(t, 1)
	pid, err := pool.Submit(ctx, ex, whoami, 0).Result(ctx)
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	until(t, ctx, func() bool { return ex.Stats(ctx).Workers == 0 })
	require.ErrorIs(t, pool.Submit(ctx, ex, square, 1).Exception(ctx), pool.ErrBroken)
}

// A task that may be done twice is, and the executor is not broken.
func TestRetry(t *testing.T) {
	ctx := t.Context()
	ex := executor(t, 2, pool.WithRetries(1))
	v, err := pool.Submit(ctx, ex, dieOnce, t.TempDir()+"/once").Result(ctx)
	require.NoError(t, err)
	require.Equal(t, "again", v)
	require.Equal(t, 1, ex.Stats(ctx).Retried)
	v, err = pool.Submit(ctx, ex, dieOnce, t.TempDir()+"/once").Result(ctx)
	require.NoError(t, err)
	require.Equal(t, "again", v)
	require.ErrorIs(t, pool.Submit(ctx, ex, die, syscall.SIGKILL).Exception(ctx), pool.ErrBroken, "the second time it is")
}

// A task that cannot be sent, and one whose worker dies, leave their places to others.
func TestMaxPendingOfTheLost(t *testing.T) {
	ctx := t.Context()
	p := processes(t, 1, pool.WithMaxPending(2))
	for range 3 {
		require.Error(t, pool.Submit(ctx, p, anything, any(func() {})).Exception(ctx))
		var lost *pool.WorkerError
		require.ErrorAs(t, pool.Submit(ctx, p, die, syscall.SIGKILL).Exception(ctx), &lost)
	}
	var fs []*pool.Future[int]
	until(t, ctx, func() bool {
		f, err := pool.TrySubmit(ctx, p, square, 3)
		if err == nil {
			fs = append(fs, f)
		}
		return len(fs) == 2
	})
	for _, f := range fs {
		require.NoError(t, f.Exception(ctx))
	}
}

// In a map that loses one worker, exactly one task is lost.
func TestMapLosesOneItem(t *testing.T) {
	ctx := t.Context()
	p := processes(t, 2)
	for _, at := range []int{0, 17, 299} {
		var good, bad int
		items := make([]pool.Args[int, int], 300)
		for i := range items {
			items[i] = pool.Args[int, int]{A: i, B: at}
		}
		for v, err := range pool.IMap(ctx, p, dieAt, slices.Values(items)) {
			if err == nil {
				assert.Equal(t, (good+bad)*(good+bad), v)
				good++
				continue
			}
			var lost *pool.WorkerError
			assert.ErrorAs(t, err, &lost)
			bad++
		}
		assert.GreaterOrEqual(t, bad, 1)
		// Tasks that were done in the last millisecond had not been told yet.
		assert.Equal(t, 300, good+bad)
	}
}

// Pain 16: a time limit, and the end of a context, end a task that runs. The pool, or
// the executor, goes on with another worker.
func TestTaskTimeoutAndContext(t *testing.T) {
	ctx := t.Context()
	for name, ex := range map[string]pool.Executor{"executor": executor(t, 1), "pool": processes(t, 1)} {
		t.Run(name, func(t *testing.T) {
			after := pool.Submit(ctx, ex, whoami, 0)
			pid, err := after.Result(ctx)
			require.NoError(t, err)
			err = pool.Submit(ctx, ex, forever, 0, pool.WithTaskTimeout(10*time.Millisecond)).Exception(ctx)
			assert.ErrorIs(t, err, pool.ErrTimeout)
			assert.ErrorIs(t, err, context.DeadlineExceeded)
			assert.False(t, alive(pid), "the process is gone")

			end, cancel := context.WithCancel(ctx)
			f := pool.Submit(end, ex, forever, 0)
			until(t, ctx, func() bool { return f.Running(ctx) })
			queued := pool.Submit(end, ex, square, 3)
			cancel()
			assert.ErrorIs(t, f.Exception(ctx), context.Canceled)
			assert.ErrorIs(t, queued.Exception(ctx), pool.ErrCancelled)

			end, cancel = context.WithTimeout(ctx, 10*time.Millisecond)
			defer cancel()
			_, err = pool.Map(end, ex, forever, upTo(5))
			assert.ErrorIs(t, err, context.DeadlineExceeded)

			v, err := pool.Submit(ctx, ex, square, 3, pool.WithTaskTimeout(time.Minute)).Result(ctx)
			assert.NoError(t, err)
			assert.Equal(t, 9, v)
		})
	}
}

// Pain 28: terminate ends what runs, also what does not want to, and nobody waits for
// ever; also from a callback.
func TestTerminate(t *testing.T) {
	ctx := t.Context()
	for name, f := range map[string]*process.Func[int, int]{"busy": forever, "stopped": deaf} {
		t.Run(name, func(t *testing.T) {
			p, err := pool.New(ctx, 2)
			require.NoError(t, err)
			running := pool.ApplyAsync(ctx, p, f, 0)
			queued := pool.MapAsync(ctx, p, forever, upTo(5), pool.WithChunkSize(1))
			until(t, ctx, func() bool { return running.Future().Running(ctx) })
			require.NoError(t, p.Terminate(ctx))
			require.NoError(t, p.Join(ctx))
			_, err = running.Get(ctx)
			assert.ErrorIs(t, err, pool.ErrTerminated)
			_, err = queued.Get(ctx)
			assert.ErrorIs(t, err, pool.ErrTerminated)
		})
	}
	p, err := pool.New(ctx, 1)
	require.NoError(t, err)
	pool.ApplyAsync(ctx, p, square, 3, pool.WithCallback(func(ctx context.Context, _ int) { assert.NoError(t, p.Terminate(ctx)) }))
	lost := pool.ApplyAsync(ctx, p, forever, 0)
	_, err = lost.Get(ctx)
	assert.Error(t, err)
	require.NoError(t, p.Join(ctx))
}

// Pains 12 and 13, PO-11: what cannot travel is the error of its own task.
func TestWhatCannotTravel(t *testing.T) {
	ctx := t.Context()
	for name, ex := range map[string]pool.Executor{"executor": executor(t, 1), "pool": processes(t, 1)} {
		t.Run(name, func(t *testing.T) {
			err := pool.Submit(ctx, ex, anything, any(func() {})).Exception(ctx)
			assert.ErrorContains(t, err, "cannot pickle 'func' object")
			_, err = pool.Map(ctx, ex, anything, []any{1, make(chan int), 3}, pool.WithChunkSize(1))
			assert.ErrorContains(t, err, "cannot pickle")
			_, err = pool.Map(ctx, ex, anything, []any{1, make(chan int), 3}, pool.WithChunkSize(3))
			assert.ErrorContains(t, err, "cannot pickle")
			err = pool.Submit(ctx, ex, opaque, 1).Exception(ctx)
			var e *pool.EncodingError
			if assert.ErrorAs(t, err, &e) {
				assert.Contains(t, e.PythonText(), "Error sending result: 'func() int(")
				assert.Contains(t, e.Reason, "cannot pickle")
			}
			err = pool.Submit(ctx, ex, obscure, 1).Exception(ctx)
			var remote *pool.RemoteError
			if assert.ErrorAs(t, err, &remote) {
				assert.Equal(t, "nobody knows the type", remote.Text)
				assert.Equal(t, "*pool_test.private", remote.Type)
				assert.Contains(t, remote.Stack, "goroutine")
			}
			err = pool.Submit(ctx, ex, pool.Func(func(_ context.Context, n int) (int, error) { return n, nil }), 1).Exception(ctx)
			var bad *gil.ValueError
			if assert.ErrorAs(t, err, &bad) {
				assert.Equal(t, "cannot pickle 'function' object", bad.PythonText())
			}
			v, err := pool.Submit(ctx, ex, anything, any("well")).Result(ctx)
			assert.NoError(t, err, "all goes on")
			assert.Equal(t, "well", v)
		})
	}
}

// Pain 14: workers that never get ready do not come for ever. The initializer that
// returns an error is TestFailingInitializer; this one kills its process.
func TestInitializerThatKills(t *testing.T) {
	ctx := t.Context()
	ex := executor(t, 2, pool.WithInitializer(quit, 7))
	require.ErrorIs(t, pool.Submit(ctx, ex, square, 1).Exception(ctx), pool.ErrBroken)
	p := processes(t, 2, pool.WithInitializer(quit, 7))
	_, err := pool.Map(ctx, p, square, upTo(10))
	require.Error(t, err)
	until(t, ctx, func() bool { return pool.Submit(ctx, p, square, 1).Exception(ctx) != nil && p.Stats(ctx).Workers == 0 })
	require.LessOrEqual(t, p.Stats(ctx).Started, 12)
}

// CPython: TestInitializers.test_pool_initializer: once per worker, also in those that
// replace others; and the argument may be what only inheritance passes on.
func TestInitializer(t *testing.T) {
	ctx := t.Context()
	v, err := process.NewValue[int64](ctx, 0)
	require.NoError(t, err)
	defer v.Close()
	p := processes(t, 2, pool.WithInitializer(setup, v))
	_, err = pool.Map(ctx, p, count, slices.Repeat([]int64{100}, 50), pool.WithChunkSize(1))
	require.NoError(t, err)
	until(t, ctx, func() bool { n, _ := v.Load(ctx); return n == 50*100+2 })
	_, err = pool.Apply(ctx, p, die, syscall.SIGKILL)
	require.Error(t, err)
	until(t, ctx, func() bool { n, _ := v.Load(ctx); return n == 50*100+3 })
}

// A worker that waits for another task does not keep those behind it: they are not
// bound to it. Every task but the first finishes, though all were quick before.
func TestTasksAreShared(t *testing.T) {
	ctx := t.Context()
	p := processes(t, 2)
	_, err := pool.Map(ctx, p, nap, make([]time.Duration, 5000), pool.WithChunkSize(1)) // they are quick
	require.NoError(t, err)
	stuck := make([]time.Duration, 2000)
	stuck[0] = time.Hour
	var fs []*pool.Future[time.Duration]
	for _, d := range stuck {
		fs = append(fs, pool.Submit(ctx, p, nap, d))
	}
	for _, f := range fs[1:] {
		require.NoError(t, f.Exception(ctx))
	}
	assert.True(t, fs[0].Running(ctx))
}

// TestNumberOfProcesses: CPython's test_max_workers_negative and test_make_pool.
func TestNumberOfProcesses(t *testing.T) {
	for _, n := range []int{0, -1} {
		_, err := pool.NewProcessExecutor(t.Context(), n)
		var bad *gil.ValueError
		require.ErrorAs(t, err, &bad)
		assert.Equal(t, "max_workers must be greater than 0", bad.PythonText())
		_, err = pool.New(t.Context(), n)
		require.ErrorAs(t, err, &bad)
		assert.Equal(t, "Number of processes must be at least 1", bad.PythonText())
	}
}

// Many goroutines use one executor at once.
func TestManySubmitters(t *testing.T) {
	ctx := t.Context()
	ex := executor(t, 3)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 100 {
				v, err := pool.Submit(ctx, ex, square, g*i).Result(ctx)
				if err != nil || v != g*i*g*i {
					assert.NoError(t, err)
					assert.Equal(t, g*i*g*i, v)
				}
			}
		})
	}
	wg.Wait()
}
