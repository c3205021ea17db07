package pool_test

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pool"
)

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
		path, open := gate(t)
		a := pool.ApplyAsync(ctx, p, held, path)
		_, err := a.TryGet(ctx)
		assert.ErrorIs(t, err, pool.ErrTimeout)
		_, err = a.GetTimeout(ctx, time.Microsecond)
		assert.ErrorIs(t, err, pool.ErrTimeout)
		_, err = a.Successful(ctx)
		var bad *gil.ValueError
		if assert.ErrorAs(t, err, &bad) {
			assert.Contains(t, bad.PythonText(), " not ready")
		}
		open()
		v, err := a.Get(ctx)
		assert.NoError(t, err)
		assert.Equal(t, path, v)
		ok, err := a.Successful(ctx)
		assert.NoError(t, err)
		assert.True(t, ok)
		v, err = a.Get(ctx)
		assert.NoError(t, err, "it may be asked again")
		assert.Equal(t, path, v)
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
		path, open := gate(t)
		b := pool.MapAsync(ctx, p, held, slices.Repeat([]string{path}, 1000), pool.WithChunkSize(1))
		assert.NoError(t, p.Terminate(ctx))
		open() // threads finish what they have begun
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

// Items that have failed count as well, and so do the last ones, which may be fewer than a
// chunk: who looks at the progress of an imap sees its end.
func TestProgressOfFailures(t *testing.T) {
	items := []int{1, 2, 4, 5, 10, 20, 25, 50, 100, 1, 0}
	withPool(t, 2, func(t *testing.T, ctx context.Context, p *pool.Pool) {
		for _, size := range []int{1, 3, 4, 99} {
			for name, imap := range map[string]func(opts ...pool.Option) iter.Seq2[int, error]{
				"IMap": func(opts ...pool.Option) iter.Seq2[int, error] {
					return pool.IMap(ctx, p, divide, slices.Values(items), opts...)
				},
				"IMapUnordered": func(opts ...pool.Option) iter.Seq2[int, error] {
					return pool.IMapUnordered(ctx, p, divide, slices.Values(items), opts...)
				},
			} {
				var done []int
				total := 0
				out, errs := collect(imap(pool.WithChunkSize(size), pool.WithProgress(func(d, of int) { done, total = append(done, d), of })))
				assert.Len(t, errs, 1)
				assert.Len(t, out, 10-10%size, "%s, %d: all but the chunk of the last", name, size)
				assert.Len(t, done, 10/size+1)
				assert.True(t, slices.IsSorted(done))
				assert.Equal(t, []int{11, 11}, []int{done[len(done)-1], total}, "%s, %d", name, size)
			}
		}
	})
}

// A function for the progress that panics is the error of its map, and is not called again;
// the pool goes on.
func TestProgressThatPanics(t *testing.T) {
	withPool(t, 2, func(t *testing.T, ctx context.Context, p *pool.Pool) {
		called := 0
		_, err := pool.Map(ctx, p, square, upTo(10), pool.WithChunkSize(1), pool.WithProgress(func(int, int) {
			called++
			panic("no screen")
		}))
		var panicked *pool.PanicError
		if assert.ErrorAs(t, err, &panicked) {
			assert.Equal(t, "no screen", panicked.Value)
		}
		assert.Equal(t, 1, called)
		out, err := pool.Map(ctx, p, square, upTo(10))
		assert.NoError(t, err)
		assert.Equal(t, squares(10), out)
	})
}

// CPython: test_context: what With leaves has no workers, whatever they were at.
func TestPoolWith(t *testing.T) {
	everyPool(t, func(t *testing.T, ctx context.Context, f flavour) {
		for range 5 {
			p := f.pool(ctx, 3)
			assert.NoError(t, p.With(ctx, func() { pool.MapAsync(ctx, p, square, upTo(50), pool.WithChunkSize(1)) }))
			s := p.Stats(ctx)
			assert.Equal(t, []int{0, 0, 0}, []int{s.Workers, s.Running, s.Pending}, "%v", s)
		}
	})
}
