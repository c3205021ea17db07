//go:build linux || darwin

package pool_test

import (
	"context"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pool"
)

// soon gives tasks to ex, one at a time, until those who wait read the answers
// themselves. How soon that is depends on how quick the machine is.
func soon(t *testing.T, ctx context.Context, ex *pool.ProcessExecutor) {
	t.Helper()
	for before := pool.Firsthand(ex); pool.Firsthand(ex) == before; {
		v, err := pool.Submit(ctx, ex, square, 7).Result(ctx)
		require.NoError(t, err)
		require.Equal(t, 49, v)
	}
}

// Who waits for a lone task reads the answer himself: a thread, with the GIL given up, and
// a goroutine that is none. Results are right whoever reads, and who is told of results
// in other ways is told.
func TestFirsthand(t *testing.T) {
	for name, run := range map[string]func(fn func(ctx context.Context)){
		"goroutine": func(fn func(ctx context.Context)) { fn(t.Context()) },
		"thread": func(fn func(ctx context.Context)) {
			require.NoError(t, gil.Live().Run(gil.CPython313, func(th *gil.Thread) { fn(th) }))
		},
	} {
		t.Run(name, func(t *testing.T) {
			run(func(ctx context.Context) {
				ex, err := pool.NewProcessExecutor(ctx, 2)
				require.NoError(t, err)
				defer func() { assert.NoError(t, ex.Shutdown(ctx)) }()
				for i := range 20 {
					soon(t, ctx, ex)
					told := make(chan int, 2)
					f := pool.Submit(ctx, ex, square, i)
					f.AddDoneCallback(ctx, func(ctx context.Context, f *pool.Future[int]) {
						v, _ := f.Result(ctx)
						told <- v
					})
					pool.ApplyAsync(ctx, ex, square, i+1, pool.WithCallback(func(_ context.Context, v int) { told <- v }))
					var sum int
					hear := func() { sum = <-told + <-told }
					if th := thread(ctx); th != nil {
						th.Block(hear)
					} else {
						hear()
					}
					require.Equal(t, i*i+(i+1)*(i+1), sum)

					soon(t, ctx, ex)
					v, err := pool.Submit(ctx, ex, square, i).ResultTimeout(ctx, time.Hour)
					require.NoError(t, err)
					require.Equal(t, i*i, v)

					soon(t, ctx, ex)
					out, errs := collect(pool.MapOn(ctx, ex, square, upTo(10)))
					require.Empty(t, errs)
					require.Equal(t, squares(10), out)

					soon(t, ctx, ex)
					fs := []*pool.Future[int]{pool.Submit(ctx, ex, square, i)}
					done, _, err := pool.Wait(ctx, fs, pool.AllCompleted)
					require.NoError(t, err)
					require.Len(t, done, 1)
				}
			})
		})
	}
}

// What ends the wait of one who reads: his context, somebody else who ends the future, and
// the worker's death. The executor goes on as it would.
func TestFirsthandEnds(t *testing.T) {
	ctx := t.Context()
	for range 5 {
		ex := executor(t, 1)
		soon(t, ctx, ex)
		end, cancel := context.WithCancel(ctx)
		path, open := gate(t)
		slow := pool.Submit(ctx, ex, held, path)
		go cancel()
		_, err := slow.Result(end)
		require.ErrorIs(t, err, context.Canceled)
		open()
		v, err := slow.Result(ctx)
		require.NoError(t, err, "nothing is lost")
		require.Equal(t, path, v)

		pid, err := pool.Submit(ctx, ex, whoami, 0).Result(ctx)
		require.NoError(t, err)
		soon(t, ctx, ex)
		stuck := pool.Submit(ctx, ex, forever, 0)
		var wg sync.WaitGroup
		wg.Go(func() { assert.NoError(t, stuck.SetResult(ctx, 5)) })
		five, err := stuck.Result(ctx)
		require.NoError(t, err)
		require.Equal(t, 5, five)
		wg.Wait()
		require.NoError(t, syscall.Kill(pid, syscall.SIGKILL)) // the task runs still

		ex = executor(t, 1)
		pid, err = pool.Submit(ctx, ex, whoami, 0).Result(ctx)
		require.NoError(t, err)
		soon(t, ctx, ex)
		stuck = pool.Submit(ctx, ex, forever, 0)
		wg.Go(func() { assert.NoError(t, syscall.Kill(pid, syscall.SIGKILL)) })
		_, err = stuck.Result(ctx)
		require.ErrorIs(t, err, pool.ErrBroken)
		wg.Wait()
	}
}

// A callback that does not return until the waiter has: who reads does not call it.
func TestFirsthandCallback(t *testing.T) {
	ctx := t.Context()
	ex := executor(t, 1)
	for range 20 {
		soon(t, ctx, ex)
		f := pool.Submit(ctx, ex, nap, time.Millisecond)
		returned := make(chan struct{})
		var wg sync.WaitGroup
		wg.Add(1)
		go f.AddDoneCallback(ctx, func(context.Context, *pool.Future[time.Duration]) {
			<-returned
			wg.Done()
		})
		_, err := f.Result(ctx)
		require.NoError(t, err)
		close(returned)
		wg.Wait()
	}
}

// Many who wait at once, for tasks of few workers.
func TestFirsthandMany(t *testing.T) {
	ctx := t.Context()
	ex := executor(t, 2)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 200 {
				f := pool.Submit(ctx, ex, square, g*i)
				for range i % 3 {
					wg.Go(func() {
						v, err := f.Result(ctx)
						assert.NoError(t, err)
						assert.Equal(t, g*i*g*i, v)
					})
				}
				v, err := f.Result(ctx)
				assert.NoError(t, err)
				assert.Equal(t, g*i*g*i, v)
			}
		})
	}
	wg.Wait()
}
