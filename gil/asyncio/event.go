package asyncio

// Event is a flag that tasks wait for. The zero value is not set. Python:
// asyncio.Event.
type Event struct {
	Name string // for reports

	bound   bound
	waiters waiters
	set     bool
}

// Set sets the flag and wakes every task that waits now, also when the flag is
// cleared before they run. Python: Event.set.
func (e *Event) Set() {
	if e.set {
		return
	}
	e.set = true
	for _, f := range e.waiters.all() {
		f.release()
	}
}

// Clear takes the flag back. Python: Event.clear.
func (e *Event) Clear() { e.set = false }

// IsSet reports whether the flag is set. Python: Event.is_set.
func (e *Event) IsSet() bool { return e.set }

// Wait waits until the flag is set; it does not yield when it is. Python:
// Event.wait.
func (e *Event) Wait(co *Co) error {
	if e.set {
		return co.check()
	}
	f, err := e.bound.waiter(co, "Event", e.Name)
	if err != nil {
		return err
	}
	e.waiters.push(f)
	err = co.await(f)
	e.waiters.remove(f)
	if err == nil {
		co.loop.reuse(f)
	}
	return err
}
