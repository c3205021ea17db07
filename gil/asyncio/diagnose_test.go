package asyncio_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/asyncio"
	"github.com/pygil/pygil/internal/kernel"
)

// worlds are where a loop runs: virtually, for real, and for real with every use of
// a thread checked.
func worlds() map[string]gil.World {
	return map[string]gil.World{"machine": gil.NewMachine(2), "live": gil.Live(), "checked": gil.Live(gil.WithChecks())}
}

// inLoop runs main in a loop of every world.
func inLoop(t *testing.T, main func(t *testing.T, co *asyncio.Co) error, opts ...asyncio.Option) {
	for name, w := range worlds() {
		t.Run(name, func(t *testing.T) {
			err := w.Run(gil.CPython313, func(th *gil.Thread) {
				_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) { return nil, main(t, co) }, opts...)
				require.NoError(th, err)
			})
			require.NoError(t, err)
		})
	}
}

// TestPanicIsError: a panic of a coroutine is the error of its task, with the
// stack, and the loop goes on.
func TestPanicIsError(t *testing.T) {
	inLoop(t, func(t *testing.T, co *asyncio.Co) error {
		bad := asyncio.Go(co, "bad", func(co *asyncio.Co) (int, error) {
			_ = co.Sleep(0)
			panic(errors.New("boom"))
		})
		_, err := bad.Await(co)
		var p *asyncio.PanicError
		require.ErrorAs(t, err, &p)
		require.Equal(t, "asyncio: panic in task bad: boom", p.Error())
		require.Contains(t, string(p.Stack), "TestPanicIsError")
		return co.Sleep(0)
	})
}

// TestPanicUnretrieved: a panic nobody asked for is raised again by Run.
func TestPanicUnretrieved(t *testing.T) {
	for name, w := range worlds() {
		t.Run(name, func(t *testing.T) {
			err := w.Run(gil.CPython313, func(th *gil.Thread) {
				p := caught(func() {
					_, _ = asyncio.Run(th, func(co *asyncio.Co) (any, error) {
						asyncio.Go(co, "bad", func(*asyncio.Co) (int, error) { panic("boom") })
						return nil, co.Sleep(0)
					})
				})
				require.EqualError(th, p, "asyncio: panic in task bad: boom")
				require.Nil(th, asyncio.RunningLoop(th))
			})
			require.NoError(t, err)
		})
	}
}

// TestFailNowInCoroutine: a failed requirement in a coroutine fails the thread,
// and everything that was suspended is unwound first.
func TestFailNowInCoroutine(t *testing.T) {
	for name, w := range worlds() {
		t.Run(name, func(t *testing.T) {
			unwound := 0
			err := w.Run(gil.CPython313, func(th *gil.Thread) {
				_, _ = asyncio.Run(th, func(co *asyncio.Co) (any, error) {
					for range 3 {
						asyncio.Go(co, "", func(co *asyncio.Co) (any, error) {
							defer func() { unwound++ }()
							return nil, co.Sleep(time.Hour)
						})
					}
					_, err := asyncio.Go(co, "", func(co *asyncio.Co) (any, error) {
						_ = co.Sleep(time.Millisecond)
						require.Equal(co.Thread(), 1, 2)
						return nil, nil
					}).Await(co)
					return nil, err
				})
				t.Error("Run returned")
			})
			require.ErrorAs(t, err, new(*gil.AssertionError))
			require.Equal(t, 3, unwound)
		})
	}
}

// TestGoexitInCoroutine: a coroutine whose goroutine exits takes the thread's
// goroutine with it, and leaks nothing.
func TestGoexitInCoroutine(t *testing.T) {
	done := make(chan int, 1)
	go func() {
		unwound := 0
		defer func() { done <- unwound }()
		_ = gil.Live().Run(gil.CPython313, func(th *gil.Thread) {
			_, _ = asyncio.Run(th, func(co *asyncio.Co) (any, error) {
				asyncio.Go(co, "", func(co *asyncio.Co) (any, error) {
					defer func() { unwound++ }()
					return nil, co.Sleep(time.Hour)
				})
				_ = co.Sleep(0)
				goexit()
				return nil, nil
			})
		})
		t.Error("Run returned")
	}()
	require.Equal(t, 1, <-done)
}

