//go:build linux || darwin

package pool_test

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pool"
	"github.com/pygil/pygil/process"
)

// forces are the two ways, and the signal of each.
var forces = map[string]struct {
	end    func(x *pool.ProcessExecutor, ctx context.Context)
	signal syscall.Signal
}{
	"terminate": {(*pool.ProcessExecutor).TerminateWorkers, syscall.SIGTERM},
	"kill":      {(*pool.ProcessExecutor).KillWorkers, syscall.SIGKILL},
}

// force runs a case with executors of n processes, real and emulated ones, which the case ends
// by force. What is true after that is looked at here.
func force(t *testing.T, n int, fn func(t *testing.T, ctx context.Context, x *pool.ProcessExecutor, end func(), sig syscall.Signal), opts ...pool.Option) {
	for name, how := range forces {
		t.Run(name, func(t *testing.T) {
			for _, f := range moreFlavours() {
				t.Run(f.name, func(t *testing.T) {
					f.run(t, func(ctx context.Context) {
						x := f.make(ctx, n, opts...).(*pool.ProcessExecutor)
						fn(t, ctx, x, func() { how.end(x, ctx) }, how.signal)
						assert.NoError(t, x.Shutdown(ctx))
						s := x.Stats(ctx)
						assert.Zero(t, s.Workers+s.Running+s.Pending+s.Retried)
						assert.Equal(t, s.Submitted, s.Completed+s.Cancelled)
						_, err := pool.TrySubmit(ctx, x, square, 2)
						assert.True(t, errors.Is(err, pool.ErrShutdown) || errors.Is(err, pool.ErrBroken), "%v", err)
					})
				})
			}
		})
	}
}

// CPython: test_terminate_workers, test_kill_workers, test_force_shutdown_workers: what runs
// fails with what ended its worker, and is not tried again; what waits is cancelled.
func TestForce(t *testing.T) {
	force(t, 2, func(t *testing.T, ctx context.Context, x *pool.ProcessExecutor, end func(), sig syscall.Signal) {
		var begun, waiting []*pool.Future[int]
		dir := t.TempDir()
		for _, name := range []string{"a", "b"} {
			begun = append(begun, pool.Submit(ctx, x, dwell, dir+"/"+name))
			until(t, ctx, func() bool { _, err := os.Stat(dir + "/" + name); return err == nil })
		}
		for range 3 {
			waiting = append(waiting, pool.Submit(ctx, x, dwell, dir+"/never"))
		}
		end()
		for _, f := range waiting {
			assert.True(t, f.Cancelled(ctx), "at once")
		}
		for i, f := range begun {
			err := f.Exception(ctx)
			assert.ErrorIs(t, err, pool.ErrBroken)
			var death *pool.WorkerError
			if assert.ErrorAs(t, err, &death) {
				assert.Equal(t, -int(sig), death.Code)
				assert.EqualValues(t, i+1, death.Number)
				assert.Equal(t, "pool_test.dwell", death.Task)
			}
		}
		assert.NoFileExists(t, dir+"/never")
	}, pool.WithRetries(3))
}

// CPython: test_force_shutdown_workers_stops_pool: workers that have nothing to do end, too.
func TestForceIdle(t *testing.T) {
	force(t, 2, func(t *testing.T, ctx context.Context, x *pool.ProcessExecutor, end func(), _ syscall.Signal) {
		v, err := pool.Submit(ctx, x, square, 3).Result(ctx)
		assert.NoError(t, err)
		assert.Equal(t, 9, v)
		end()
		assert.ErrorIs(t, pool.Submit(ctx, x, square, 3).Exception(ctx), pool.ErrBroken)
		end()
	})
}

// CPython: test_force_shutdown_workers_not_started_yet: without a worker it is a shutdown, also
// when it comes a second time.
func TestForceUnused(t *testing.T) {
	force(t, 2, func(t *testing.T, ctx context.Context, x *pool.ProcessExecutor, end func(), _ syscall.Signal) {
		end()
		end()
		err := pool.Submit(ctx, x, square, 3).Exception(ctx)
		assert.ErrorIs(t, err, pool.ErrShutdown)
		assert.NotErrorIs(t, err, pool.ErrBroken)
	})
	force(t, 2, func(t *testing.T, ctx context.Context, x *pool.ProcessExecutor, end func(), _ syscall.Signal) {
		f := pool.Submit(ctx, x, square, 3)
		assert.NoError(t, x.Shutdown(ctx))
		end()
		v, err := f.Result(ctx)
		assert.NoError(t, err)
		assert.Equal(t, 9, v)
	})
}

// Workers that are just starting are ended.
func TestForceStarting(t *testing.T) {
	force(t, 4, func(t *testing.T, ctx context.Context, x *pool.ProcessExecutor, end func(), _ syscall.Signal) {
		var fs []*pool.Future[time.Duration]
		for range 6 {
			fs = append(fs, pool.Submit(ctx, x, nap, time.Hour))
		}
		end()
		for _, f := range fs {
			if !f.Cancelled(ctx) {
				assert.ErrorIs(t, f.Exception(ctx), pool.ErrBroken)
			}
		}
	})
}

var (
	// dwell makes a file and stays.
	dwell = process.Define("pool_test.dwell", func(t *gil.Thread, path string) (int, error) {
		err := os.WriteFile(path, nil, 0o600)
		t.Sleep(time.Hour)
		return 0, err
	})
	// perish kills its process.
	perish = process.Define("pool_test.perish", func(context.Context, int) (int, error) {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	})
	// heeds leaves a thread behind that its process has to wait for, until somebody asks that to
	// end; it makes a file then.
	heeds = process.Define("pool_test.heeds", func(t *gil.Thread, path string) (int, error) {
		asked := make(chan os.Signal, 1)
		signal.Notify(asked, syscall.SIGTERM)
		t.Go("heeds", func(t *gil.Thread) {
			t.Block(func() { <-asked })
			_ = os.WriteFile(path, nil, 0o600)
		})
		return os.Getpid(), nil
	})
)

