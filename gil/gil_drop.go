package gil

import "github.com/pygil/pygil/internal/kernel"

// leave makes t give the GIL up. It may switch: with a request pending, a thread
// does not go on before somebody else has had the GIL (forced switching), also
// when it goes away to block.
func (g *GIL) leave(t *Thread, why Why) {
	next := g.relinquish(t, why)
	if !g.obliged(why) {
		g.unlock()
		t.lightly(kernel.LateLight)
		g.signal(t, next)
		return
	}
	w := g.cede(t, false)
	g.unlock()
	t.lightly(kernel.LateLight)
	g.signal(t, next)
	t.enter(stateWaitGIL)
	g.kern.Park(&t.k, w, kernel.Never)
}

// yield gives the GIL up and takes it again. It reports false when t is to
// unwind and does not hold it.
func (g *GIL) yield(t *Thread, why Why) bool {
	next := g.relinquish(t, why)
	if !g.obliged(why) {
		if g.live || next.t == nil && g.awake == 0 {
			g.unlock()
			g.signal(t, next)
			t.stamp = 0 // waking took a while
			return g.take(t)
		}
		return g.offer(t, next)
	}
	began := g.kern.Now(&t.k)
	if g.emit != nil {
		g.emit.event(t, Event{Kind: EvGILRequest, Obj: g.id})
	}
	w := g.cede(t, true)
	g.unlock()
	if next.t != nil && g.short(t) {
		t.lightly(kernel.EarlyLight)
	}
	g.signal(t, next)
	t.enter(stateWaitGIL)
	if g.await(t, began, w, kernel.Never) == notGot {
		return false
	}
	g.seize(t)
	return true
}

// relinquish frees the GIL and picks who is woken; the fields are locked after it.
func (g *GIL) relinquish(t *Thread, why Why) (next gilWaiter) {
	g.kern.Sync(&t.k)
	g.lock()
	t.near = away
	if g.timed {
		now := t.life.since // of a live thread that has ended: its life was booked a moment ago
		if !g.live || why != WhyExit || !t.clocked {
			now = g.kern.Now(&t.k)
		}
		if g.live {
			t.stamp = now
		}
		held := now - t.acquired
		t.held += held
		g.stats.held.Add(int64(held))
	}
	g.why = why
	g.ticker = max(0, int(t.due-t.k.Ticks()-1))
	if g.emit != nil {
		g.emit.event(t, Event{Kind: EvGILRelease, Obj: g.id, A: int64(g.kern.Now(&t.k) - t.acquired), Why: why})
	}
	g.locked = false
	g.holder = nil
	return g.pick(t)
}

// obliged reports whether the thread that has just freed the GIL has to wait until
// somebody else took it: it was asked, and somebody is left who will.
func (g *GIL) obliged(why Why) bool {
	return g.rule == intervalRule && why != WhyExit && g.request.Load() && (g.coming > 0 || len(g.waiters) > 0)
}

// cede opens the wait for a successor; again says that t wants the GIL back after
// it.
func (g *GIL) cede(t *Thread, again bool) kernel.Ticket {
	g.request.Store(false)
	g.ceding = gilWaiter{t: t, w: g.kern.Prepare(&t.k, kernel.SlotGIL), again: again}
	if g.timed {
		g.ceding.since = g.kern.Now(&t.k)
	}
	g.hasCeder = true
	return g.ceding.w
}

// contended reports whether a check would wake somebody who sleeps until the GIL is
// free, or let somebody in who is awake.
func (g *GIL) contended() bool {
	g.lock()
	defer g.unlock()
	return len(g.waiters) > 0 || g.awake > 0
}

func (w gilWaiter) comesFromCall() bool { return w.called }

// run is the number of ticks from one check of a tick rule to the next.
func (g *GIL) run() int64 {
	if g.rule == ticksRule {
		return int64(g.period.Load())
	}
	return int64(g.period.Load()) + 1
}

// check is what the holder does at a check point after which it was asked, or its
// ticks ran out; under the Ticks rule it is turn. It reports false when t is to
// unwind.
func (g *GIL) check(t *Thread) bool {
	switch g.rule {
	case intervalRule:
		if g.request.Load() {
			return g.yield(t, WhyInterval)
		}
	case legacyRule:
		if t.k.Ticks() >= t.due {
			g.stats.checks.Add(1)
			t.due = t.k.Ticks() + g.run() // a check refills the shared ticker
			if g.exists.Load() {
				return g.yield(t, WhyTick)
			}
		}
	}
	return true
}

// turn ends a run of the Ticks rule and comes back when t's next one begins. It reports
// false when t is to unwind.
func (g *GIL) turn(t *Thread) bool {
	if !g.live {
		g.kern.Sync(&t.k)
	}
	w, began, passed := g.pass(t)
	if !passed {
		return true
	}
	t.enter(stateWaitGIL)
	if g.kern.Park(&t.k, w, kernel.Never) == kernel.Killed {
		g.withdraw(t)
		return false
	}
	t.picked = false
	if g.timed {
		t.gilWait = g.kern.Now(&t.k) - began
	}
	g.began(t, true)
	return true
}

// goesOn begins the run of a thread that nobody observes or measures, when it has
// waited for that.
func (g *GIL) goesOn(t *Thread) {
	t.picked = false
	t.near = t.seat
	run := g.run()
	t.due = t.k.Restart(int(run)-1) + run
}

// pass gives the GIL to the thread that has waited longest, if there is one; otherwise
// t's next run begins. The thread is on the list before it hands over, so that the
// order in which threads run is the order in which they came.
func (g *GIL) pass(t *Thread) (w kernel.Ticket, began kernel.Time, passed bool) {
	g.lock()
	g.turns++
	if len(g.waiters) == 0 {
		g.unlock()
		t.due = t.k.Ticks() + g.run()
		t.renew()
		return w, 0, false
	}
	t.near = away
	g.why = WhyTick
	if !t.turns {
		began = g.ceded(t)
	}
	if t.turns && t.entered {
		w = kernel.Sure(&t.k) // it leaves by itself or not at all
	} else {
		w = g.kern.Prepare(&t.k, kernel.SlotGIL)
	}
	// The first of the list is made the holder, t becomes the last.
	next, wait := g.waiters[0].t, g.waiters[0].w
	last := len(g.waiters) - 1
	if last > 0 {
		copy(g.waiters, g.waiters[1:])
	}
	me := &g.waiters[last]
	me.t, me.w, me.since = t, w, began // the rest is for the other rules
	next.picked = true
	g.own(next)
	g.unlock()
	if !g.kern.Wake(&t.k, wait) {
		g.replace(t, next)
	}
	return w, began, true
}

// withdraw ends the wait of a thread that unwinds.
func (g *GIL) withdraw(t *Thread) {
	g.lock()
	g.forget(t)
}

// ceded records that t's hold ends with a run of the Ticks rule; it returns the time.
func (g *GIL) ceded(t *Thread) (now kernel.Time) {
	if g.timed {
		now = g.kern.Now(&t.k)
		held := now - t.acquired
		t.held += held
		g.stats.held.Add(int64(held))
	}
	if g.emit != nil {
		g.emit.event(t, Event{Kind: EvGILRelease, Obj: g.id, A: int64(now - t.acquired), Why: WhyTick})
		g.emit.event(t, Event{Kind: EvGILRequest, Obj: g.id, Peer: g.waiters[0].t.tid})
	}
	return now
}
