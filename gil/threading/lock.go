package threading

import (
	"time"

	"github.com/pygil/pygil/gil"
)

// Lock is a lock without an owner: any thread may release it, and a second
// Acquire by the thread that holds it waits like any other. The zero value is
// unlocked. A Lock must not be copied after first use.
//
// Waiters are woken in the order in which they came, but up to 3.13 whoever comes
// first takes the lock, the thread that has just released it as well as the one
// that was woken: two threads that loop over a locked section hardly ever change
// places. In 3.14, and free-threaded from 3.13 on, a waiter that has waited for
// more than 1 ms is handed the lock.
//
// Python: threading.Lock.
type Lock struct {
	Name string // for reports; set it before first use

	gate gil.Gate
}

var (
	_ Locker = (*Lock)(nil)
	_ saver  = (*Lock)(nil)
)

func (l *Lock) bind(t *gil.Thread) { l.gate.Init(t, 1, named(l.Name, "a lock")) }

// pass acquires the lock, called as site says.
func (l *Lock) pass(t *gil.Thread, site gil.CallSite, k gil.OpKind, until time.Duration) bool {
	if !l.gate.Bound(t) {
		l.bind(t)
	}
	t.Before(site)
	passed := l.gate.Pass(t, k, until) == gil.Passed
	if passed {
		l.gate.SetOwner(t)
	}
	t.After(site)
	return passed
}

// Acquire waits until the lock is free and takes it. The GIL is given up only
// while it waits; up to 3.1 always. Python: lock.acquire().
func (l *Lock) Acquire(t *gil.Thread) {
	if !l.gate.Bound(t) {
		l.bind(t)
	}
	t.Before(gil.SiteAcquire)
	l.gate.Pass(t, gil.OpAcquire, gil.Forever)
	l.gate.SetOwner(t)
	t.After(gil.SiteAcquire)
}

// AcquireTimeout is Acquire that waits for at most d and reports whether the lock
// was acquired. A d of zero is a TryAcquire; a negative one panics with a
// *gil.ValueError. Python has it from 3.2 on; older profiles have it too. Python:
// lock.acquire(timeout=d).
func (l *Lock) AcquireTimeout(t *gil.Thread, d time.Duration) bool {
	return l.pass(t, gil.SiteTry, gil.OpAcquire, blockingUntil(t, d))
}

// TryAcquire takes the lock if it is free and reports whether it did. It never
// waits for it; up to 3.1 it gives the GIL up. Python: lock.acquire(blocking=False).
func (l *Lock) TryAcquire(t *gil.Thread) bool { return l.pass(t, gil.SiteTry, gil.OpTryAcquire, 0) }

// Release frees the lock; any thread may. It panics with a *gil.RuntimeError when
// the lock is not held. It never gives the GIL up. Python: lock.release().
func (l *Lock) Release(t *gil.Thread) { l.release(t, gil.SiteRelease) }

// release frees the lock, called as site says.
func (l *Lock) release(t *gil.Thread, site gil.CallSite) {
	if !l.gate.Bound(t) {
		l.bind(t)
	}
	if site != gil.SiteExit { // at the end of With nothing may come between its body and this
		t.Before(site)
	}
	owner := l.gate.Owner()
	if !l.gate.OpenUpTo(t, gil.OpRelease, 1, 1) {
		panic(misuse("release unlocked lock", "release unlocked lock%s; acquire it first, release it once", suffix(l.Name)))
	}
	if owner != nil {
		disown(&l.gate, owner)
	}
	t.After(site)
}

// disown forgets that owner held what g guards. It comes after the gate was opened,
// because up to then reports are right about it; where there is no GIL somebody
// else may own it already.
func disown(g *gil.Gate, owner *gil.Thread) {
	if g.Owner() == owner {
		g.SetOwner(nil)
	}
}

// Locked reports whether somebody holds the lock. Python: lock.locked().
func (l *Lock) Locked(t *gil.Thread) bool {
	if !l.gate.Bound(t) {
		l.bind(t)
	}
	t.Before(gil.SiteTry)
	locked := l.gate.Peek(t, gil.OpPeek) == 0
	t.After(gil.SiteTry)
	return locked
}

// With calls fn with the lock held and releases it however fn ends. Python: with
// lock.
func (l *Lock) With(t *gil.Thread, fn func()) {
	l.pass(t, gil.SiteEnter, gil.OpAcquire, gil.Forever)
	defer l.release(t, gil.SiteExit)
	fn()
	t.Before(gil.SiteExit)
}

// ownedBy reports whether somebody holds the lock. Who it is nobody can tell, but
// where owners are recorded the answer needs no look at what others can change.
func (l *Lock) ownedBy(t *gil.Thread) bool {
	if !l.gate.Bound(t) {
		l.bind(t)
	}
	return l.gate.Owner() == t || l.gate.Peek(t, gil.OpPeek) == 0
}

func (l *Lock) releaseAll(t *gil.Thread) int {
	l.Release(t)
	return 1
}

func (l *Lock) acquireAll(t *gil.Thread, _ int) { l.Acquire(t) }
