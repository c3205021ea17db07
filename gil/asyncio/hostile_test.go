package asyncio_test

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/asyncio"
)

// What hostile and unlucky programs do: nothing of it hangs the loop, leaks a
// coroutine or is lost.

// suspended makes n tasks that wait for long and count when they are unwound.
func suspended(co *asyncio.Co, n int, unwound *int) {
	for range n {
		asyncio.Go(co, "", func(co *asyncio.Co) (any, error) {
			defer func() { *unwound++ }()
			return nil, co.Sleep(time.Hour)
		})
	}
	_ = co.Sleep(0)
}

// TestFailNowAnywhere: a requirement that fails ends the thread that runs the loop,
// wherever in the loop it is.
func TestFailNowAnywhere(t *testing.T) {
	fail := func(co *asyncio.Co) { require.Equal(co.Thread(), 1, 2) }
	for name, main := range map[string]func(co *asyncio.Co) error{
		"callback": func(co *asyncio.Co) error {
			co.Loop().CallSoon(func() { fail(co) })
			return co.Sleep(time.Minute)
		},
		"timer": func(co *asyncio.Co) error {
			co.Loop().CallLater(time.Millisecond, func() { fail(co) })
			return co.Sleep(time.Minute)
		},
		"done callback": func(co *asyncio.Co) error {
			f := asyncio.NewFuture[int](co.Loop())
			f.AddDoneCallback(func(*asyncio.Future[int]) { fail(co) })
			_ = f.SetResult(1)
			return co.Sleep(time.Minute)
		},
		"eager task": func(co *asyncio.Co) error {
			_ = co.Loop().SetTaskFactory(asyncio.EagerTaskFactory)
			asyncio.Go(co, "", func(co *asyncio.Co) (any, error) { fail(co); return nil, nil })
			return nil
		},
		"group": func(co *asyncio.Co) error {
			return asyncio.Group(co, func(*asyncio.TaskGroup) error { fail(co); return nil })
		},
		"task of a group": func(co *asyncio.Co) error {
			return asyncio.Group(co, func(g *asyncio.TaskGroup) error {
				return g.Go("", func(co *asyncio.Co) error { fail(co); return nil })
			})
		},
		"timeout": func(co *asyncio.Co) error {
			return asyncio.Timeout(co, time.Hour, func(co *asyncio.Co) error { fail(co); return nil })
		},
		"deferred": func(co *asyncio.Co) error { defer fail(co); return co.Sleep(0) },
		"after a cancellation": func(co *asyncio.Co) error {
			co.Cancel()
			_ = co.Sleep(0)
			fail(co)
			return nil
		},
		"exception handler": func(co *asyncio.Co) error {
			co.Loop().SetExceptionHandler(func(*asyncio.Loop, asyncio.ExceptionContext) { fail(co) })
			co.Loop().CallSoon(func() { panic("boom") })
			return co.Sleep(time.Minute)
		},
	} {
		for world, w := range worlds() {
			t.Run(name+"/"+world, func(t *testing.T) {
				unwound := 0
				err := w.Run(gil.CPython313, func(th *gil.Thread) {
					_, _ = asyncio.Run(th, func(co *asyncio.Co) (any, error) {
						suspended(co, 3, &unwound)
						return nil, main(co)
					})
					t.Error("Run returned")
				})
				require.ErrorAs(t, err, new(*gil.AssertionError))
				require.Equal(t, 3, unwound)
			})
		}
	}
}

// TestGoexitAnywhere: the same for a goroutine that exits, as testing.T.FailNow
// makes it: the loop's own goes with it.
func TestGoexitAnywhere(t *testing.T) {
	for name, main := range map[string]func(co *asyncio.Co) error{
		"callback": func(co *asyncio.Co) error { co.Loop().CallSoon(goexit); return co.Sleep(time.Minute) },
		"eager task": func(co *asyncio.Co) error {
			_ = co.Loop().SetTaskFactory(asyncio.EagerTaskFactory)
			asyncio.Go(co, "", func(*asyncio.Co) (any, error) { goexit(); return nil, nil })
			return nil
		},
		"group": func(co *asyncio.Co) error {
			return asyncio.Group(co, func(*asyncio.TaskGroup) error { goexit(); return nil })
		},
		"one that recovers its unwinding for ever": func(co *asyncio.Co) error {
			asyncio.Go(co, "", func(co *asyncio.Co) (any, error) {
				for {
					func() {
						defer func() { _ = recover() }()
						_, _ = never(co)
					}()
				}
			})
			_ = co.Sleep(0)
			_, err := never(co)
			return err
		},
	} {
		for world, w := range worlds() {
			t.Run(name+"/"+world, func(t *testing.T) {
				done := make(chan int, 1)
				go func() {
					unwound := 0
					defer func() { done <- unwound }()
					_ = w.Run(gil.CPython313, func(th *gil.Thread) {
						_, _ = asyncio.Run(th, func(co *asyncio.Co) (any, error) {
							suspended(co, 3, &unwound)
							co.Loop().CallLater(time.Millisecond, co.Loop().Stop)
							return nil, main(co)
						}, asyncio.WithLog(func(string) {}))
						t.Error("Run returned")
					})
					t.Error("the world returned")
				}()
				require.Equal(t, 3, <-done)
			})
		}
	}
}

