package threading

import "github.com/pygil/pygil/gil"

// What Condition uses of a lock, for the counterparts of CPython's tests of
// _is_owned, _release_save, _acquire_restore and _recursion_count.

// IsOwned reports whether t owns l.
func IsOwned(t *gil.Thread, l Locker) bool { return isOwned(t, l) }

// ReleaseAll gives l up however often t acquired it.
func ReleaseAll(t *gil.Thread, l Locker) int { return releaseAll(t, l) }

// AcquireAll takes l back.
func AcquireAll(t *gil.Thread, l Locker, levels int) { acquireAll(t, l, levels) }

// Levels is how often t has acquired l.
func (l *RLock) Levels(t *gil.Thread) int {
	if !l.ownedBy(t) {
		return 0
	}
	return l.bind(t).levels
}

// Waiting is how many threads are in line at c.
func (c *Condition) Waiting(t *gil.Thread) int { return c.waiters(t).len() }
