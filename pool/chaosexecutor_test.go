//go:build linux || darwin

package pool_test

import (
	"context"
	"math/rand/v2"
	"os"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pool"
	"github.com/pygil/pygil/process"
)

// perhaps kills its process one time in B, and squares A otherwise.
var perhaps = process.Define("pool_test.perhaps", func(_ context.Context, a pool.Args[int, int]) (int, error) {
	if rand.IntN(a.B) == 0 {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	return a.A * a.A, nil
})

// With retries enough nobody sees that workers of an executor die in the midst of their
// tasks: each item comes exactly once, and is right.
func TestChaosRetried(t *testing.T) {
	ctx := t.Context()
	r := rand.New(rand.NewPCG(2, 3))
	ex := executor(t, 3, pool.WithRetries(1000))
	items := make([]pool.Args[int, int], 120)
	for round := 0; round < 4 || ex.Stats(ctx).Replaced < 10; round++ {
		for i := range items {
			items[i] = pool.Args[int, int]{A: i, B: 40}
		}
		opts := []pool.Option{pool.WithChunkSize(1 + r.IntN(4)), pool.WithBufferSize(50)}
		out, errs := collect(pool.MapOn(ctx, ex, perhaps, items, opts...))
		require.Empty(t, errs)
		require.Equal(t, squares(len(items)), out)
		out, errs = collect(pool.IMapUnordered(ctx, ex, perhaps, slices.Values(items), opts...))
		require.Empty(t, errs)
		slices.Sort(out)
		require.Equal(t, squares(len(items)), out)
	}
	until(t, ctx, func() bool { s := ex.Stats(ctx); return s.Running+s.Pending == 0 && s.Completed == s.Submitted })
	s := ex.Stats(ctx)
	require.GreaterOrEqual(t, s.Retried, s.Replaced, "who dies here has had a task")
	require.Zero(t, s.Failed)
}

// Without retries the first death breaks the executor, whenever it comes: every future ends,
// with what is right or as broken, and says which worker died.
func TestChaosBreaks(t *testing.T) {
	ctx := t.Context()
	r := rand.New(rand.NewPCG(4, 5))
	for range 8 {
		ex := executor(t, 1+r.IntN(3))
		fs := make([]*pool.Future[[2]int], 150)
		for i := range fs {
			fs[i] = pool.Submit(ctx, ex, pidAnd, i)
		}
		at := r.IntN(len(fs))
		v, err := fs[at].Result(ctx)
		require.NoError(t, err)
		for _, child := range process.ActiveChildren(ctx) {
			if pidOf(child) == v[0] {
				require.NoError(t, child.Kill())
			}
		}
		until(t, ctx, func() bool { return ex.Stats(ctx).Workers == 0 })
		for i, f := range fs {
			v, err := f.Result(ctx)
			if err == nil {
				require.Equal(t, i*i, v[1])
				continue
			}
			require.ErrorIs(t, err, pool.ErrBroken)
			var death *pool.WorkerError
			require.ErrorAs(t, err, &death)
			require.Equal(t, syscall.SIGKILL, death.Signal(), "%v", err)
		}
		require.ErrorIs(t, pool.Submit(ctx, ex, square, 3).Exception(ctx), pool.ErrBroken)
		until(t, ctx, func() bool { s := ex.Stats(ctx); return s.Running+s.Pending == 0 && s.Completed == s.Submitted })
	}
}
