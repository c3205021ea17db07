package kernel

import (
	"bytes"
	"math"
	"runtime"
)

// An Explorer owns every choice of an explored run.
type Explorer interface {
	// Choose returns the index of the task that performs its pending operation
	// next. cur is the index of the task that performed the last one; it need
	// not be enabled. It is asked only where two or more tasks are enabled.
	Choose(k *Explored, cur int, enabled *Set) int
}

// A Performer is an Explorer that wants to know of every operation.
type Performer interface {
	Explorer
	// Performs is called for an operation of t just before it happens.
	Performs(k *Explored, t *Task, op Op)
}

// A Drawer is an Explorer that takes the draws as well: those of the program, and
// which waiter of a gate is woken. Without it they come from the seed.
type Drawer interface {
	Explorer
	// Draw returns a number in [0, n) for t.
	Draw(k *Explored, t *Task, kind ChoiceKind, n int) int
}

// Explored runs tasks as coroutines in the order an Explorer asks for. There are
// no cores and no GIL; the clock stands still while anything is enabled and then
// jumps to the earliest deadline.
type Explored struct {
	world    *World
	explorer Explorer
	watcher  Performer // the explorer, if it is one
	drawer   Drawer    // the same
	seed     uint64

	// Announced, if not nil, is called at the very beginning of every operation, on
	// the stack of whoever announces it, also when that is a task that unwinds or a
	// goroutine that has no business there. What it returns becomes the operation's
	// Site.
	Announced func(t *Task, op Op) (site uintptr)
	// Early, if not nil, is asked before every choice while somebody waits for a
	// moment: whether the earliest such moment has come, although tasks are enabled.
	// It is set while nothing runs.
	Early func() bool
	// Before, if not nil, is called before every choice, forced ones included. It may
	// kill tasks. It is set while nothing runs.
	Before func()
	// Stalled is called when no task is enabled and no deadline is left, but
	// tasks are. It must enable or kill one, or report false to end the run.
	Stalled func() bool
	// Abandoned is called when the goroutine that drives the run is exiting. It
	// must kill the tasks that are left.
	Abandoned func()
	// Overrun is called when a run has performed as many operations as Reset
	// allowed it. It must kill the tasks that are left.
	Overrun func()

	pool    coroutines
	tasks   []*Task
	fresh   []*Task // spawned, not yet run to their first operation
	enabled Set
	last    int // index of the task that performed the last operation
	now     Time
	alive   int
	dying   int // of these, killed
	steps   int
	stop    int // the number of steps at which the run is cut short
	easy    int // the number of steps up to which there is nothing but to choose, see weigh
	held    int // domains with a holder
	free    Set // see unheld
	nextDom int
	timers  []*exploredTimer
}

var _ Kernel = (*Explored)(nil)

// NewExplored makes a kernel whose choices e takes.
func NewExplored(seed uint64, e Explorer) *Explored {
	k := &Explored{world: &World{Policy: ExploredPolicy}, explorer: e, seed: seed}
	k.watcher, _ = e.(Performer)
	k.drawer, _ = e.(Drawer)
	k.pool.kernel = k
	return k
}

// Reset prepares the kernel for another run of at most limit operations, 0 for
// any number. Its coroutines are kept.
func (k *Explored) Reset(seed uint64, limit int) {
	k.stop = limit
	if limit == 0 {
		k.stop = math.MaxInt
	}
	k.world.ended.Store(false)
	k.seed = seed
	k.tasks = k.tasks[:0]
	k.fresh = k.fresh[:0]
	k.enabled.clear()
	k.timers = k.timers[:0]
	k.pool.current, k.last = nil, 0
	k.now, k.alive, k.dying, k.steps, k.nextDom, k.held = 0, 0, 0, 0, 0, 0
}

// Close ends the kernel's coroutines.
func (k *Explored) Close() {
	k.world.End()
	k.pool.close()
}

// AddDomain makes d an interpreter's domain.
func (k *Explored) AddDomain(d *Domain) {
	k.nextDom++
	// Paths do not depend on the seed: what a search has learnt in one run is true
	// in the next, which may have another.
	d.ID, d.seed, d.roots, d.holder = k.nextDom, uint64(k.nextDom), 0, nil
}

// World returns the world of all runs.
func (k *Explored) World() *World { return k.world }

// Current is the task that runs.
func (k *Explored) Current() *Task { return k.pool.current }

// Tasks returns the tasks of the run in the order they were spawned.
func (k *Explored) Tasks() []*Task { return k.tasks }

// Pending is the operation that the task with index i is about to perform.
func (k *Explored) Pending(i int) Op { return k.tasks[i].virtual.op }

// Enabled is the set of the tasks that may perform their pending operation. It
// must not be changed and is only good until something happens.
func (k *Explored) Enabled() *Set { return &k.enabled }

