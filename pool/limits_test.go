package pool_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pool"
	"github.com/pygil/pygil/process"
)

// setup counts the workers that there ever were, in a value that only inheritance passes
// on, and count adds to it.
var (
	counter *process.Value[int64]
	setup   = process.Define("pool_test.setup", func(ctx context.Context, v *process.Value[int64]) (int, error) {
		counter = v
		_, err := process.Add(ctx, v, 1)
		return 0, err
	})
	count = process.Define("pool_test.count", func(ctx context.Context, n int64) (int64, error) { return process.Add(ctx, counter, n) })
)

// exitFirst ends the first worker that is given it, and answers in the next ones. Setup
// counts the workers.
var exitFirst = process.Define("pool_test.exitFirst", func(t *gil.Thread, _ int) (int64, error) {
	n, err := counter.Load(t)
	if n == 1 {
		process.Exit(t, 3)
	}
	return n, err
})

// onMachine runs a case with an executor and with a Pool of one emulated worker each, and
// says how long it took on the machine's clock.
func onMachine(t *testing.T, fn func(t *testing.T, th *gil.Thread, ex pool.Executor), opts ...pool.Option) {
	for name, make := range map[string]func(th *gil.Thread, opts ...pool.Option) pool.Executor{
		"executor": func(th *gil.Thread, opts ...pool.Option) pool.Executor {
			return must(pool.NewProcessExecutor(th, 1, opts...))
		},
		"pool": func(th *gil.Thread, opts ...pool.Option) pool.Executor { return must(pool.New(th, 1, opts...)) },
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, gil.NewMachine(2).Run(gil.CPython313, func(th *gil.Thread) {
				ex := make(th, opts...)
				fn(t, th, ex)
				assert.NoError(t, pool.Shutdown(th, ex))
			}))
		})
	}
}

// A time limit ends a task that runs in an emulated process, at its time, with the
// process; what waits is done by the next one.
func TestTaskTimeoutVirtual(t *testing.T) {
	onMachine(t, func(t *testing.T, th *gil.Thread, ex pool.Executor) {
		began := th.Now()
		slow := pool.Submit(th, ex, nap, time.Hour, pool.WithTaskTimeout(10*time.Second))
		next := pool.Submit(th, ex, square, 3)
		quick := pool.Submit(th, ex, nap, time.Second, pool.WithTaskTimeout(10*time.Second))
		err := slow.Exception(th)
		assert.ErrorIs(t, err, pool.ErrTimeout)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.InDelta(t, 10, (th.Now() - began).Seconds(), 1)
		v, err := next.Result(th)
		assert.NoError(t, err)
		assert.Equal(t, 9, v)
		assert.NoError(t, quick.Exception(th))
		assert.Equal(t, 2, statsOf(th, ex).Started)
	})
}

// The end of a task's context ends it too, and cancels what waits.
func TestTaskContextVirtual(t *testing.T) {
	onMachine(t, func(t *testing.T, th *gil.Thread, ex pool.Executor) {
		end, cancel := gil.WithCancel(th)
		running := pool.Submit(end, ex, nap, time.Hour)
		queued := pool.Submit(end, ex, square, 3)
		th.Sleep(time.Second)
		assert.True(t, running.Running(th))
		cancel()
		assert.ErrorIs(t, running.Exception(th), context.Canceled)
		assert.ErrorIs(t, queued.Exception(th), pool.ErrCancelled)
		v, err := pool.Submit(th, ex, square, 4).Result(th)
		assert.NoError(t, err)
		assert.Equal(t, 16, v)
		assert.Less(t, th.Now(), time.Minute)
	})
}

// Retries in emulated processes: a task whose worker exits is done again if it may be, and
// otherwise lost.
func TestRetryVirtual(t *testing.T) {
	for _, retries := range []int{0, 1} {
		require.NoError(t, gil.NewMachine(2).Run(gil.CPython313, func(th *gil.Thread) {
			started := must(process.NewValue[int64](th, 0))
			defer started.Close()
			p := must(pool.New(th, 1, pool.WithInitializer(setup, started)))
			n, err := pool.Apply(th, p, exitFirst, 0, pool.WithRetries(retries))
			if retries > 0 {
				assert.NoError(t, err)
				assert.EqualValues(t, 2, n)
				assert.Equal(t, 1, p.Stats(th).Retried)
			} else {
				var lost *pool.WorkerError
				if assert.ErrorAs(t, err, &lost) {
					assert.Equal(t, 3, lost.Code)
				}
			}
			assert.NoError(t, p.Close(th))
			assert.NoError(t, p.Join(th))
		}))
	}
}

// Who waits for the end of a virtual executor waits for a worker that is just starting.
func TestShutdownWhileStarting(t *testing.T) {
	require.NoError(t, gil.NewMachine(2).Run(gil.CPython313, func(th *gil.Thread) {
		ex := must(pool.NewProcessExecutor(th, 1))
		submits := th.NewThread("submits", func(th *gil.Thread) { pool.Submit(th, ex, square, 3) })
		submits.Start(th)
		for ex.Stats(th).Submitted == 0 {
			th.Tick(1)
		}
		require.Zero(t, ex.Stats(th).Started)
		require.NoError(t, ex.Shutdown(th))
		s := ex.Stats(th)
		require.Equal(t, []int{1, 1, 0}, []int{s.Started, s.Completed, s.Workers})
		submits.Join(th)
	}))
}