// TestDaemonLoop: a loop on a daemon thread is unwound when its interpreter ends.
func TestDaemonLoop(t *testing.T) {
	for name, w := range worlds() {
		t.Run(name, func(t *testing.T) {
			unwound := make(chan string, 2)
			err := w.Run(gil.CPython313, func(th *gil.Thread) {
				var begun gil.Gate
				begun.Init(th, 0, "begun")
				th.Go("loop", func(th *gil.Thread) {
					defer func() { unwound <- "thread" }()
					_, _ = asyncio.Run(th, func(co *asyncio.Co) (any, error) {
						defer func() { unwound <- "coroutine" }()
						begun.Open(th, gil.OpSet, gil.All)
						return nil, co.Sleep(time.Hour)
					})
				}, gil.WithDaemon(true))
				begun.Pass(th, gil.OpWait, gil.Forever)
			})
			require.NoError(t, err)
			require.Equal(t, "coroutine", <-unwound)
			require.Equal(t, "thread", <-unwound)
		})
	}
}

// TestForeignCo: a Co works in its own coroutine and nowhere else.
func TestForeignCo(t *testing.T) {
	inLoop(t, func(t *testing.T, co *asyncio.Co) error {
		var other *asyncio.Co
		task := asyncio.Go(co, "other", func(co *asyncio.Co) (any, error) {
			other = co
			return nil, co.Sleep(time.Millisecond)
		})
		require.NoError(t, co.Sleep(0))
		require.EqualError(t, other.Sleep(0), "asyncio: await with the Co of task other inside task Task-1: pass each function its own Co")
		_, err := task.Await(other)
		require.ErrorAs(t, err, new(*gil.RuntimeError))
		var mu asyncio.Lock
		require.ErrorAs(t, mu.Acquire(other), new(*gil.RuntimeError))
		require.False(t, mu.Locked())
		co.Loop().CallSoon(func() { err = co.Sleep(0) })
		require.NoError(t, co.Sleep(0))
		require.EqualError(t, err, "asyncio: await with the Co of task Task-1 outside of it, in a callback or on another goroutine: only its own coroutine awaits")
		_, err = task.Await(co)
		require.NoError(t, err)
		require.EqualError(t, other.Sleep(0), "asyncio: await with the Co of task other, which has ended: pass each function its own Co")
		return nil
	})
}

// TestWrongGoroutine: debug mode finds an await on another goroutine.
func TestWrongGoroutine(t *testing.T) {
	inLoop(t, func(t *testing.T, co *asyncio.Co) error {
		got := make(chan error)
		go func() { got <- co.Sleep(0) }()
		require.EqualError(t, <-got, "asyncio: await with the Co of task Task-1 on another goroutine: only its own coroutine awaits")
		return co.Sleep(0)
	}, asyncio.WithDebug())
}

// TestAfterTheLoop: what is left of a loop that has ended says so.
func TestAfterTheLoop(t *testing.T) {
	for name, w := range worlds() {
		t.Run(name, func(t *testing.T) {
			err := w.Run(gil.CPython313, func(th *gil.Thread) {
				var co *asyncio.Co
				_, err := asyncio.Run(th, func(c *asyncio.Co) (any, error) { co = c; return nil, nil })
				require.NoError(th, err)
				require.EqualError(th, co.Sleep(0), "asyncio: await in task Task-1 after its loop has ended: return what is needed from the main coroutine")
				closed := "asyncio: the loop has ended: Event loop is closed"
				require.EqualError(th, caught(func() { co.Loop().CallSoon(func() {}) }), closed)
				require.EqualError(th, caught(func() { asyncio.Go(co, "", sleepless) }), closed)
				require.EqualError(th, co.Loop().CallSoonThreadsafe(th, func() {}), closed)
				require.EqualError(th, co.Loop().RunForever(), closed)
				require.True(th, co.Loop().Closed())
			})
			require.NoError(t, err)
		})
	}
}

// TestNested: a loop in a loop is refused.
func TestNested(t *testing.T) {
	inLoop(t, func(t *testing.T, co *asyncio.Co) error {
		_, err := asyncio.Run(co.Thread(), sleepless)
		var r *gil.RuntimeError
		require.ErrorAs(t, err, &r)
		require.Equal(t, "asyncio.run() cannot be called from a running event loop", r.PythonText())
		return nil
	})
}

// TestDeadlock: a loop that nothing can wake says who waits for whom.
func TestDeadlock(t *testing.T) {
	for name, w := range worlds() {
		t.Run(name, func(t *testing.T) {
			err := w.Run(gil.CPython313, func(th *gil.Thread) {
				_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) {
					a, b := asyncio.Lock{Name: "a"}, asyncio.Lock{Name: "b"}
					both := func(x, y *asyncio.Lock) func(co *asyncio.Co) error {
						return func(co *asyncio.Co) error {
							return x.With(co, func() error {
								if err := co.Sleep(0); err != nil {
									return err
								}
								return y.With(co, func() error { return nil })
							})
						}
					}
					return nil, asyncio.GatherAll(co, both(&a, &b), both(&b, &a))
				})
				require.ErrorIs(th, err, asyncio.ErrDeadlock)
				require.Equal(th, strings.Join([]string{
					"asyncio: deadlock: nothing can wake the loop any more",
					"Task-1 waits for gather",
					"  Task-2 waits for Lock b",
					"  Task-3 waits for Lock a",
				}, "\n"), err.Error())
			})
			require.NoError(t, err)
		})
	}
}

