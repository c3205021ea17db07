package asyncio

import "time"

// WaitFor waits at most d for a task, a future or a coroutine object; on timeout
// it cancels it, waits until it has ended, and returns an error that matches
// ErrTimeout. Python: asyncio.wait_for.
//
// Where Pythons differ the thread's profile decides: 3.6 does not wait for the
// cancelled work; up to 3.8 a value it returns nevertheless is dropped; from 3.8
// to 3.11 a cancellation that comes when the work is done is lost; from 3.12 on a
// coroutine object runs in the caller's task.
func WaitFor[T any](co *Co, d time.Duration, a Awaiter[T]) (T, error) {
	var none T
	if err := co.check(); err != nil {
		return none, err
	}
	r := co.loop.rules
	switch {
	case d <= 0 && !r.waitForZeroStarts():
		return waitForZero(co, a)
	case r.waitForSameTask():
		v, tm := none, &TimeoutScope{}
		err := tm.run(co, co.loop.later(d), func(co *Co) (err error) {
			v, err = a.Await(co)
			return err
		})
		if err != nil {
			return none, err
		}
		return v, nil
	}
	return waitForTask(co, d, a)
}

// WaitForFunc is WaitFor of a function. Python: asyncio.wait_for(fn(), d).
func WaitForFunc[T any](co *Co, d time.Duration, fn func(co *Co) (T, error)) (T, error) {
	// Nobody else has it, so it is not one to be reported as never awaited.
	return WaitFor[T](co, d, &Coroutine[T]{n: new(neverAwaited), loop: co.loop, fn: fn})
}

// waitForZero is WaitFor without time: work that is not done does not begin.
func waitForZero[T any](co *Co, a Awaiter[T]) (T, error) {
	var none T
	r := co.loop.rules
	f, err := co.own(a)
	if err != nil {
		return none, err
	}
	if f.state != pending {
		return a.result()
	}
	if !r.since(8) {
		f.cancel(noReason)
		return none, ErrTimeout
	}
	if err := co.cancelAndWait(f); err != nil {
		return none, err
	}
	return waitForEnd(r, f, a)
}

// waitForEnd is the outcome of work that was cancelled for want of time.
func waitForEnd[T any](r rules, f *future, a Awaiter[T]) (T, error) {
	var none T
	v, err := a.result()
	if !r.waitForReturnsSwallowed() {
		return none, ErrTimeout
	}
	if f.state == cancelled || err != nil && cancellation(err) != nil {
		return none, &TimeoutError{Cause: err}
	}
	return v, err
}

// cancelAndWait cancels f and waits until it has ended.
func (co *Co) cancelAndWait(f *future) error {
	waiter := &future{loop: co.loop, what: "end of " + f.name(), on: []*future{f}}
	cb := f.whenDone(waiter.release)
	f.cancel(noReason)
	err := co.await(waiter)
	f.forget(cb)
	return err
}

// waitForTask is WaitFor up to 3.11: the work is a task of its own.
func waitForTask[T any](co *Co, d time.Duration, a Awaiter[T]) (T, error) {
	var none T
	l := co.loop
	r := l.rules
	waiter := &future{loop: l}
	t := l.timer(l.later(d), waiter.release)
	defer l.timers.cancel(t)
	f, err := co.own(a)
	if err != nil {
		return none, err
	}
	waiter.what, waiter.on = "timeout or end of "+f.name(), []*future{f}
	cb := f.whenDone(waiter.release)
	if err := co.await(waiter); err != nil {
		if f.state != pending && r.waitForPrefersResult() {
			return a.result() // the cancellation is lost
		}
		f.forget(cb)
		if !r.waitForPrefersResult() {
			f.cancel(noReason)
			return none, err
		}
		if err := co.cancelAndWait(f); err != nil {
			return none, err
		}
		return none, err
	}
	if f.state != pending {
		return a.result()
	}
	f.forget(cb)
	if !r.waitForJoins() {
		f.cancel(noReason)
		return none, ErrTimeout
	}
	if err := co.cancelAndWait(f); err != nil {
		return none, err
	}
	return waitForEnd(r, f, a)
}
