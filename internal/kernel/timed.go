package kernel

import "time"

// Config are the constants of a timed machine. Times are virtual.
type Config struct {
	Cores int
	Seed  uint64

	TickPico    int64         // one bytecode, in picoseconds
	WakeLatency time.Duration // from waking a task to its running on a free core
	WakeCost    time.Duration // what waking a sleeping task costs the waker
	Quantum     time.Duration // how long a task keeps its core when others want it
	TimerSlack  time.Duration // how much later than asked a timed wait ends
	// LookAhead bounds how far interpreters run ahead of each other; a negative
	// value means as far as the latency allows. Results do not depend on it.
	LookAhead time.Duration
	// Jitter spreads the wake latency uniformly over [1-Jitter, 1+Jitter] times
	// its value, and tick costs likewise per block of ticks.
	Jitter float64

	// PerCore hardware threads share a physical core; when more than one of them
	// computes, together they do Yield times the work of one. 0 or 1: no SMT.
	PerCore int
	Yield   float64
}

// Hooks let the layer above see what only the kernel knows.
type Hooks struct {
	// Core is called when a task gets (on) or leaves a core.
	Core func(t *Task, core int, on bool, at Time)
	// Preempt is called when a task loses its core because its slice ended.
	Preempt func(t *Task, core int, at Time)
	// Passed is called when no event earlier than at can come any more.
	Passed func(at Time)
	// Stalled is called when nothing is due but tasks are left. It must wake or
	// kill one, or report false to end the run.
	Stalled func() bool
	// Abandoned is called when the goroutine that drives the run is exiting. It
	// must kill the tasks that are left.
	Abandoned func()
}

// Timed runs tasks as coroutines in simulated time.
type Timed struct {
	world *World
	cfg   Config
	Hooks Hooks

	agenda  agenda
	machine Domain // items that concern every interpreter
	cores   cores
	pool    coroutines

	cur     *Task
	next    *Task
	now     Time // the least time of the machine
	alive   int
	nextDom int
	preempt item

	latencyMin Time
}

var _ Kernel = (*Timed)(nil)

// virtualTask is what a task needs in the virtual worlds.
type virtualTask struct {
	co    *coroutine
	body  func()
	now   Time
	rank  uint64
	slots [2]virtualSlot

	parked bool
	on     Slot // the slot it is parked on
	wake   Wake
	limit  Time // see WaitOn

	run   item // resume or ready
	timer item

	core    int // -1: none
	since   Time
	queued  bool
	wanted  Time  // since when it waits for a core
	age     Time  // how long its slice had lasted when it was preempted
	offCore Time  // time spent waiting for cores
	rest    int64 // picoseconds of ticks not yet in now

	stretched uint64 // what stretchTicks has left over

	// An Advance in progress: what is left of it, since when, and whether
	// somebody wants the task back.
	advancing bool
	left      Time
	begun     Time
	poked     bool

	waits uint64 // waits so far, key of the jitter draws

	// Explored kernel.
	index int
	op    Op
	until Time
}

type virtualSlot struct {
	seq   uint32
	state uint8
}

// NewTimed makes a machine.
func NewTimed(cfg Config) *Timed {
	k := &Timed{world: newWorld(TimedPolicy), cfg: cfg}
	k.latencyMin = Time(cfg.WakeLatency)
	if cfg.Jitter > 0 {
		k.latencyMin = Time(float64(cfg.WakeLatency) * max(0, 1-cfg.Jitter))
	}
	if cfg.LookAhead >= 0 {
		k.latencyMin = min(k.latencyMin, Time(cfg.LookAhead))
	}
	if cfg.PerCore > 1 {
		k.latencyMin = 0 // a neighbour's coming and going changes a core's speed at once
	}
	k.preempt = item{kind: itemPreempt}
	k.pool.run = k.runTask
	k.cores.init(cfg)
	return k
}

// AddDomain makes d an interpreter's domain.
func (k *Timed) AddDomain(d *Domain) {
	k.nextDom++
	d.ID, d.seed, d.roots = k.nextDom, mix(k.cfg.Seed, uint64(k.nextDom)), 0
}

// World returns the world of this run.
func (k *Timed) World() *World { return k.world }

// Current is the task that runs, for checks that a caller is who it says.
func (k *Timed) Current() *Task { return k.cur }

// Now returns t's clock, or the machine's.
func (k *Timed) Now(t *Task) Time {
	if t == nil {
		return k.now
	}
	k.settle(t)
	return t.virtual.now
}

// settle turns ticks executed into time passed.
func (k *Timed) settle(t *Task) {
	if n := t.settle(); n != 0 {
		t.virtual.now += k.tickTime(t, n)
	}
}

// tickTime is how long n bytecodes of t take on its core.
func (k *Timed) tickTime(t *Task, n int) Time {
	pico := int64(n) * k.cfg.TickPico
	if k.cfg.Jitter > 0 {
		pico = k.jitterTicks(t, n)
	}
	// What is left over of a nanosecond is kept, so that the time of many bytecodes
	// does not depend on how they are counted.
	pico = k.cores.stretchTicks(t, pico) + t.virtual.rest
	t.virtual.rest = pico % 1000
	return Time(pico / 1000)
}

