package gil

import (
	"github.com/pygil/pygil/internal/kernel"
)

// gateWaiter is a thread on a gate's list. A thread waits at one gate at a time.
type gateWaiter struct {
	t       *Thread
	gate    *Gate
	ticket  kernel.Ticket
	since   kernel.Time
	kind    OpKind
	granted bool   // the permit was handed to this waiter
	alls    uint32 // how often the gate had been opened for everybody
	listed  bool
	try     bool        // explored: stays enabled at a closed gate
	asked   bool        // explored: the observer knows that it waits
	until   kernel.Time // explored
	ready   func() bool // at a Common: whether it can go on
	prev    *gateWaiter
	next    *gateWaiter
}

// enlist opens a wait at the gate and puts t on its list. The list is published
// before the permits are looked at again, in await: an opener that added a permit
// before it could see the waiter is noticed there.
func (g *Gate) enlist(t *Thread, k OpKind) {
	w := &t.wait
	w.t, w.gate, w.kind, w.granted = t, g, k, false
	w.ticket = t.kern.Prepare(&t.k, kernel.SlotWait)
	g.mu.Lock()
	g.push(w)
	g.mu.Unlock()
}

// through reports whether the gate was opened for everybody after the wait had begun,
// even if it has been shut since.
func (w *gateWaiter) through(g *Gate) bool { return w.alls != g.alls.Load() }

// quit ends t's wait at the gate. It reports whether t holds a permit that was
// handed to it. When t had been woken for a permit that it does not use, the
// wake-up is passed on, or the permit would lie there with somebody waiting.
func (g *Gate) quit(t *Thread, passed bool) (granted bool) {
	w := &t.wait
	g.mu.Lock()
	was := w.listed
	if was {
		g.remove(w)
	}
	granted, w.granted, w.gate = w.granted, false, nil
	switch {
	case was:
	case granted && passed:
		g.permits.Add(g.tracked, 1) // two permits for one wait: one goes back
	case granted && t.k.Killed():
		g.permits.Add(g.tracked, 1)
		granted = false
	}
	var next kernel.Ticket
	wake := false
	if !was && g.first != nil && g.permits.Load() > 0 {
		next, wake = g.pop().ticket, true
	}
	g.mu.Unlock()
	if wake {
		t.kern.Wake(&t.k, next)
	}
	return granted
}

// The list of waiters; g.mu is held.

func (g *Gate) push(w *gateWaiter) {
	w.prev, w.next = g.last, nil
	if g.last != nil {
		g.last.next = w
	} else {
		g.first = w
	}
	g.last = w
	w.listed, w.alls = true, g.alls.Load()
	g.nwait.Add(g.tracked, 1)
}

func (g *Gate) remove(w *gateWaiter) {
	if w.prev != nil {
		w.prev.next = w.next
	} else {
		g.first = w.next
	}
	if w.next != nil {
		w.next.prev = w.prev
	} else {
		g.last = w.prev
	}
	w.prev, w.next = nil, nil
	w.listed = false
	g.nwait.Add(g.tracked, -1)
}

func (g *Gate) pop() *gateWaiter {
	w := g.first
	g.remove(w)
	return w
}
