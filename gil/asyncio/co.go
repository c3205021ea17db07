package asyncio

import (
	"context"
	"strconv"
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/goid"
	"github.com/pygil/pygil/internal/line"
)

// Co is a task as seen from inside: "the current task". A coroutine is a function
// with a *Co as its first argument; awaiting another coroutine is calling it with
// the same *Co, which costs nothing and does not yield.
//
// A Co belongs to its task. A method that may suspend returns an error: that of
// what was awaited, ErrCancelled once for every delivery of a cancellation, or a
// *gil.RuntimeError when the Co is used from another task, from a callback or
// after its task has ended. Nothing else suspends.
//
// A Co is a context.Context: a blocking call that is given it gives the GIL up,
// and blocks the loop, as in Python.
type Co struct {
	loop     *Loop
	w        *worker
	body     body
	self     *future
	waiting  *future
	reason   *CancelledError
	vars     *binding
	label    string
	site     string // debug: where the task was made
	awaits   string // what it waits for, when that is no future
	number   uint32
	asked    int32 // Cancel calls not withdrawn
	resisted int32 // awaits attempted while it is being unwound
	goid     uint64

	must    bool // a cancellation is to be delivered at the next step
	throw   bool // it is, now
	passing bool // it is being passed on to what the task waits for
	wanted  bool // one was asked for and has not been delivered
	heard   bool // one was delivered and not withdrawn since
	dying   bool
	place   line.Place[*Co] // among the loop's tasks
}

// body is the typed side of a task.
type body interface{ perform(co *Co) error }

var _ context.Context = (*Co)(nil)

// noReason is a cancellation without a message.
var noReason = ErrCancelled.(*CancelledError)

// check returns an error unless co is the task that runs.
func (co *Co) check() error {
	if co.dying {
		co.die()
	}
	if co.loop.cur != co || co.goid != 0 {
		return co.misused()
	}
	return nil
}

// misused says what is wrong with the use of a Co.
func (co *Co) misused() error {
	l := co.loop
	switch {
	case l.dead:
		return misuse("Event loop is closed", "await in task %s after its loop has ended: return what is needed from the main coroutine", co.Name())
	case co.self.state != pending:
		return misuse("cannot reuse already awaited coroutine", "await with the Co of task %s, which has ended: pass each function its own Co", co.Name())
	case l.cur == nil:
		return misuse("", "await with the Co of task %s outside of it, in a callback or on another goroutine: only its own coroutine awaits", co.Name())
	case l.cur != co:
		return misuse("", "await with the Co of task %s inside task %s: pass each function its own Co", co.Name(), l.cur.Name())
	case co.goid != goid.Current():
		return misuse("", "await with the Co of task %s on another goroutine: only its own coroutine awaits", co.Name())
	}
	return nil
}

// await is the one place where a task waits for a future.
func (co *Co) await(f *future) error {
	if err := co.check(); err != nil {
		return err
	}
	l := co.loop
	if f.state == pending {
		if f.loop != l || f.co == co {
			return co.refuse(f)
		}
		if f.first == (link{}) && len(f.rest) == 0 {
			f.first.co = co
		} else {
			f.rest = append(f.rest, link{co: co})
		}
		co.waiting = f
		if co.must && f.cancel(co.reason) {
			co.must = false
		}
		if l.observer != nil {
			l.observer.suspended(co)
		}
		co.suspend()
		if co.throw {
			return co.thrown()
		}
	} else if f.loop != l {
		return misuse("", "await of a %s of another loop", f.name())
	}
	err := f.outcome()
	if err != nil && co.wanted && cancellation(err) != nil {
		co.hear() // it was passed on to f and has come back
	}
	return err
}

// refuse ends an await that cannot be: Python throws the error in one turn later.
func (co *Co) refuse(f *future) error {
	err := misuse("Task cannot await on itself", "task %s cannot await itself", co.Name())
	if f.loop != co.loop {
		err = misuse("Task got Future attached to a different loop", "task %s awaits a %s of another loop; a future belongs to one loop", co.Name(), f.name())
	}
	co.loop.ready.push(job{co: co})
	co.suspend()
	if co.throw {
		return co.thrown()
	}
	return err
}

// thrown delivers a cancellation.
func (co *Co) thrown() error {
	co.throw = false
	co.hear()
	return co.reason
}

// hear notes that the task learns of its cancellation. If it had learnt of one
// before, it has gone on since as if it had not.
func (co *Co) hear() {
	if o := co.loop.observer; o != nil {
		if co.heard {
			o.cancelSwallowed(co)
		}
		o.cancelDelivered(co)
	}
	co.wanted, co.heard = false, co.asked > 0
}

