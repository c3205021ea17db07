package asyncio

import "time"

// Handle is a callback that was queued by CallSoon or its relatives. Python:
// asyncio.Handle.
type Handle struct {
	fn        func()
	cancelled bool
}

// Cancel prevents the call, if it has not happened. Python: Handle.cancel.
func (h *Handle) Cancel() { h.cancelled, h.fn = true, nil }

// Cancelled reports whether Cancel was called. Python: Handle.cancelled.
func (h *Handle) Cancelled() bool { return h.cancelled }

// Timer is a callback that was queued by CallLater or CallAt. Python:
// asyncio.TimerHandle.
type Timer struct {
	loop *Loop
	t    timer
	fn   func()
}

// Cancel prevents the call, if it has not happened. Python: TimerHandle.cancel.
func (t *Timer) Cancel() { t.loop.timers.cancel(&t.t) }

// Cancelled reports whether Cancel was called. Python: TimerHandle.cancelled.
func (t *Timer) Cancelled() bool { return t.t.cancelled }

// When is the moment of the loop's clock at which the callback is due. Python:
// TimerHandle.when.
func (t *Timer) When() time.Duration { return t.t.when }

// CallSoon queues fn for the next turn, after everything that is queued already.
// It must be called on the loop's thread; in debug mode another one is found out
// by a panic with a *gil.RuntimeError, and so is a closed loop always. Python:
// loop.call_soon.
func (l *Loop) CallSoon(fn func()) *Handle {
	l.open()
	if l.debug {
		l.mustBeHere("CallSoon")
	}
	if fn == nil {
		panic(badValue("", "CallSoon: the function is nil"))
	}
	h := l.handle(fn)
	l.ready.push(job{h: h})
	return h
}

// handle makes a handle. They are allocated sixty-four at a time.
func (l *Loop) handle(fn func()) *Handle {
	if len(l.handles) == 0 {
		l.handles = make([]Handle, 64)
	}
	h := &l.handles[0]
	l.handles = l.handles[1:]
	h.fn = fn
	return h
}

// CallLater queues fn for d from now. A d of zero or less is due at once, which
// is after what is ready. Python: loop.call_later.
func (l *Loop) CallLater(d time.Duration, fn func()) *Timer {
	return l.CallAt(l.later(d), fn)
}

// CallAt queues fn for a moment of the loop's clock. Python: loop.call_at.
func (l *Loop) CallAt(when time.Duration, fn func()) *Timer {
	l.open()
	if l.debug {
		l.mustBeHere("CallAt")
	}
	if fn == nil {
		panic(badValue("", "CallAt: the function is nil"))
	}
	t := &Timer{loop: l, fn: fn}
	t.t.when, t.t.job = when, job{fn: t.fire}
	l.timers.push(&t.t)
	return t
}

// fire runs a user's callback of a timer.
func (t *Timer) fire() { t.loop.guard(t.fn, t.fn) }

// later is now + d, without running over.
func (l *Loop) later(d time.Duration) time.Duration {
	now := l.Time()
	if d > 0 && now+d < now {
		return 1<<63 - 1
	}
	return now + d
}

// at queues a function of this package for a moment.
func (l *Loop) at(when time.Duration, j job) *timer {
	t := l.timers.get(true)
	t.when, t.job = when, j
	l.timers.push(t)
	return t
}
