package asyncio_test

import (
	"errors"
	"fmt"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil/asyncio"
)

func init() {
	experiments = append(experiments, []experiment{
		{name: "ready_fifo", ask: func(x *x) any {
			base := x.it()
			var cb func(n string) func()
			cb = func(n string) func() {
				return func() {
					x.add(tuple{n, x.it() - base})
					if n == "a" || n == "b" {
						x.loop.CallSoon(cb(string(n[0] - 32)))
					}
				}
			}
			for _, n := range []string{"a", "b", "c"} {
				x.loop.CallSoon(cb(n))
			}
			x.sleep(0)
			x.sleep(0)
			x.sleep(0)
			return x.log
		}},
		{name: "create_task_not_eager", ask: func(x *x) any {
			say := func(s string) body { return do(func(*asyncio.Co) error { x.add(s); return nil }) }
			x.task(say("t1"))
			x.add("created1")
			x.task(say("t2"))
			x.add("created2")
			x.sleep(0)
			x.add("after sleep(0)")
			return x.log
		}},
		{name: "soon_vs_task", ask: func(x *x) any {
			x.loop.CallSoon(func() { x.add("cb1") })
			x.task(do(func(*asyncio.Co) error { x.add("task"); return nil }))
			x.loop.CallSoon(func() { x.add("cb2") })
			x.sleep(0)
			return x.log
		}},
		{name: "sleep0_round_robin", ask: func(x *x) any {
			out := ""
			t := func(n string) body {
				return do(func(co *asyncio.Co) error {
					for i := range 3 {
						out += fmt.Sprintf(" %s%d", n, i)
						if err := co.Sleep(0); err != nil {
							return err
						}
					}
					return nil
				})
			}
			_, err := x.gather(t("A"), t("B"), t("C"))
			require.NoError(x.t, err)
			return out[1:]
		}},
		{name: "sleep0_is_one_iteration", ask: func(x *x) any {
			for _, d := range []float64{0, -1} {
				a := x.it()
				x.sleep(d)
				x.addf("sleep(%g)=%d", d, x.it()-a)
			}
			a := x.it()
			x.sleep(1)
			x.addf("sleep(1)=%d", x.it()-a)
			return x.log
		}},
		{name: "await_coroutine_no_yield", ask: func(x *x) any {
			c := func(*asyncio.Co) (any, error) { return 1, nil }
			a := x.it()
			_, _ = c(x.co)
			coroutine := x.it() - a
			f := asyncio.NewFuture[int](x.loop)
			require.NoError(x.t, f.SetResult(1))
			a = x.it()
			_, _ = f.Await(x.co)
			future := x.it() - a
			t := x.task(c)
			_, _ = t.Await(x.co)
			a = x.it()
			_, _ = t.Await(x.co)
			return dict{"coroutine", coroutine, "done_future", future, "done_task", x.it() - a}
		}},
		{name: "await_new_task_hops", ask: func(x *x) any {
			c := func(*asyncio.Co) (any, error) { return 1, nil }
			turns := func(fn func()) int64 {
				a := x.it()
				fn()
				return x.it() - a
			}
			coroutine := func() *asyncio.Coroutine[any] { return asyncio.NewCoroutine(x.loop, "c", c) }
			return dict{
				"task", turns(func() { _, _ = x.task(c).Await(x.co) }),
				"task_sleep0", turns(func() { _, _ = x.task(sleeping(0, nil)).Await(x.co) }),
				"gather1", turns(func() { _, _ = x.gather(c) }),
				"wait1", turns(func() { _, _, _ = asyncio.Wait(x.co, asyncio.AllCompleted, x.task(c)) }),
				"wait_for", turns(func() { _, _ = asyncio.WaitFor(x.co, secs(10), asyncio.Awaiter[any](coroutine())) }),
				"shield", turns(func() {
					s, err := asyncio.Shield(x.co, asyncio.Awaiter[any](coroutine()))
					require.NoError(x.t, err)
					_, _ = s.Await(x.co)
				}),
			}
		}},
		{name: "taskgroup_hops", ask: func(x *x) any {
			a := x.it()
			err := asyncio.Group(x.co, func(g *asyncio.TaskGroup) error {
				return g.Go("", func(*asyncio.Co) error { return nil })
			})
			if err != nil {
				return exc(err)
			}
			one := x.it() - a
			a = x.it()
			require.NoError(x.t, asyncio.Group(x.co, func(*asyncio.TaskGroup) error { return nil }))
			return dict{"one", one, "empty", x.it() - a}
		}},
		{name: "future_callbacks_order", ask: func(x *x) any {
			f := asyncio.NewFuture[int](x.loop)
			for _, n := range []string{"a", "b", "c"} {
				f.AddDoneCallback(func(*asyncio.Future[int]) { x.add(n) })
			}
			require.NoError(x.t, f.SetResult(1))
			x.add("set")
			f.AddDoneCallback(func(*asyncio.Future[int]) { x.add("late") })
			x.sleep(0)
			return x.log
		}},
		{name: "waiters_of_one_future", ask: func(x *x) any {
			f := asyncio.NewFuture[int](x.loop)
			for _, n := range []string{"A", "B", "C"} {
				x.task(do(func(co *asyncio.Co) error { _, err := f.Await(co); x.add(n); return err }))
			}
			x.sleep(0)
			require.NoError(x.t, f.SetResult(1))
			x.sleep(0)
			return x.log
		}},
		{name: "exception_in_callback", ask: func(x *x) any {
			x.loop.SetExceptionHandler(func(_ *asyncio.Loop, c asyncio.ExceptionContext) { x.add(exc(c.Err)) })
			x.loop.CallSoon(func() { panic(&pyError{"ZeroDivisionError", "division by zero"}) })
			x.loop.CallSoon(func() { x.add("next") })
			x.sleep(0)
			return x.log
		}},
		{name: "handle_cancel", ask: func(x *x) any {
			h := x.loop.CallSoon(func() { x.add("x") })
			x.loop.CallSoon(func() { x.add("y") })
			h.Cancel()
			x.sleep(0)
			return x.log
		}},
		{name: "stop_finishes_batch", outside: true, ask: func(x *x) any {
			r, err := asyncio.NewRunner(x.th)
			require.NoError(x.t, err)
			l := r.Loop()
			l.CallSoon(func() {
				x.add("one")
				l.CallSoon(func() { x.add("nested") })
				l.Stop()
			})
			l.CallSoon(func() { x.add("two") })
			require.NoError(x.t, l.RunForever())
			x.add("stopped")
			require.NoError(x.t, r.Close())
			return x.log
		}},
		{name: "timers_by_deadline", ask: func(x *x) any {
			for _, d := range []int{3, 1, 2} {
				x.loop.CallLater(secs(float64(d)), func() { x.add(tuple{d, x.now()}) })
			}
			x.sleep(4)
			return x.log
		}},
		{name: "timers_equal_deadline", ask: func(x *x) any {
			var out dict
			for _, n := range []int{2, 3, 4, 5, 6, 8, 10} {
				var log list
				at := x.loop.Time() + secs(1)
				for i := range n {
					x.loop.CallAt(at, func() { log = append(log, i) })
				}
				x.sleep(2)
				out = append(out, n, log)
			}
			return out
		}},
		{name: "sleepers_equal_delay", ask: func(x *x) any {
			var fns []body
			for i := range 10 {
				fns = append(fns, do(func(co *asyncio.Co) error { err := sleep(co, 1); x.add(i); return err }))
			}
			_, err := x.gather(fns...)
			require.NoError(x.t, err)
			return x.log
		}},
		{name: "timer_vs_ready", ask: func(x *x) any {
			x.loop.CallLater(secs(1), func() { x.add("timer") })
			x.loop.CallSoon(func() {
				x.th.Compute(secs(2))
				x.loop.CallSoon(func() { x.add("soon") })
			})
			x.sleep(0)
			x.sleep(0)
			x.sleep(0)
			return x.log
		}},
		{name: "sleep_wake_two_iterations", ask: func(x *x) any {
			var base int64
			x.task(do(func(co *asyncio.Co) error {
				err := sleep(co, 1)
				x.add(tuple{"task", x.it() - base})
				return err
			}))
			x.sleep(0)
			x.loop.CallAt(secs(1), func() { x.add(tuple{"callback", x.it() - base}) })
			base = x.it()
			x.sleep(2)
			return x.log
		}},
		{name: "overdue_timers", ask: func(x *x) any {
			base := x.it()
			for _, d := range []int{2, 1, 3} {
				x.loop.CallLater(secs(float64(d)), func() { x.add(tuple{d, x.now(), x.it() - base}) })
			}
			x.loop.CallSoon(func() { x.th.Compute(secs(10)) })
			x.sleep(0)
			x.sleep(0)
			x.sleep(0)
			return x.log
		}},
		{name: "call_later_negative", ask: func(x *x) any {
			x.loop.CallLater(secs(-5), func() { x.add("neg") })
			x.loop.CallLater(0, func() { x.add("zero") })
			x.loop.CallSoon(func() { x.add("soon") })
			x.sleep(0)
			x.sleep(0)
			return x.log
		}},
		{name: "starvation_by_cpu", ask: func(x *x) any {
			_, err := x.gather(
				do(func(co *asyncio.Co) error {
					for range 4 {
						if err := sleep(co, 1); err != nil {
							return err
						}
						x.add(now(co))
					}
					return nil
				}),
				do(func(co *asyncio.Co) error {
					err := sleep(co, 1.5)
					co.Compute(secs(5))
					return err
				}))
			require.NoError(x.t, err)
			return x.log
		}},
		{name: "race_across_await", ask: func(x *x) any {
			n := 0
			ten := func(step func(co *asyncio.Co)) int {
				n = 0
				var fns []body
				for range 10 {
					fns = append(fns, do(func(co *asyncio.Co) error {
						for range 100 {
							step(co)
						}
						return nil
					}))
				}
				_, err := x.gather(fns...)
				require.NoError(x.t, err)
				return n
			}
			a := ten(func(co *asyncio.Co) { v := n; _ = co.Sleep(0); n = v + 1 })
			b := ten(func(co *asyncio.Co) { v := n; n = v + 1; _ = co.Sleep(0) })
			return dict{"with_await_between", a, "without", b}
		}},
		{name: "await_two_tasks_one_future_rules", ask: func(x *x) any {
			var t *asyncio.Task[any]
			t = x.task(do(func(co *asyncio.Co) error {
				if _, err := t.Await(co); errors.As(err, &runtimeError) {
					x.add("await self: RuntimeError")
				}
				return nil
			}))
			_, _ = t.Await(x.co)
			x.add(exc(x.loop.RunForever()))
			return x.log
		}},
		{name: "coroutine_reuse", ask: func(x *x) any {
			c := asyncio.NewCoroutine(x.loop, "c", sleeping(0, nil))
			_, err := c.Await(x.co)
			require.NoError(x.t, err)
			_, err = c.Await(x.co)
			return exc(err)
		}},
	})
}
