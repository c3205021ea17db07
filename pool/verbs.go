package pool

import (
	"context"
)

// Map has f called with every item of in and returns the results in order. It waits
// for all of them, with the GIL given up. All items are tried; the first error that
// arrived is returned, and with it no results. An error ends the chunk that it is
// in. When the context ends, what has not begun is cancelled, and what runs in a
// process is ended.
//
// Options: WithChunkSize (by default Python's rule: a quarter of a worker's share),
// WithTimeout, WithProgress, WithPriority, WithTaskTimeout (of a chunk), WithRetries.
// Python: pool.map.
func Map[In, Out any](ctx context.Context, p Executor, f Function[In, Out], in []In, opts ...Option) ([]Out, error) {
	r := p.executor()
	c, err := configure(atMap, opts)
	if err != nil {
		return nil, err
	}
	m := startMap(ctx, r, f, in, c.size(ctx, r, len(in)), false, &c)
	out, err := m.result(ctx, c.timeout)
	if err != nil && m.running(ctx) {
		m.abandon(context.WithoutCancel(ctx), r, err)
	}
	return out, err
}

// size is how many items make a chunk.
func (c *config) size(ctx context.Context, r *base, items int) int {
	if c.chunked {
		return c.chunk
	}
	return share(items, r.e.size(ctx))
}

// running reports whether the map goes on although its caller does not.
func (m *mapping[In, Out]) running(ctx context.Context) bool {
	m.mu2.Lock()
	defer m.mu2.Unlock()
	return m.open > 0
}

// MapAsync is Map that does not wait. The items are copied, or encoded, at the call. When
// the context ends, so does the result, with its error.
// Options: those of Map but WithTimeout, and WithCallback, WithErrorCallback.
// Python: pool.map_async.
func MapAsync[In, Out any](ctx context.Context, p Executor, f Function[In, Out], in []In, opts ...Option) *AsyncResult[[]Out] {
	r := p.executor()
	c, err := configure(atMapAsync, opts)
	if err != nil {
		a := &AsyncResult[[]Out]{NewFuture[[]Out](), "MapResult"}
		_ = a.f.SetException(ctx, err)
		return a
	}
	if !r.e.remote() {
		in = append([]In(nil), in...)
	}
	m := startMap(ctx, r, f, in, c.size(ctx, r, len(in)), true, &c)
	if mayEnd(ctx) {
		m.endWith(ctx, func(by context.Context) {
			err := gone(ctx, "map")
			m.abandon(by, r, err)
			m.settle(by, err)
		})
	}
	return &AsyncResult[[]Out]{&m.Future, "MapResult"}
}

// Apply has f called with in by a worker and waits for the result, with the GIL given
// up. When the context ends, a task that waits is cancelled, and one that runs in a
// process is ended. Options: those of Submit. Python: pool.apply.
func Apply[In, Out any](ctx context.Context, p Executor, f Function[In, Out], in In, opts ...Option) (Out, error) {
	r := p.executor()
	k, err := submit(ctx, r, f, in, true, opts)
	if err != nil {
		var none Out
		return none, err
	}
	return k.Result(ctx)
}

// ApplyAsync is Apply that does not wait. Options: those of Submit, and WithCallback,
// WithErrorCallback. Python: pool.apply_async.
func ApplyAsync[In, Out any](ctx context.Context, p Executor, f Function[In, Out], in In, opts ...Option) *AsyncResult[Out] {
	return &AsyncResult[Out]{Submit(ctx, p, f, in, opts...), "ApplyResult"}
}

// Args are two arguments in one, for Starmap.
type Args[A, B any] struct {
	A A // the first
	B B // the second
}

// Func2 is Func for a function of two arguments.
func Func2[C context.Context, A, B, Out any](fn func(C, A, B) (Out, error)) Function[Args[A, B], Out] {
	if fn == nil {
		panic(badValue("", "Func2: the function is nil"))
	}
	return Func(func(c C, in Args[A, B]) (Out, error) { return fn(c, in.A, in.B) })
}

// Starmap is Map for functions of two arguments: those made by Func2, or by
// process.Define with an Args as the argument. Python: pool.starmap.
func Starmap[A, B, Out any](ctx context.Context, p Executor, f Function[Args[A, B], Out], in []Args[A, B], opts ...Option) ([]Out, error) {
	return Map(ctx, p, f, in, opts...)
}

// StarmapAsync is Starmap that does not wait. Python: pool.starmap_async.
func StarmapAsync[A, B, Out any](ctx context.Context, p Executor, f Function[Args[A, B], Out], in []Args[A, B], opts ...Option) *AsyncResult[[]Out] {
	return MapAsync(ctx, p, f, in, opts...)
}
