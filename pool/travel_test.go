//go:build linux || darwin

package pool_test

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe/pickle"
	"github.com/pygil/pygil/pool"
	"github.com/pygil/pygil/process"
)

// Values that do something where they are taken apart or put together: a sneaky one where
// an argument arrives in the worker, a clumsy one where a result leaves it, a fragile one
// where a result arrives here, and a stubborn one where an argument leaves.
type (
	sneaky   struct{ Deed string }
	clumsy   struct{ Deed string }
	fragile  struct{ Deed string }
	stubborn struct{ Deed string }
)

var errDeed = errors.New("it was asked to fail")

// perform does what a value was told to do.
func perform(deed string) error {
	switch deed {
	case "fail":
		return errDeed
	case "panic":
		panic("it was asked to panic")
	case "kill":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case "exit":
		_, _ = os.Stderr.WriteString("it was asked to exit\n")
		os.Exit(7)
	}
	return nil
}

func init() {
	pickle.RegisterPair(func(v sneaky) (string, error) { return v.Deed, nil },
		func(s string) (sneaky, error) { return sneaky{s}, perform(s) }, "pool_test.sneaky")
	pickle.RegisterPair(func(v clumsy) (string, error) { return v.Deed, perform(v.Deed) },
		func(s string) (clumsy, error) { return clumsy{s}, nil }, "pool_test.clumsy")
	pickle.RegisterPair(func(v fragile) (string, error) { return v.Deed, nil },
		func(s string) (fragile, error) { return fragile{s}, perform(s) }, "pool_test.fragile")
	pickle.RegisterPair(func(v stubborn) (string, error) { return v.Deed, perform(v.Deed) },
		func(s string) (stubborn, error) { return stubborn{s}, nil }, "pool_test.stubborn")
}

// A gruff error's text cannot be had.
type gruff struct{ Text string }

func (*gruff) Error() string { panic("it has no text") }

var (
	takesSneaky   = process.Define("pool_test.takesSneaky", func(_ context.Context, v sneaky) (string, error) { return v.Deed, nil })
	givesClumsy   = process.Define("pool_test.givesClumsy", func(_ context.Context, s string) (clumsy, error) { return clumsy{s}, nil })
	givesFragile  = process.Define("pool_test.givesFragile", func(_ context.Context, s string) (fragile, error) { return fragile{s}, nil })
	takesStubborn = process.Define("pool_test.takesStubborn", func(_ context.Context, v stubborn) (string, error) { return v.Deed, nil })
	failsGruffly  = process.Define("pool_test.failsGruffly", func(context.Context, int) (int, error) { return 0, &gruff{"nobody hears this"} })
)

// remotes runs a case with an executor and a Pool of one worker process each, real and
// emulated.
func remotes(t *testing.T, fn func(t *testing.T, ctx context.Context, ex pool.Executor)) {
	for _, f := range flavours() {
		if !f.remote {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			f.run(t, func(ctx context.Context) {
				for _, ex := range []pool.Executor{f.make(ctx, 1), f.pool(ctx, 1)} {
					fn(t, ctx, ex)
					assert.NoError(t, pool.Shutdown(ctx, ex))
				}
			})
		})
	}
}

// CPython: ExecutorDeadlockTest.test_error_at_task_unpickle, test_error_during_result_pickle_on_worker,
// test_error_during_result_unpickle_in_result_handler, test_error_at_task_pickle: an error or
// a panic at any place where something is taken apart or put together is that of its task,
// says what happened, and harms nothing else: the same worker goes on.
func TestErrorsOnTheWay(t *testing.T) {
	remotes(t, func(t *testing.T, ctx context.Context, ex pool.Executor) {
		pid, err := pool.Submit(ctx, ex, whoami, 0).Result(ctx)
		assert.NoError(t, err)
		for _, deed := range []struct{ name, text string }{{"fail", errDeed.Error()}, {"panic", "it was asked to panic"}} {
			err := pool.Submit(ctx, ex, takesSneaky, sneaky{deed.name}).Exception(ctx)
			var remote *pool.RemoteError
			if assert.ErrorAs(t, err, &remote, "an argument that cannot be put together") {
				assert.Contains(t, remote.Text, deed.text)
				assert.Contains(t, remote.Stack, "goroutine")
			}
			_, err = pool.Map(ctx, ex, takesSneaky, []sneaky{{"well"}, {deed.name}, {"well"}}, pool.WithChunkSize(3))
			assert.ErrorContains(t, err, deed.text)

			err = pool.Submit(ctx, ex, givesClumsy, deed.name).Exception(ctx)
			var lost *pool.EncodingError
			if assert.ErrorAs(t, err, &lost, "a result that cannot be taken apart") {
				assert.Equal(t, "in the worker", lost.Where)
				assert.Contains(t, lost.Reason, deed.text)
				assert.Contains(t, lost.Value, "clumsy")
			}
			_, err = pool.Map(ctx, ex, givesClumsy, []string{"well", deed.name}, pool.WithChunkSize(2))
			if assert.ErrorAs(t, err, &lost) {
				assert.Contains(t, lost.Reason, deed.text)
			}

			err = pool.Submit(ctx, ex, givesFragile, deed.name).Exception(ctx)
			if assert.ErrorAs(t, err, &lost, "a result that cannot be put together") {
				assert.Equal(t, "here", lost.Where)
				assert.Contains(t, lost.Reason, deed.text)
			}
			_, err = pool.Map(ctx, ex, givesFragile, []string{"well", deed.name}, pool.WithChunkSize(1))
			if assert.ErrorAs(t, err, &lost) {
				assert.Contains(t, lost.Reason, deed.text)
			}

			err = pool.Submit(ctx, ex, takesStubborn, stubborn{deed.name}).Exception(ctx)
			assert.ErrorContains(t, err, deed.text, "an argument that cannot be taken apart")
			_, err = pool.Map(ctx, ex, takesStubborn, []stubborn{{"well"}, {deed.name}}, pool.WithChunkSize(1))
			assert.ErrorContains(t, err, deed.text)
		}
		err = pool.Submit(ctx, ex, failsGruffly, 0).Exception(ctx)
		var remote *pool.RemoteError
		if assert.ErrorAs(t, err, &remote, "an error without a text") {
			assert.Equal(t, "*pool_test.gruff", remote.Type)
			assert.Contains(t, remote.Text, "it has no text")
		}
		again, err := pool.Submit(ctx, ex, whoami, 0).Result(ctx)
		assert.NoError(t, err)
		assert.Equal(t, pid, again)
		s := statsOf(ctx, ex)
		assert.Equal(t, []int{1, 0}, []int{s.Started, s.Replaced}, "it is the same worker")
	})
}

