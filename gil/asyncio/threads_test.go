package asyncio_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/asyncio"
)

// TestToThreadOverlaps: the loop turns while threads of its pool wait.
func TestToThreadOverlaps(t *testing.T) {
	m := gil.NewMachine(2)
	err := m.Run(gil.CPython313, func(th *gil.Thread) {
		_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) {
			job := func(co *asyncio.Co) error {
				_, err := asyncio.ToThread(co, func(t *gil.Thread) (int, error) { t.IO(time.Second); return 1, nil })
				return err
			}
			require.NoError(th, asyncio.GatherAll(co, job, job, job))
			require.Equal(th, time.Second, co.Now())
			return nil, nil
		})
		require.NoError(th, err)
	})
	require.NoError(t, err)
	require.Equal(t, time.Second, m.Now())
}

// TestToThreadCompetes: a thread that computes takes the GIL from the loop, and
// the loop asks it back after a switch interval.
func TestToThreadCompetes(t *testing.T) {
	m := gil.NewMachine(2)
	err := m.Run(gil.CPython313, func(th *gil.Thread) {
		_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) {
			work := asyncio.Go(co, "", func(co *asyncio.Co) (any, error) {
				return asyncio.ToThread(co, func(t *gil.Thread) (any, error) { t.Compute(time.Second); return nil, nil })
			})
			require.NoError(th, co.Sleep(0))
			start := co.Now()
			require.Equal(th, 5*time.Millisecond, start) // starting the thread gave the GIL up for an interval
			require.NoError(th, co.Sleep(10*time.Millisecond))
			require.Equal(th, 15*time.Millisecond, co.Now()-start) // due after 10, has the GIL an interval later
			_, err := work.Await(co)
			return nil, err
		})
		require.NoError(th, err)
	})
	require.NoError(t, err)
}

// TestPoolGrows: threads are started as jobs come, up to the limit.
func TestPoolGrows(t *testing.T) {
	m := gil.NewMachine(2)
	err := m.Run(gil.CPython313, func(th *gil.Thread) {
		_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) {
			require.Equal(th, 6, co.Loop().ExecutorSize())
			for range 3 { // one after the other: one thread
				_, err := asyncio.ToThread(co, func(*gil.Thread) (any, error) { return nil, nil })
				require.NoError(th, err)
			}
			require.Equal(th, 2, th.Interpreter().ActiveCount(th))
			var jobs []func(co *asyncio.Co) error
			for range 20 {
				jobs = append(jobs, func(co *asyncio.Co) error {
					_, err := asyncio.ToThread(co, func(t *gil.Thread) (any, error) { t.IO(time.Second); return nil, nil })
					return err
				})
			}
			start := co.Now()
			require.NoError(th, asyncio.GatherAll(co, jobs...))
			require.Equal(th, 7, th.Interpreter().ActiveCount(th))
			require.Equal(th, 4*time.Second, co.Now()-start) // 20 jobs, 6 threads
			return nil, nil
		})
		require.NoError(th, err)
		require.Equal(th, 1, th.Interpreter().ActiveCount(th)) // Run joined them
	})
	require.NoError(t, err)
}

// TestCancelledJobDoesNotBegin: a job that was cancelled in the queue never runs.
func TestCancelledJobDoesNotBegin(t *testing.T) {
	ran := 0
	err := gil.NewMachine(1).Run(gil.CPython313, func(th *gil.Thread) {
		_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) {
			ex := asyncio.NewThreadPool(th, 1)
			co.Loop().SetDefaultExecutor(ex)
			job := func(t *gil.Thread) (any, error) { ran++; t.IO(time.Second); return nil, nil }
			a, err := asyncio.RunInExecutor(co.Loop(), nil, job)
			require.NoError(th, err)
			b, err := asyncio.RunInExecutor(co.Loop(), nil, job)
			require.NoError(th, err)
			b.Cancel()
			_, err = a.Await(co)
			require.NoError(th, err)
			return nil, ex.Shutdown(th)
		})
		require.NoError(th, err)
	})
	require.NoError(t, err)
	require.Equal(t, 1, ran)
}

