package asyncio

// Condition is a lock and the tasks that wait for a notice under it. The zero
// value has a lock of its own. Python: asyncio.Condition.
type Condition struct {
	Name string // for reports

	lock    *Lock
	own     Lock
	bound   bound
	waiters waiters
}

// NewCondition makes a condition over a lock, which several may share. Python:
// asyncio.Condition(lock).
func NewCondition(l *Lock) *Condition { return &Condition{lock: l} }

func (c *Condition) mu() *Lock {
	if c.lock == nil {
		c.lock = &c.own
	}
	return c.lock
}

// Acquire takes the lock; see Lock.Acquire. Python: await condition.acquire().
func (c *Condition) Acquire(co *Co) error { return c.mu().Acquire(co) }

// Release frees the lock; see Lock.Release. Python: condition.release().
func (c *Condition) Release() { c.mu().Release() }

// Locked reports whether the lock is held. Python: condition.locked().
func (c *Condition) Locked() bool { return c.mu().locked }

// With calls fn with the lock held and returns its error. Python: async with
// condition.
func (c *Condition) With(co *Co, fn func() error) error { return c.mu().With(co, fn) }

// Wait frees the lock, waits for a notice and takes the lock again, which it holds
// also when it returns an error; only a *gil.RuntimeError says that it was not held
// at all. Python: Condition.wait.
func (c *Condition) Wait(co *Co) error {
	m := c.mu()
	if !m.locked {
		return misuse("cannot wait on un-acquired lock", "Wait on %s without its lock: Acquire it first", describe("Condition", c.Name))
	}
	f, err := c.bound.waiter(co, "Condition", c.Name)
	if err != nil {
		return err
	}
	m.Release()
	c.waiters.push(f)
	err = co.await(f)
	c.waiters.remove(f)
	for {
		again := m.Acquire(co)
		if again == nil {
			break
		}
		if cancellation(again) == nil {
			return again // the loop has ended
		}
		err = again
	}
	if err != nil && co.loop.rules.conditionPassesNotifyOn() {
		c.notify(1) // it may have been meant for this task
	}
	return err
}

// WaitFor waits until pred holds; see Wait. Python: Condition.wait_for.
func (c *Condition) WaitFor(co *Co, pred func() bool) error {
	for !pred() {
		if err := c.Wait(co); err != nil {
			return err
		}
	}
	return nil
}

// Notify wakes the n tasks that have waited longest. It panics with a
// *gil.RuntimeError when the lock is not held. Python: Condition.notify.
func (c *Condition) Notify(n int) {
	if !c.mu().locked {
		panic(misuse("cannot notify on un-acquired lock", "Notify on %s without its lock: Acquire it first", describe("Condition", c.Name)))
	}
	c.notify(n)
}

func (c *Condition) notify(n int) {
	for _, f := range c.waiters.all() {
		if n <= 0 {
			return
		}
		if f.state == pending {
			n--
			f.finish(nil)
		}
	}
}

// NotifyAll wakes every task that waits. It panics with a *gil.RuntimeError when
// the lock is not held. Python: Condition.notify_all.
func (c *Condition) NotifyAll() { c.Notify(c.waiters.len()) }