// CPython: test_force_shutdown_workers_dead_workers: with nobody left there is nobody to end.
func TestForceDead(t *testing.T) {
	for name, how := range forces {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			x, err := pool.NewProcessExecutor(ctx, 1)
			require.NoError(t, err)
			assert.ErrorIs(t, pool.Submit(ctx, x, perish, 0).Exception(ctx), pool.ErrBroken)
			how.end(x, ctx)
			require.NoError(t, x.Shutdown(ctx))
			how.end(x, ctx)
		})
	}
}

// Idle workers get the signal, and those get it that have been told to go and have not gone.
func TestTerminateWorkersAsksAll(t *testing.T) {
	for name, before := range map[string]func(ctx context.Context, x *pool.ProcessExecutor) error{
		"idle": func(context.Context, *pool.ProcessExecutor) error { return nil },
		"going": func(ctx context.Context, x *pool.ProcessExecutor) error {
			return pool.Shutdown(ctx, x, pool.WithWait(false))
		},
		"has done its share": func(ctx context.Context, x *pool.ProcessExecutor) error {
			until(t, ctx, func() bool { return x.Stats(ctx).Workers == 0 })
			return nil
		},
		"was replaced": func(ctx context.Context, x *pool.ProcessExecutor) error {
			_, err := pool.Submit(ctx, x, square, 3).Result(ctx) // another one has taken its place
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, path := t.Context(), t.TempDir()+"/asked"
			var opts []pool.Option
			if name == "has done its share" || name == "was replaced" {
				opts = append(opts, pool.WithMaxTasksPerChild(1))
			}
			x, err := pool.NewProcessExecutor(ctx, 1, opts...)
			require.NoError(t, err)
			_, err = pool.Submit(ctx, x, heeds, path).Result(ctx)
			require.NoError(t, err)
			require.NoError(t, before(ctx, x))
			x.TerminateWorkers(ctx)
			require.NoError(t, x.Shutdown(ctx))
			assert.FileExists(t, path)
		})
	}
}

// Who ignores SIGTERM cannot ignore SIGKILL, also when he was asked before.
func TestKillWorkersIgnoring(t *testing.T) {
	for name, how := range map[string]func(ctx context.Context, x *pool.ProcessExecutor){
		"killed":                func(ctx context.Context, x *pool.ProcessExecutor) { x.KillWorkers(ctx) },
		"terminated and killed": func(ctx context.Context, x *pool.ProcessExecutor) { x.TerminateWorkers(ctx); x.KillWorkers(ctx) },
		"terminated":            func(ctx context.Context, x *pool.ProcessExecutor) { x.TerminateWorkers(ctx) },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, path := t.Context(), t.TempDir()+"/ignores"
			x, err := pool.NewProcessExecutor(ctx, 1)
			require.NoError(t, err)
			f := pool.Submit(ctx, x, touchy, path)
			until(t, ctx, func() bool { _, err := os.Stat(path); return err == nil })
			how(ctx, x)
			var death *pool.WorkerError
			require.ErrorAs(t, f.Exception(ctx), &death)
			assert.Equal(t, syscall.SIGKILL, death.Signal())
			require.NoError(t, x.Shutdown(ctx))
		})
	}
}

// Who waits for room finds that there will be none.
func TestForceMakesRoom(t *testing.T) {
	ctx, path := t.Context(), t.TempDir()+"/begun"
	x, err := pool.NewProcessExecutor(ctx, 1, pool.WithMaxPending(2))
	require.NoError(t, err)
	begun := pool.Submit(ctx, x, dwell, path)
	until(t, ctx, func() bool { _, err := os.Stat(path); return err == nil })
	waits := pool.Submit(ctx, x, dwell, path)
	late := make(chan error)
	go func() { late <- pool.Submit(ctx, x, dwell, path).Exception(ctx) }()
	x.TerminateWorkers(ctx)
	assert.ErrorIs(t, waits.Exception(ctx), pool.ErrCancelled)
	assert.ErrorIs(t, <-late, pool.ErrBroken)
	assert.ErrorIs(t, begun.Exception(ctx), pool.ErrBroken)
	require.NoError(t, x.Shutdown(ctx))
}

// Whoever waits for the end of what is ended by force is told.
func TestForceTells(t *testing.T) {
	force(t, 1, func(t *testing.T, ctx context.Context, x *pool.ProcessExecutor, end func(), _ syscall.Signal) {
		path := t.TempDir() + "/begun"
		begun := pool.Submit(ctx, x, dwell, path)
		until(t, ctx, func() bool { _, err := os.Stat(path); return err == nil })
		waits := pool.Submit(ctx, x, dwell, path)
		var told []error
		for _, f := range []*pool.Future[int]{begun, waits} {
			f.AddDoneCallback(ctx, func(ctx context.Context, f *pool.Future[int]) {
				_, err := f.Result(ctx)
				told = append(told, err)
			})
		}
		end()
		done, left, err := pool.Wait(ctx, []*pool.Future[int]{begun, waits}, pool.AllCompleted)
		assert.NoError(t, err)
		assert.Len(t, done, 2)
		assert.Empty(t, left)
		assert.NoError(t, x.Shutdown(ctx))
		if assert.Len(t, told, 2) {
			assert.ErrorIs(t, told[0], pool.ErrCancelled)
			assert.ErrorIs(t, told[1], pool.ErrBroken)
			assert.ErrorContains(t, told[1], "pool_test.dwell")
		}
	})
}
