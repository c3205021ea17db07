package threading

import (
	"time"

	"github.com/pygil/pygil/gil"
)

// BoundedSemaphore is a Semaphore that never has more units than at first:
// releasing one that was not acquired is an error. The zero value has one unit. A
// BoundedSemaphore must not be copied after first use.
//
// Python: threading.BoundedSemaphore.
type BoundedSemaphore struct {
	Name string // for reports; set it before first use

	units units
}

// NewBoundedSemaphore returns a semaphore with n units and no more. It panics with
// a *gil.ValueError when n is negative or more than 2147483646. Python:
// threading.BoundedSemaphore(n).
func NewBoundedSemaphore(n int) *BoundedSemaphore {
	return &BoundedSemaphore{units: newUnits("NewBoundedSemaphore", n)}
}

func (s *BoundedSemaphore) bind(t *gil.Thread) *gil.Gate {
	return s.units.bind(t, named(s.Name, "a bounded semaphore"))
}

// Acquire takes a unit, waiting while there is none. The GIL is given up only
// while it waits; up to 3.1 always. Python: semaphore.acquire().
func (s *BoundedSemaphore) Acquire(t *gil.Thread) { s.take(t, opTake, gil.Forever) }

// AcquireTimeout is Acquire that waits for at most d and reports whether it got a
// unit. A d of zero or less is a TryAcquire. Python: semaphore.acquire(timeout=d),
// from 3.2 on.
func (s *BoundedSemaphore) AcquireTimeout(t *gil.Thread, d time.Duration) bool {
	return s.take(t, opTake, until(t, d))
}

// TryAcquire takes a unit if there is one and reports whether it did. It never
// waits for one; up to 3.1 it gives the GIL up. Python:
// semaphore.acquire(blocking=False).
func (s *BoundedSemaphore) TryAcquire(t *gil.Thread) bool { return s.take(t, gil.OpTryAcquire, 0) }

func (s *BoundedSemaphore) take(t *gil.Thread, k gil.OpKind, until time.Duration) bool {
	return take(t, s.bind(t), k, until)
}

// Release gives a unit back. It panics with a *gil.ValueError when all are there
// already. Python: semaphore.release().
func (s *BoundedSemaphore) Release(t *gil.Thread) { s.ReleaseN(t, 1) }

// ReleaseN gives n units back. It panics with a *gil.ValueError when n < 1, or
// when there would be more than at first; then none is added. Python:
// semaphore.release(n), from 3.9 on.
func (s *BoundedSemaphore) ReleaseN(t *gil.Thread, n int) {
	mustRelease(n)
	if most := s.units.initial(); !add(t, s.bind(t), n, most) {
		panic(badValue("Semaphore released too many times",
			"semaphore%s released too many times: %d more do not fit into its %d units", suffix(s.Name), n, most))
	}
}

// Value is the number of units that can be taken without waiting. Python shows it
// in the semaphore's repr.
func (s *BoundedSemaphore) Value(t *gil.Thread) int { return s.bind(t).Peek(t, gil.OpPeek) }

// With calls fn with a unit taken and gives it back however fn ends. Python: with
// semaphore.
func (s *BoundedSemaphore) With(t *gil.Thread, fn func()) {
	s.Acquire(t)
	defer s.Release(t)
	fn()
}
