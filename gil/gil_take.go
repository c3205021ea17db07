package gil

import (
	"slices"

	"github.com/pygil/pygil/internal/kernel"
)

// take makes t the holder. It reports false, without taking the GIL, when t is
// to unwind.
func (g *GIL) take(t *Thread) bool {
	g.kern.Sync(&t.k)
	if t.k.Killed() {
		return false
	}
	g.lock()
	if g.locked || g.rule == ticksRule && len(g.waiters) > 0 {
		t.enter(stateWaitGIL)
		switch g.wait(t) {
		case notGot:
			return false
		case handed:
			g.began(t, true)
			return true
		}
	}
	g.seize(t)
	return true
}

// got says how a wait for the GIL ended.
type got uint8

// seize makes t the holder of a GIL that is free, and unlocks the fields.
func (g *GIL) seize(t *Thread) {
	switched := g.own(t)
	var ceder gilWaiter
	if g.hasCeder {
		ceder, g.hasCeder = g.ceding, false
		g.ceding = gilWaiter{}
	}
	g.request.Store(false)
	if ceder.again {
		// It would wake up only to find the GIL taken and wait again: it begins that
		// wait without waking up.
		ceder.seen, ceder.deadline = g.switches, kernel.Never
		if g.live {
			ceder.deadline = g.kern.Now(nil) + g.due()
		}
		g.waiters = append(g.waiters, ceder)
	}
	if g.live && g.rule == intervalRule && len(g.waiters) > 0 {
		g.alarm.arm(g)
	}
	g.unlock()
	g.begins(t, switched)
	switch {
	case ceder.t == nil:
	case !ceder.again:
		g.kern.Wake(&t.k, ceder.w)
	default:
		if t.timed != nil {
			g.waitsOn(t, ceder.t)
		}
	}
	g.proceeds(t, switched)
}

// own records t as the holder; the fields are locked. It reports whether the last
// holder was another thread.
func (g *GIL) own(t *Thread) (switched bool) {
	g.locked, g.holder = true, t
	g.acquisitions++
	switched = g.last != t
	if switched {
		g.last = t
		g.switches++
		if g.why == WhyInterval || g.why == WhyTick {
			g.forced++
		}
	}
	return switched
}

// began is what a thread does that was made the holder; it needs no lock.
func (g *GIL) began(t *Thread, switched bool) {
	g.begins(t, switched)
	g.proceeds(t, switched)
}

// begins records that t's hold begins.
func (g *GIL) begins(t *Thread, switched bool) {
	t.near = t.seat
	if g.timed {
		t.acquired = t.stamp
		if t.stamp == 0 {
			t.acquired = g.kern.Now(&t.k)
		}
		if g.live {
			t.stamp = t.acquired
		}
	}
	if g.emit != nil {
		g.emit.event(t, Event{Kind: EvGILAcquire, Obj: g.id, A: int64(t.gilWait), B: b2i(switched)})
	}
	t.gilWait, t.called = 0, false
	t.enter(stateRun)
}

// proceeds gets t going.
func (g *GIL) proceeds(t *Thread, switched bool) {
	if switched && g.switching > 0 {
		t.spend(g.switching)
	}
	if g.rule == ticksRule {
		t.due = t.k.Ticks() + g.run() // every run is a whole one
	} else {
		t.due = t.k.Ticks() + int64(g.ticker) + 1 // the ticker is shared: it goes on
	}
	t.renew()
}

// wait waits until the GIL is t's or t's for the taking. The fields are locked
// before it, and after it only when the GIL is free.
func (g *GIL) wait(t *Thread) got {
	var began kernel.Time
	if g.timed {
		began = g.kern.Now(&t.k)
	}
	if g.emit != nil {
		g.emit.event(t, Event{Kind: EvGILRequest, Obj: g.id, Peer: g.holder.tidOrZero()})
	}
	w, until := g.enlist(t, began, began)
	g.unlock()
	return g.await(t, began, w, until)
}

// enlist opens a wait and puts t on the list; the fields are locked. now is the time
// if the GIL is timed, which one with an interval is.
func (g *GIL) enlist(t *Thread, began, now kernel.Time) (w kernel.Ticket, until kernel.Time) {
	// The list is in the order in which waits began. A thread that was woken and
	// found the GIL taken goes back to its place.
	i := len(g.waiters)
	for i > 0 && g.waiters[i-1].since > began {
		i--
	}
	g.waiters = slices.Insert(g.waiters, i, gilWaiter{t: t, since: began, called: t.called})
	return g.renew(&g.waiters[i], now)
}

// renew opens another wait for a thread on the list.
func (g *GIL) renew(me *gilWaiter, now kernel.Time) (w kernel.Ticket, until kernel.Time) {
	t := me.t
	me.w, me.seen, me.deadline = g.kern.Prepare(&t.k, kernel.SlotGIL), g.switches, kernel.Never
	if g.rule == intervalRule {
		me.deadline = now + g.due()
	}
	switch {
	case g.rule == legacyRule || g.rule == ticksRule:
		if g.holder != nil && g.locked {
			g.kern.Poke(&t.k, &g.holder.k) // a computation that skips ahead has to look again
		}
	case g.live:
		g.alarm.arm(g)
	default:
		return me.w, me.deadline
	}
	return me.w, kernel.Never
}

