package threading

import (
	"time"

	"github.com/pygil/pygil/gil"
)

// Semaphore is a number of units: Acquire takes one and waits while there is none,
// Release adds some. The zero value has one unit. A Semaphore must not be copied
// after first use.
//
// Release wakes the threads that have waited longest, but whoever comes first
// takes the unit, and the one that was woken waits again: the order is not that of
// a queue.
//
// Python: threading.Semaphore.
type Semaphore struct {
	Name string // for reports; set it before first use

	units units
}

// NewSemaphore returns a semaphore with n units. It panics with a *gil.ValueError
// when n is negative or more than 2147483646. Python: threading.Semaphore(n).
func NewSemaphore(n int) *Semaphore {
	return &Semaphore{units: newUnits("NewSemaphore", n)}
}

func (s *Semaphore) bind(t *gil.Thread) *gil.Gate {
	return s.units.bind(t, named(s.Name, "a semaphore"))
}

// Acquire takes a unit, waiting while there is none. The GIL is given up only
// while it waits; up to 3.1 always. Python: semaphore.acquire().
func (s *Semaphore) Acquire(t *gil.Thread) { s.take(t, opTake, gil.Forever) }

// AcquireTimeout is Acquire that waits for at most d and reports whether it got a
// unit. A d of zero or less is a TryAcquire. Python: semaphore.acquire(timeout=d),
// from 3.2 on.
func (s *Semaphore) AcquireTimeout(t *gil.Thread, d time.Duration) bool {
	return s.take(t, opTake, until(t, d))
}

// TryAcquire takes a unit if there is one and reports whether it did. It never
// waits for one; up to 3.1 it gives the GIL up. Python:
// semaphore.acquire(blocking=False).
func (s *Semaphore) TryAcquire(t *gil.Thread) bool { return s.take(t, gil.OpTryAcquire, 0) }

func (s *Semaphore) take(t *gil.Thread, k gil.OpKind, until time.Duration) bool {
	return take(t, s.bind(t), k, until)
}

// Release adds a unit. Nobody needs to have taken one. Python:
// semaphore.release().
func (s *Semaphore) Release(t *gil.Thread) { s.ReleaseN(t, 1) }

// ReleaseN adds n units. It panics with a *gil.ValueError when n < 1, or when
// there would be more than 2147483646. Python: semaphore.release(n), from 3.9 on.
func (s *Semaphore) ReleaseN(t *gil.Thread, n int) {
	mustRelease(n)
	if !add(t, s.bind(t), n, maxUnits) {
		panic(badValue("", "ReleaseN(%d): semaphore%s would have more than %d units", n, suffix(s.Name), maxUnits))
	}
}

// Value is the number of units that can be taken without waiting. Python shows it
// in the semaphore's repr.
func (s *Semaphore) Value(t *gil.Thread) int { return s.bind(t).Peek(t, gil.OpPeek) }

// With calls fn with a unit taken and adds it back however fn ends. Python: with
// semaphore.
func (s *Semaphore) With(t *gil.Thread, fn func()) {
	s.Acquire(t)
	defer s.Release(t)
	fn()
}