// TestDaemonInABlockingCall: a daemon whose coroutine blocks when its interpreter
// ends is unwound from there.
func TestDaemonInABlockingCall(t *testing.T) {
	for world, w := range worlds() {
		t.Run(world, func(t *testing.T) {
			unwound := make(chan string, 2)
			err := w.Run(gil.CPython313, func(m *gil.Thread) {
				var begun gil.Gate
				begun.Init(m, 0, "begun")
				m.Go("loop", func(th *gil.Thread) {
					defer func() { unwound <- "thread" }()
					_, _ = asyncio.Run(th, func(co *asyncio.Co) (any, error) {
						defer func() { unwound <- "coroutine" }()
						begun.Open(th, gil.OpSet, gil.All)
						co.Block(time.Hour)
						return nil, nil
					})
				}, gil.WithDaemon(true))
				begun.Pass(m, gil.OpWait, gil.Forever)
			})
			require.NoError(t, err)
			require.Equal(t, "coroutine", <-unwound)
			require.Equal(t, "thread", <-unwound)
		})
	}
}

// TestAwaitInAnIterator: a coroutine may await inside an iterator that runs as a
// coroutine of its own, and is unwound from there.
func TestAwaitInAnIterator(t *testing.T) {
	for world, w := range map[string]gil.World{"machine": gil.NewMachine(1), "live": gil.Live()} {
		t.Run(world, func(t *testing.T) {
			unwound := 0
			err := w.Run(gil.CPython313, func(th *gil.Thread) {
				_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) {
					numbers := func(co *asyncio.Co) iter.Seq[int] {
						return func(yield func(int) bool) {
							defer func() { unwound++ }()
							for i := 0; co.Sleep(time.Millisecond) == nil && yield(i); i++ {
							}
						}
					}
					sum := func(n int) func(co *asyncio.Co) (int, error) {
						return func(co *asyncio.Co) (int, error) {
							next, stop := iter.Pull(numbers(co))
							defer stop()
							total := 0
							for range n {
								v, ok := next()
								if !ok {
									return 0, asyncio.ErrCancelled
								}
								total += v
							}
							return total, nil
						}
					}
					got, err := asyncio.Gather(co, sum(3), sum(4), sum(5))
					require.NoError(th, err)
					require.Equal(th, []int{3, 6, 10}, got)
					require.Equal(th, 3, unwound)
					asyncio.Go(co, "", sum(1<<30))
					return nil, co.Sleep(10 * time.Millisecond)
				})
				require.NoError(th, err)
			})
			require.NoError(t, err)
			require.Equal(t, 4, unwound)
		})
	}
}

// TestLongChain: cancelling the last of very many tasks that wait for each other.
func TestLongChain(t *testing.T) {
	inOne(t, func(co *asyncio.Co) error {
		var last *asyncio.Task[any]
		for range 20_000 {
			before := last
			last = asyncio.Go(co, "", func(co *asyncio.Co) (any, error) {
				if before == nil {
					return never(co)
				}
				return before.Await(co)
			})
		}
		require.NoError(t, co.Sleep(0))
		last.Cancel()
		_, err := last.Await(co)
		require.ErrorIs(t, err, asyncio.ErrCancelled)
		return nil
	})
}

// TestForeignFutures: a future of another loop is refused wherever it is given.
func TestForeignFutures(t *testing.T) {
	err := gil.NewMachine(1).Run(gil.CPython311, func(th *gil.Thread) {
		r, err := asyncio.NewRunner(th)
		require.NoError(th, err)
		foreign := asyncio.Awaiter[any](asyncio.NewFuture[any](r.Loop()))
		_, err = asyncio.Run(th, func(co *asyncio.Co) (any, error) {
			refused := func(err error) {
				require.ErrorAs(th, err, new(*gil.ValueError))
				require.ErrorContains(th, err, "of another loop")
			}
			_, _, err := asyncio.Wait(co, asyncio.AllCompleted, foreign)
			refused(err)
			_, err = asyncio.GatherFutures(co, foreign)
			refused(err)
			_, err = asyncio.GatherOutcomes(co, foreign)
			refused(err)
			_, err = asyncio.Shield(co, foreign)
			refused(err)
			_, err = asyncio.WaitFor(co, time.Second, foreign)
			refused(err)
			for _, err := range asyncio.AsCompleted(co, foreign) {
				refused(err)
			}
			return nil, nil
		})
		require.NoError(th, err)
		require.NoError(th, r.Close())
	})
	require.NoError(t, err)
}

