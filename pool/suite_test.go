package pool_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

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
	// held ends when the file is there, at once without a name: see gate.
	held = process.Define("pool_test.held", func(t *gil.Thread, path string) (string, error) {
		for path != "" {
			if _, err := os.Stat(path); err == nil {
				break
			}
			t.Sleep(time.Millisecond)
		}
		return path, nil
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

// gate returns what held waits for, in whatever process, and what lets it go: a task of
// some milliseconds may have ended before a slow machine has looked.
func gate(t *testing.T) (path string, open func()) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "open")
	return path, func() { assert.NoError(t, os.WriteFile(path, nil, 0o600)) }
}

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

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func moreFlavours() []flavour {
	make := func(ctx context.Context, n int, opts ...pool.Option) pool.Executor {
		return must(pool.NewProcessExecutor(ctx, n, opts...))
	}
	create := func(ctx context.Context, n int, opts ...pool.Option) *pool.Pool {
		return must(pool.New(ctx, n, opts...))
	}
	return []flavour{
		{
			name: "processes", remote: true, make: make, pool: create,
			run: func(_ *testing.T, fn func(ctx context.Context)) { fn(context.Background()) },
		},
		{name: "processes, machine", remote: true, virtual: true, make: make, pool: create, run: threaded(gil.NewMachine(4), gil.CPython313)},
		{name: "processes, thread", remote: true, make: make, pool: create, run: threaded(gil.Live(), gil.CPython313)},
	}
}