// Steps is the number of operations performed.
func (k *Explored) Steps() int { return k.steps }

// Alive is the number of tasks that have not ended.
func (k *Explored) Alive() int { return k.alive }

// Now is the frozen clock.
func (k *Explored) Now(*Task) Time { return k.now }

// Run performs body as the task main and returns when no task is left; see Timed.Run.
func (k *Explored) Run(main *Task, body func()) {
	k.Spawn(nil, main, body)
	k.pool.current = k.following()
	k.pool.drive()
}

// abandon kills the tasks that are left.
func (k *Explored) abandon() {
	if k.Abandoned != nil {
		k.Abandoned()
	}
}

// Spawn makes t a task. It runs up to its first operation before the next choice
// is taken, so that every task's pending operation is known.
func (k *Explored) Spawn(_, t *Task, body func()) {
	t.Renew(0)
	if t.Limit.Load() != maxLimit {
		t.Limit.Store(maxLimit)
	}
	v := &t.virtual
	v.index, v.until, v.wake, v.parked, v.gone, v.body = len(k.tasks), Never, Woken, false, false, body
	v.slots = [2]virtualSlot{}
	k.tasks = append(k.tasks, t)
	k.enabled.add(v.index)
	k.alive++
	v.co = k.pool.take(t)
	k.fresh = append(k.fresh, t)
	k.easy = 0
}

// OnTask reports whether the calling goroutine is one of those that tasks of a virtual
// world run on. It goes through the stack, which takes some microseconds.
func OnTask() bool {
	buf := make([]byte, 1<<16) // of a deep stack both ends are shown
	stack := buf[:runtime.Stack(buf, false)]
	return bytes.Contains(stack, []byte("/kernel.(*coroutines).perform("))
}

// Adopt is for goroutines, which have no place here.
func (k *Explored) Adopt(*Task) { panic("kernel: a goroutine cannot enter a virtual world") }

// Index is t's number in the order of spawning.
func (t *Task) Index() int { return t.virtual.index }

// TimedOut reports whether t has been enabled because its time had run out, to
// perform the operation that it announced last.
func (t *Task) TimedOut() bool { return t.virtual.wake == TimedOut }

// Announce tells what t is about to do and returns when t was chosen to do it.
// A task that is to unwind is chosen at once, and nobody is told.
func (k *Explored) Announce(t *Task, op Op) { k.Await(t, op) }

// Await is Announce for a task that may have been disabled before: it returns
// how the task came to be enabled.
func (k *Explored) Await(t *Task, op Op) Wake {
	t.virtual.op = op // here, where it is inlined: an Op takes five registers
	return k.await(t)
}

func (k *Explored) await(t *Task) Wake {
	v := &t.virtual
	if k.Announced != nil {
		v.op.Site = k.Announced(t, v.op)
	}
	if t.killed.Load() {
		return k.awaitKilled(t)
	}
	u := t
	if v.op.Held {
		k.hold(t)
	}
	switch easy := k.steps < k.easy; {
	case v.op.Pinned && k.enabled.has(v.index):
	case easy && k.enabled.n > 1:
		// What pick would do, without the way there: this is where a search spends
		// its time.
		if i := k.explorer.Choose(k, k.last, &k.enabled); i != v.index {
			u = k.tasks[i]
		}
	case easy && k.enabled.n == 1 && k.enabled.has(v.index):
	default:
		u = k.following()
	}
	if u != t {
		k.pool.current = u
		for k.pool.current != t { // this is pause, without its stack frame
			if u := k.pool.current; u != nil && !u.virtual.co.on {
				u.virtual.co.resume()
			} else {
				v.co.yield(struct{}{})
			}
		}
	}
	if v.op.Held {
		k.release(t)
	}
	if t.killed.Load() {
		return k.awaitKilled(t)
	}
	k.steps++
	k.last = v.index
	if k.watcher != nil {
		k.watcher.Performs(k, t, v.op)
	}
	how := v.wake
	v.wake = Woken
	return how
}

// weigh says how long a choice needs no look at anything but who is enabled: while
// nobody is new, dying or kept back and nobody wants to be asked before. It follows
// every change of these.
func (k *Explored) weigh() {
	k.easy = k.stop
	if len(k.fresh) > 0 || k.dying > 0 || k.held > 0 || k.Early != nil || k.Before != nil {
		k.easy = 0
	}
}

// awaitKilled is Await of a task that is to unwind.
func (k *Explored) awaitKilled(t *Task) Wake {
	t.virtual.wake = Woken
	k.Enable(t)
	return Killed
}