// TestToThreadPanic: a panic in the thread is the error of the await.
func TestToThreadPanic(t *testing.T) {
	inLoop(t, func(t *testing.T, co *asyncio.Co) error {
		_, err := asyncio.ToThread(co, func(*gil.Thread) (any, error) { panic("boom") })
		require.EqualError(t, err, "asyncio: panic in task asyncio_0: boom")
		return nil
	})
}

// TestForeignGoroutine: a goroutine that is no thread wakes a live loop.
func TestForeignGoroutine(t *testing.T) {
	err := gil.Live().Run(gil.CPython313, func(th *gil.Thread) {
		_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) {
			f := asyncio.NewFuture[int](co.Loop())
			release := co.Loop().Hold()
			go func() {
				_ = co.Loop().CallSoonThreadsafe(nil, func() { _ = f.SetResult(42) })
				release(nil)
			}()
			return f.Await(co)
		})
		require.NoError(th, err)
	})
	require.NoError(t, err)
}

// TestHoldReleased: when the goroutine that was to wake the loop has given up, an
// idle loop is a deadlock.
func TestHoldReleased(t *testing.T) {
	err := gil.Live().Run(gil.CPython313, func(th *gil.Thread) {
		_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) {
			release := co.Loop().Hold()
			go release(nil)
			return asyncio.NewFuture[int](co.Loop()).Await(co)
		})
		require.ErrorIs(th, err, asyncio.ErrDeadlock)
	})
	require.NoError(t, err)
}

// TestInterrupt: Ctrl-C cancels the main coroutine from 3.11 on and ends the loop
// before.
func TestInterrupt(t *testing.T) {
	for _, p := range []gil.Profile{gil.CPython310, gil.CPython313} {
		t.Run(p.Name(), func(t *testing.T) {
			cleaned := false
			err := gil.NewMachine(1).Run(p, func(th *gil.Thread) {
				_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) {
					l := co.Loop()
					th.Go("terminal", func(t *gil.Thread) {
						t.Sleep(time.Second)
						require.NoError(t, l.Interrupt(t))
					})
					err := co.Sleep(time.Minute)
					cleaned = isCancelled(err)
					return nil, err
				})
				require.ErrorIs(th, err, asyncio.ErrKeyboardInterrupt)
			})
			require.NoError(t, err)
			require.True(t, cleaned) // by the interrupt, or by the end of the loop
		})
	}
}

// TestContext: a Co is a context of its thread.
func TestContext(t *testing.T) {
	inLoop(t, func(t *testing.T, co *asyncio.Co) error {
		ctx := context.WithValue(co, key{}, 1)
		same, ok := asyncio.Current(ctx)
		require.True(t, ok)
		require.Same(t, co, same)
		th, ok := gil.Current(ctx)
		require.True(t, ok)
		require.Same(t, co.Thread(), th)
		require.NoError(t, ctx.Err())
		return nil
	})
}

type key struct{}

// TestBlockHolds: a coroutine that blocks holds the loop and gives the GIL up.
func TestBlockHolds(t *testing.T) {
	m := gil.NewMachine(1)
	err := m.Run(gil.CPython313, func(th *gil.Thread) {
		other := th.Go("other", func(t *gil.Thread) { t.Compute(500 * time.Millisecond) })
		_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) {
			block := func(co *asyncio.Co) error { co.Block(time.Second); return nil }
			start := co.Now()
			require.NoError(th, asyncio.GatherAll(co, block, block, block))
			require.Equal(th, 3*time.Second, co.Now()-start)
			require.False(th, other.IsAlive(th)) // it computed meanwhile
			return nil, nil
		})
		require.NoError(th, err)
	})
	require.NoError(t, err)
}

// TestRunners: several runs on one loop; names of tasks go on counting.
func TestRunners(t *testing.T) {
	err := gil.NewMachine(1).Run(gil.CPython313, func(th *gil.Thread) {
		r, err := asyncio.NewRunner(th)
		require.NoError(th, err)
		for _, want := range []string{"Task-1", "Task-2"} {
			got, err := asyncio.RunIn(r, func(co *asyncio.Co) (string, error) { return co.Name(), nil })
			require.NoError(th, err)
			require.Equal(th, want, got)
		}
		require.NoError(th, r.Close())
		require.NoError(th, r.Close())
		_, err = asyncio.RunIn(r, sleepless)
		require.EqualError(th, err, "asyncio: the runner is closed; make a new one")
	})
	require.NoError(t, err)
}

