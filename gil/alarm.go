package gil

import "github.com/pygil/pygil/internal/kernel"

// alarm is the clock of a live interval GIL: it asks on behalf of the waiters
// whose interval has passed. In CPython every waiter has a timed wait of its own;
// here one timer per GIL stands for all of them, armed when the first waiter
// comes and left armed, because arming a timer for every wait would double the
// cost of a hand-over. The virtual world, where a waiter needs a core to ask,
// has the timed waits.
type alarm struct {
	timer kernel.Timer
	armed bool
}

// arm sets the timer to the earliest deadline; the GIL's fields are locked.
func (a *alarm) arm(g *GIL) {
	if a.armed {
		return
	}
	at := kernel.Never
	for i := range g.waiters {
		at = min(at, g.waiters[i].deadline)
	}
	if at == kernel.Never {
		return
	}
	a.armed = true
	a.timer = g.kern.After(nil, at, func() { a.ring(g) })
}

// ring looks which waiters have waited for a whole interval. One that saw no
// switch meanwhile asks; every one starts another full interval.
func (a *alarm) ring(g *GIL) {
	g.lock()
	defer g.unlock()
	a.armed = false
	now := g.kern.Now(nil)
	asked := false
	for i := range g.waiters {
		w := &g.waiters[i]
		if w.deadline > now {
			continue
		}
		if w.seen == g.switches && g.locked && !asked {
			asked = true
			g.ask(w.t, now-w.since)
		}
		w.seen = g.switches
		w.deadline = now + g.due()
	}
	a.arm(g)
}

// stop ends the timer when the GIL's world ends.
func (a *alarm) stop() {
	if a.armed {
		a.timer.Stop()
	}
}