// TestContextsOfTasks: contexts made from a task start no goroutine.
func TestContextsOfTasks(t *testing.T) {
	err := gil.Live().Run(gil.CPython313, func(th *gil.Thread) {
		var ctx context.Context
		_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) {
			before := runtime.NumGoroutine()
			for range 100 {
				var cancel func()
				ctx, cancel = context.WithCancel(co)
				defer cancel()
			}
			require.Less(th, runtime.NumGoroutine(), before+50, "goroutines of other tests come and go")
			require.NoError(th, ctx.Err())
			return nil, nil
		})
		require.NoError(th, err)
		require.Error(th, ctx.Err())
	})
	require.NoError(t, err)
}

// TestPooledCoroutines: tasks that come one after the other share a stack.
func TestPooledCoroutines(t *testing.T) {
	inLoop(t, func(t *testing.T, co *asyncio.Co) error {
		one := func(co *asyncio.Co) (any, error) { return nil, co.Sleep(0) }
		_, err := asyncio.Gather(co, one, one, one)
		require.NoError(t, err)
		before := runtime.NumGoroutine()
		for range 1000 {
			_, err := asyncio.Gather(co, one, one, one)
			require.NoError(t, err)
		}
		require.Less(t, runtime.NumGoroutine(), before+1000, "goroutines of other tests come and go")
		return nil
	})
}

// TestWrongThreadInDebug: debug mode finds whoever ends a future or makes a task
// from another thread, before anything is lost.
func TestWrongThreadInDebug(t *testing.T) {
	inLoop(t, func(t *testing.T, co *asyncio.Co) error {
		f := asyncio.NewFuture[int](co.Loop())
		l := co.Loop()
		_, err := asyncio.ToThread(co, func(th *gil.Thread) (any, error) {
			for _, wrong := range []func(){
				func() { _ = f.SetResult(1) },
				func() { _ = f.SetError(errors.New("x")) },
				func() { f.Cancel() },
				func() { asyncio.NewTask(l, "", sleepless) },
				func() { l.CallSoon(func() {}) },
				func() { l.CallLater(0, func() {}) },
			} {
				var r *gil.RuntimeError
				require.ErrorAs(th, caught(wrong), &r)
				require.Contains(th, r.PythonText(), "Non-thread-safe operation")
			}
			return nil, nil
		})
		require.NoError(t, err)
		require.False(t, f.Done())
		return f.SetResult(2)
	}, asyncio.WithDebug())
}

// TestSpinning: a loop that waits by yielding again and again gets what it waits
// for, in every world, although turns take no time on a machine.
func TestSpinning(t *testing.T) {
	until := func(co *asyncio.Co, there func() bool) error {
		for !there() {
			if err := co.Sleep(0); err != nil {
				return err
			}
		}
		return nil
	}
	for name, wait := range map[string]func(co *asyncio.Co) error{
		"for a thread that computes": func(co *asyncio.Co) error {
			var done atomic.Bool
			th := co.Thread()
			th.Go("", func(th *gil.Thread) { th.Compute(20 * time.Millisecond); done.Store(true) })
			return until(co, done.Load)
		},
		"for a thread that sleeps": func(co *asyncio.Co) error {
			var done atomic.Bool
			co.Thread().Go("", func(th *gil.Thread) { th.Sleep(20 * time.Millisecond); done.Store(true) })
			return until(co, done.Load)
		},
		"for a timer": func(co *asyncio.Co) error {
			done := false
			co.Loop().CallLater(20*time.Millisecond, func() { done = true })
			return until(co, func() bool { return done })
		},
		"for a moment": func(co *asyncio.Co) error {
			end := co.Now() + 20*time.Millisecond
			return until(co, func() bool { return co.Now() >= end })
		},
	} {
		for world, w := range worlds() {
			for _, p := range []gil.Profile{gil.CPython313, gil.CPython313T} {
				if quick := name == "for a thread that computes" && p.Name() == "3.13"; world == "machine" && !quick && (raceEnabled || testing.Short()) {
					continue // a million turns
				}
				t.Run(name+"/"+world+"/"+p.Name(), func(t *testing.T) {
					require.NoError(t, w.Run(p, func(th *gil.Thread) {
						_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) {
							require.NoError(th, wait(co))
							require.GreaterOrEqual(th, co.Now(), 20*time.Millisecond)
							return nil, nil
						})
						require.NoError(th, err)
					}))
				})
			}
		}
	}
	m := gil.NewMachine(1)
	require.NoError(t, m.Run(gil.CPython313, func(th *gil.Thread) {
		_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) {
			for range 200_000 {
				_ = co.Sleep(0)
			}
			require.Zero(th, co.Now()) // many turns are no spinning
			for range 100 {
				_ = co.Sleep(time.Hour)
			}
			require.Equal(th, 100*time.Hour, co.Now())
			return nil, nil
		})
		require.NoError(th, err)
	}))
}
