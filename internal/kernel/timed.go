package kernel

import "time"

// Config are the constants of a timed machine. Times are virtual.
type Config struct {
	Cores int
	Seed  uint64

	TickPico    int64         // one bytecode, in picoseconds
	WakeLatency time.Duration // from waking a task to its running on a free core
	WakeCost    time.Duration // what waking a sleeping task costs the waker
	// The same for a wake that is said to be a light one, see Lightly; both 0: no
	// difference.
	LightLatency, LightCost time.Duration
	CoreChange              time.Duration // from one task on a core to the next, see BusyLight
	Quantum                 time.Duration // how long a task keeps its core when others want it
	TimerSlack              time.Duration // how much later than asked a timed wait ends
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

	now     Time // the least time of the machine
	alive   int
	ready   int // tasks on their way to a core
	nextDom int
	preempt item

	latencyMin Time
}

var _ Kernel = (*Timed)(nil)

// virtualTask is what a task needs in the virtual worlds.
type virtualTask struct {
	*timedTask // nil in an explored run

	co    *coroutine
	body  func()
	slots [2]virtualSlot

	parked bool
	gone   bool // explored: it has exited
	on     Slot // the slot it is parked on
	wake   Wake

	// Explored kernel.
	index int
	op    Op
	until Time
}

// timedTask is what a Timed needs of a task besides. It is kept apart because it would
// make a live thread, which has none, half as large again.
type timedTask struct {
	now   Time
	rank  uint64
	limit Time // see WaitOn

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

	waits  uint64 // waits so far, key of the jitter draws
	abouts uint64 // calls of About so far
	change Time   // what its next core takes until it runs
	light  Light  // how the next task it wakes is woken
}

type virtualSlot struct {
	seq   uint32
	state uint8
}

// NewTimed makes a machine.
func NewTimed(cfg Config) *Timed {
	k := &Timed{world: &World{Policy: TimedPolicy}, cfg: cfg}
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
	k.pool.kernel = k
	k.cores.init(cfg)
	return k
}

// AddDomain makes d an interpreter's domain.
func (k *Timed) AddDomain(d *Domain) {
	k.nextDom++
	d.timed = true
	d.ID, d.seed, d.roots = k.nextDom, mix(k.cfg.Seed, uint64(k.nextDom)), 0
}

// World returns the world of this run.
func (k *Timed) World() *World { return k.world }

// Current is the task that runs, for checks that a caller is who it says.
func (k *Timed) Current() *Task { return k.pool.current }

// Now returns t's clock, or the machine's.
func (k *Timed) Now(t *Task) Time {
	if t == nil {
		return k.now
	}
	k.settle(t)
	return t.virtual.now
}

// Run performs body as the task main and returns when no task is left, or when
// Hooks.Stalled gave up. When a task exits its goroutine (runtime.Goexit, as
// testing.T.FailNow does) so does the calling one, for they are one; what is left of
// the run is ended first.
func (k *Timed) Run(main *Task, body func()) {
	defer k.close()
	k.Spawn(nil, main, body)
	k.pool.current = k.following()
	k.pool.drive()
	k.passed(Never)
}

// abandon kills the tasks that are left.
func (k *Timed) abandon() {
	if k.Hooks.Abandoned != nil {
		k.Hooks.Abandoned()
	}
}

func (k *Timed) close() {
	k.world.End()
	k.pool.close()
}

// Spawn makes t a task that will run body. It wants a core at once.
func (k *Timed) Spawn(by, t *Task, body func()) {
	t.Renew(0)
	v := &t.virtual
	*v = virtualTask{timedTask: v.timedTask}
	*v.timedTask = timedTask{rank: mix(k.cfg.Seed, t.Path), core: -1}
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
	k.ready++
	k.agenda.push(t.Domain, &v.run)
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

// following performs what is due until it finds a task that continues.
func (k *Timed) following() *Task {
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
			k.ready--
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

// switchAway lets others go on until t's resume item is found.
func (k *Timed) switchAway(t *Task) {
	if u := k.following(); u != t {
		k.pool.current = u
		k.pool.pause(t)
	}
}

// continueAt makes t, which has a core, continue at the time at.
func (k *Timed) continueAt(t *Task, at Time) {
	v := &t.virtual
	v.run.kind = itemResume
	v.run.at, v.run.rank = at, v.rank
	k.agenda.push(t.Domain, &v.run)
}

// Announce does nothing: in timed runs the clocks decide.
func (k *Timed) Announce(*Task, Op) {}

// Choose draws a number keyed by the seed, t's path and t's count of draws.
func (k *Timed) Choose(t *Task, kind ChoiceKind, n int) int {
	t.draws++
	return below(mix(mix(k.cfg.Seed, t.Path), t.draws<<8|uint64(kind)), n)
}
