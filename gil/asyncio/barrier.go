package asyncio

// Barrier is a place where a number of tasks wait for each other. Make one with
// NewBarrier. Python: asyncio.Barrier (3.11).
type Barrier struct {
	cond    Condition
	parties int
	count   int
	state   barrierState
}

type barrierState uint8

const (
	filling barrierState = iota
	draining
	resetting
	broken
)

// NewBarrier makes a barrier for a number of tasks. It panics with a *gil.ValueError
// when parties < 1. Python: asyncio.Barrier(parties).
func NewBarrier(parties int) *Barrier {
	if parties < 1 {
		panic(badValue("parties must be > 0", "NewBarrier(%d): at least 1 party", parties))
	}
	return &Barrier{parties: parties, cond: Condition{Name: "of a Barrier"}}
}

// Wait waits until as many tasks wait as the barrier has parties, and returns the
// number of tasks that came before this one. The last to come resumes first. It
// returns an error that matches ErrBrokenBarrier when the barrier is aborted or
// reset meanwhile. Python: Barrier.wait.
func (b *Barrier) Wait(co *Co) (index int, err error) {
	if err := co.loop.rules.need(11, "Barrier (asyncio.Barrier)", "Barrier"); err != nil {
		return 0, err
	}
	err = b.cond.With(co, func() error {
		if err := b.cond.WaitFor(co, func() bool { return b.state != draining && b.state != resetting }); err != nil {
			return err
		}
		if b.state == broken {
			return ErrBrokenBarrier
		}
		index = b.count
		b.count++
		defer b.leave()
		if b.count == b.parties {
			b.state = draining
			b.cond.NotifyAll()
			return nil
		}
		if err := b.cond.WaitFor(co, func() bool { return b.state != filling }); err != nil {
			return err
		}
		if b.state == broken || b.state == resetting {
			return ErrBrokenBarrier
		}
		return nil
	})
	return index, err
}

// leave lets the next round in when the last task of this one has gone.
func (b *Barrier) leave() {
	b.count--
	if b.count > 0 {
		return
	}
	if b.state == resetting || b.state == draining {
		b.state = filling
	}
	b.cond.notify(b.cond.waiters.len())
}

// Reset makes the barrier as new; tasks that wait get ErrBrokenBarrier. Python:
// Barrier.reset.
func (b *Barrier) Reset(co *Co) error {
	return b.cond.With(co, func() error {
		if b.count == 0 {
			b.state = filling
		} else {
			b.state = resetting
		}
		b.cond.NotifyAll()
		return nil
	})
}

// Abort breaks the barrier: tasks that wait or will wait get ErrBrokenBarrier.
// Python: Barrier.abort.
func (b *Barrier) Abort(co *Co) error {
	return b.cond.With(co, func() error {
		b.state = broken
		b.cond.NotifyAll()
		return nil
	})
}

// Parties is the number of tasks that pass together. Python: Barrier.parties.
func (b *Barrier) Parties() int { return b.parties }

// NWaiting is the number of tasks that wait. Python: Barrier.n_waiting.
func (b *Barrier) NWaiting() int {
	if b.state != filling {
		return 0
	}
	return b.count
}

// Broken reports whether the barrier was aborted. Python: Barrier.broken.
func (b *Barrier) Broken() bool { return b.state == broken }