// following is who runs next: a fresh task up to its first operation, or else
// whoever is chosen. The fresh task then takes the next choice itself, on its own
// stack.
func (k *Explored) following() *Task {
	if len(k.fresh) > 0 {
		u := k.fresh[0]
		if last := len(k.fresh) - 1; last > 0 {
			k.fresh = k.fresh[:copy(k.fresh, k.fresh[1:])]
		} else {
			k.fresh = k.fresh[:last]
		}
		k.weigh()
		return u
	}
	return k.pick()
}

// pick finds who performs the next operation; nil when nobody is left.
func (k *Explored) pick() *Task {
	if k.steps >= k.stop {
		k.stop = math.MaxInt
		k.weigh()
		k.Overrun()
	}
	for {
		if k.dying > 0 {
			return k.firstDying() // how tasks unwind is no choice: nobody can notice
		}
		if k.Early != nil && k.enabled.n > 0 && k.deadline() != Never && k.Early() {
			k.idle()
		}
		if k.Before != nil && k.enabled.n > 0 {
			if k.Before(); k.dying > 0 {
				continue
			}
		}
		enabled := &k.enabled
		if k.held > 0 {
			enabled = k.unheld()
		}
		switch enabled.n {
		case 0:
		case 1:
			return k.tasks[enabled.first()]
		default:
			return k.tasks[k.explorer.Choose(k, k.last, enabled)]
		}
		if (k.alive > 0 || len(k.timers) > 0) && k.idle() {
			continue
		}
		if k.alive > 0 && k.Stalled != nil && k.Stalled() {
			continue
		}
		return nil
	}
}

// Disable takes t out of the choice until Enable, the time until or its death.
// A task that has timed out stays enabled.
func (k *Explored) Disable(t *Task, until Time) {
	if t.virtual.wake == TimedOut || t.killed.Load() {
		return
	}
	k.enabled.remove(t.virtual.index)
	t.virtual.until = until
}

// Enable puts t back into the choice.
func (k *Explored) Enable(t *Task) {
	t.virtual.until = Never
	k.enabled.add(t.virtual.index)
}

// Prepare opens a wait.
func (k *Explored) Prepare(t *Task, s Slot) Ticket { return prepareVirtual(t, s) }

// Park waits for w as the operation announced last.
func (k *Explored) Park(t *Task, w Ticket, until Time) Wake {
	slot := &t.virtual.slots[w.slot]
	v := &t.virtual
	if slot.state == slotWaiting {
		v.parked, v.on = true, w.slot
		k.Disable(t, until)
	}
	how := k.Await(t, v.op)
	v.parked = false
	slot.state = slotIdle
	return how
}

// Wake ends the wait w.
func (k *Explored) Wake(_ *Task, w Ticket) bool {
	v := &w.task.virtual
	slot := &v.slots[w.slot]
	if slot.seq != w.seq || slot.state != slotWaiting || v.wake == TimedOut {
		return false
	}
	slot.state = slotWoken
	if v.parked && v.on == w.slot {
		k.Enable(w.task)
	}
	return true
}

// Advance takes no time: the clock stands still while anything can run.
func (k *Explored) Advance(_ *Task, cpu Time) Time { return cpu }

// Spend takes no time either.
func (k *Explored) Spend(*Task, Time) {}

// Poke does nothing: every tick is announced.
func (k *Explored) Poke(_, _ *Task) {}

// Grant returns 0: every tick takes the slow path.
func (k *Explored) Grant(t *Task) int {
	t.settle()
	return 0
}

// Sync does nothing: only one task runs between two choices.
func (k *Explored) Sync(*Task) {}

// firstDying is the first of the tasks that are to unwind.
func (k *Explored) firstDying() *Task {
	for i := k.enabled.Next(0); ; i = k.enabled.Next(i + 1) {
		if k.tasks[i].killed.Load() {
			return k.tasks[i]
		}
	}
}

// Kill makes every wait of t return Killed.
func (k *Explored) Kill(_, t *Task) {
	if t.virtual.gone {
		return
	}
	if !t.killed.Swap(true) {
		k.dying++
		k.easy = 0
	}
	k.Enable(t)
}

// Exit ends t.
func (k *Explored) Exit(t *Task) {
	k.enabled.remove(t.virtual.index)
	t.virtual.until = Never
	k.alive--
	t.virtual.gone = true
	if t.killed.Load() {
		k.dying--
		k.weigh()
	}
}

// Choose asks the explorer, if it takes draws, or draws a number keyed by the seed,
// t's path and t's count of draws.
func (k *Explored) Choose(t *Task, kind ChoiceKind, n int) int {
	t.draws++
	if k.drawer != nil {
		return k.drawer.Draw(k, t, kind, n)
	}
	return below(mix(mix(k.seed, t.Path), t.draws<<8|uint64(kind)), n)
}
