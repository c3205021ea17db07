package asyncio_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/pygil/pygil/gil/asyncio"
)

func quarters(n int) time.Duration { return time.Duration(n) * 250 * time.Millisecond }

// op performs one operation; it is what testdata/fuzz/run.py does in Python.
func (y *player) op(co *asyncio.Co, me int, o op) error {
	later := y.later(me)
	switch o.Kind {
	case "sleep":
		return co.Sleep(quarters(o.A))
	case "say":
		y.say(me, "says", o.A)
	case "busy":
		co.Compute(quarters(o.A))
	case "spawn":
		y.spawn(co, o.A)
	case "soon":
		y.loop.CallSoon(func() { y.say(me, "soon", o.A) })
	case "later":
		y.loop.CallLater(quarters(o.A), func() { y.say(me, "later", o.B) })
	case "raise":
		return valueError(fmt.Sprint(o.A))
	case "try":
		if err := y.run(co, me, o.Inner); err != nil {
			y.say(me, "caught", failure(err))
		}
	case "finally":
		err := y.run(co, me, o.Inner)
		if last := y.run(co, me, o.Last); last != nil {
			return last
		}
		return err
	case "cancel":
		var ts []interface{ Cancel() bool }
		if y.tasks[0] == nil { // the main task is the runner's
			ts = append(ts, mainTask{y})
		}
		for _, t := range y.tasks {
			if t != nil {
				ts = append(ts, t)
			}
		}
		y.say(me, "cancels", ts[o.A%len(ts)].Cancel())
	case "uncancel":
		y.say(me, "uncancels", co.Uncancel(), co.Cancelling())
	case "await":
		if len(later) > 0 {
			v, err := later[o.A%len(later)].Await(co)
			if err != nil {
				return err
			}
			y.say(me, "got", v)
		}
	case "shield", "wait", "completed", "gather", "waitfor", "waitfortask", "timeout", "group":
		return y.many(co, me, o, later)
	default:
		return y.sync(co, me, o)
	}
	return nil
}

// mainTask cancels the main coroutine.
type mainTask struct{ y *player }

func (m mainTask) Cancel() bool { return m.y.main.Cancel() }

// many are the operations on several tasks.
func (y *player) many(co *asyncio.Co, me int, o op, later []*asyncio.Task[any]) error {
	switch o.Kind {
	case "gather":
		var ts []asyncio.Awaiter[any]
		for _, s := range o.Scripts {
			ts = append(ts, y.spawn(co, s))
		}
		got := []any{"gathered"}
		if o.A == 0 {
			f, err := asyncio.GatherFutures(co, ts...)
			if err != nil {
				return err
			}
			vs, err := f.Await(co)
			if err != nil {
				return err
			}
			y.say(me, append(got, vs...)...)
			return nil
		}
		f, err := asyncio.GatherOutcomes(co, ts...)
		if err != nil {
			return err
		}
		vs, err := f.Await(co)
		if err != nil {
			return err
		}
		for _, v := range vs {
			if v.Err != nil {
				got = append(got, failure(v.Err))
			} else {
				got = append(got, v.Value)
			}
		}
		y.say(me, got...)
		return nil
	case "waitfor":
		n := len(y.tasks)
		y.tasks = append(y.tasks, nil)
		v, err := asyncio.WaitForFunc(co, quarters(o.A), func(co *asyncio.Co) (any, error) { return y.body(co, n, o.B) })
		if err != nil {
			return err
		}
		y.say(me, "in time", v)
		return nil
	case "timeout":
		var scope *asyncio.TimeoutScope
		err := asyncio.TimeoutWith(co, quarters(o.A), func(co *asyncio.Co, s *asyncio.TimeoutScope) error {
			scope = s
			return y.run(co, me, o.Inner)
		})
		if err != nil {
			return err
		}
		y.say(me, "expired", scope.Expired())
		return nil
	case "group":
		err := asyncio.Group(co, func(g *asyncio.TaskGroup) error {
			for _, s := range o.Scripts {
				n := len(y.tasks)
				t, err := asyncio.GoIn(g, "", func(co *asyncio.Co) (any, error) { return y.body(co, n, s) })
				if err != nil {
					return err
				}
				y.tasks = append(y.tasks, t)
			}
			return y.run(co, me, o.Inner)
		})
		if err != nil {
			return err
		}
		y.say(me, "group ended")
		return nil
	}
	if len(later) == 0 {
		return nil
	}
	switch o.Kind {
	case "shield":
		s, err := asyncio.Shield(co, asyncio.Awaiter[any](later[o.A%len(later)]))
		if err != nil {
			return err
		}
		v, err := s.Await(co)
		if err != nil {
			return err
		}
		y.say(me, "shielded", v)
	case "waitfortask":
		v, err := asyncio.WaitFor(co, quarters(o.A), asyncio.Awaiter[any](later[o.B%len(later)]))
		if err != nil {
			return err
		}
		y.say(me, "in time", v)
	case "wait":
		when := []asyncio.ReturnWhen{asyncio.AllCompleted, asyncio.FirstCompleted, asyncio.FirstException}[o.A]
		ts := pick(later, o.Scripts)
		var done, left []asyncio.Awaitable
		var err error
		if o.B < 0 {
			done, left, err = asyncio.Wait(co, when, ts...)
		} else {
			done, left, err = asyncio.WaitTimeout(co, quarters(o.B), when, ts...)
		}
		if err != nil {
			return err
		}
		y.say(me, append([]any{"waited"}, y.numbers(done)...)...)
		y.say(me, append([]any{"left"}, y.numbers(left)...)...)
	case "completed":
		var ts []asyncio.Awaiter[any]
		for _, t := range pick(later, o.Scripts) {
			ts = append(ts, t.(*asyncio.Task[any]))
		}
		for v, err := range asyncio.AsCompleted(co, ts...) {
			if err != nil {
				return err
			}
			y.say(me, "completed", v)
		}
	}
	return nil
}

