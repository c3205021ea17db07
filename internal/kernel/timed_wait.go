package kernel

// Poke makes t reach its slow path, and ends its Advance, now or, when by
// belongs to another interpreter, after the wake latency.
func (k *Timed) Poke(by, t *Task) {
	at := k.now
	if by != nil {
		at = k.Now(by)
	}
	if by != nil && by.Domain != t.Domain {
		k.call(t.Domain, by, at+k.latency(t), func() { k.poke(t, k.now) })
		return
	}
	k.poke(t, at)
}

func (k *Timed) poke(t *Task, at Time) {
	t.Limit.Store(maxLimit)
	v := &t.virtual
	if !v.advancing || v.poked {
		return
	}
	v.poked = true
	if v.run.pos != 0 && v.run.kind == itemResume && v.run.at > at {
		k.agenda.remove(&v.run)
		k.continueAt(t, max(at, v.begun))
	}
}

// Prepare opens a wait.
func (k *Timed) Prepare(t *Task, s Slot) Ticket { return prepareVirtual(t, s) }

func prepareVirtual(t *Task, s Slot) Ticket {
	slot := &t.virtual.slots[s]
	slot.seq++
	slot.state = slotWaiting
	return Ticket{task: t, slot: s, seq: slot.seq}
}

// Park waits. The core goes to whoever wants one.
func (k *Timed) Park(t *Task, w Ticket, until Time) Wake {
	k.Sync(t)
	v := &t.virtual
	slot := &v.slots[w.slot]
	limited := v.limit != 0
	if limited {
		until, v.limit = v.limit, 0
	}
	if t.killed.Load() {
		slot.state = slotIdle
		return Killed
	}
	if slot.state == slotWoken {
		slot.state = slotIdle
		return Woken
	}
	if limited && until <= v.now {
		slot.state = slotIdle
		return TimedOut // over before it could begin
	}
	if until != Never {
		v.timer.at = max(until.After(k.cfg.TimerSlack), v.now)
		k.agenda.push(t.Domain, &v.timer)
	}
	v.parked, v.on = true, w.slot
	v.waits++
	k.leaveCore(t, v.now)
	k.switchAway(t)
	slot.state = slotIdle
	if t.killed.Load() {
		return Killed
	}
	return v.wake
}

// Wake ends the wait w. A task that sleeps wants a core after the wake latency.
func (k *Timed) Wake(by *Task, w Ticket) bool {
	t := w.task
	v := &t.virtual
	slot := &v.slots[w.slot]
	if slot.seq != w.seq || slot.state != slotWaiting {
		return false
	}
	slot.state = slotWoken
	if !v.parked || v.on != w.slot {
		return true
	}
	at, latency := k.now, Time(0)
	if by == nil {
		latency = k.latency(t)
	} else {
		at = k.Now(by)
		var cost Time
		cost, latency = k.wake(t, by.virtual.light)
		by.virtual.light = NotLight
		by.virtual.now += cost
		by.Limit.Store(maxLimit)
	}
	if by != nil && by.Domain == t.Domain && k.cores.free() < 0 {
		// Nobody has to be got out of idle: the scheduler looks before the waker
		// goes on, and lets t in at once if somebody's slice is over.
		k.unpark(t, Woken, at, 0)
		return true
	}
	k.unpark(t, Woken, at+latency, v.rank)
	return true
}

// wake is what it costs to wake t, and how long it takes.
func (k *Timed) wake(t *Task, how Light) (cost, latency Time) {
	if how == NotLight || k.cfg.LightLatency == 0 {
		return Time(k.cfg.WakeCost), k.latency(t)
	}
	cost = Time(k.cfg.LightCost)
	switch how {
	case CheapLight:
		return cost, cost/2 + k.latency(t)
	case TightLight:
		return cost, cost*7/8 + k.latency(t)
	case LateLight:
		return cost, cost + k.spread(t, Time(k.cfg.LightLatency))
	case BusyLight:
		t.virtual.change = k.spreadFor(t, Time(k.cfg.CoreChange), drawChange)
		return k.spreadFor(t, cost, drawCost), k.spread(t, Time(k.cfg.WakeLatency)/2)
	case DozingLight:
		return Time(k.cfg.WakeCost) / 2, k.spread(t, Time(k.cfg.WakeLatency)/2)
	default:
		return cost, k.spread(t, Time(k.cfg.LightLatency))
	}
}

