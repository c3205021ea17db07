package threading

import (
	"time"

	"github.com/pygil/pygil/gil"
)

// Condition is a condition variable: threads that hold its lock wait until
// another one that holds it notifies them. The zero value has an RLock of its
// own. A Condition must not be copied after first use.
//
// Notify wakes the threads that have waited longest; each then competes for the
// lock with whoever wants it, so the order in which Wait returns is not that in
// which they were notified. A notification that finds nobody waiting is lost, and
// nobody is woken without one.
//
// Python: threading.Condition.
type Condition struct {
	Name string // for reports; set it before first use

	lock    Locker // nil for own
	own     RLock
	waiting gil.Kin[waiters]
}

var (
	_ Locker = (*Condition)(nil)
	_ saver  = (*Condition)(nil)
)

// NewCondition returns a condition over lock l, which several conditions may
// share; nil is an RLock of its own. Python: threading.Condition(l).
func NewCondition(l Locker) *Condition { return &Condition{lock: l} }

// locker is the condition's lock. Its own one goes by the condition's name.
func (c *Condition) locker(t *gil.Thread) Locker {
	if c.lock != nil {
		return c.lock
	}
	c.own.gate.Init(t, 1, named(c.Name, "the lock of a condition"))
	return &c.own
}

// Acquire acquires the condition's lock; see the lock's. Python:
// condition.acquire().
func (c *Condition) Acquire(t *gil.Thread) { c.locker(t).Acquire(t) }

// AcquireTimeout acquires the condition's lock; see the lock's. Python:
// condition.acquire(timeout=d).
func (c *Condition) AcquireTimeout(t *gil.Thread, d time.Duration) bool {
	return c.locker(t).AcquireTimeout(t, d)
}

// TryAcquire acquires the condition's lock; see the lock's. Python:
// condition.acquire(blocking=False).
func (c *Condition) TryAcquire(t *gil.Thread) bool { return c.locker(t).TryAcquire(t) }

// Release releases the condition's lock; see the lock's. Python:
// condition.release().
func (c *Condition) Release(t *gil.Thread) { c.locker(t).Release(t) }

// With calls fn with the condition's lock held and releases it however fn ends.
// Python: with condition.
func (c *Condition) With(t *gil.Thread, fn func()) {
	c.Acquire(t)
	defer c.Release(t)
	fn()
}

// Wait gives the lock up, however often the caller has acquired it, waits until it
// is notified, and takes the lock back as often. It gives the GIL up while it
// waits. It panics with a *gil.RuntimeError when the lock is not held. Python:
// condition.wait().
func (c *Condition) Wait(t *gil.Thread) { c.wait(t, gil.Forever) }

// WaitTimeout is Wait that waits for at most d and reports whether it was
// notified; 2.7's does not say. The lock is taken back in any case, however long
// that takes. A d of zero or less gives the lock up and takes it back at once. Up
// to 3.1 it polls, and notices a notification up to 50 ms late. Python:
// condition.wait(d).
//
// As in Python, a thread whose time ran out stays in line until it has the lock
// back: a Notify in between is spent on it.
func (c *Condition) WaitTimeout(t *gil.Thread, d time.Duration) bool { return c.wait(t, max(d, 0)) }

// wait waits for at most d, for ever when d is Forever.
func (c *Condition) wait(t *gil.Thread, d time.Duration) (notified bool) {
	l := c.locker(t)
	t.Before(gil.SiteLook)
	if !isOwned(t, l) {
		panic(misuse("cannot wait on un-acquired lock", "cannot wait on un-acquired lock%s; acquire it around the wait", suffix(c.Name)))
	}
	w := new(waiter)
	w.gate.Init(t, 0, c.describe())
	w.gate.WaitFor(gil.WhyCond)
	waiting := c.waiters(t)
	waiting.add(w)
	waiting.init(t, c)
	levels := releaseAll(t, l)
	defer t.After(gil.SiteLook)
	if d != gil.Forever && polls(t) {
		notified = passPolling(&w.gate, t, d)
		if !notified {
			waiting.announce(t, gil.OpClear, c)
			waiting.remove(w) // these Pythons do it before they have the lock back
		}
		acquireAll(t, l, levels)
		return notified
	}
	end := gil.Forever
	if d != gil.Forever {
		end = until(t, d)
	}
	notified = w.gate.Pass(t, gil.OpWait, end) == gil.Passed
	acquireAll(t, l, levels)
	if !notified {
		waiting.remove(w)
	}
	return notified
}

