package threading

import (
	"time"

	"github.com/pygil/pygil/gil"
)

// Locker is what a Condition can be made with: *Lock, *RLock, *Condition, or
// anything else with these methods.
type Locker interface {
	// Acquire waits for the lock.
	Acquire(t *gil.Thread)
	// AcquireTimeout waits for the lock for at most d and reports whether it got it.
	AcquireTimeout(t *gil.Thread, d time.Duration) bool
	// TryAcquire takes the lock if it is free and reports whether it did; it never
	// waits for it.
	TryAcquire(t *gil.Thread) bool
	// Release gives the lock back.
	Release(t *gil.Thread)
}

// saver is a Locker that knows its owner, or that can be acquired several times
// and be given up and taken back all at once. Condition uses it where it is
// there, as Python does with _is_owned, _release_save and _acquire_restore.
type saver interface {
	ownedBy(t *gil.Thread) bool
	releaseAll(t *gil.Thread) (levels int)
	acquireAll(t *gil.Thread, levels int)
}

// isOwned reports whether t owns l. A lock without owners is taken to be owned by
// whoever asks, as long as somebody holds it.
func isOwned(t *gil.Thread, l Locker) bool {
	if s, ok := l.(saver); ok {
		return s.ownedBy(t)
	}
	if l.TryAcquire(t) {
		l.Release(t)
		return false
	}
	return true
}

// releaseAll gives l up however often t acquired it.
func releaseAll(t *gil.Thread, l Locker) (levels int) {
	if s, ok := l.(saver); ok {
		return s.releaseAll(t)
	}
	l.Release(t)
	return 1
}

// acquireAll takes l back as often as releaseAll gave it up.
func acquireAll(t *gil.Thread, l Locker, levels int) {
	if s, ok := l.(saver); ok {
		s.acquireAll(t, levels)
		return
	}
	l.Acquire(t)
}
