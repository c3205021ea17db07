package asyncio

// Semaphore hands out permits to tasks. Make one with NewSemaphore. Python:
// asyncio.Semaphore.
//
// Waiters are served in the order in which they came. Up to 3.8 a task that
// releases and acquires at once barges in; each later algorithm closed a hole, and
// the profile of the waiting thread decides which one runs.
type Semaphore struct {
	Name string // for reports

	bound     bound
	waiters   waiters
	value     int
	limit     int // of a bounded one, -1 otherwise
	scheduled bool
}

// NewSemaphore makes a semaphore with n permits. It panics with a *gil.ValueError
// when n is negative. Python: asyncio.Semaphore(n).
func NewSemaphore(n int) *Semaphore {
	if n < 0 {
		panic(badValue("Semaphore initial value must be >= 0", "NewSemaphore(%d): must not be negative", n))
	}
	return &Semaphore{value: n, limit: -1}
}

// BoundedSemaphore is a Semaphore that refuses to have more permits than at first.
// Python: asyncio.BoundedSemaphore.
type BoundedSemaphore struct{ Semaphore }

// NewBoundedSemaphore makes a bounded semaphore with n permits. It panics with a
// *gil.ValueError when n is negative. Python: asyncio.BoundedSemaphore(n).
func NewBoundedSemaphore(n int) *BoundedSemaphore {
	s := NewSemaphore(n)
	s.limit = n
	return &BoundedSemaphore{*s}
}

// Locked reports whether Acquire would wait. Python: Semaphore.locked.
func (s *Semaphore) Locked() bool { return s.value == 0 || s.waiters.someoneLeft() }

// Acquire takes a permit, waiting for one if need be. An error means that none is
// held. Python: Semaphore.acquire.
func (s *Semaphore) Acquire(co *Co) error {
	if err := co.check(); err != nil {
		return err
	}
	switch co.loop.rules.semaphore() {
	case semaphoreBarging:
		return s.acquireBarging(co)
	case semaphoreScheduled:
		return s.acquireScheduled(co)
	}
	return s.acquireQueued(co)
}

// acquireBarging is the algorithm up to 3.8: whoever runs first takes the permit.
func (s *Semaphore) acquireBarging(co *Co) error {
	for s.value <= 0 {
		f, err := s.bound.waiter(co, "Semaphore", s.Name)
		if err != nil {
			return err
		}
		s.waiters.push(f)
		if err := co.await(f); err != nil {
			f.cancel(noReason)
			if s.value > 0 && f.state != cancelled {
				s.waiters.wake()
			}
			return err
		}
	}
	s.value--
	return nil
}

// acquireScheduled is the algorithm of 3.9: nobody takes a permit while a woken
// waiter is on its way.
func (s *Semaphore) acquireScheduled(co *Co) error {
	for s.scheduled || s.value <= 0 {
		f, err := s.bound.waiter(co, "Semaphore", s.Name)
		if err != nil {
			return err
		}
		s.waiters.push(f)
		if err := co.await(f); err != nil {
			s.wakeScheduled()
			return err
		}
		s.scheduled = false
	}
	s.value--
	return nil
}

func (s *Semaphore) wakeScheduled() {
	if s.waiters.wake() {
		s.scheduled = true
	}
}

// acquireQueued is the algorithm from 3.10 on: the permit is handed to the waiter.
func (s *Semaphore) acquireQueued(co *Co) error {
	if !s.Locked() {
		s.value--
		return nil
	}
	f, err := s.bound.waiter(co, "Semaphore", s.Name)
	if err != nil {
		return err
	}
	s.waiters.push(f)
	err = co.await(f)
	s.waiters.remove(f)
	if co.loop.rules.semaphore() == semaphoreDraining {
		if err != nil && f.state == finished {
			s.value++
		}
		for s.value > 0 && s.hand() {
		}
		if err == nil {
			co.loop.reuse(f)
		}
		return err
	}
	if err != nil {
		if f.state != cancelled {
			s.value++
			s.hand()
		}
		return err
	}
	co.loop.reuse(f)
	if s.value > 0 {
		s.hand()
	}
	return nil
}

// hand gives a permit to the oldest waiter.
func (s *Semaphore) hand() bool {
	for _, f := range s.waiters.all() {
		if f.state == pending {
			s.value--
			f.finish(nil)
			return true
		}
	}
	return false
}

// Release adds a permit. A bounded semaphore panics with a *gil.ValueError when
// it has all of them already. Python: Semaphore.release.
func (s *Semaphore) Release() {
	if s.limit >= 0 && s.value >= s.limit {
		panic(badValue("BoundedSemaphore released too many times", "%s released too many times", describe("BoundedSemaphore", s.Name)))
	}
	s.value++
	if s.bound.loop == nil {
		return // nobody has ever waited
	}
	switch s.bound.loop.rules.semaphore() {
	case semaphoreBarging:
		s.waiters.wake()
	case semaphoreScheduled:
		s.wakeScheduled()
	default:
		s.hand()
	}
}

// With calls fn with a permit and returns its error. Python: async with semaphore.
func (s *Semaphore) With(co *Co, fn func() error) error {
	if err := s.Acquire(co); err != nil {
		return err
	}
	defer s.Release()
	return fn()
}
