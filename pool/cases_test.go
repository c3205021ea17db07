//go:build linux || darwin

package pool_test

import (
	"context"
	_ "embed"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe/pickle"
	"github.com/pygil/pygil/pool"
	"github.com/pygil/pygil/process"
)

//go:embed testdata/cases.txt
var cases string

// Every case of CPython's test_concurrent_futures and of the pool's part of
// test__test_multiprocessing, and every pain that users of pools report, has the test here
// that stands for it, or a reason why it has no meaning: testdata/cases.txt.
func TestCases(t *testing.T) {
	tests := map[string]bool{}
	for _, dir := range []string{".", "examples/pools", "examples/pool_images", "examples/tasks"} {
		files, err := filepath.Glob("../" + dir + "/*_test.go")
		if dir == "." {
			files, err = filepath.Glob("*_test.go")
			dir = ""
		} else {
			dir += "."
		}
		require.NoError(t, err)
		for _, name := range files {
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			for _, m := range regexp.MustCompile(`(?m)^func ((Test|Example)\w*)`).FindAllStringSubmatch(string(text), -1) {
				tests[dir+m[1]] = true
			}
		}
	}
	seen, n := map[string]bool{}, 0
	for line := range strings.Lines(cases) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, ours, ok := strings.Cut(line, " | ")
		require.True(t, ok, line)
		assert.False(t, seen[name], "%s twice", name)
		seen[name] = true
		n++
		if reason, none := strings.CutPrefix(ours, "- "); none {
			assert.NotEmpty(t, reason)
			continue
		}
		for _, test := range strings.Fields(ours) {
			assert.True(t, tests[test], "%s: there is no %s", name, test)
		}
	}
	assert.Greater(t, n, 170)
}

// CPython: test_thread_names_assigned, test_thread_names_default, test_default_workers.
func TestNames(t *testing.T) {
	require.NoError(t, gil.NewMachine(3).Run(gil.CPython313, func(th *gil.Thread) {
		name := pool.Func(func(t *gil.Thread, _ int) (string, error) { return t.Name(), nil })
		ex := pool.NewThreadExecutor(th, 1, pool.WithName("mine"))
		v, err := pool.Submit(th, ex, name, 0).Result(th)
		assert.NoError(t, err)
		assert.Equal(t, "mine_0", v)
		assert.NoError(t, ex.Shutdown(th))
		ex = pool.NewThreadExecutor(th, 1)
		v, err = pool.Submit(th, ex, name, 0).Result(th)
		assert.NoError(t, err)
		assert.Equal(t, "ThreadPoolExecutor_0", v, "no number, which would differ from run to run")
		assert.NoError(t, ex.Shutdown(th))
		assert.Equal(t, 7, pool.DefaultThreads(th))
	}))
	require.NoError(t, gil.Live().Run(gil.CPython314, func(th *gil.Thread) {
		for prefix, make := range map[string]func() pool.Executor{
			"ThreadPoolExecutor":      func() pool.Executor { return pool.NewThreadExecutor(th, 1) },
			"ThreadPool":              func() pool.Executor { return pool.NewThread(th, 1) },
			"InterpreterPoolExecutor": func() pool.Executor { return pool.NewInterpreterExecutor(th, 1) },
		} {
			ex := make()
			v, err := pool.Submit(th, ex, workerName, 0).Result(th)
			assert.NoError(t, err)
			assert.Regexp(t, `^`+prefix+`-\d+_0$`, v)
			assert.NoError(t, pool.Shutdown(th, ex))
		}
		assert.Equal(t, min(32, runtime.NumCPU()+4), pool.DefaultThreads(th))
	}))
	assert.Equal(t, process.CPUCount(), pool.DefaultProcesses())
}

// CPython: test_shutdown_race_issue12456, test_hang_issue12364, test_hang_gh94440: whatever
// comes at the moment of a shutdown is done, or refused.
func TestShutdownRace(t *testing.T) {
	ctx := t.Context()
	for range 10 {
		ex, err := pool.NewProcessExecutor(ctx, 2)
		require.NoError(t, err)
		var wg sync.WaitGroup
		for g := range 4 {
			wg.Go(func() {
				for i := range 20 {
					v, err := pool.Submit(ctx, ex, square, g*i).Result(ctx)
					if err != nil {
						assert.ErrorIs(t, err, pool.ErrShutdown)
						return
					}
					assert.Equal(t, g*i*g*i, v)
				}
			})
		}
		wg.Go(func() { assert.NoError(t, ex.Shutdown(ctx)) })
		wg.Wait()
		require.NoError(t, ex.Shutdown(ctx))
	}
}

