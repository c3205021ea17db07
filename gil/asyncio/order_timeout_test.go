package asyncio_test

import (
	"errors"
	"fmt"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil/asyncio"
)

// until tells what class an error has and when.
func at(x *x, err error) string { return fmt.Sprintf("%s @%g", exc(err), x.now()) }

func init() {
	experiments = append(experiments, []experiment{
		{name: "wait_for_timeout", ask: func(x *x) any {
			_, err := asyncio.WaitForFunc(x.co, secs(1), do(func(co *asyncio.Co) error {
				err := sleep(co, 9)
				if isCancelled(err) {
					x.addf("inner CE @%g", now(co))
				}
				return err
			}))
			cause := "NoneType"
			var timeout *asyncio.TimeoutError
			if errors.As(err, &timeout) && timeout.Cause != nil {
				cause = exc(timeout.Cause)
			}
			x.addf("%s cause=%s", at(x, err), cause)
			x.after = func() any { return x.log } // 3.6 goes on with the inner task
			return nil
		}},
		{name: "wait_for_slow_cleanup", ask: func(x *x) any {
			_, err := asyncio.WaitForFunc(x.co, secs(1), do(func(co *asyncio.Co) error {
				defer func() { _ = sleep(co, 5) }()
				return sleep(co, 9)
			}))
			return at(x, err)
		}},
		{name: "wait_for_zero", ask: func(x *x) any {
			started := do(func(*asyncio.Co) error { x.add("started"); return nil })
			for _, d := range []float64{0, -1} {
				if v, err := asyncio.WaitForFunc(x.co, secs(d), started); err != nil {
					x.add(exc(err))
				} else {
					x.add(v)
				}
			}
			f := asyncio.NewFuture[any](x.loop)
			require.NoError(x.t, f.SetResult("done already"))
			v, err := asyncio.WaitFor[any](x.co, 0, f)
			require.NoError(x.t, err)
			x.add(v)
			return x.log
		}},
		{name: "wait_for_swallow", ask: func(x *x) any {
			v, err := asyncio.WaitForFunc(x.co, secs(1), func(co *asyncio.Co) (any, error) {
				if isCancelled(sleep(co, 9)) {
					return "value", nil
				}
				return nil, nil
			})
			if err != nil {
				return at(x, err)
			}
			return fmt.Sprintf("returned %v @%g", v, x.now())
		}},
		{name: "wait_for_simultaneous", ask: func(x *x) any {
			v, err := asyncio.WaitForFunc(x.co, secs(1), sleeping(1, "v"))
			if err != nil {
				return exc(err)
			}
			return fmt.Sprintf("returned %v", v)
		}},
		{name: "wait_for_runs_in", ask: func(x *x) any {
			v, err := asyncio.WaitForFunc(x.co, secs(1), func(co *asyncio.Co) (any, error) {
				if co == x.co {
					return "same task", nil
				}
				return "new task", nil
			})
			require.NoError(x.t, err)
			return v
		}},
		{name: "wait_for_lost_cancel", ask: func(x *x) any {
			t := x.task(func(co *asyncio.Co) (any, error) {
				if _, err := asyncio.WaitForFunc(co, secs(100), sleepless); err != nil {
					return nil, err
				}
				return "cancellation lost", sleep(co, 1)
			})
			x.sleep(0)
			x.sleep(0)
			if t.Done() {
				return "n/a"
			}
			t.Cancel()
			v, err := t.Await(x.co)
			if isCancelled(err) {
				return "CancelledError"
			}
			return v
		}},
		{name: "timeout_basic", ask: func(x *x) any {
			var scope *asyncio.TimeoutScope
			err := asyncio.TimeoutWith(x.co, secs(1), func(co *asyncio.Co, s *asyncio.TimeoutScope) error {
				scope = s
				err := sleep(co, 9)
				if isCancelled(err) {
					x.addf("CE inside @%g", now(co))
				}
				return err
			})
			if scope == nil {
				return exc(err)
			}
			x.addf("%s outside expired=%s cancelling=%d", exc(err), repr(scope.Expired()), x.co.Cancelling())
			return x.log
		}},
		{name: "timeout_swallowed_inside", ask: func(x *x) any {
			var scope *asyncio.TimeoutScope
			err := asyncio.TimeoutWith(x.co, secs(1), func(co *asyncio.Co, s *asyncio.TimeoutScope) error {
				scope = s
				if isCancelled(sleep(co, 9)) {
					x.add("swallowed")
				}
				return nil
			})
			if err != nil {
				return exc(err)
			}
			x.addf("no error; expired=%s cancelling=%d", repr(scope.Expired()), x.co.Cancelling())
			return x.log
		}},
		{name: "timeout_nested", ask: func(x *x) any {
			for _, d := range [][2]float64{{1, 2}, {2, 1}, {1, 1}} {
				var a, b *asyncio.TimeoutScope
				err := asyncio.TimeoutWith(x.co, secs(d[0]), func(co *asyncio.Co, s *asyncio.TimeoutScope) error {
					a = s
					err := asyncio.TimeoutWith(co, secs(d[1]), func(co *asyncio.Co, s *asyncio.TimeoutScope) error {
						b = s
						return sleep(co, 9)
					})
					if errors.Is(err, asyncio.ErrTimeout) {
						x.addf("%g/%g inner", d[0], d[1])
						return nil
					}
					return err
				})
				if a == nil {
					return exc(err)
				}
				if errors.Is(err, asyncio.ErrTimeout) {
					x.addf("%g/%g outer", d[0], d[1])
				}
				x.add(tuple{a.Expired(), b.Expired()})
			}
			return x.log
		}},
		{name: "timeout_reschedule", ask: func(x *x) any {
			t0 := x.now()
			err := asyncio.TimeoutWith(x.co, secs(1), func(co *asyncio.Co, s *asyncio.TimeoutScope) error {
				require.NoError(x.t, s.Reschedule(co.Now()+secs(5)))
				return sleep(co, 9)
			})
			if !errors.Is(err, asyncio.ErrTimeout) {
				return exc(err)
			}
			return x.now() - t0
		}},
		{name: "timeout_zero", ask: func(x *x) any {
			err := asyncio.Timeout(x.co, 0, func(co *asyncio.Co) error {
				x.add("body runs")
				if err := co.Sleep(0); err != nil {
					return err
				}
				x.add("after sleep(0)")
				if err := co.Sleep(0); err != nil {
					return err
				}
				x.add("after 2nd")
				return nil
			})
			if x.log == nil {
				return exc(err)
			}
			x.add(exc(err))
			return x.log
		}},
		{name: "timeout_cpu_hog", ask: func(x *x) any {
			var scope *asyncio.TimeoutScope
			err := asyncio.TimeoutWith(x.co, secs(1), func(co *asyncio.Co, s *asyncio.TimeoutScope) error {
				scope = s
				co.Compute(secs(50))
				return nil
			})
			if err != nil {
				return exc(err)
			}
			return fmt.Sprintf("expired=%s @%g", repr(scope.Expired()), x.now())
		}},
		{name: "timeout_plus_outer_cancel", ask: func(x *x) any {
			t := x.task(func(co *asyncio.Co) (any, error) {
				return exc(asyncio.Timeout(co, secs(1), func(co *asyncio.Co) error { return sleep(co, 9) })), nil
			})
			x.sleep(0)
			x.loop.CallAt(x.loop.Time()+secs(1), func() { t.Cancel() })
			v, err := t.Await(x.co)
			require.NoError(x.t, err)
			return v
		}},
	})
}

func sleepless(*asyncio.Co) (any, error) { return nil, nil }