// Light says how a wake differs from that of a computing task by another one that
// goes on computing, which is what WakeLatency and WakeCost are measured for.
type Light uint8

// The kinds of wakes.
const (
	NotLight    Light = iota
	CheapLight        // costs the waker LightCost, and the latency begins when half of that is paid
	EarlyLight        // and takes LightLatency: the task has just gone to sleep
	LateLight         // and the latency begins only when the waker has paid
	TightLight        // like CheapLight, when seven eighths are paid
	DozingLight       // half of WakeCost and of WakeLatency: the task never sleeps for long
	BusyLight         // LightCost, spread: no core has to be got out of idle, but one to change to the task, in CoreChange
)

// Lightly says how the next task that by wakes is woken.
func (k *Timed) Lightly(by *Task, how Light) { by.virtual.light = how }

// Crowded reports whether a task that is woken by another one has to wait until a third
// one leaves its core: none is idle, or somebody is on the way to those that are.
func (k *Timed) Crowded() bool {
	return k.cores.busy > 1 && len(k.cores.on)-k.cores.busy <= k.ready
}

// WaitOn makes t, which waits without a limit, wake up only to begin the same wait
// again with a limit of d. It needs a core for no more than that, so it is not
// given one.
func (k *Timed) WaitOn(by, t *Task, d Time, how Light) {
	v := &t.virtual
	v.waits++
	cost, latency := k.wake(t, how)
	until := k.Now(by) + latency + d
	by.virtual.now += cost
	by.Limit.Store(maxLimit)
	if !v.parked {
		v.limit = until // it is on its way to the wait
		return
	}
	v.timer.at = until.After(k.cfg.TimerSlack)
	k.agenda.push(t.Domain, &v.timer)
}

// unpark ends t's wait; it wants a core at the time at.
func (k *Timed) unpark(t *Task, how Wake, at Time, rank uint64) {
	v := &t.virtual
	v.parked = false
	v.wake = how
	k.agenda.remove(&v.timer)
	v.run.kind = itemReady
	v.run.at, v.run.rank = at, rank
	k.ready++
	k.agenda.push(t.Domain, &v.run)
}

// Kill makes every wait of t return Killed, now or, when by belongs to another
// interpreter, after the wake latency.
func (k *Timed) Kill(by, t *Task) {
	at := k.now
	if by != nil {
		at = k.Now(by)
		by.Limit.Store(maxLimit)
	}
	if by != nil && by.Domain != t.Domain {
		k.call(t.Domain, by, at+k.latency(t), func() { k.kill(t, k.now) })
		return
	}
	k.kill(t, at)
}

func (k *Timed) kill(t *Task, at Time) {
	t.killed.Store(true)
	t.Limit.Store(maxLimit)
	switch v := &t.virtual; {
	case v.parked:
		k.unpark(t, Killed, at, v.rank)
	case v.advancing:
		k.poke(t, at)
	}
}

// After calls fn at the time at, on whatever task is running then.
func (k *Timed) After(by *Task, at Time, fn func()) Timer {
	d := &k.machine
	if by != nil {
		d = by.Domain
	}
	return k.call(d, by, at, fn)
}

// call puts a call on a domain's agenda: that of the domain it has an effect on,
// whose tasks must not run ahead of it.
func (k *Timed) call(d *Domain, by *Task, at Time, fn func()) *timedTimer {
	tm := &timedTimer{k: k}
	if by != nil {
		by.Limit.Store(maxLimit)
		tm.it.rank = mix(by.Path, uint64(at))
	}
	tm.it.kind, tm.it.at, tm.it.fn = itemCall, at, fn
	k.agenda.push(d, &tm.it)
	return tm
}

type timedTimer struct {
	k  *Timed
	it item
}

func (t *timedTimer) Stop() bool {
	if t.it.pos == 0 {
		return false
	}
	t.k.agenda.remove(&t.it)
	return true
}
