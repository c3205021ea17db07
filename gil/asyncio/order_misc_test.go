package asyncio_test

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/asyncio"
)

func init() {
	experiments = append(experiments, []experiment{
		{name: "executor_default_size", ask: func(x *x) any {
			return fmt.Sprintf("max_workers=%d", x.loop.ExecutorSize()) // of a machine with two cores
		}},
		{name: "run_in_executor_serial", ask: func(x *x) any {
			ex := asyncio.NewThreadPool(x.th, 1)
			var fs []asyncio.Awaiter[any]
			for i := range 3 {
				f, err := asyncio.RunInExecutor(x.loop, ex, func(t *gil.Thread) (any, error) {
					t.Sleep(10 * time.Millisecond)
					x.add(i)
					return nil, nil
				})
				require.NoError(x.t, err)
				fs = append(fs, f)
			}
			g, err := asyncio.GatherFutures(x.co, fs...)
			require.NoError(x.t, err)
			_, err = g.Await(x.co)
			require.NoError(x.t, err)
			require.NoError(x.t, ex.Shutdown(x.th))
			return x.log
		}},
		{name: "to_thread_exception", ask: func(x *x) any {
			_, err := asyncio.ToThread(x.co, func(*gil.Thread) (any, error) { return nil, valueError("in thread") })
			return exc(err)
		}},
		{name: "to_thread_cancel", ask: func(x *x) any {
			if x.minor < 9 {
				_, err := asyncio.ToThread(x.co, func(*gil.Thread) (any, error) { return nil, nil })
				return exc(err)
			}
			var start, end gil.Gate
			start.Init(x.th, 0, "start")
			end.Init(x.th, 0, "end")
			finished := false
			t := x.task(func(co *asyncio.Co) (any, error) {
				return asyncio.ToThread(co, func(t *gil.Thread) (any, error) {
					start.Pass(t, gil.OpWait, gil.Forever)
					finished = true
					end.Open(t, gil.OpSet, gil.All)
					return nil, nil
				})
			})
			x.sleep(0)
			t.Cancel()
			_, err := t.Await(x.co)
			require.ErrorIs(x.t, err, asyncio.ErrCancelled)
			r := "awaiter cancelled, thread finished=" + repr(finished)
			start.Open(x.th, gil.OpSet, gil.All)
			end.Pass(x.th, gil.OpWait, gil.Forever)
			return tuple{r, "later finished=" + repr(finished)}
		}},
		{name: "run_coroutine_threadsafe", ask: func(x *x) any {
			var e asyncio.Event
			other := x.th.Go("other", func(t *gil.Thread) {
				f, err := asyncio.RunCoroutineThreadsafe(t, x.loop, func(co *asyncio.Co) (int, error) {
					x.add("in loop thread: " + repr(co.Thread() == x.th))
					return 42, nil
				})
				require.NoError(t, err)
				v, err := f.Result(t)
				require.NoError(t, err)
				x.add(v)
				require.NoError(t, x.loop.CallSoonThreadsafe(t, e.Set))
			})
			require.NoError(x.t, e.Wait(x.co))
			other.Join(x.th)
			return x.log
		}},
		{name: "context_copied_at_creation", ask: func(x *x) any {
			if x.minor < 7 {
				return "n/a (3.7+)" // the variables are there in Go under every profile
			}
			v := asyncio.NewContextVar("v", 0)
			v.Set(x.co, 1)
			t := x.task(func(co *asyncio.Co) (any, error) {
				n := v.Get(co)
				v.Set(co, 99)
				return n, nil
			})
			v.Set(x.co, 2)
			n, err := t.Await(x.co)
			require.NoError(x.t, err)
			return tuple{n, v.Get(x.co)}
		}},
		{name: "task_names", ask: func(x *x) any {
			if x.minor < 8 {
				return "n/a (3.8+)" // tasks have names in Go under every profile
			}
			a, b := x.task(sleepless), x.task(sleepless)
			number := func(t *asyncio.Task[any]) int {
				n, err := strconv.Atoi(strings.TrimPrefix(t.Name(), "Task-"))
				require.NoError(x.t, err)
				return n
			}
			return "consecutive numbers: " + repr(number(b)-number(a) == 1)
		}},
		{name: "eager_tasks", ask: func(x *x) any {
			if err := x.loop.SetTaskFactory(asyncio.EagerTaskFactory); err != nil {
				return exc(err)
			}
			a := x.task(do(func(*asyncio.Co) error { x.add("quick"); return nil }))
			x.add("created, done=" + repr(a.Done()))
			b := x.task(do(func(co *asyncio.Co) error {
				x.add("slow1")
				err := co.Sleep(0)
				x.add("slow2")
				return err
			}))
			x.add("created, done=" + repr(b.Done()))
			_, _ = b.Await(x.co)
			return x.log
		}},
		{name: "never_retrieved", ask: func(x *x) any {
			x.loop.SetExceptionHandler(func(_ *asyncio.Loop, c asyncio.ExceptionContext) { x.add(c.Message) })
			x.task(do(func(*asyncio.Co) error { return valueError("") }))
			x.sleep(0)
			x.sleep(0)
			x.after = func() any { return x.log } // said when the loop ends, not when the task is collected
			return nil
		}},
		{name: "slow_callback_debug", outside: true, ask: func(x *x) any {
			_, err := asyncio.Run(x.th, func(co *asyncio.Co) (any, error) {
				for _, d := range []float64{.0625, .25} {
					if _, err := asyncio.Go(co, "", do(func(co *asyncio.Co) error { co.Compute(secs(d)); return nil })).Await(co); err != nil {
						return nil, err
					}
				}
				x.loop = co.Loop()
				return nil, nil
			}, asyncio.WithDebug(), asyncio.WithLog(func(s string) {
				head, tail, _ := strings.Cut(s, "<Task ")
				_, tail, _ = strings.Cut(tail, "> took")
				x.add(head + "<Task> took" + tail)
			}))
			require.NoError(x.t, err)
			return tuple{x.loop.SlowCallbackDuration().Seconds(), x.log}
		}},
		{name: "call_soon_wrong_thread_debug", ask: func(x *x) any {
			x.loop.SetDebug(true)
			x.th.Go("other", func(*gil.Thread) {
				x.add(exc(caught(func() { x.loop.CallSoon(func() {}) })))
			}).Join(x.th)
			x.loop.SetDebug(false)
			return x.log
		}},
	})
}
