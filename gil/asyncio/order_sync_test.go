package asyncio_test

import (
	"errors"
	"fmt"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil/asyncio"
)

// caught returns what fn panics with, as an error.
func caught(fn func()) (err error) {
	defer func() { err, _ = recover().(error) }()
	fn()
	return nil
}

// many are n bodies.
func many(n int, fn func(i int) body) []body {
	var out []body
	for i := range n {
		out = append(out, fn(i))
	}
	return out
}

func init() {
	// barging is what two tasks do that release and acquire at once.
	barging := func(x *x, acquire func(co *asyncio.Co) error, release func()) string {
		out := ""
		t := func(n string) body {
			return do(func(co *asyncio.Co) error {
				for i := range 3 {
					if err := acquire(co); err != nil {
						return err
					}
					out += fmt.Sprintf(" %s%d", n, i)
					if err := co.Sleep(0); err != nil {
						return err
					}
					release()
				}
				return nil
			})
		}
		_, err := x.gather(t("A"), t("B"))
		require.NoError(x.t, err)
		return out[1:]
	}
	experiments = append(experiments, []experiment{
		{name: "lock_fifo", ask: func(x *x) any {
			var l asyncio.Lock
			_, err := x.gather(many(5, func(i int) body {
				return do(func(co *asyncio.Co) error {
					return l.With(co, func() error { x.add(i); return sleep(co, 1) })
				})
			})...)
			require.NoError(x.t, err)
			return tuple{x.log, x.now()}
		}},
		{name: "lock_uncontended_no_yield", ask: func(x *x) any {
			var l asyncio.Lock
			a := x.it()
			require.NoError(x.t, l.With(x.co, func() error { return nil }))
			return x.it() - a
		}},
		{name: "lock_no_barging", ask: func(x *x) any {
			var l asyncio.Lock
			return barging(x, l.Acquire, l.Release)
		}},
		{name: "lock_cancel_waiter", ask: func(x *x) any {
			var l asyncio.Lock
			require.NoError(x.t, l.Acquire(x.co))
			var ts []*asyncio.Task[any]
			for i := range 3 {
				ts = append(ts, x.task(do(func(co *asyncio.Co) error {
					return l.With(co, func() error { x.add(i); return nil })
				})))
			}
			x.sleep(0)
			ts[0].Cancel()
			l.Release()
			x.awaitAll(ts...)
			return x.log
		}},
		{name: "lock_release_unlocked", ask: func(x *x) any {
			return exc(caught(func() { new(asyncio.Lock).Release() }))
		}},
		{name: "lock_not_reentrant", ask: func(x *x) any {
			var l asyncio.Lock
			require.NoError(x.t, l.Acquire(x.co))
			_, err := asyncio.WaitForFunc(x.co, secs(1), do(l.Acquire))
			require.ErrorIs(x.t, err, asyncio.ErrTimeout)
			return fmt.Sprintf("self-deadlock (timeout @%g)", x.now())
		}},
		{name: "event_wakes_all_fifo", ask: func(x *x) any {
			var e asyncio.Event
			var ts []*asyncio.Task[any]
			for i := range 4 {
				ts = append(ts, x.task(do(func(co *asyncio.Co) error { err := e.Wait(co); x.add(i); return err })))
			}
			x.sleep(0)
			e.Set()
			e.Clear()
			x.awaitAll(ts...)
			return tuple{x.log, "set then clear at once still wakes all waiters"}
		}},
		{name: "condition_notify_order", ask: func(x *x) any {
			var c asyncio.Condition
			var ts []*asyncio.Task[any]
			for i := range 4 {
				ts = append(ts, x.task(do(func(co *asyncio.Co) error {
					return c.With(co, func() error { err := c.Wait(co); x.add(i); return err })
				})))
			}
			x.sleep(0)
			x.sleep(0)
			require.NoError(x.t, c.With(x.co, func() error { c.Notify(2); return nil }))
			x.sleep(1)
			x.add("|")
			require.NoError(x.t, c.With(x.co, func() error { c.NotifyAll(); return nil }))
			x.awaitAll(ts...)
			return x.log
		}},
		{name: "condition_notify_unlocked", ask: func(x *x) any {
			return exc(caught(func() { new(asyncio.Condition).Notify(1) }))
		}},
		{name: "semaphore_fifo", ask: func(x *x) any {
			s := asyncio.NewSemaphore(2)
			_, err := x.gather(many(5, func(i int) body {
				return do(func(co *asyncio.Co) error {
					return s.With(co, func() error { x.add(tuple{i, now(co)}); return sleep(co, 1) })
				})
			})...)
			require.NoError(x.t, err)
			return x.log
		}},
		{name: "semaphore_barging", ask: func(x *x) any {
			s := asyncio.NewSemaphore(1)
			return barging(x, s.Acquire, s.Release)
		}},
		{name: "bounded_semaphore", ask: func(x *x) any {
			return exc(caught(asyncio.NewBoundedSemaphore(1).Release))
		}},
		{name: "semaphore_burst_cap", ask: func(x *x) any {
			s := asyncio.NewSemaphore(3)
			n, peak := 0, 0
			_, err := x.gather(many(10, func(int) body {
				return do(func(co *asyncio.Co) error {
					return s.With(co, func() error {
						n++
						peak = max(peak, n)
						err := sleep(co, 1)
						n--
						return err
					})
				})
			})...)
			require.NoError(x.t, err)
			return tuple{x.now(), fmt.Sprintf("peak=%d", peak)}
		}},
		{name: "barrier", ask: func(x *x) any {
			b := asyncio.NewBarrier(3)
			_, err := x.gather(many(3, func(i int) body {
				return do(func(co *asyncio.Co) error {
					if err := sleep(co, float64(i)); err != nil {
						return err
					}
					index, err := b.Wait(co)
					x.add(tuple{i, "index", index, now(co)})
					return err
				})
			})...)
			if err != nil {
				return exc(err)
			}
			return x.log
		}},
		{name: "barrier_abort", ask: func(x *x) any {
			b := asyncio.NewBarrier(2)
			t := x.task(do(func(co *asyncio.Co) error { _, err := b.Wait(co); return err }))
			x.sleep(0)
			require.NoError(x.t, b.Abort(x.co))
			_, err := t.Await(x.co)
			if !errors.Is(err, asyncio.ErrBrokenBarrier) {
				return exc(err)
			}
			return tuple{exc(err), b.Broken()}
		}},
	})
}
