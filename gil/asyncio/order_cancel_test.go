package asyncio_test

import (
	"errors"
	"fmt"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil/asyncio"
)

func init() {
	experiments = append(experiments, []experiment{
		{name: "cancel_before_start", ask: func(x *x) any {
			t := x.task(do(func(*asyncio.Co) error { x.add("body"); return nil }))
			r := t.Cancel()
			if _, err := t.Await(x.co); isCancelled(err) {
				x.add("CE")
			}
			return tuple{r, x.log, t.Cancelled()}
		}},
		{name: "cancel_delivered_at_await", ask: func(x *x) any {
			var base int64
			t := x.task(do(func(co *asyncio.Co) error {
				err := sleep(co, 9)
				if isCancelled(err) {
					x.addf("CE in task @it%d", x.it()-base)
				}
				return err
			}))
			x.sleep(0)
			base = x.it()
			t.Cancel()
			x.addf("cancel() returned, cancelled()=%s done()=%s", repr(t.Cancelled()), repr(t.Done()))
			if _, err := t.Await(x.co); isCancelled(err) {
				x.addf("CE in waiter @it%d", x.it()-base)
			}
			x.add("cancelled()=" + repr(t.Cancelled()))
			return x.log
		}},
		{name: "cancel_self", ask: func(x *x) any {
			_, _ = x.task(do(func(co *asyncio.Co) error {
				co.Cancel()
				x.add("still running")
				_ = func(*asyncio.Co) int { return 1 }(co)
				x.add("await without suspension passed")
				f := asyncio.NewFuture[int](co.Loop())
				require.NoError(x.t, f.SetResult(0))
				if _, err := f.Await(co); err != nil {
					return err
				}
				x.add("await of done future passed")
				err := co.Sleep(0)
				if isCancelled(err) {
					x.add("CE at sleep(0)")
				}
				return err
			})).Await(x.co)
			return x.log
		}},
		{name: "cancel_swallowed", ask: func(x *x) any {
			t := x.task(func(co *asyncio.Co) (any, error) { _ = sleep(co, 9); return "survived", nil })
			x.sleep(0)
			t.Cancel()
			r, err := t.Await(x.co)
			require.NoError(x.t, err)
			return tuple{r, "cancelled()=" + repr(t.Cancelled())}
		}},
		{name: "cancel_done_task", ask: func(x *x) any {
			t := x.task(sleeping(0, "r"))
			_, _ = t.Await(x.co)
			c := t.Cancel()
			v, _ := t.Result()
			return tuple{c, v}
		}},
		{name: "cancel_twice_coalesced", ask: func(x *x) any {
			t := x.task(do(func(co *asyncio.Co) error {
				for range 2 {
					if isCancelled(sleep(co, 9)) {
						x.add("CE")
					} else {
						x.add("slept")
					}
				}
				return nil
			}))
			x.sleep(0)
			t.Cancel()
			t.Cancel()
			n := fmt.Sprint(t.Cancelling())
			if x.minor < 11 {
				n = "n/a" // the method is there in Go under every profile
			}
			_, _ = t.Await(x.co)
			return tuple{x.log, "cancelling()=" + n}
		}},
		{name: "cancel_propagates_to_awaited_task", ask: func(x *x) any {
			t := x.task(do(func(co *asyncio.Co) error {
				inner := asyncio.Go(co, "", func(co *asyncio.Co) (any, error) {
					err := sleep(co, 9)
					if isCancelled(err) {
						x.add("inner")
					}
					return nil, err
				})
				_, err := inner.Await(co)
				if isCancelled(err) {
					x.add("outer, inner.cancelled()=" + repr(inner.Cancelled()))
				}
				return err
			}))
			x.sleep(1)
			t.Cancel()
			if _, err := t.Await(x.co); isCancelled(err) {
				x.add("main")
			}
			return x.log
		}},
		{name: "cancel_slow_cleanup", ask: func(x *x) any {
			t := x.task(do(func(co *asyncio.Co) error {
				defer func() { _ = sleep(co, 2) }()
				return sleep(co, 9)
			}))
			x.sleep(1)
			t.Cancel()
			_, err := t.Await(x.co)
			require.ErrorIs(x.t, err, asyncio.ErrCancelled)
			return fmt.Sprintf("waiter resumed @%g", x.now())
		}},
		{name: "cancel_order_of_many", ask: func(x *x) any {
			var ts []*asyncio.Task[any]
			for i := range 4 {
				ts = append(ts, x.task(do(func(co *asyncio.Co) error {
					err := sleep(co, 9)
					if isCancelled(err) {
						x.add(i)
					}
					return err
				})))
			}
			x.sleep(1)
			for _, i := range []int{2, 0, 3, 1} {
				ts[i].Cancel()
			}
			x.awaitAll(ts...)
			return x.log
		}},
		{name: "uncancel", ask: func(x *x) any {
			if x.minor < 11 {
				return "n/a (3.11+)" // the method is there in Go under every profile
			}
			t := x.task(do(func(co *asyncio.Co) error {
				if isCancelled(sleep(co, 9)) {
					x.add(tuple{"CE", co.Cancelling()})
					x.add(tuple{"uncancel", co.Uncancel()})
				}
				err := co.Sleep(0)
				x.add("goes on")
				return err
			}))
			x.sleep(0)
			t.Cancel()
			_, _ = t.Await(x.co)
			return tuple{x.log, "cancelled()=" + repr(t.Cancelled())}
		}},
		{name: "uncancel_before_delivery", ask: func(x *x) any {
			if x.minor < 11 {
				return "n/a (3.11+)"
			}
			t := x.task(do(func(co *asyncio.Co) error {
				if isCancelled(co.Sleep(0)) {
					x.add("CE")
				} else {
					x.add("not cancelled")
				}
				return nil
			}))
			x.sleep(0)
			t.Cancel()
			t.Uncancel()
			_, _, err := asyncio.Wait(x.co, asyncio.AllCompleted, t)
			require.NoError(x.t, err)
			return x.log
		}},
		{name: "cancel_msg", ask: func(x *x) any {
			t := x.task(func(co *asyncio.Co) (any, error) {
				var c *asyncio.CancelledError
				if errors.As(sleep(co, 9), &c) && c.Msg != nil {
					return tuple{c.Msg}, nil
				}
				return "n/a (3.9+)", nil
			})
			x.sleep(0)
			t.CancelWith("why")
			v, err := t.Await(x.co)
			require.NoError(x.t, err)
			return v
		}},
		{name: "cancel_vs_result_same_iteration", ask: func(x *x) any {
			f := asyncio.NewFuture[any](x.loop)
			t := x.task(func(co *asyncio.Co) (any, error) {
				v, err := f.Await(co)
				if isCancelled(err) {
					return "CE", nil
				}
				return v, err
			})
			x.sleep(0)
			require.NoError(x.t, f.SetResult(1))
			t.Cancel()
			v, _ := t.Await(x.co)
			r, _ := f.Result()
			return tuple{v, r}
		}},
		{name: "shield_", ask: func(x *x) any {
			inner := x.task(sleeping(3, "inner-result"))
			o := x.task(do(func(co *asyncio.Co) error {
				s, err := asyncio.Shield(co, asyncio.Awaiter[any](inner))
				require.NoError(x.t, err)
				_, err = s.Await(co)
				if isCancelled(err) {
					x.addf("outer CE @%g", now(co))
				}
				return err
			}))
			x.loop.CallLater(secs(1), func() { o.Cancel() })
			_, _ = o.Await(x.co)
			x.add("inner.done()=" + repr(inner.Done()))
			v, _ := inner.Await(x.co)
			x.addf("%v @%g", v, x.now())
			return x.log
		}},
	})
}
