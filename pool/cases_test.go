//go:build linux || darwin

package pool_test

import (
	"context"
	_ "embed"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"weak"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pool"
	"github.com/pygil/pygil/process"
)

//go:embed testdata/cases.txt
var cases string

// Every case of CPython's test_concurrent_futures and of the pool's part of
// test__test_multiprocessing, and every pain that users of pools report, has the test here
// that stands for it, or a reason why it has no meaning: testdata/cases.txt.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	tests := map[string]bool{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)`).FindAllStringSubmatch(string(text), -1) {
			tests[m[1]] = true
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
	assert.Greater(t, n, 110)
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

// A thing is more than the collector keeps together with others.
type thing struct{ Data [4096]byte }

// CPython: test_no_stale_references, test_free_reference, test_release_task_refs,
// test_free_reference_yielded_future, test_ressources_gced_in_workers: what a task was given,
// and what it returned, is nobody's any more when the caller has let go, while the pool lives.
func TestNothingIsKept(t *testing.T) {
	gone := func(t *testing.T, ctx context.Context, p weak.Pointer[thing]) {
		t.Helper()
		until(t, ctx, func() bool {
			runtime.GC()
			return p.Value() == nil
		})
	}
	through := pool.Func(func(_ context.Context, x *thing) (*thing, error) { return x, nil })
	require.NoError(t, gil.Live().Run(gil.CPython313, func(th *gil.Thread) {
		ex := pool.NewThreadExecutor(th, 2)
		p := func() weak.Pointer[thing] {
			x := new(thing)
			for f, err := range pool.AsCompleted(th, []*pool.Future[*thing]{pool.Submit(th, ex, through, x)}) {
				assert.NoError(t, err)
				assert.Same(t, x, must(f.Result(th)))
			}
			return weak.Make(x)
		}()
		gone(t, th, p)
		assert.NoError(t, ex.Shutdown(th))
	}))
	ctx := t.Context()
	ex := executor(t, 1)
	p := func() weak.Pointer[thing] {
		f := pool.Submit(ctx, ex, produce, 0)
		return weak.Make(must(f.Result(ctx)))
	}()
	gone(t, ctx, p)
}

var produce = process.Define("pool_test.produce", func(context.Context, int) (*thing, error) { return new(thing), nil })

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