// TestDeadlockWithThreads: when other threads are part of it the world finds the
// deadlock, and the report has the loop's tree as well.
func TestDeadlockWithThreads(t *testing.T) {
	stuck := func(m *gil.Thread) {
		var closed gil.Gate
		closed.Init(m, 0, "a gate")
		other := m.Go("other", func(th *gil.Thread) { closed.Pass(th, gil.OpWait, gil.Forever) })
		_, _ = asyncio.Run(m, func(co *asyncio.Co) (any, error) {
			var a asyncio.Lock
			a.Name = "a"
			_ = a.Acquire(co)
			return nil, asyncio.GatherAll(co, a.Acquire, a.Acquire)
		})
		other.Join(m)
	}
	s := gil.NewSandbox(gil.CPython313, kernel.NewRandomWalk(1), 10_000)
	defer s.Close()
	for name, run := range map[string]func() error{
		"machine":  func() error { return gil.NewMachine(1).Run(gil.CPython313, stuck) },
		"explored": func() error { return s.Run(1, stuck) },
	} {
		t.Run(name, func(t *testing.T) {
			err := run()
			require.ErrorAs(t, err, new(*gil.DeadlockError))
			require.ErrorContains(t, err, "other waits for a gate")
			require.ErrorContains(t, err, "\n    Task-1 waits for gather\n      Task-2 waits for Lock a\n      Task-3 waits for Lock a")
		})
	}
}

// TestCycle: two tasks that wait for each other are shown as a cycle.
func TestCycle(t *testing.T) {
	for name, w := range worlds() {
		t.Run(name, func(t *testing.T) {
			err := w.Run(gil.CPython313, func(th *gil.Thread) {
				_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) {
					var a, b *asyncio.Task[any]
					a = asyncio.Go(co, "a", func(co *asyncio.Co) (any, error) { return b.Await(co) })
					b = asyncio.Go(co, "b", func(co *asyncio.Co) (any, error) { return a.Await(co) })
					return a.Await(co)
				})
				require.ErrorIs(th, err, asyncio.ErrDeadlock)
				require.True(th, strings.HasSuffix(err.Error(), "Task-1 waits for task a\n  a waits for task b\n    b waits for task a\n      a (cycle)\ncycle: a → b → a"), err)
			})
			require.NoError(t, err)
		})
	}
}

// TestLeftPending: a task that refuses its cancellation for ever is unwound and
// named when the loop ends.
func TestLeftPending(t *testing.T) {
	for name, w := range worlds() {
		t.Run(name, func(t *testing.T) {
			var said []string
			unwound := false
			err := w.Run(gil.CPython313, func(th *gil.Thread) {
				_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) {
					asyncio.Go(co, "stubborn", func(co *asyncio.Co) (any, error) {
						defer func() { unwound = true }()
						for {
							_, _ = asyncio.NewFuture[int](co.Loop()).Await(co)
						}
					})
					return nil, co.Sleep(0)
				}, asyncio.WithExceptionHandler(func(_ *asyncio.Loop, c asyncio.ExceptionContext) {
					said = append(said, c.Message+" "+c.Task)
				}))
				require.ErrorIs(th, err, asyncio.ErrDeadlock)
			})
			require.NoError(t, err)
			require.True(t, unwound)
			require.Equal(t, []string{"Task was destroyed but it is pending! stubborn"}, said)
		})
	}
}

// TestNeverAwaited: a coroutine object nobody awaits is reported.
func TestNeverAwaited(t *testing.T) {
	var said []string
	err := gil.NewMachine(1).Run(gil.CPython313, func(th *gil.Thread) {
		_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) {
			asyncio.NewCoroutine(co.Loop(), "forgotten", sleepless)
			asyncio.NewCoroutine(co.Loop(), "closed", sleepless).Close()
			return asyncio.NewCoroutine(co.Loop(), "awaited", sleepless).Await(co)
		}, asyncio.WithLog(func(s string) { said = append(said, s) }))
		require.NoError(th, err)
	})
	require.NoError(t, err)
	require.Equal(t, []string{"RuntimeWarning: coroutine 'forgotten' was never awaited"}, said)
}

