package pool_test

import (
	"context"
	"testing"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pool"
)

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
