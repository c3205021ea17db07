package asyncio_test

import (
	"errors"
	"fmt"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/asyncio"
)

var runtimeError *gil.RuntimeError

func init() {
	experiments = append(experiments, []experiment{
		{name: "gather_order", ask: func(x *x) any {
			t := func(n string, d float64) body {
				return func(co *asyncio.Co) (any, error) {
					err := sleep(co, d)
					x.add(n)
					return n, err
				}
			}
			r, err := x.gather(t("a", 3), t("b", 1), t("c", 2))
			require.NoError(x.t, err)
			return dict{"result", list(r), "completion", x.log, "t", x.now()}
		}},
		{name: "gather_empty", ask: func(x *x) any {
			a := x.it()
			f, err := asyncio.GatherFutures[any](x.co)
			require.NoError(x.t, err)
			done := f.Done()
			r, err := f.Await(x.co)
			require.NoError(x.t, err)
			return dict{"done_now", done, "result", list(r), "iterations", x.it() - a}
		}},
		{name: "gather_first_exception", ask: func(x *x) any {
			bad := func(d float64, m string) body {
				return func(co *asyncio.Co) (any, error) {
					if err := sleep(co, d); err != nil {
						return nil, err
					}
					return nil, valueError(m)
				}
			}
			ok := do(func(co *asyncio.Co) error { err := sleep(co, 3); x.addf("ok@%g", now(co)); return err })
			_, err := x.gather(bad(2, "late"), bad(1, "early"), ok)
			x.addf("%v@%g", err, x.now())
			x.sleep(5)
			return x.log
		}},
		{name: "gather_return_exceptions", ask: func(x *x) any {
			bad := func(co *asyncio.Co) (any, error) { _ = sleep(co, 1); return nil, valueError("1") }
			canc := do(func(*asyncio.Co) error { return asyncio.ErrCancelled })
			f, err := asyncio.GatherOutcomes(x.co, asyncio.Awaiter[any](x.task(bad)), x.task(sleeping(2, "x")), x.task(canc))
			require.NoError(x.t, err)
			r, err := f.Await(x.co)
			require.NoError(x.t, err)
			for _, o := range r {
				if o.Err != nil {
					x.add(exc(o.Err))
				} else {
					x.add(o.Value)
				}
			}
			return x.log
		}},
		{name: "gather_cancelled", ask: func(x *x) any {
			t := func(n string) *asyncio.Task[any] {
				return x.task(do(func(co *asyncio.Co) error {
					err := sleep(co, 9)
					if isCancelled(err) {
						x.add(n)
					}
					return err
				}))
			}
			g, err := asyncio.GatherFutures(x.co, asyncio.Awaiter[any](t("a")), t("b"))
			require.NoError(x.t, err)
			x.sleep(1)
			r := g.Cancel()
			if _, err := g.Await(x.co); isCancelled(err) {
				x.addf("gather cancelled @%g", x.now())
			}
			return tuple{r, x.log}
		}},
		{name: "gather_child_cancelled", ask: func(x *x) any {
			c, d := x.task(sleeping(9, nil)), x.task(sleeping(2, "d"))
			x.loop.CallLater(secs(1), func() { c.Cancel() })
			g, err := asyncio.GatherFutures(x.co, asyncio.Awaiter[any](c), d)
			require.NoError(x.t, err)
			if _, err := g.Await(x.co); isCancelled(err) {
				x.addf("CE@%g", x.now())
			}
			x.sleep(3)
			v, err := d.Result()
			require.NoError(x.t, err)
			return tuple{x.log, v}
		}},
		{name: "gather_same_coro_twice", ask: func(x *x) any {
			n := 0
			c := asyncio.NewCoroutine(x.loop, "t", func(*asyncio.Co) (any, error) { n++; return n, nil })
			g, err := asyncio.GatherFutures(x.co, asyncio.Awaiter[any](c), c)
			require.NoError(x.t, err)
			r, err := g.Await(x.co)
			require.NoError(x.t, err)
			return tuple{list(r), fmt.Sprintf("ran %d time(s)", n)}
		}},
		{name: "wait_variants", ask: func(x *x) any {
			bad := func(co *asyncio.Co) (any, error) { _ = sleep(co, 2); return nil, valueError("2") }
			var out dict
			for _, rw := range []struct {
				name string
				when asyncio.ReturnWhen
			}{{"FIRST_COMPLETED", asyncio.FirstCompleted}, {"FIRST_EXCEPTION", asyncio.FirstException}, {"ALL_COMPLETED", asyncio.AllCompleted}} {
				t0 := x.now()
				done, left, err := asyncio.Wait(x.co, rw.when, x.task(sleeping(1, nil)), x.task(bad), x.task(sleeping(3, nil)))
				require.NoError(x.t, err)
				out = append(out, rw.name, tuple{len(done), len(left), x.now() - t0})
				x.sleep(5)
			}
			t0, t := x.now(), x.task(sleeping(3, nil))
			done, left, err := asyncio.WaitTimeout(x.co, secs(1), asyncio.AllCompleted, t)
			require.NoError(x.t, err)
			return append(out, "timeout=1", tuple{len(done), len(left), x.now() - t0, "cancelled=" + repr(t.Cancelled())})
		}},
		{name: "wait_rejects_coroutines", ask: func(x *x) any {
			c := asyncio.NewCoroutine(x.loop, "c", sleeping(0, nil))
			if _, _, err := asyncio.Wait(x.co, asyncio.AllCompleted, c); err != nil {
				c.Close()
				return exc(err)
			}
			return "accepted"
		}},
		{name: "as_completed_order", ask: func(x *x) any {
			for v, err := range asyncio.AsCompleted(x.co, asyncio.Awaiter[any](x.task(sleeping(3, "a"))), x.task(sleeping(1, "b")), x.task(sleeping(2, "c"))) {
				require.NoError(x.t, err)
				x.add(tuple{v, x.now()})
			}
			return x.log
		}},
		{name: "as_completed_timeout", ask: func(x *x) any {
			a, b := x.task(sleeping(1, 1)), x.task(sleeping(5, 5))
			for v, err := range asyncio.AsCompletedTimeout(x.co, secs(2), asyncio.Awaiter[any](a), b) {
				if errors.Is(err, asyncio.ErrTimeout) {
					x.addf("TimeoutError@%g", x.now())
				} else {
					x.add(v)
				}
			}
			x.add("pending task cancelled=" + repr(b.Cancelled()))
			return x.log
		}},
		{name: "as_completed_async_iter", ask: func(x *x) any {
			a, b := x.task(sleeping(2, 2)), x.task(sleeping(1, 1))
			for t, err := range asyncio.Completed(x.co, asyncio.Awaiter[any](a), b) {
				if err != nil {
					return exc(err) + " (3.13+)"
				}
				v, err := t.Await(x.co)
				require.NoError(x.t, err)
				x.add(tuple{t == asyncio.Awaiter[any](a), t == asyncio.Awaiter[any](b), v})
			}
			return x.log
		}},
		{name: "gather_shielded_timeout_pattern", ask: func(x *x) any {
			t := x.task(sleeping(3, "x"))
			s, err := asyncio.Shield(x.co, asyncio.Awaiter[any](t))
			require.NoError(x.t, err)
			_, err = asyncio.WaitFor(x.co, secs(1), s)
			require.ErrorIs(x.t, err, asyncio.ErrTimeout)
			done := t.Done()
			v, err := t.Await(x.co)
			require.NoError(x.t, err)
			return tuple{done, v, x.now()}
		}},
	})
}
