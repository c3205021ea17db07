package pool_test

import (
	"context"
	"io/fs"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pool"
	"github.com/pygil/pygil/process"
)

// ready and readied are how workers of every kind say that they were initialized: in a value
// that processes share.
var (
	readied *process.Value[int64]
	ready   = process.Define("pool_test.ready", func(ctx context.Context, v *process.Value[int64]) (int, error) {
		readied = v
		_, err := process.Add(ctx, v, 1)
		return 0, err
	})
	howMany = process.Define("pool_test.howMany", func(ctx context.Context, _ int) (int64, error) { return readied.Load(ctx) })
	broodOn = process.Define("pool_test.broodOn", func(t *gil.Thread, d time.Duration) (int, error) {
		t.Sleep(d)
		return 0, nil
	})
)

// CPython: InitializerMixin.test_initializer, TestInitializers.test_pool_initializer: every
// kind of worker runs it before anything else, once; so do those that come in place of others.
func TestInitializerOfEach(t *testing.T) {
	every(t, func(t *testing.T, ctx context.Context, f flavour) {
		kinds := map[string]func(opts ...pool.Option) pool.Executor{
			"executor": func(opts ...pool.Option) pool.Executor { return f.make(ctx, 1, opts...) },
		}
		if f.pool != nil {
			kinds["pool"] = func(opts ...pool.Option) pool.Executor { return f.pool(ctx, 1, opts...) }
		}
		for name, create := range kinds {
			v, err := process.NewValue[int64](ctx, 0)
			if !assert.NoError(t, err) {
				return
			}
			init := pool.WithInitializer(ready, v)
			if f.name == "interpreters" || f.name == "interpreters, machine" {
				// it gets a copy of the argument, which a value refuses
				init = pool.WithInitializer(pool.Func(func(th *gil.Thread, _ int) (int, error) { return ready.Run(th, v) }), 0)
			}
			ex := create(init)
			for range 3 {
				n, err := pool.Submit(ctx, ex, howMany, 0).Result(ctx)
				assert.NoError(t, err, name)
				assert.EqualValues(t, 1, n, name)
			}
			assert.NoError(t, pool.Shutdown(ctx, ex))

			ex = create(init, pool.WithMaxTasksPerChild(1))
			for i := range 3 {
				n, err := pool.Submit(ctx, ex, howMany, 0).Result(ctx)
				assert.NoError(t, err, name)
				assert.GreaterOrEqual(t, int(n), i+2, name) // the next worker may be ready
			}
			assert.NoError(t, pool.Shutdown(ctx, ex))
			n, err := v.Load(ctx)
			assert.NoError(t, err)
			assert.EqualValues(t, statsOf(ctx, ex).Started+1, n, "%s: once for each", name)
			assert.NoError(t, v.Close())
		}
	})
}

// FailingInitializerMixin.test_initializer once more, of an initializer that panics: it breaks
// whatever it is the initializer of, with its panic, and nothing is started over and over.
func TestPanickingInitializer(t *testing.T) {
	every(t, func(t *testing.T, ctx context.Context, f flavour) {
		all := []pool.Executor{f.make(ctx, 2, pool.WithInitializer(explode, "at the very start"))}
		if f.pool != nil {
			all = append(all, f.pool(ctx, 2, pool.WithInitializer(explode, "at the very start")))
		}
		for _, ex := range all {
			for i := range 4 {
				err := pool.Submit(ctx, ex, square, i).Exception(ctx)
				var b *pool.BrokenError
				if assert.ErrorAs(t, err, &b) {
					assert.ErrorIs(t, err, pool.ErrBroken)
					assert.True(t, b.Initializer)
				}
				var p *pool.PanicError
				if assert.ErrorAs(t, err, &p) {
					assert.Equal(t, "at the very start", p.Value)
					assert.Contains(t, p.Stack, "goroutine")
				}
			}
			assert.NoError(t, pool.Shutdown(ctx, ex))
			s := statsOf(ctx, ex)
			assert.LessOrEqual(t, s.Started, 2, "nobody is replaced")
			assert.Zero(t, s.Workers)
		}
	})
}

// An initializer that fails in the second worker only: what the first had done is done, and
// then all is over with the error.
func TestInitializerFailsLater(t *testing.T) {
	every(t, func(t *testing.T, ctx context.Context, f flavour) {
		if f.remote {
			return // its workers count in a value: see TestInitializerOfEach
		}
		n := 0
		once := pool.Func(func(context.Context, int) (int, error) {
			if n++; n > 1 {
				return 0, fs.ErrInvalid
			}
			return 0, nil
		})
		ex := f.make(ctx, 1, pool.WithInitializer(once, 0), pool.WithMaxTasksPerChild(1))
		v, err := pool.Submit(ctx, ex, square, 3).Result(ctx)
		assert.NoError(t, err)
		assert.Equal(t, 9, v)
		broken(t, pool.Submit(ctx, ex, square, 3).Exception(ctx))
		assert.NoError(t, pool.Shutdown(ctx, ex))
	})
}

// The time limit of a task is for the task: it does not count while its worker starts and
// runs its initializer, in whatever world.
func TestTaskTimeoutAfterStart(t *testing.T) {
	limit := pool.WithTaskTimeout(10 * time.Second)
	onMachine(t, func(t *testing.T, th *gil.Thread, ex pool.Executor) {
		v, err := pool.Submit(th, ex, nap, 5*time.Second, limit).Result(th)
		assert.NoError(t, err)
		assert.Equal(t, 5*time.Second, v)
		began := th.Now()
		assert.ErrorIs(t, pool.Submit(th, ex, nap, time.Hour, limit).Exception(th), pool.ErrTimeout)
		assert.Less(t, th.Now()-began, 12*time.Second)
		// The next worker starts with it.
		assert.ErrorIs(t, pool.Submit(th, ex, nap, time.Hour, limit).Exception(th), pool.ErrTimeout)
		assert.Less(t, th.Now()-began, time.Minute+30*time.Second)
		assert.Greater(t, th.Now()-began, time.Minute)
	}, pool.WithInitializer(broodOn, time.Minute))

	ctx := t.Context()
	for _, create := range []func(opts ...pool.Option) pool.Executor{
		func(opts ...pool.Option) pool.Executor { return must(pool.NewProcessExecutor(ctx, 1, opts...)) },
		func(opts ...pool.Option) pool.Executor { return must(pool.New(ctx, 1, opts...)) },
	} {
		path, open := gate(t)
		ex := create(pool.WithInitializer(held, path))
		f := pool.Submit(ctx, ex, nap, time.Hour, pool.WithTaskTimeout(5*time.Millisecond))
		time.Sleep(50 * time.Millisecond) // in which a limit that counted would be over
		require.False(t, f.Done(ctx))
		require.Equal(t, 1, statsOf(ctx, ex).Started)
		open()
		require.ErrorIs(t, f.Exception(ctx), pool.ErrTimeout)
		require.NoError(t, pool.Shutdown(ctx, ex))
	}
}
