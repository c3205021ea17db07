package threading

import (
	"sync/atomic"
	"time"

	"github.com/pygil/pygil/gil"
)

// Barrier lets a fixed number of threads, its parties, wait for each other: Wait
// returns when all have called it, and the barrier can be used again. A thread
// that comes while the last round is still leaving waits until it has left.
//
// A barrier breaks when a wait runs out of time, when its action panics, or by
// Abort. Then every Wait returns a *BrokenBarrierError until Reset.
//
// Make one with NewBarrier; the zero value has no parties, and Wait refuses it. A
// Barrier must not be copied after first use.
//
// Python: threading.Barrier, from 3.2 on; older profiles have it too.
type Barrier struct {
	Name    string        // for reports; set it before first use
	Timeout time.Duration // of every Wait; zero or less is none; set it before first use

	parties int
	action  func(t *gil.Thread)
	cond    Condition
	lock    Lock // guards the round; looking at it needs none
	kin     gil.Kin[round]
}

// round is what a barrier is about.
type round struct {
	state atomic.Int32
	count atomic.Int32 // threads inside
}

// fork is the round as a forked process has it: nobody who is inside ever leaves.
func (r *round) fork(from *round, _, _ *gil.Thread) {
	r.state.Store(from.state.Load())
	r.count.Store(from.count.Load())
}

// The states of a barrier.
const (
	filling int32 = iota
	draining
	resetting
	broken
)

// NewBarrier returns a barrier for n threads. The last one to come calls action,
// which may be nil, before it lets the others go; it holds the barrier's lock
// meanwhile and must not call Wait, Reset or Abort. NewBarrier panics with a
// *gil.ValueError when n < 1; Python accepts that up to 3.12, and nobody ever
// passes. Python: threading.Barrier(n, action).
func NewBarrier(n int, action func(t *gil.Thread)) *Barrier {
	if n < 1 {
		panic(badValue(noPartiesNewest, "NewBarrier(%d): a barrier has at least one party", n))
	}
	return &Barrier{parties: n, action: action}
}

// enter acquires the barrier's lock.
func (b *Barrier) enter(t *gil.Thread) *round {
	b.lock.gate.Init(t, 1, b.describe())
	b.lock.Acquire(t)
	if b.cond.lock == nil {
		b.cond.lock, b.cond.Name = &b.lock, b.describe()
	}
	return b.kin.Of(t, (*round).fork)
}

func (b *Barrier) leave(t *gil.Thread) { b.lock.Release(t) }

// Wait waits until all parties have called it and returns the caller's place in
// the order in which they came, from 0. The error is a *BrokenBarrierError, with
// an index of -1, or a *gil.ValueError when the barrier has no parties. The GIL is
// given up while it waits. Python: barrier.wait().
func (b *Barrier) Wait(t *gil.Thread) (index int, err error) {
	if b.Timeout > 0 {
		return b.wait(t, b.Timeout)
	}
	return b.wait(t, gil.Forever)
}

// WaitTimeout is Wait that waits for at most d, which breaks the barrier for
// everybody. A d of zero or less breaks it unless the caller is the last one. The
// error of the wait that ran out of time matches context.DeadlineExceeded.
// Python: barrier.wait(d).
func (b *Barrier) WaitTimeout(t *gil.Thread, d time.Duration) (index int, err error) {
	return b.wait(t, max(d, 0))
}

func (b *Barrier) wait(t *gil.Thread, d time.Duration) (index int, err error) {
	if b.parties < 1 {
		return -1, badValue(noParties(t), "%s has no parties; make it with NewBarrier", b.describe())
	}
	r := b.enter(t)
	for s := r.state.Load(); s == draining || s == resetting; s = r.state.Load() {
		b.cond.Wait(t)
	}
	if r.state.Load() == broken {
		b.leave(t)
		return -1, b.isBroken(false)
	}
	index = int(r.count.Add(1)) - 1
	if index+1 == b.parties {
		b.release(t, r)
	} else {
		err = b.fill(t, r, d)
	}
	b.gone(t, r)
	if err != nil {
		return -1, err
	}
	return index, nil
}

// fill waits until the barrier is released, broken or reset.
func (b *Barrier) fill(t *gil.Thread, r *round, d time.Duration) error {
	full := func() bool { return r.state.Load() != filling }
	if d == gil.Forever {
		b.cond.WaitFor(t, full)
	} else if !b.cond.WaitForTimeout(t, full, d) {
		b.breakIt(t, r)
		return b.isBroken(true)
	}
	if r.state.Load() != draining {
		return b.isBroken(false)
	}
	return nil
}

// release calls the action and lets everybody go. When the action panics, or ends
// its thread, the barrier is broken and left on the way out.
func (b *Barrier) release(t *gil.Thread, r *round) {
	if b.action != nil {
		done := false
		defer func() {
			if !done {
				b.breakIt(t, r)
				b.gone(t, r)
			}
		}()
		b.action(t)
		done = true
	}
	r.state.Store(draining)
	b.cond.NotifyAll(t)
}

// gone leaves the barrier. The last one to do so after a round or a reset makes
// it ready again, for those who wait at the entrance.
func (b *Barrier) gone(t *gil.Thread, r *round) {
	if r.count.Add(-1) == 0 {
		if s := r.state.Load(); s == draining || s == resetting {
			r.state.Store(filling)
			b.cond.NotifyAll(t)
		}
	}
	b.leave(t)
}

func (b *Barrier) breakIt(t *gil.Thread, r *round) {
	r.state.Store(broken)
	b.cond.NotifyAll(t)
}

// Reset makes the barrier empty and whole. Threads that wait get a
// *BrokenBarrierError. It waits for an action that runs. Python: barrier.reset().
func (b *Barrier) Reset(t *gil.Thread) {
	r := b.enter(t)
	switch {
	case r.count.Load() == 0:
		r.state.Store(filling)
	case r.state.Load() != draining:
		r.state.Store(resetting) // until the last one has left
	}
	b.cond.NotifyAll(t)
	b.leave(t)
}

// Abort breaks the barrier: threads that wait, and all that come, get a
// *BrokenBarrierError until Reset. It waits for an action that runs. Python:
// barrier.abort().
func (b *Barrier) Abort(t *gil.Thread) {
	r := b.enter(t)
	b.breakIt(t, r)
	b.leave(t)
}

// Parties is the number of threads that pass together. Python: barrier.parties.
func (b *Barrier) Parties() int { return b.parties }

// NWaiting is the number of threads that wait for the others; while a round
// leaves it is 0. Python: barrier.n_waiting.
func (b *Barrier) NWaiting(t *gil.Thread) int {
	if state, count := b.look(t); state == filling {
		return int(count)
	}
	return 0
}

// Broken reports whether the barrier is broken. Python: barrier.broken.
func (b *Barrier) Broken(t *gil.Thread) bool {
	state, _ := b.look(t)
	return state == broken
}

// look reads the state and the count. As in Python it does not take the lock, so
// that the action may look too.
func (b *Barrier) look(t *gil.Thread) (state, count int32) {
	b.lock.gate.Init(t, 1, b.describe())
	b.lock.gate.Peek(t, gil.OpPeek)
	r := b.kin.Of(t, (*round).fork)
	return r.state.Load(), r.count.Load()
}

func (b *Barrier) describe() string { return named(b.Name, "a barrier") }

func (b *Barrier) isBroken(timedOut bool) error {
	return &BrokenBarrierError{Barrier: b.describe(), TimedOut: timedOut}
}
