//go:build linux || darwin

package pool_test

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"testing"
	"weak"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pool"
	"github.com/pygil/pygil/process"
)

// A thing is more than the collector keeps together with others.
type thing struct{ Data [4096]byte }

var (
	through = process.Define("pool_test.through", func(_ context.Context, x *thing) (*thing, error) { return x, nil })
	produce = process.Define("pool_test.produce", func(context.Context, int) (*thing, error) { return new(thing), nil })
	// remember keeps a weak pointer to its argument and to its result in the worker, and
	// remembered says how many of these are still there.
	remember = process.Define("pool_test.remember", func(_ context.Context, x *thing) (*thing, error) {
		memory.Lock()
		defer memory.Unlock()
		y := new(thing)
		memory.list = append(memory.list, weak.Make(x), weak.Make(y))
		return y, nil
	})
	remembered = process.Define("pool_test.remembered", func(context.Context, int) (left [2]int, err error) {
		runtime.GC()
		memory.Lock()
		defer memory.Unlock()
		left[0] = len(memory.list)
		for _, p := range memory.list {
			if p.Value() != nil {
				left[1]++
			}
		}
		return left, nil
	})
	memory struct {
		sync.Mutex
		list []weak.Pointer[thing]
	}
)

// gone waits until the collector has taken what p points to.
func gone(t *testing.T, ctx context.Context, p weak.Pointer[thing]) {
	t.Helper()
	until(t, ctx, func() bool {
		runtime.GC()
		return p.Value() == nil
	})
}

// CPython: test_no_stale_references, test_free_reference, test_release_task_refs,
// test_free_reference_yielded_future: what a task was given, and what it returned, is
// nobody's any more when the caller has let go, while the pool lives.
func TestNothingIsKept(t *testing.T) {
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
		p = func() weak.Pointer[thing] { // the future is thrown away
			x := new(thing)
			pool.Submit(th, ex, through, x)
			return weak.Make(x)
		}()
		gone(t, th, p)
		p = func() weak.Pointer[thing] {
			xs := []*thing{new(thing), new(thing)}
			out, err := pool.Map(th, ex, through, xs)
			assert.NoError(t, err)
			assert.Equal(t, xs, out)
			return weak.Make(xs[0])
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

// CPython: test_free_reference, test_free_reference_yielded_future: while a loop goes on over
// results or futures, those before are not kept.
func TestLoopsKeepNothing(t *testing.T) {
	withPool(t, 1, func(t *testing.T, ctx context.Context, p *pool.Pool) {
		n := 8
		numbers := upTo(n)
		check := func(name string, loop func(each func(*thing))) {
			var before []weak.Pointer[thing]
			loop(func(x *thing) {
				for _, p := range before {
					gone(t, ctx, p)
				}
				before = []weak.Pointer[thing]{weak.Make(x)}
				runtime.KeepAlive(x)
			})
		}
		check("MapOn", func(each func(*thing)) {
			for x, err := range pool.MapOn(ctx, p, produce, numbers) {
				assert.NoError(t, err)
				each(x)
			}
		})
		check("IMap", func(each func(*thing)) {
			for x, err := range pool.IMap(ctx, p, produce, slices.Values(numbers)) {
				assert.NoError(t, err)
				each(x)
			}
		})
		check("IMapUnordered", func(each func(*thing)) {
			for x, err := range pool.IMapUnordered(ctx, p, produce, slices.Values(numbers)) {
				assert.NoError(t, err)
				each(x)
			}
		})
		check("AsCompleted", func(each func(*thing)) {
			fs := func() (fs []*pool.Future[*thing]) {
				for i := range n {
					fs = append(fs, pool.Submit(ctx, p, produce, i))
				}
				return fs
			}
			for f, err := range pool.AsCompleted(ctx, fs()) {
				assert.NoError(t, err)
				each(must(f.Result(ctx)))
			}
		})
	})
}

// CPython: test_ressources_gced_in_workers, and that the memory of a worker does not grow:
// when a task has ended, its worker keeps neither its argument nor its result.
func TestWorkersKeepNothing(t *testing.T) {
	ctx := t.Context()
	ex := executor(t, 1)
	xs := make([]*thing, 50)
	for i := range xs {
		xs[i] = new(thing)
		require.NoError(t, pool.Submit(ctx, ex, remember, xs[i]).Exception(ctx))
	}
	_, errs := collect(pool.MapOn(ctx, ex, remember, xs, pool.WithChunkSize(10)))
	require.Empty(t, errs)
	until(t, ctx, func() bool {
		left, err := pool.Submit(ctx, ex, remembered, 0).Result(ctx)
		require.NoError(t, err)
		require.Equal(t, 200, left[0], "one worker has done it all")
		return left[1] == 0
	})
}
