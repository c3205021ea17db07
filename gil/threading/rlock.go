package threading

import (
	"sync/atomic"
	"time"

	"github.com/pygil/pygil/gil"
)

// RLock is a lock that the thread which holds it may acquire again; it is free
// when it has been released as often. Only its owner may release it. The zero
// value is unlocked. An RLock must not be copied after first use.
//
// Python: threading.RLock, the one written in C.
type RLock struct {
	Name string // for reports; set it before first use

	gate gil.Gate
	kin  gil.Kin[holding]
}

// holding is who has an RLock.
type holding struct {
	owner  atomic.Pointer[gil.Thread]
	levels int // how often the owner has acquired it; only the owner looks
}

// fork is how a forked process has it: who forks is there the main thread.
func (h *holding) fork(from *holding, forker, main *gil.Thread) {
	o := from.owner.Load()
	if o == forker {
		o = main
	}
	h.owner.Store(o)
	h.levels = from.levels
}

var (
	_ Locker = (*RLock)(nil)
	_ saver  = (*RLock)(nil)
)

// bind returns who has the lock in t's process.
func (l *RLock) bind(t *gil.Thread) *holding {
	l.gate.Init(t, 1, named(l.Name, "a reentrant lock"))
	return l.kin.Of(t, (*holding).fork)
}

// pass acquires the lock, called as site says.
func (l *RLock) pass(t *gil.Thread, site gil.CallSite, k gil.OpKind, until time.Duration, levels int) bool {
	h := l.kin.Own(t)
	if h == nil {
		h = l.bind(t)
	}
	t.Before(site)
	passed := l.take(t, h, k, until, levels)
	t.After(site)
	return passed
}

func (l *RLock) take(t *gil.Thread, h *holding, k gil.OpKind, until time.Duration, levels int) bool {
	if h.owner.Load() == t {
		h.levels += levels
		return true
	}
	if l.gate.Pass(t, k, until) != gil.Passed {
		return false
	}
	h.levels = levels
	h.owner.Store(t)
	l.gate.SetOwner(t)
	return true
}

// Acquire waits until the lock is free, or the caller's already, and takes it once
// more. The GIL is given up only while it waits; up to 3.1 whenever the lock is
// not the caller's. Python: rlock.acquire().
func (l *RLock) Acquire(t *gil.Thread) {
	l.pass(t, gil.SiteAcquire, gil.OpAcquire, gil.Forever, 1)
}

// AcquireTimeout is Acquire that waits for at most d and reports whether the lock
// was acquired. A d of zero is a TryAcquire; a negative one panics with a
// *gil.ValueError. Python: rlock.acquire(timeout=d).
func (l *RLock) AcquireTimeout(t *gil.Thread, d time.Duration) bool {
	return l.pass(t, gil.SiteTry, gil.OpAcquire, blockingUntil(t, d), 1)
}

// TryAcquire takes the lock if it is free or the caller's already, and reports
// whether it did. It never waits for it; up to 3.1 it gives the GIL up whenever the
// lock is not the caller's. Python: rlock.acquire(blocking=False).
func (l *RLock) TryAcquire(t *gil.Thread) bool {
	return l.pass(t, gil.SiteTry, gil.OpTryAcquire, 0, 1)
}

// Release takes one Acquire back; the last one frees the lock. It panics with a
// *gil.RuntimeError when the caller does not own the lock. Python:
// rlock.release().
func (l *RLock) Release(t *gil.Thread) { l.release(t, gil.SiteRelease) }

// release takes one Acquire back, called as site says.
func (l *RLock) release(t *gil.Thread, site gil.CallSite) {
	h := l.mustOwn(t)
	if site != gil.SiteExit { // at the end of With nothing may come between its body and this
		t.Before(site)
	}
	if h.levels--; h.levels == 0 {
		l.free(t, h)
	}
	t.After(site)
}

func (l *RLock) mustOwn(t *gil.Thread) *holding {
	h := l.kin.Own(t)
	if h == nil {
		h = l.bind(t)
	}
	o := h.owner.Load()
	if o == t {
		return h
	}
	const python = "cannot release un-acquired lock"
	if o == nil || !l.held(t) { // an owner may be left from a world that has ended
		panic(misuse(python, "cannot release un-acquired lock%s; acquire it first", suffix(l.Name)))
	}
	panic(misuse(python, "cannot release un-acquired lock%s from thread %s: thread %s owns it and has to release it",
		suffix(l.Name), t.Name(), o.Name()))
}

func (l *RLock) free(t *gil.Thread, h *holding) {
	h.owner.Store(nil)
	l.gate.Open(t, gil.OpRelease, 1)
	disown(&l.gate, t)
}

// Locked reports whether somebody holds the lock. Python: rlock.locked(), from
// 3.14 on.
func (l *RLock) Locked(t *gil.Thread) bool {
	if !l.gate.Bound(t) {
		l.bind(t)
	}
	t.Before(gil.SiteTry)
	locked := l.held(t)
	t.After(gil.SiteTry)
	return locked
}

func (l *RLock) held(t *gil.Thread) bool { return l.gate.Peek(t, gil.OpPeek) == 0 }

// With calls fn with the lock held and takes the Acquire back however fn ends.
// Python: with rlock.
func (l *RLock) With(t *gil.Thread, fn func()) {
	l.pass(t, gil.SiteEnter, gil.OpAcquire, gil.Forever, 1)
	defer l.release(t, gil.SiteExit)
	fn()
	t.Before(gil.SiteExit)
}

func (l *RLock) ownedBy(t *gil.Thread) bool { return l.bind(t).owner.Load() == t }

func (l *RLock) releaseAll(t *gil.Thread) int {
	h := l.mustOwn(t)
	t.Before(gil.SiteRelease)
	n := h.levels
	h.levels = 0
	l.free(t, h)
	t.After(gil.SiteRelease)
	return n
}

func (l *RLock) acquireAll(t *gil.Thread, levels int) {
	l.pass(t, gil.SiteAcquire, gil.OpAcquire, gil.Forever, levels)
}