// TestRemembered: a loop that runs for long does not remember every coroutine and
// every error it has seen.
func TestRemembered(t *testing.T) {
	inLoop(t, func(t *testing.T, co *asyncio.Co) error {
		boom := errors.New("boom")
		fails := func(*asyncio.Co) (any, error) { return nil, boom }
		kept := asyncio.NewCoroutine(co.Loop(), "kept", fails)
		for range 1000 {
			_, err := asyncio.WaitForFunc(co, time.Hour, fails)
			require.Equal(t, boom, err)
			_, err = asyncio.Go(co, "", fails).Await(co)
			require.Equal(t, boom, err)
			_, err = asyncio.NewCoroutine(co.Loop(), "", fails).Await(co)
			require.Equal(t, boom, err)
		}
		require.LessOrEqual(t, co.Loop().Remembered(), 128)
		_, err := kept.Await(co)
		require.Equal(t, boom, err)
		return nil
	})
}

// TestNeverAwaitedManyTimes: however many coroutines are forgotten, each is named.
func TestNeverAwaitedManyTimes(t *testing.T) {
	said := 0
	inOne(t, func(co *asyncio.Co) error {
		for i := range 1000 {
			c := asyncio.NewCoroutine(co.Loop(), "x", sleepless)
			if i%3 == 0 {
				c.Close()
			}
		}
		return nil
	}, asyncio.WithLog(func(string) { said++ }))
	require.Equal(t, 666, said)
}

// TestRecoveredUnwinding: a coroutine that recovers the panic which unwinds it
// meets it again at its next await.
func TestRecoveredUnwinding(t *testing.T) {
	tries := 0
	err := gil.NewMachine(1).Run(gil.CPython313, func(th *gil.Thread) {
		_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) {
			asyncio.Go(co, "", func(co *asyncio.Co) (any, error) {
				wait := func() {
					defer func() { _ = recover() }()
					tries++
					_, _ = asyncio.NewFuture[int](co.Loop()).Await(co)
				}
				wait()
				wait()
				wait()
				return nil, nil
			})
			return asyncio.NewFuture[any](co.Loop()).Await(co)
		}, asyncio.WithLog(func(string) {}))
		require.ErrorIs(th, err, asyncio.ErrDeadlock)
	})
	require.NoError(t, err)
	require.Equal(t, 3, tries)
}

// TestWithoutAsyncio: old Pythons have none.
func TestWithoutAsyncio(t *testing.T) {
	for _, p := range []gil.Profile{gil.CPython27, gil.CPython31, gil.CPython32, gil.JVM} {
		err := gil.NewMachine(1).Run(p, func(th *gil.Thread) {
			_, err := asyncio.Run(th, sleepless)
			require.ErrorAs(th, err, new(*asyncio.UnavailableError), p.Name())
		})
		require.NoError(t, err)
	}
}

// TestMisuse: what cannot be is refused with Python's text.
func TestMisuse(t *testing.T) {
	inLoop(t, func(t *testing.T, co *asyncio.Co) error {
		python := func(err error) string {
			p, ok := err.(interface{ PythonText() string })
			require.True(t, ok, "%v", err)
			require.True(t, strings.HasPrefix(err.Error(), "asyncio: "), err.Error())
			return p.PythonText()
		}
		task := asyncio.Go(co, "t", sleepless)
		require.Equal(t, "Task does not support set_result operation", python(task.SetResult(1)))
		require.Equal(t, "Task does not support set_exception operation", python(task.SetError(errors.New("x"))))
		_, err := task.Result()
		require.ErrorIs(t, err, asyncio.ErrInvalidState)
		f := asyncio.NewFuture[int](co.Loop())
		require.ErrorIs(t, f.Err(), asyncio.ErrInvalidState)
		require.Error(t, f.SetError(nil))
		require.NoError(t, f.SetResult(1))
		require.ErrorIs(t, f.SetResult(2), asyncio.ErrInvalidState)
		require.ErrorIs(t, f.SetError(errors.New("x")), asyncio.ErrInvalidState)
		_, _, err = asyncio.Wait(co, asyncio.AllCompleted)
		require.Equal(t, "Set of Tasks/Futures is empty.", python(err))
		require.Equal(t, "Semaphore initial value must be >= 0", python(caught(func() { asyncio.NewSemaphore(-1) })))
		require.Equal(t, "parties must be > 0", python(caught(func() { asyncio.NewBarrier(0) })))
		require.Equal(t, "cannot wait on un-acquired lock", python(new(asyncio.Condition).Wait(co)))
		_, err = task.Await(co)
		return err
	})
}
