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

	gate   gil.Gate
	owner  atomic.Pointer[gil.Thread]
	levels int // how often the owner has acquired it; only the owner looks
}

var (
	_ Locker = (*RLock)(nil)
	_ saver  = (*RLock)(nil)
)

func (l *RLock) bind(t *gil.Thread) { l.gate.Init(t, 1, named(l.Name, "a reentrant lock")) }

func (l *RLock) pass(t *gil.Thread, k gil.OpKind, until time.Duration, levels int) bool {
	if !l.gate.Bound(t) {
		l.bind(t)
	}
	if l.owner.Load() == t {
		l.levels += levels
		return true
	}
	if l.gate.Pass(t, k, until) != gil.Passed {
		return false
	}
	l.levels = levels
	l.owner.Store(t)
	l.gate.SetOwner(t)
	return true
}

// Acquire waits until the lock is free, or the caller's already, and takes it once
// more. The GIL is given up only while it waits; up to 3.1 whenever the lock is
// not the caller's. Python: rlock.acquire().
func (l *RLock) Acquire(t *gil.Thread) { l.pass(t, gil.OpAcquire, gil.Forever, 1) }

// AcquireTimeout is Acquire that waits for at most d and reports whether the lock
// was acquired. A d of zero is a TryAcquire; a negative one panics with a
// *gil.ValueError. Python: rlock.acquire(timeout=d).
func (l *RLock) AcquireTimeout(t *gil.Thread, d time.Duration) bool {
	return l.pass(t, gil.OpAcquire, blockingUntil(t, d), 1)
}

// TryAcquire takes the lock if it is free or the caller's already, and reports
// whether it did. It never waits. Python: rlock.acquire(blocking=False).
func (l *RLock) TryAcquire(t *gil.Thread) bool { return l.pass(t, gil.OpTryAcquire, 0, 1) }

// Release takes one Acquire back; the last one frees the lock. It panics with a
// *gil.RuntimeError when the caller does not own the lock. Python:
// rlock.release().
func (l *RLock) Release(t *gil.Thread) {
	l.mustOwn(t)
	if l.levels--; l.levels == 0 {
		l.free(t)
	}
}

func (l *RLock) mustOwn(t *gil.Thread) {
	if !l.gate.Bound(t) {
		l.bind(t)
	}
	o := l.owner.Load()
	if o == t {
		return
	}
	const python = "cannot release un-acquired lock"
	if o == nil || !l.Locked(t) { // an owner may be left from a world that has ended
		panic(misuse(python, "cannot release un-acquired lock%s; acquire it first", suffix(l.Name)))
	}
	panic(misuse(python, "cannot release un-acquired lock%s from thread %s: thread %s owns it and has to release it",
		suffix(l.Name), t.Name(), o.Name()))
}

func (l *RLock) free(t *gil.Thread) {
	l.owner.Store(nil)
	l.gate.Open(t, gil.OpRelease, 1)
	disown(&l.gate, t)
}

// Locked reports whether somebody holds the lock. Python: rlock.locked(), from
// 3.14 on.
func (l *RLock) Locked(t *gil.Thread) bool {
	if !l.gate.Bound(t) {
		l.bind(t)
	}
	return l.gate.Peek(t, gil.OpPeek) == 0
}

// With calls fn with the lock held and takes the Acquire back however fn ends.
// Python: with rlock.
func (l *RLock) With(t *gil.Thread, fn func()) {
	l.Acquire(t)
	defer l.Release(t)
	fn()
}

func (l *RLock) ownedBy(t *gil.Thread) bool { return l.owner.Load() == t }

func (l *RLock) releaseAll(t *gil.Thread) int {
	l.mustOwn(t)
	n := l.levels
	l.levels = 0
	l.free(t)
	return n
}

func (l *RLock) acquireAll(t *gil.Thread, levels int) {
	l.pass(t, gil.OpAcquire, gil.Forever, levels)
}