// pass yields one turn: Python's bare yield.
func (co *Co) pass() error {
	co.loop.ready.push(job{co: co})
	co.awaits = "its turn"
	if co.loop.observer != nil {
		co.loop.observer.suspended(co)
	}
	co.suspend()
	co.awaits = ""
	if co.throw {
		return co.thrown()
	}
	return nil
}

// Sleep suspends the task for d. Sleep(0) yields exactly one turn of the loop, as
// does a negative d from 3.7 on; otherwise the timer costs one turn and the
// wake-up another. It returns ErrCancelled when the task is cancelled. Python:
// asyncio.sleep.
func (co *Co) Sleep(d time.Duration) error {
	if err := co.check(); err != nil {
		return err
	}
	l := co.loop
	if d == 0 || d < 0 && l.rules.sleepNegativeIsZero() {
		return co.pass()
	}
	s := l.sleeper()
	s.f.what = "sleep"
	t := l.at(l.later(d), job{fn: s.wake})
	s.t = t
	err := co.await(&s.f)
	if s.t != nil {
		l.timers.cancel(t)
	}
	l.sleepers = append(l.sleepers, s)
	return err
}

// sleeper is the future of a Sleep; it is used again.
type sleeper struct {
	f    future
	t    *timer
	wake func()
}

func (l *Loop) sleeper() *sleeper {
	if n := len(l.sleepers); n > 0 {
		s := l.sleepers[n-1]
		l.sleepers = l.sleepers[:n-1]
		s.f.state, s.f.err, s.f.id = pending, nil, 0
		return s
	}
	s := &sleeper{f: future{loop: l}}
	s.wake = func() {
		s.t = nil
		if s.f.state == pending {
			s.f.finish(nil)
		}
	}
	return s
}

// Compute is pure Python work for d: it holds the loop, and the GIL but for what
// other threads get in their switch intervals. Nothing else of the loop runs.
func (co *Co) Compute(d time.Duration) { co.loop.t.Compute(d) }

// Block is time.sleep(d), or another blocking call of that length: it holds the
// loop and gives the GIL up. Sleep is what a coroutine should call.
func (co *Co) Block(d time.Duration) { co.loop.t.Sleep(d) }

// Thread is the thread that runs the loop.
func (co *Co) Thread() *gil.Thread { return co.loop.t }

// Loop is the running loop. Python: asyncio.get_running_loop.
func (co *Co) Loop() *Loop { return co.loop }

// Now is the loop's clock. Python: loop.time.
func (co *Co) Now() time.Duration { return co.loop.Time() }

// Name is the task's name, by default Task-N. Python: Task.get_name.
func (co *Co) Name() string {
	if co.label == "" {
		return "Task-" + strconv.FormatUint(uint64(co.number), 10)
	}
	return co.label
}

// Cancel asks for the task's cancellation from inside: it goes on until its next
// await that suspends. Python: asyncio.current_task().cancel.
func (co *Co) Cancel() bool { return co.cancel(noReason) }

// Cancelling is the number of cancellations asked for and not withdrawn. Python:
// Task.cancelling.
func (co *Co) Cancelling() int { return int(co.asked) }

// Uncancel withdraws one cancellation and returns how many are left. From 3.13 on
// withdrawing the last one also prevents its delivery. Python: Task.uncancel.
func (co *Co) Uncancel() int {
	if co.asked > 0 {
		co.asked--
		if co.asked == 0 {
			co.heard = false
			if co.must && co.loop.rules.uncancelWithdraws() {
				co.must, co.wanted = false, false
			}
		}
	}
	return int(co.asked)
}

// Deadline reports that a task has none.
func (co *Co) Deadline() (time.Time, bool) { return co.loop.t.Deadline() }

// Done is closed when the thread that runs the loop ends. A cancellation is
// delivered at an await and does not close it.
func (co *Co) Done() <-chan struct{} { return co.loop.t.Done() }

// Err is not nil once Done is closed.
func (co *Co) Err() error { return co.loop.t.Err() }

// AfterFunc arranges that f is called once Done is closed; see gil.Thread.AfterFunc.
// Package context uses it, so that deriving a context from a task starts no
// goroutine.
func (co *Co) AfterFunc(f func()) (stop func() bool) { return co.loop.t.AfterFunc(f) }

// Value finds the task itself, and the thread that runs the loop.
func (co *Co) Value(key any) any {
	if _, ok := key.(coKey); ok {
		return co
	}
	return co.loop.t.Value(key)
}

type coKey struct{}

// Current returns the task behind ctx: ctx itself, or the Co it was derived from.
// Python: asyncio.current_task().
func Current(ctx context.Context) (*Co, bool) {
	if co, ok := ctx.(*Co); ok {
		return co, true
	}
	co, ok := ctx.Value(coKey{}).(*Co)
	return co, ok
}