// await parks t until the GIL is t's or t's for the taking. The fields are locked
// after it only when the GIL is free.
func (g *GIL) await(t *Thread, began kernel.Time, w kernel.Ticket, until kernel.Time) got {
	for {
		how := g.kern.Park(&t.k, w, until)
		if how == kernel.Woken && g.rule == ticksRule {
			t.picked = false
			g.waited(t, began)
			return handed // nobody can have come in between
		}
		g.lock()
		switch how {
		case kernel.Killed:
			g.forget(t)
			return notGot
		case kernel.TimedOut:
			me, now := g.listed(t), g.kern.Now(&t.k)
			if me != nil && g.locked && g.switches == me.seen {
				g.ask(t, now-began)
			}
			if me != nil && g.locked {
				w, until = g.renew(me, now) // it keeps its place
				g.unlock()
				continue
			}
			g.unlist(t)
		case kernel.Woken:
			t.picked = false
			if g.came(t) && g.locked {
				g.settle(t)
			}
			if g.locked && g.rule == legacyRule {
				g.stats.failed.Add(1)
				if g.emit != nil {
					g.emit.event(t, Event{Kind: EvGILFailedWake, Obj: g.id, Peer: g.holder.tidOrZero()})
				}
			}
		}
		if !g.locked {
			g.waited(t, began)
			return free
		}
		var now kernel.Time
		if g.timed {
			now = g.kern.Now(&t.k)
		}
		w, until = g.enlist(t, began, now)
		g.unlock()
	}
}

// waited records how long t has waited, now that it gets the GIL.
func (g *GIL) waited(t *Thread, began kernel.Time) {
	if !g.timed {
		return
	}
	now := g.kern.Now(&t.k)
	t.gilWait = now - began
	if g.live {
		t.stamp = now // it is the holder at once
	}
}

// ask requests that the holder drop the GIL. Any waiter may; the fields are
// locked.
func (g *GIL) ask(t *Thread, waited kernel.Time) {
	g.request.Store(true)
	g.kern.Poke(&t.k, &g.holder.k)
	if g.emit != nil {
		g.emit.event(t, Event{Kind: EvGILDropAsk, Obj: g.id, Peer: g.holder.tidOrZero(), A: int64(waited)})
	}
}

// listed finds t on the list of waiters.
func (g *GIL) listed(t *Thread) *gilWaiter {
	for i := range g.waiters {
		if g.waiters[i].t == t {
			return &g.waiters[i]
		}
	}
	return nil
}

// unlist takes t off the list of waiters.
func (g *GIL) unlist(t *Thread) {
	g.waiters = slices.DeleteFunc(g.waiters, func(w gilWaiter) bool { return w.t == t })
}

// forget removes a waiter that unwinds and unlocks the fields. If it had been
// woken already the wake-up was meant for somebody who takes the GIL: it is passed
// on. And a thread that cedes the GIL must not wait for a successor that will
// never come (gh-96387).
func (g *GIL) forget(t *Thread) {
	g.unlist(t)
	if g.hasCeder && g.ceding.t == t {
		g.hasCeder, g.ceding = false, gilWaiter{}
	}
	g.unpick(t)
	var next gilWaiter
	if !g.locked && g.coming == 0 {
		next = g.pick(t)
	}
	var ceder gilWaiter
	if g.hasCeder && g.coming == 0 && len(g.waiters) == 0 {
		ceder = g.ceding
		g.hasCeder, g.ceding = false, gilWaiter{}
		if ceder.again {
			g.coming++ // it comes to take the GIL
		}
	}
	g.unlock()
	g.signal(t, next)
	if ceder.t != nil {
		g.kern.Wake(&t.k, ceder.w)
	}
}

// pick takes one waiter off the list, to be woken by signal; the fields are
// locked. It will compete for the GIL with whoever comes along; under the Ticks
// rule it becomes the holder at once.
func (g *GIL) pick(t *Thread) gilWaiter {
	i := 0
	switch {
	case len(g.waiters) == 0:
		return gilWaiter{}
	case g.rule == legacyRule && !g.live:
		// The semaphore of the tick GIL has no order. A thread that comes from a call
		// is awake and mostly finds it free between two releases.
		i = max(slices.IndexFunc(g.waiters, gilWaiter.comesFromCall), 0)
	case g.rule == ticksRule || g.successor == FIFO:
	case g.successor == LIFO:
		i = len(g.waiters) - 1
	case len(g.waiters) > 1:
		i = g.draw(t)
	}
	next := g.waiters[i]
	g.waiters = append(g.waiters[:i], g.waiters[i+1:]...)
	next.t.picked = true
	if g.rule == ticksRule {
		g.own(next.t)
	} else {
		g.coming++
	}
	return next
}

// signal wakes a waiter that was picked. It is called with the fields unlocked,
// because the woken thread locks them first of all. A waiter whose wait is over
// already, because it timed out or unwinds and has not got as far as taking
// itself off the list, is replaced.
func (g *GIL) signal(t *Thread, next gilWaiter) {
	if next.t != nil && !g.kern.Wake(&t.k, next.w) {
		g.replace(t, next.t)
	}
}

// replace wakes somebody else than next.
func (g *GIL) replace(t, next *Thread) {
	for {
		g.lock()
		if !g.unpick(next) {
			g.unlock() // it unwound faster, and has passed its turn on
			return
		}
		w := g.pick(t)
		g.unlock()
		if w.t == nil || g.kern.Wake(&t.k, w.w) {
			return
		}
		next = w.t
	}
}

// unpick takes back that t was picked; the fields are locked. Both the thread that
// picked t and t itself may find out that t will not take the GIL: the mark says
// who was first. It reports whether this call was.
func (g *GIL) unpick(t *Thread) bool {
	if !t.picked {
		return false
	}
	t.picked = false
	if g.rule == ticksRule {
		g.locked, g.holder = false, nil
		g.acquisitions-- // it never executed
		g.switches--
		if g.why == WhyTick {
			g.forced--
		}
	} else {
		g.came(t)
	}
	return true
}
