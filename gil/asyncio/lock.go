package asyncio

// Lock is a mutual exclusion lock for tasks. It is fair: waiters get it in the
// order in which they came, and nobody barges in. It is not re-entrant. The zero
// value is an unlocked lock. Python: asyncio.Lock.
type Lock struct {
	Name string // for reports

	bound   bound
	waiters waiters
	locked  bool
}

// Acquire waits until the lock is free and takes it; taking a free lock does not
// yield. An error means that it is not held. Python: Lock.acquire.
func (m *Lock) Acquire(co *Co) error {
	if !m.locked && !m.waiters.someoneLeft() {
		if err := co.check(); err != nil {
			return err
		}
		m.locked = true
		return nil
	}
	f, err := m.bound.waiter(co, "Lock", m.Name)
	if err != nil {
		return err
	}
	m.waiters.push(f)
	err = co.await(f)
	m.waiters.remove(f)
	if err != nil {
		if !m.locked {
			m.wakeFirst()
		}
		return err
	}
	co.loop.reuse(f)
	m.locked = true
	return nil
}

// Release frees the lock. It panics with a *gil.RuntimeError when the lock is not
// locked. Python: Lock.release.
func (m *Lock) Release() {
	if !m.locked {
		panic(misuse("Lock is not acquired.", "release of an unlocked %s", describe("Lock", m.Name)))
	}
	m.locked = false
	m.wakeFirst()
}

// wakeFirst wakes the oldest waiter; one that was woken already will come.
func (m *Lock) wakeFirst() {
	if m.waiters.len() > 0 {
		m.waiters.all()[0].release()
	}
}

// Locked reports whether the lock is held. Python: Lock.locked.
func (m *Lock) Locked() bool { return m.locked }

// With calls fn with the lock held and returns its error. Python: async with lock.
func (m *Lock) With(co *Co, fn func() error) error {
	if err := m.Acquire(co); err != nil {
		return err
	}
	defer m.Release()
	return fn()
}
