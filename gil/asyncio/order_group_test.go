package asyncio_test

import (
	"errors"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil/asyncio"
)

// group is asyncio.Group whose absence ends the experiment.
func (x *x) group(fn func(g *asyncio.TaskGroup)) error {
	return asyncio.Group(x.co, func(g *asyncio.TaskGroup) error { fn(g); return nil })
}

func init() {
	boom := func(d float64, text string) func(co *asyncio.Co) error {
		return func(co *asyncio.Co) error {
			if err := sleep(co, d); err != nil {
				return err
			}
			return valueError(text)
		}
	}
	nap := func(d float64) func(co *asyncio.Co) error {
		return func(co *asyncio.Co) error { return sleep(co, d) }
	}
	experiments = append(experiments, []experiment{
		{name: "tg_ok", ask: func(x *x) any {
			var a, b *asyncio.Task[any]
			err := asyncio.Group(x.co, func(g *asyncio.TaskGroup) (err error) {
				if a, err = asyncio.GoIn(g, "", sleeping(2, "a")); err != nil {
					return err
				}
				b, err = asyncio.GoIn(g, "", sleeping(1, "b"))
				return err
			})
			if err != nil {
				return exc(err)
			}
			va, _ := a.Result()
			vb, _ := b.Result()
			return tuple{va, vb, x.now()}
		}},
		{name: "tg_sibling_cancel", ask: func(x *x) any {
			sib := func(n string, cleanup float64) func(co *asyncio.Co) error {
				return func(co *asyncio.Co) error {
					err := sleep(co, 9)
					if isCancelled(err) {
						x.addf("%s cancelled @%g", n, now(co))
						_ = sleep(co, cleanup)
					}
					return err
				}
			}
			err := asyncio.Group(x.co, func(g *asyncio.TaskGroup) error {
				require.NoError(x.t, errors.Join(g.Go("", boom(1, "boom")), g.Go("", sib("s1", 2)), g.Go("", sib("s2", 1))))
				err := sleep(x.co, 20)
				if isCancelled(err) {
					x.addf("body cancelled @%g", x.now())
				}
				return err
			})
			if x.log == nil {
				return exc(err)
			}
			x.add(at(x, err))
			x.addf("cancelling=%d", x.co.Cancelling())
			return x.log
		}},
		{name: "tg_two_errors", ask: func(x *x) any {
			return exc(x.group(func(g *asyncio.TaskGroup) {
				_ = g.Go("", func(co *asyncio.Co) error {
					if isCancelled(sleep(co, 9)) {
						return &pyError{"KeyError", "'in cleanup'"}
					}
					return nil
				})
				_ = g.Go("", boom(1, "first"))
			}))
		}},
		{name: "tg_body_error", ask: func(x *x) any {
			err := asyncio.Group(x.co, func(g *asyncio.TaskGroup) error {
				_ = g.Go("", func(co *asyncio.Co) error {
					err := sleep(co, 9)
					if isCancelled(err) {
						x.add("sib cancelled")
					}
					return err
				})
				if err := sleep(x.co, 1); err != nil {
					return err
				}
				return valueError("body")
			})
			if x.log == nil {
				return exc(err)
			}
			x.add(exc(err))
			return x.log
		}},
		{name: "tg_body_error_before_start", ask: func(x *x) any {
			err := asyncio.Group(x.co, func(g *asyncio.TaskGroup) error {
				_ = g.Go("", func(*asyncio.Co) error { x.add("ran"); return nil })
				return valueError("body")
			})
			if x.minor < 11 {
				return exc(err)
			}
			x.add(exc(err))
			return x.log
		}},
		{name: "tg_child_cancelled_only", ask: func(x *x) any {
			var c, d *asyncio.Task[any]
			err := x.group(func(g *asyncio.TaskGroup) {
				c, _ = asyncio.GoIn(g, "", sleeping(9, nil))
				d, _ = asyncio.GoIn(g, "", sleeping(2, "d"))
				x.sleep(1)
				c.Cancel()
			})
			if err != nil {
				return exc(err)
			}
			v, _ := d.Result()
			return tuple{c.Cancelled(), v, x.now()}
		}},
		{name: "tg_create_after", ask: func(x *x) any {
			var g *asyncio.TaskGroup
			if err := x.group(func(group *asyncio.TaskGroup) { g = group }); err != nil {
				return exc(err)
			}
			c := func(*asyncio.Co) error { return nil }
			if err := g.Go("", c); errors.As(err, &runtimeError) {
				x.add("finished: RuntimeError")
			}
			x.add(exc(asyncio.Group(x.co, func(g *asyncio.TaskGroup) error {
				_ = g.Go("", func(*asyncio.Co) error { return valueError("") })
				err := sleep(x.co, 9)
				if isCancelled(err) {
					if err := g.Go("", c); errors.As(err, &runtimeError) {
						x.add("shutting down: RuntimeError")
					}
				}
				return err
			})))
			return x.log
		}},
		{name: "tg_outer_cancel", ask: func(x *x) any {
			t := x.task(do(func(co *asyncio.Co) error {
				return asyncio.Group(co, func(g *asyncio.TaskGroup) error {
					return g.Go("", func(co *asyncio.Co) error {
						err := sleep(co, 9)
						if isCancelled(err) {
							x.add("sib CE")
						}
						return err
					})
				})
			}))
			x.sleep(1)
			t.Cancel()
			_, err := t.Await(x.co)
			if !isCancelled(err) {
				return exc(err)
			}
			x.add("CE, no group")
			return tuple{x.log, t.Cancelled()}
		}},
		{name: "tg_child_spawns", ask: func(x *x) any {
			err := asyncio.Group(x.co, func(g *asyncio.TaskGroup) error {
				return g.Go("", func(co *asyncio.Co) error {
					if err := sleep(co, 1); err != nil {
						return err
					}
					return g.Go("", nap(1))
				})
			})
			if err != nil {
				return exc(err)
			}
			return x.now()
		}},
		{name: "tg_nested_both_fail", ask: func(x *x) any {
			bad := func(text string) func(co *asyncio.Co) error {
				return func(*asyncio.Co) error { return valueError(text) }
			}
			outer := asyncio.Group(x.co, func(o *asyncio.TaskGroup) error {
				_ = o.Go("", bad("outer"))
				inner := asyncio.Group(x.co, func(i *asyncio.TaskGroup) error { return i.Go("", bad("inner")) })
				x.add("inner block: " + exc(inner))
				x.add("code after inner block runs")
				if err := sleep(x.co, 1); err != nil {
					return err
				}
				x.add("and is not cancelled")
				return nil
			})
			if x.log == nil {
				return exc(outer)
			}
			x.add("outer block: " + exc(outer))
			x.addf("cancelling=%d", x.co.Cancelling())
			return x.log
		}},
		{name: "tg_keyboard_interrupt", ask: func(x *x) any {
			return exc(asyncio.Group(x.co, func(g *asyncio.TaskGroup) error {
				_ = g.Go("", nap(9))
				x.sleep(0)
				return asyncio.ErrKeyboardInterrupt
			}))
		}},
	})
}
