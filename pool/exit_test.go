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

// endings runs a case with executors of each kind that a thread makes: what main does is a whole
// program, which has ended when run returns.
func endings(t *testing.T, fn func(t *testing.T, make func(th *gil.Thread) pool.Executor, run func(main func(th *gil.Thread)))) {
	for _, f := range flavours() {
		if f.name == "processes" {
			continue // no thread has made them
		}
		t.Run(f.name, func(t *testing.T) {
			fn(t, func(th *gil.Thread) pool.Executor { return f.make(th, 2) }, func(main func(th *gil.Thread)) {
				f.run(t, func(ctx context.Context) { main(thread(ctx)) })
			})
		})
	}
}

// An executor that nobody shuts down ends with its program, when it has done what it was
// given. Python: concurrent.futures.thread._python_exit.
func TestForgottenExecutor(t *testing.T) {
	endings(t, func(t *testing.T, create func(th *gil.Thread) pool.Executor, run func(main func(th *gil.Thread))) {
		var fs []*pool.Future[time.Duration]
		run(func(th *gil.Thread) {
			_, idle := create(th), create(th)
			v, err := pool.Submit(th, idle, square, 3).Result(th)
			assert.NoError(t, err)
			assert.Equal(t, 9, v)
			busy, left := create(th), create(th)
			for range 5 {
				fs = append(fs, pool.Submit(th, busy, nap, 3*time.Millisecond), pool.Submit(th, left, nap, 3*time.Millisecond))
			}
			assert.NoError(t, pool.Shutdown(th, left, pool.WithWait(false)))
		})
		assert.Len(t, fs, 10)
		for _, f := range fs {
			d, err := f.TryResult(context.Background())
			assert.NoError(t, err)
			assert.Equal(t, 3*time.Millisecond, d)
		}
	})
}

// CPython: ThreadPoolShutdownTest.test_interpreter_shutdown, test_submit_after_interpreter_shutdown:
// what a thread submits when the main one has ended is refused with a text of its own, and what
// had been submitted is done.
func TestSubmitAfterTheEnd(t *testing.T) {
	endings(t, func(t *testing.T, create func(th *gil.Thread) pool.Executor, run func(main func(th *gil.Thread))) {
		var late, afterShutdown error
		run(func(th *gil.Thread) {
			ex, shut := create(th), create(th)
			pool.Submit(th, shut, nap, 50*time.Millisecond)
			assert.NoError(t, pool.Shutdown(th, shut, pool.WithWait(false)))
			m := th.Interpreter().Main()
			th.Go("late", func(u *gil.Thread) {
				for m.IsAlive(u) {
					u.Sleep(time.Millisecond)
				}
				for late == nil { // until the executor has noticed it, too
					u.Sleep(time.Millisecond)
					late = pool.Submit(u, ex, square, 3).Exception(u)
				}
				afterShutdown = pool.Submit(u, shut, square, 3).Exception(u)
			})
		})
		for err, text := range map[error]string{
			late:          "cannot schedule new futures after interpreter shutdown",
			afterShutdown: "cannot schedule new futures after shutdown",
		} {
			assert.ErrorIs(t, err, pool.ErrShutdown)
			var python interface{ PythonText() string }
			if assert.ErrorAs(t, err, &python) {
				assert.Equal(t, text, python.PythonText())
			}
		}
	})
}

// The threads of a pool are daemons: a pool that was forgotten keeps no program from ending,
// and its workers end with it. CPython: TestThreadPool, util.Finalize.
func TestForgottenPool(t *testing.T) {
	for _, f := range flavours() {
		if f.pool == nil || f.remote && !f.virtual {
			continue // real daemons end with this program, see package process
		}
		t.Run(f.name, func(t *testing.T) {
			f.run(t, func(ctx context.Context) {
				p := f.pool(ctx, 2)
				v, err := pool.Apply(ctx, p, square, 3)
				assert.NoError(t, err)
				assert.Equal(t, 9, v)
				pool.Submit(ctx, p, nap, time.Hour)
			})
		})
	}
}

// Nobody is remembered whose workers have ended.
func TestEndedExecutorsAreForgotten(t *testing.T) {
	for _, f := range flavours() {
		if f.name == "processes" {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			f.run(t, func(ctx context.Context) {
				for _, use := range []bool{true, false} {
					for _, wait := range []bool{true, false} {
						ex := f.make(ctx, 2)
						forgotten := pool.Forgotten(ex)
						if use {
							_, err := pool.Submit(ctx, ex, square, 3).Result(ctx)
							assert.NoError(t, err)
						}
						assert.NoError(t, pool.Shutdown(ctx, ex, pool.WithWait(wait)))
						until(t, ctx, forgotten)
					}
				}
			})
		})
	}
}

// A program whose executor runs a task that waits for main's end.
var forgetful = process.Define("pool_test.forgetful", func(t *gil.Thread, n int) (int, error) {
	ex := pool.NewThreadExecutor(t, 2)
	m := t.Interpreter().Main()
	pool.Submit(t, ex, pool.Func(func(u *gil.Thread, _ int) (int, error) {
		for m.IsAlive(u) {
			u.Sleep(time.Millisecond)
		}
		return 0, nil
	}), 0)
	return n, nil
})

// A real program ends as an emulated one does.
func TestForgottenInAProgram(t *testing.T) {
	v, err := forgetful.Call(t.Context(), 7)
	require.NoError(t, err)
	assert.Equal(t, 7, v)
}