// sync are the operations on primitives.
func (y *player) sync(co *asyncio.Co, me int, o op) error {
	switch o.Kind {
	case "lock":
		return y.locks[o.A].With(co, func() error {
			y.say(me, "locked", o.A)
			return y.run(co, me, o.Inner)
		})
	case "sem":
		return y.sems[o.A].With(co, func() error {
			y.say(me, "permitted", o.A)
			return y.run(co, me, o.Inner)
		})
	case "put":
		if err := y.queues[o.A].Put(co, o.B); err != nil {
			return err
		}
		y.say(me, "put", o.B)
	case "get":
		v, err := y.queues[o.A].Get(co)
		if err != nil {
			return err
		}
		y.say(me, "got", v)
	case "tryput":
		switch err := y.queues[o.A].TryPut(o.B); {
		case errors.Is(err, asyncio.ErrQueueFull):
			y.say(me, "full")
		case err != nil:
			return err
		default:
			y.say(me, "put", o.B)
		}
	case "tryget":
		switch v, err := y.queues[o.A].TryGet(); {
		case errors.Is(err, asyncio.ErrQueueEmpty):
			y.say(me, "empty")
		case err != nil:
			return err
		default:
			y.say(me, "got", v)
		}
	case "release":
		y.sems[o.A].Release()
	case "shutdown":
		return y.queues[o.A].ShutDown(o.B > 0)
	case "taskdone":
		if y.queues[o.A].TaskDone() != nil {
			y.say(me, "too often")
		}
	case "join":
		if err := y.queues[o.A].Join(co); err != nil {
			return err
		}
		y.say(me, "joined", o.A)
	case "set":
		y.events[o.A].Set()
	case "clear":
		y.events[o.A].Clear()
	case "event":
		if err := y.events[o.A].Wait(co); err != nil {
			return err
		}
		y.say(me, "event", o.A)
	case "cwait":
		return y.cond.With(co, func() error {
			y.say(me, "listens")
			if err := y.cond.Wait(co); err != nil {
				return err
			}
			y.say(me, "heard")
			return nil
		})
	case "cnotify":
		return y.cond.With(co, func() error { y.cond.Notify(o.A); return nil })
	case "fset":
		if !y.futs[o.A].Done() {
			return y.futs[o.A].SetResult(o.B)
		}
	case "fcancel":
		y.say(me, "fcancel", y.futs[o.A].Cancel())
	case "fwait":
		v, err := y.futs[o.A].Await(co)
		if err != nil {
			return err
		}
		y.say(me, "future", v)
	default:
		return fmt.Errorf("unknown operation %s", o.Kind)
	}
	return nil
}