// CPython: test_max_tasks_early_shutdown, test_pool_worker_lifetime_early_close: workers that
// leave after a few tasks are replaced until all is done, also after the end was announced.
func TestMaxTasksEarlyShutdown(t *testing.T) {
	every(t, func(t *testing.T, ctx context.Context, f flavour) {
		ex := f.make(ctx, 2, pool.WithMaxTasksPerChild(1))
		var fs []*pool.Future[int]
		for i := range 8 {
			fs = append(fs, pool.Submit(ctx, ex, square, i))
		}
		assert.NoError(t, pool.Shutdown(ctx, ex))
		for i, f := range fs {
			v, err := f.Result(ctx)
			assert.NoError(t, err)
			assert.Equal(t, i*i, v)
		}
		assert.GreaterOrEqual(t, statsOf(ctx, ex).Started, 8, "one task each")
	})
}

// CPython: test_max_tasks_per_child, test_pool_worker_lifetime: a worker does as many tasks as
// it may, and then another one comes in its place, under the next name.
func TestTasksOfAWorker(t *testing.T) {
	every(t, func(t *testing.T, ctx context.Context, f flavour) {
		for _, chunk := range []int{1, 2} { // a chunk is one task
			ex := f.make(ctx, 1, pool.WithMaxTasksPerChild(3), pool.WithName("w"))
			out, errs := collect(pool.MapOn(ctx, ex, workerName, upTo(8*chunk), pool.WithChunkSize(chunk)))
			assert.Empty(t, errs)
			var want []string
			mark := "w_"
			if f.remote {
				mark = "w-"
			}
			for i := range 8 * chunk {
				want = append(want, mark+strconv.Itoa(i/chunk/3))
			}
			assert.Equal(t, want, out)
			assert.NoError(t, pool.Shutdown(ctx, ex))
			now := statsOf(ctx, ex)
			assert.Equal(t, []int{3, 2}, []int{now.Started, now.Replaced}, "%v", now)
		}
	})
}

// workerName is the name of the thread that runs it, or of its process.
var workerName = process.Define("pool_test.workerName", func(t *gil.Thread, _ int) (string, error) {
	if p := process.Current(t); p.Name() != "MainProcess" {
		return p.Name(), nil
	}
	if name := t.Name(); name != "MainThread" {
		return name, nil
	}
	return t.Interpreter().Name(), nil // of an interpreter for this worker alone
})

// dieWith kills its process, with an argument that took more than one write to come.
var dieWith = process.Define("pool_test.dieWith", func(_ context.Context, data []byte) ([]byte, error) {
	if len(data) > 0 && data[0] == 1 {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	return data, nil
})

// CPython: test_crash_big_data: long messages are on their way to the worker that dies, and
// behind it.
func TestCrashBigData(t *testing.T) {
	ctx := t.Context()
	p := processes(t, 2)
	big := make([]byte, 4<<20)
	for range 3 {
		var fs []*pool.Future[[]byte]
		for i := range 6 {
			data := append([]byte(nil), big...)
			if i == 2 {
				data[0] = 1
			}
			fs = append(fs, pool.Submit(ctx, p, dieWith, data))
		}
		for i, f := range fs {
			out, err := f.Result(ctx)
			if i == 2 {
				var lost *pool.WorkerError
				require.ErrorAs(t, err, &lost)
				continue
			}
			require.NoError(t, err)
			require.Len(t, out, len(big))
		}
	}
}

// CPython: test_imap_handle_iterable_exception and its like: a sequence that panics does so
// in the loop over the results, and what was taken is done or cancelled.
func TestSequenceThatPanics(t *testing.T) {
	withPool(t, 2, func(t *testing.T, ctx context.Context, p *pool.Pool) {
		some := func(yield func(int) bool) {
			for i := range 5 {
				if !yield(i) {
					return
				}
			}
			panic("no more")
		}
		assert.PanicsWithValue(t, "no more", func() {
			for v, err := range pool.IMap(ctx, p, square, some, pool.WithBufferSize(2)) {
				assert.NoError(t, err)
				assert.Less(t, v, 25)
			}
		})
		assert.PanicsWithValue(t, "no more", func() {
			for range pool.IMapUnordered(ctx, p, square, some) {
			}
		})
		out, err := pool.Map(ctx, p, square, upTo(10))
		assert.NoError(t, err)
		assert.Equal(t, squares(10), out)
	})
}

// TP-5: a task that waits for another one of its executor has it run when there is a worker
// for it, and on processes too a pool can be used by many at once.
func TestNested(t *testing.T) {
	require.NoError(t, gil.Live().Run(gil.CPython313, func(th *gil.Thread) {
		ex := pool.NewThreadExecutor(th, 2)
		v, err := pool.Submit(th, ex, pool.Func(func(t *gil.Thread, n int) (int, error) {
			return pool.Submit(t, ex, square, n).Result(t)
		}), 3).Result(th)
		assert.NoError(t, err)
		assert.Equal(t, 9, v)
		assert.NoError(t, ex.Shutdown(th))
	}))
}

// CPython 3.14: InterpreterPoolExecutorTest.test_pickle_errors_propagate: an argument that
// cannot be taken apart, or not put together again, is its task's error, and so is such a
// result; the worker goes on, and the caller's thread has the argument as it was.
func TestInterpreterCannotCopy(t *testing.T) {
	for _, f := range flavours() {
		if f.pool != nil {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			f.run(t, func(ctx context.Context) {
				ex := f.make(ctx, 1)
				for _, deed := range []struct{ name, text string }{{"fail", errDeed.Error()}, {"panic", "it was asked to panic"}} {
					assert.ErrorContains(t, pool.Submit(ctx, ex, takesSneaky, sneaky{deed.name}).Exception(ctx), deed.text)
					assert.ErrorContains(t, pool.Submit(ctx, ex, takesStubborn, stubborn{deed.name}).Exception(ctx), deed.text)
					var lost *pool.EncodingError
					if err := pool.Submit(ctx, ex, givesClumsy, deed.name).Exception(ctx); assert.ErrorAs(t, err, &lost) {
						assert.Equal(t, "in the worker", lost.Where)
						assert.Contains(t, lost.Reason, deed.text)
					}
					if err := pool.Submit(ctx, ex, givesFragile, deed.name).Exception(ctx); assert.ErrorAs(t, err, &lost) {
						assert.Contains(t, lost.Reason, deed.text)
					}
				}
				v, err := pool.Submit(ctx, ex, takesSneaky, sneaky{"well"}).Result(ctx)
				assert.NoError(t, err)
				assert.Equal(t, "well", v)
				assert.NoError(t, pool.Shutdown(ctx, ex))
				assert.Equal(t, 1, statsOf(ctx, ex).Started)
			})
		})
	}
}