// jitterBlock is the number of ticks that share one draw of the tick cost. The
// draws are keyed by the tick's number, so they do not depend on how ticks are
// handed out.
const jitterBlock = 64

func (k *Timed) jitterTicks(t *Task, n int) (pico int64) {
	for at := t.codes - int64(n); n > 0; {
		block := at / jitterBlock
		m := min(int64(n), (block+1)*jitterBlock-at)
		pico += m * int64(k.jitter(Time(k.cfg.TickPico), mix(t.Path, uint64(block))))
		at += m
		n -= int(m)
	}
	return pico
}

// jitter spreads d by the configured factor with the draw h.
func (k *Timed) jitter(d Time, h uint64) Time {
	u := float64(mix(k.cfg.Seed, h)>>11) / (1 << 53) // uniform in [0, 1)
	// The conversion keeps a compiler from fusing product and sum: the same seed is
	// the same run on every computer.
	return Time(float64(d) * (1 + float64(k.cfg.Jitter*(2*u-1))))
}

// Run performs body as the task main and returns when no task is left, or when
// Hooks.Stalled gave up.
func (k *Timed) Run(main *Task, body func()) {
	defer k.close()
	k.Spawn(nil, main, body)
	k.next = k.pick()
	k.drive()
	k.passed(Never)
}

// drive resumes one task after the other. When a task exits its goroutine
// (runtime.Goexit, as testing.T.FailNow does) it takes the driver with it, for
// they are one; what is left of the run is ended first.
func (k *Timed) drive() {
	finished := false
	defer func() {
		if !finished {
			if k.Hooks.Abandoned != nil {
				k.Hooks.Abandoned()
			}
			k.next = k.pick()
			k.drive()
		}
	}()
	for k.next != nil {
		u := k.next
		k.cur = u
		u.virtual.co.resume()
	}
	finished = true
}

func (k *Timed) close() {
	k.world.End()
	k.pool.close()
}

// Spawn makes t a task that will run body. It wants a core at once.
func (k *Timed) Spawn(by, t *Task, body func()) {
	v := &t.virtual
	*v = virtualTask{rank: mix(k.cfg.Seed, t.Path), core: -1}
	v.run.task, v.timer.task = t, t
	v.run.rank, v.timer.rank = v.rank, v.rank
	v.timer.kind = itemTimeout
	at := k.now
	if by != nil {
		at = k.Now(by) + k.latency(t)
		by.Limit.Store(maxLimit)
	}
	k.alive++
	v.body = body
	v.co = k.pool.take(t)
	v.run.kind = itemReady
	v.run.at = at
	k.agenda.push(t.Domain, &v.run)
}

// runTask is the life of a task on its coroutine.
func (k *Timed) runTask(t *Task) {
	t.Renew(0)
	t.Limit.Store(maxLimit)
	t.virtual.body()
	k.next = k.pick()
}

// Adopt is for goroutines, which have no place here.
func (k *Timed) Adopt(*Task) { panic("kernel: a goroutine cannot enter a virtual world") }

// Exit ends t. Its core goes to whoever waits for one.
func (k *Timed) Exit(t *Task) {
	k.Sync(t)
	k.leaveCore(t, t.virtual.now)
	k.alive--
}

// Alive is the number of tasks that have not ended.
func (k *Timed) Alive() int { return k.alive }

// pick performs what is due until it finds a task that continues.
func (k *Timed) pick() *Task {
	for {
		if k.alive == 0 {
			return nil // what is still due concerns nobody, and must not move the clock
		}
		it := k.agenda.least()
		if it == nil {
			if k.Hooks.Stalled != nil && k.Hooks.Stalled() {
				continue
			}
			return nil
		}
		k.agenda.remove(it)
		if it.at > k.now {
			k.passed(it.at)
		}
		switch it.kind {
		case itemResume:
			t := it.task
			k.resumed(t, it.at)
			return t
		case itemReady:
			k.wantCore(it.task, it.at)
		case itemTimeout:
			it.task.virtual.wake = TimedOut
			it.task.virtual.slots[it.task.virtual.on].state = slotIdle
			it.task.virtual.parked = false
			k.wantCore(it.task, it.at)
		case itemCall:
			it.fn()
		case itemPreempt:
			k.endSlice(it.at)
		}
	}
}

func (k *Timed) passed(at Time) {
	if at != Never {
		k.cores.passTo(at)
		k.now = at
	}
	if k.Hooks.Passed != nil {
		k.Hooks.Passed(at)
	}
}

// resumed brings t's clock to the time at which it continues.
func (k *Timed) resumed(t *Task, at Time) {
	v := &t.virtual
	if v.advancing {
		v.left -= k.cores.progress(t, at-v.begun)
		v.advancing = false
	}
	v.now = at
	t.Limit.Store(maxLimit) // its horizon is stale
}