// TestLeftovers is what asyncio.run does with tasks that are left: it cancels them
// and waits for their cleanup; one made in the last turn still begins.
func TestLeftovers(t *testing.T) {
	var log []string
	err := gil.NewMachine(1).Run(gil.CPython313, func(th *gil.Thread) {
		v, err := asyncio.Run(th, func(co *asyncio.Co) (string, error) {
			asyncio.Go(co, "bg", func(co *asyncio.Co) (any, error) {
				err := co.Sleep(time.Hour)
				_ = co.Sleep(time.Minute)
				log = append(log, "cleaned")
				return nil, err
			})
			_ = co.Sleep(0)
			asyncio.Go(co, "last", func(*asyncio.Co) (any, error) { log = append(log, "ran"); return nil, nil })
			return "main result", nil
		})
		require.NoError(th, err)
		require.Equal(th, "main result", v)
		require.Equal(th, time.Minute, th.Now())
	})
	require.NoError(t, err)
	require.Equal(t, []string{"ran", "cleaned"}, log)
}

// TestEagerCurrent: a task that begins inside another is the current one meanwhile.
func TestEagerCurrent(t *testing.T) {
	inLoop(t, func(t *testing.T, co *asyncio.Co) error {
		inner := asyncio.Go(co, "", func(c *asyncio.Co) (any, error) {
			require.Error(t, co.Sleep(0)) // the outer task does not run now
			return nil, c.Sleep(0)
		})
		require.False(t, inner.Done())
		require.NoError(t, co.Sleep(0))
		_, err := inner.Await(co)
		return err
	}, asyncio.WithTaskFactory(asyncio.EagerTaskFactory))
}

// TestGoWith: a task may begin at once, or not, whatever its loop does by default.
func TestGoWith(t *testing.T) {
	for _, how := range []asyncio.TaskFactory{asyncio.DefaultTaskFactory, asyncio.EagerTaskFactory} {
		err := gil.NewMachine(1).Run(gil.CPython314, func(th *gil.Thread) {
			_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) {
				begun := ""
				begin := func(n string) func(co *asyncio.Co) (any, error) {
					return func(*asyncio.Co) (any, error) { begun += n; return n, nil }
				}
				queued, err := asyncio.GoWith(co, asyncio.DefaultTaskFactory, "q", begin("q"))
				require.NoError(th, err)
				eager, err := asyncio.GoWith(co, asyncio.EagerTaskFactory, "e", begin("e"))
				require.NoError(th, err)
				require.True(th, eager.Done())
				require.False(th, queued.Done())
				require.Equal(th, "e", begun)
				_, err = queued.Await(co)
				require.Equal(th, "eq", begun)
				return nil, err
			}, asyncio.WithTaskFactory(how))
			require.NoError(th, err)
		})
		require.NoError(t, err)
	}
	inLoop(t, func(t *testing.T, co *asyncio.Co) error { // 3.13
		_, err := asyncio.GoWith(co, asyncio.EagerTaskFactory, "", sleepless)
		require.ErrorAs(t, err, new(*asyncio.UnavailableError))
		return nil
	})
}

// TestShieldReports: from 3.14 on the failure of shielded work that nobody waits
// for any more is reported, once; before, it is an error that nobody retrieved.
func TestShieldReports(t *testing.T) {
	for p, want := range map[*gil.Profile]string{
		&gil.CPython313: "Task exception was never retrieved",
		&gil.CPython314: "*errors.errorString exception in shielded future",
	} {
		var said []asyncio.ExceptionContext
		boom := errors.New("boom")
		err := gil.NewMachine(1).Run(*p, func(th *gil.Thread) {
			_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) {
				work := asyncio.Go(co, "work", func(co *asyncio.Co) (any, error) { _ = co.Sleep(time.Minute); return nil, boom })
				for range 2 {
					s, err := asyncio.Shield(co, asyncio.Awaiter[any](work))
					require.NoError(th, err)
					_, err = asyncio.WaitFor(co, time.Second, s)
					require.ErrorIs(th, err, asyncio.ErrTimeout)
				}
				return nil, co.Sleep(time.Hour)
			}, asyncio.WithExceptionHandler(func(_ *asyncio.Loop, c asyncio.ExceptionContext) { said = append(said, c) }))
			require.NoError(th, err)
		})
		require.NoError(t, err)
		require.Equal(t, []asyncio.ExceptionContext{{Message: want, Err: boom, Task: "work"}}, said)
	}
}