// WaitFor waits until pred returns true; it is called with the lock held, at once
// and after every notification. Python: condition.wait_for(pred).
func (c *Condition) WaitFor(t *gil.Thread, pred func() bool) {
	for !pred() {
		c.Wait(t)
	}
}

// WaitForTimeout is WaitFor that gives up after d and returns what pred returned
// last. A d of zero or less looks twice, with the lock given up in between.
// Python: condition.wait_for(pred, d).
func (c *Condition) WaitForTimeout(t *gil.Thread, pred func() bool, d time.Duration) bool {
	if pred() {
		return true
	}
	end := after(t, d)
	for left := d; ; {
		c.WaitTimeout(t, left)
		if pred() {
			return true
		}
		if left = end - t.Now(); left <= 0 {
			return false
		}
	}
}

// Notify wakes the n threads that have waited longest, or all if there are fewer.
// None can go on before the caller releases the lock. It panics with a
// *gil.RuntimeError when the lock is not held, and with a *gil.ValueError for a
// negative n under the profiles 3.6 to 3.8; from 3.9 on that wakes nobody.
// Python: condition.notify(n).
func (c *Condition) Notify(t *gil.Thread, n int) {
	c.mustNotify(t)
	c.waiters(t).announce(t, gil.OpPeek, c)
	c.notify(t, notifyCount(t, n, c.waiters(t).len()))
}

// NotifyAll wakes all threads that wait. It panics with a *gil.RuntimeError when
// the lock is not held. Python: condition.notify_all().
func (c *Condition) NotifyAll(t *gil.Thread) {
	c.mustNotify(t)
	c.waiters(t).announce(t, gil.OpPeek, c)
	c.notify(t, c.waiters(t).len())
}

func (c *Condition) mustNotify(t *gil.Thread) {
	if !isOwned(t, c.locker(t)) {
		panic(misuse("cannot notify on un-acquired lock", "cannot notify on un-acquired lock%s; acquire it around the notification", suffix(c.Name)))
	}
}

func (c *Condition) notify(t *gil.Thread, n int) {
	if t.Observed() {
		t.Emit(gil.Event{Kind: gil.EvNotify, Name: c.describe(), A: int64(max(0, n))})
	}
	for waiting := c.waiters(t); n > 0; n-- {
		w := waiting.pop()
		if w == nil {
			return
		}
		w.gate.Init(t, 0, c.describe()) // of a process that was forked, where nobody waits
		t.Before(gil.SiteRelease)
		w.gate.Open(t, gil.OpNotify, 1)
		t.After(gil.SiteRelease)
	}
}

// waiters are those of t's process.
func (c *Condition) waiters(t *gil.Thread) *waiters {
	if q := c.waiting.Own(t); q != nil {
		return q
	}
	return c.waiting.Of(t, (*waiters).fork)
}

func (c *Condition) describe() string { return named(c.Name, "a condition") }

// A condition can be the lock of another one.

func (c *Condition) ownedBy(t *gil.Thread) bool { return isOwned(t, c.locker(t)) }

func (c *Condition) releaseAll(t *gil.Thread) int { return releaseAll(t, c.locker(t)) }

func (c *Condition) acquireAll(t *gil.Thread, levels int) { acquireAll(t, c.locker(t), levels) }