// CPython: test_crash_at_task_unpickle, test_exit_at_task_unpickle,
// test_crash_during_result_pickle_on_worker, test_exit_during_result_pickle_on_worker: a
// worker that dies while it puts an argument together, or takes a result apart, has died
// at that task: a Pool has lost it alone, an executor is broken.
func TestDeathOnTheWay(t *testing.T) {
	ctx := t.Context()
	for _, deed := range []struct {
		name  string
		code  int
		words string
	}{{"kill", -int(syscall.SIGKILL), ""}, {"exit", 7, "it was asked to exit"}} {
		for _, c := range []struct {
			name, task string
			submit     func(ex pool.Executor, deed string) error
		}{
			{"argument", takesSneaky.Name(), func(ex pool.Executor, deed string) error {
				return pool.Submit(ctx, ex, takesSneaky, sneaky{deed}).Exception(ctx)
			}},
			{"result", givesClumsy.Name(), func(ex pool.Executor, deed string) error {
				return pool.Submit(ctx, ex, givesClumsy, deed).Exception(ctx)
			}},
		} {
			t.Run(c.name+" "+deed.name, func(t *testing.T) {
				p := processes(t, 1)
				for n := range 2 { // the second by the worker that came instead
					var lost *pool.WorkerError
					err := c.submit(p, deed.name)
					require.ErrorAs(t, err, &lost)
					assert.NotErrorIs(t, err, pool.ErrBroken)
					assert.Equal(t, deed.code, lost.Code)
					assert.Equal(t, c.task, lost.Task)
					assert.EqualValues(t, 2*n+1, lost.Number)
					assert.Contains(t, lost.LastWords, deed.words)
					require.NoError(t, c.submit(p, "well"))
				}
				assert.Equal(t, 2, p.Stats(ctx).Replaced)

				ex := executor(t, 1)
				require.NoError(t, c.submit(ex, "well"))
				err := c.submit(ex, deed.name)
				require.ErrorIs(t, err, pool.ErrBroken)
				var lost *pool.WorkerError
				require.ErrorAs(t, err, &lost)
				assert.Equal(t, deed.code, lost.Code)
				assert.Equal(t, c.task, lost.Task)
				require.ErrorIs(t, c.submit(ex, "well"), pool.ErrBroken)
			})
		}
	}
}

// CPython: test_shutdown_deadlock_pickle, test_gh105829: a shutdown ends although a task that
// waits cannot be taken apart, at its submission or when it is its turn, and though a result
// behind it cannot either.
func TestShutdownWithUnsendable(t *testing.T) {
	for _, f := range flavours() {
		if !f.remote {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			f.run(t, func(ctx context.Context) {
				for _, opts := range [][]pool.Option{nil, {pool.WithWait(false)}, {pool.WithCancelFutures()}} {
					ex := f.make(ctx, 1)
					path, open := gate(t)
					first := pool.Submit(ctx, ex, held, path)
					until(t, ctx, func() bool { return first.Running(ctx) })
					refused := pool.Submit(ctx, ex, takesStubborn, stubborn{"fail"})
					waits := pool.MapAsync(ctx, ex, takesStubborn, []stubborn{{"well"}, {"fail"}, {"panic"}}, pool.WithChunkSize(1))
					result := pool.Submit(ctx, ex, givesClumsy, "fail")
					if len(opts) > 0 { // it does not wait for the gate, or has it opened by nobody else
						assert.NoError(t, pool.Shutdown(ctx, ex, append(opts, pool.WithWait(false))...))
						open()
					} else {
						open()
						assert.NoError(t, pool.Shutdown(ctx, ex))
					}
					assert.NoError(t, first.Exception(ctx))
					assert.ErrorContains(t, refused.Exception(ctx), errDeed.Error())
					_, err := waits.Get(ctx)
					assert.Error(t, err)
					assert.Error(t, result.Exception(ctx))
					assert.NoError(t, pool.Shutdown(ctx, ex))
					s := statsOf(ctx, ex)
					assert.Equal(t, []int{0, 0, 0}, []int{s.Workers, s.Running, s.Pending})
				}
			})
		})
	}
}