// TestTasks: what introspection shows.
func TestTasks(t *testing.T) {
	inLoop(t, func(t *testing.T, co *asyncio.Co) error {
		inner := asyncio.Go(co, "inner", func(co *asyncio.Co) (any, error) { return nil, co.Sleep(time.Hour) })
		outer := asyncio.Go(co, "outer", func(co *asyncio.Co) (any, error) { return inner.Await(co) })
		require.NoError(t, co.Sleep(0))
		require.Equal(t, []asyncio.TaskInfo{
			{Name: "Task-1"},
			{Name: "inner", WaitsFor: "sleep", AwaitedBy: []string{"outer"}},
			{Name: "outer", WaitsFor: "task inner"},
		}, co.Loop().Tasks())
		require.Equal(t, "Task-1\nouter waits for task inner\n  inner waits for sleep\n", co.Loop().Tree())
		inner.Cancel()
		_, err := outer.Await(co)
		require.True(t, isCancelled(err))
		return nil
	})
}

// TestMade: debug mode remembers where a task was made.
func TestMade(t *testing.T) {
	inLoop(t, func(t *testing.T, co *asyncio.Co) error {
		task := asyncio.Go(co, "here", sleepless)
		require.Contains(t, co.Loop().Tasks()[1].Made, "threads_test.go:")
		_, err := task.Await(co)
		return err
	}, asyncio.WithDebug())
}

// TestObserver: what an observer sees of a cancelled task.
func TestObserver(t *testing.T) {
	var seen []string
	err := gil.NewMachine(1).Run(gil.CPython313, func(th *gil.Thread) {
		_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) {
			task := asyncio.Go(co, "t", func(co *asyncio.Co) (any, error) { return nil, co.Sleep(time.Hour) })
			_ = co.Sleep(time.Second)
			task.Cancel()
			_, _ = task.Await(co)
			return nil, nil
		}, asyncio.WithObserver(func(e asyncio.LoopEvent) {
			if e.Task == "t" {
				seen = append(seen, e.Kind.String()+" "+e.T.String()+" "+e.For)
			}
		}))
		require.NoError(th, err)
	})
	require.NoError(t, err)
	require.Equal(t, []string{"task-created 0s ", "task-suspended 0s sleep", "cancel-requested 1s ", "cancel-delivered 1s ", "task-ended 1s "}, seen)
}

// TestShuffle: a seed permutes timers of one deadline and nothing else.
func TestShuffle(t *testing.T) {
	orders := map[string]bool{}
	for seed := range uint64(20) {
		out := ""
		err := gil.NewMachine(1).Run(gil.CPython313, func(th *gil.Thread) {
			_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) {
				for _, n := range []string{"a", "b", "c"} {
					co.Loop().CallAt(time.Second, func() { out += n })
					co.Loop().CallSoon(func() { out += n })
				}
				return nil, co.Sleep(2 * time.Second)
			}, asyncio.WithShuffle(seed))
			require.NoError(th, err)
		})
		require.NoError(t, err)
		require.Equal(t, "abc", out[:3]) // the ready queue is FIFO
		orders[out[3:]] = true
	}
	require.Len(t, orders, 6)
}

// TestManyTimers: more cancelled timers than live ones are thrown out together.
func TestManyTimers(t *testing.T) {
	inLoop(t, func(t *testing.T, co *asyncio.Co) error {
		l := co.Loop()
		ran := 0
		var ts []*asyncio.Timer
		for i := range 300 {
			ts = append(ts, l.CallLater(time.Duration(1+i%3)*time.Millisecond, func() { ran++ }))
		}
		for i, x := range ts {
			if i%3 != 0 {
				x.Cancel()
				require.True(t, x.Cancelled())
			}
		}
		require.NoError(t, co.Sleep(5*time.Millisecond))
		require.Equal(t, 100, ran)
		return nil
	})
}