// switchAway lets others go on until t's resume item is picked.
func (k *Timed) switchAway(t *Task) {
	u := k.pick()
	if u == t {
		k.cur = t
		return
	}
	k.next = u
	t.virtual.co.pause()
}

// Sync returns when nothing that is due comes before t.
func (k *Timed) Sync(t *Task) {
	k.settle(t)
	v := &t.virtual
	top := k.agenda.least()
	if top == nil || v.now < top.at || v.now == top.at && v.rank < top.rank {
		if v.now > k.now {
			k.passed(v.now)
		}
		return
	}
	k.continueAt(t, v.now)
	k.switchAway(t)
}

// continueAt makes t, which has a core, continue at the time at.
func (k *Timed) continueAt(t *Task, at Time) {
	v := &t.virtual
	v.run.kind = itemResume
	v.run.at, v.run.rank = at, v.rank
	k.agenda.push(t.Domain, &v.run)
}

// horizon is the time up to which t may execute private operations.
func (k *Timed) horizon(t *Task) Time {
	h := Never
	if top := k.machine.items.top(); top != nil {
		h = top.at
	}
	if t.Free && k.alive <= len(k.cores.on) {
		// No GIL orders this task with the others of its interpreter, and nobody can
		// want its core: only the end of its slice matters to private operations.
		return min(h, t.virtual.now+max(Time(k.cfg.Quantum), 1))
	}
	if top := t.Domain.items.top(); top != nil {
		h = min(h, top.at)
	}
	if o := k.agenda.others(t.Domain, &k.machine); o != Never {
		if t.Domain.queued == 0 {
			o += k.latencyMin
		}
		h = min(h, o)
	}
	return h
}

// Grant settles t's ticks and returns how many it may execute next: as many as
// bring its clock to the horizon.
func (k *Timed) Grant(t *Task) int {
	k.settle(t)
	if k.cfg.TickPico == 0 {
		return liveGrant
	}
	h := k.horizon(t)
	if h == Never {
		return liveGrant
	}
	// The budget runs out with the tick that brings the clock to the horizon.
	pico := int64(min(h-t.virtual.now, Time(time.Hour)))*1000 - t.virtual.rest - 1
	n := k.cores.progressTicks(t, pico) / k.cfg.TickPico
	if k.cfg.Jitter > 0 {
		n /= 2 // a tick may cost twice its mean
	}
	return int(max(0, min(n, liveGrant)))
}

// Advance spends cpu of processor time. It returns early when t is poked.
func (k *Timed) Advance(t *Task, cpu Time) Time {
	if cpu <= 0 {
		return 0
	}
	k.settle(t)
	v := &t.virtual
	if end := v.now + k.cores.stretch(t, cpu); !t.Free && end < k.horizon(t) {
		v.now = end
		t.Limit.Store(maxLimit) // its ticks were granted for an earlier time
		return cpu
	}
	v.advancing, v.left, v.begun, v.poked = true, cpu, v.now, false
	k.continueAt(t, v.now+k.cores.stretch(t, cpu))
	k.switchAway(t)
	return cpu - max(v.left, 0)
}

// Burn is Advance: nothing computes for real here.
func (k *Timed) Burn(t *Task, cpu Time) Time { return k.Advance(t, cpu) }

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
	at := k.now
	if by != nil {
		at = k.Now(by)
		by.virtual.now += Time(k.cfg.WakeCost)
		by.Limit.Store(maxLimit)
	}
	if by != nil && by.Domain == t.Domain && k.cores.free() < 0 {
		// Nobody has to be got out of idle: the scheduler looks before the waker
		// goes on, and lets t in at once if somebody's slice is over.
		k.unpark(t, Woken, at, 0)
		return true
	}
	k.unpark(t, Woken, at+k.latency(t), v.rank)
	return true
}

// WaitOn makes t, which waits without a limit, wake up only to begin the same wait
// again with a limit of d. It needs a core for no more than that, so it is not
// given one.
func (k *Timed) WaitOn(by, t *Task, d Time) {
	v := &t.virtual
	v.waits++
	until := k.Now(by) + k.latency(t) + d
	by.virtual.now += Time(k.cfg.WakeCost)
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
	k.agenda.push(t.Domain, &v.run)
}

// latency is how long t takes from being woken to wanting a core.
func (k *Timed) latency(t *Task) Time {
	l := Time(k.cfg.WakeLatency)
	if k.cfg.Jitter > 0 {
		l = k.jitter(l, mix(t.Path, ^t.virtual.waits))
	}
	return l
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

// Announce does nothing: in timed runs the clocks decide.
func (k *Timed) Announce(*Task, Op) {}

// Choose draws a number keyed by the seed, t's path and t's count of draws.
func (k *Timed) Choose(t *Task, kind ChoiceKind, n int) int {
	t.draws++
	return below(mix(mix(k.cfg.Seed, t.Path), t.draws<<8|uint64(kind)), n)
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