// A fickle argument can be sent until it cannot.
type fickle struct{}

var (
	fed         atomic.Bool
	takesFickle = process.Define("pool_test.takesFickle", func(context.Context, fickle) (int, error) { return 0, nil })
)

func init() {
	pickle.RegisterPair(func(fickle) (int, error) {
		if fed.Load() {
			return 0, errDeed
		}
		return 0, nil
	}, func(int) (fickle, error) { return fickle{}, nil }, "pool_test.fickle")
}

// CPython 3.14: test_failed_worker_replacement_breaks_pool: a worker that cannot be started,
// the first as well as one that comes in place of another, is everybody's error, and nobody
// waits for ever.
func TestStartRefused(t *testing.T) {
	for _, f := range flavours() {
		if !f.remote {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			f.run(t, func(ctx context.Context) {
				s, end := newScript(t)
				defer end()
				ex := f.make(ctx, 1, pool.WithInitializer(takesFickle, fickle{}), pool.WithMaxTasksPerChild(1))
				first := pool.Submit(ctx, ex, noted, s.step("first", "gate"))
				second, third := pool.Submit(ctx, ex, square, 2), pool.Submit(ctx, ex, square, 3)
				s.await(ctx, 1)
				fed.Store(true)
				defer fed.Store(false)
				s.open("gate")
				assert.NoError(t, first.Exception(ctx))
				for _, f := range []*pool.Future[int]{second, third, pool.Submit(ctx, ex, square, 4)} {
					err := f.Exception(ctx)
					assert.ErrorIs(t, err, pool.ErrBroken)
					assert.ErrorContains(t, err, errDeed.Error())
				}
				assert.NoError(t, pool.Shutdown(ctx, ex))

				ex = f.make(ctx, 2, pool.WithInitializer(takesFickle, fickle{}))
				err := pool.Submit(ctx, ex, square, 4).Exception(ctx)
				assert.ErrorIs(t, err, pool.ErrBroken)
				assert.ErrorContains(t, err, errDeed.Error())
				assert.NoError(t, pool.Shutdown(ctx, ex))
				_, err = pool.New(ctx, 2, pool.WithInitializer(takesFickle, fickle{}))
				assert.ErrorContains(t, err, errDeed.Error())
			})
		})
	}
}

// CPython: TestPoolNotLeakOnFailure.test_release_unused_processes: of the workers of a pool that
// cannot all be started none is left, and the error is that of the one that could not.
func TestSomeCannotStart(t *testing.T) {
	for _, f := range flavours() {
		if !f.remote || f.virtual { // emulated workers would use the ration up
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			f.run(t, func(ctx context.Context) {
				for good := range 4 {
					rationing.Store(true)
					sendable.Store(int64(good))
					p, err := pool.New(ctx, 4, pool.WithInitializer(takesRationed, rationed{}))
					assert.ErrorContains(t, err, errDeed.Error(), good)
					assert.Nil(t, p)
					assert.EqualValues(t, -1, sendable.Load(), "nobody tries again")
				}
				rationing.Store(false)
			})
		})
	}
}

// A rationed argument can be sent by this process a few times.
type rationed struct{}

var (
	rationing     atomic.Bool
	sendable      atomic.Int64
	takesRationed = process.Define("pool_test.takesRationed", func(context.Context, rationed) (int, error) { return 0, nil })
)

func init() {
	pickle.RegisterPair(func(rationed) (int, error) {
		if rationing.Load() && sendable.Add(-1) < 0 {
			return 0, errDeed
		}
		return 0, nil
	}, func(int) (rationed, error) { return rationed{}, nil }, "pool_test.rationed")
}
