package kernel

import (
	"math"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// Live runs tasks as goroutines on the wall clock.
type Live struct {
	world *World
	base  time.Time

	domains atomic.Int32
	frozen  atomic.Bool // the clock was seen to stand still while somebody computed
}

var _ Kernel = (*Live)(nil)

// NewLive begins a live world. Its clock starts at zero now; inside a
// testing/synctest bubble it is the bubble's clock.
func NewLive() *Live { return &Live{world: &World{Policy: LivePolicy}, base: time.Now()} }

// liveTask is what a task needs in the live world.
type liveTask struct {
	slots [2]liveSlot
	timer *time.Timer
}

// The states of a wait; the sequence number of the wait is kept beside them in
// one word, so that a late waker of an older wait changes nothing.
const (
	slotIdle    = 0
	slotWaiting = 1
	slotWoken   = 2 // a token is in the channel or about to be
	slotMask    = 3
)

type liveSlot struct {
	state  atomic.Uint32 // sequence<<2 | one of the above
	opened bool          // a wait was prepared and not yet parked for; the task's own
	ch     chan struct{} // capacity 1; made at the first wait, in the task's own bubble
}

// Ticket is one wait of one task.
type Ticket struct {
	task *Task
	slot Slot
	seq  uint32
}

// Task is the task that waits.
func (w Ticket) Task() *Task { return w.task }

// AddDomain makes d an interpreter's domain.
func (k *Live) AddDomain(d *Domain) { d.ID = int(k.domains.Add(1)) }

// World returns the world of this kernel.
func (k *Live) World() *World { return k.world }

// Now returns the time since the world began.
func (k *Live) Now(*Task) Time { return Time(time.Since(k.base)) }

// Spawn starts a goroutine for t.
func (k *Live) Spawn(_, t *Task, body func()) {
	k.Adopt(t)
	go body()
}

// Adopt makes the calling goroutine the task t.
func (k *Live) Adopt(t *Task) { t.Renew(liveGrant) }

// liveGrant is a budget that a thread takes seconds to use up; what ends it
// early is a Poke.
const liveGrant = 1 << 30

// Grant settles t's ticks and renews its budget.
func (k *Live) Grant(t *Task) int {
	t.settle()
	return liveGrant
}

// Prepare opens a wait.
func (k *Live) Prepare(t *Task, s Slot) Ticket {
	slot := &t.live.slots[s]
	seq := slot.open()>>2 + 1
	slot.state.Store(seq<<2 | slotWaiting)
	return Ticket{task: t, slot: s, seq: seq & (1<<30 - 1)}
}

// open makes the slot ready for another wait and returns the state of the last one.
func (slot *liveSlot) open() (old uint32) {
	if slot.ch == nil {
		slot.ch = make(chan struct{}, 1)
	}
	old = slot.state.Load()
	if slot.opened && old&slotMask == slotWoken {
		// The last wait of this slot was woken but never parked for: its token
		// is here or on its way, and must not end the wait that begins now.
		<-slot.ch
	}
	slot.opened = true
	return old
}

// Sure opens a wait of a live task for the GIL that somebody will certainly wake, once,
// and that neither the clock nor Kill is to end: the task notices only then that it was
// killed. There is nobody whom such a wait must be guarded against, so it has no number,
// which saves two atomic operations of the dozen that a hand-over takes. ParkSure waits
// for it.
func Sure(t *Task) Ticket {
	slot := &t.live.slots[SlotGIL]
	slot.open()
	return Ticket{task: t, slot: SlotGIL, seq: sure}
}

// sure is what a Ticket of Sure has for a number, which no other one has.
const sure = math.MaxUint32

// ParkSure waits for the wait that Sure has opened and reports false when t was killed.
// It is inlined: a task that goes on after others have run pays for every stack frame.
func ParkSure(t *Task) bool {
	slot := &t.live.slots[SlotGIL]
	slot.opened = false
	<-slot.ch
	return !t.killed.Load()
}

// Wake ends the wait w, if it is still going on.
func (k *Live) Wake(_ *Task, w Ticket) bool {
	slot := &w.task.live.slots[w.slot]
	if w.seq != sure && !slot.state.CompareAndSwap(w.seq<<2|slotWaiting, w.seq<<2|slotWoken) {
		return false
	}
	slot.ch <- struct{}{}
	return true
}

// Park waits for w, for the time until, or for t's death.
//
// Kill raises the flag and then tries to wake both slots; Park looks at the flag
// after Prepare has published the wait. Whichever comes second sees the other.
func (k *Live) Park(t *Task, w Ticket, until Time) Wake {
	slot := &t.live.slots[w.slot]
	slot.opened = false
	if t.killed.Load() {
		k.abandon(slot, w)
		return Killed
	}
	if until == Never {
		<-slot.ch
	} else if !k.parkUntil(t, slot, w, until) {
		return TimedOut
	}
	if t.killed.Load() {
		return Killed
	}
	return Woken // the state stays slotWoken, which no waker changes
}

// parkUntil reports whether w was woken before the time until.
func (k *Live) parkUntil(t *Task, slot *liveSlot, w Ticket, until Time) bool {
	d := time.Duration(until) - time.Since(k.base)
	if d > 0 {
		if t.live.timer == nil {
			t.live.timer = time.NewTimer(d)
		} else {
			t.live.timer.Reset(d)
		}
		select {
		case <-slot.ch:
			t.live.timer.Stop()
			return true
		case <-t.live.timer.C:
		}
	}
	if slot.state.CompareAndSwap(w.seq<<2|slotWaiting, w.seq<<2|slotIdle) {
		return false
	}
	<-slot.ch // a waker was faster than the clock; it counts
	return true
}

// abandon ends the wait w without sleeping.
func (k *Live) abandon(slot *liveSlot, w Ticket) {
	if !slot.state.CompareAndSwap(w.seq<<2|slotWaiting, w.seq<<2|slotIdle) {
		<-slot.ch
	}
}

// Kill makes the waits of t return Killed.
func (k *Live) Kill(_, t *Task) {
	t.killed.Store(true)
	t.Limit.Store(maxLimit)
	for i := range t.live.slots {
		slot := &t.live.slots[i]
		if s := slot.state.Load(); s&slotMask == slotWaiting &&
			slot.state.CompareAndSwap(s, s&^slotMask|slotWoken) {
			slot.ch <- struct{}{}
		}
	}
}

// Poke makes t reach its slow path at its next tick.
func (k *Live) Poke(_, t *Task) { t.Limit.Store(maxLimit) }

// Advance keeps a core busy for cpu, or until t is poked, and returns for how long.
func (k *Live) Advance(t *Task, cpu Time) Time { return k.burn(&t.Limit, cpu) }

// Spend keeps a core busy for cpu.
func (k *Live) Spend(_ *Task, cpu Time) { k.burn(new(atomic.Int32), cpu) }

// Sizes of the busy loop of burn: a look at the clock costs about as much as
// spinRound iterations.
const (
	spinRound = 64
	stillMax  = 1 << 16 // rounds without the clock moving before burn sleeps
	burnNap   = Time(5 * time.Millisecond)
)

var sink atomic.Uint32

// burn keeps a core busy for cpu, or until limit is raised, and returns for how long.
//
// In a testing/synctest bubble the clock does not move while anybody computes.
// It notices that the clock stands still and sleeps instead, which lets the
// bubble's clock jump; the thread keeps its GIL meanwhile, as one that computes
// would.
func (k *Live) burn(limit *atomic.Int32, cpu Time) Time {
	begin := k.Now(nil)
	still, last := 0, begin
	x := uint32(begin)
	for {
		for range spinRound {
			x = x*1664525 + 1013904223
		}
		now := k.Now(nil)
		if now-begin >= cpu {
			sink.Store(x)
			return cpu
		}
		if limit.Load() != 0 {
			sink.Store(x)
			return now - begin
		}
		switch {
		case now != last:
			still, last = 0, now
		case still >= stillMax || k.frozen.Load():
			k.frozen.Store(true)
			time.Sleep(time.Duration(min(cpu-(now-begin), burnNap)))
			last, still = k.Now(nil), 0
		default:
			still++
		}
	}
}

// Sync does nothing: live tasks see each other at once.
func (k *Live) Sync(*Task) {}

// Announce does nothing: nobody chooses.
func (k *Live) Announce(*Task, Op) {}

// Choose draws from the runtime's generator: live worlds are not reproducible.
func (k *Live) Choose(_ *Task, _ ChoiceKind, n int) int { return rand.IntN(n) }

// After calls fn on a goroutine of its own.
func (k *Live) After(_ *Task, at Time, fn func()) Timer {
	return time.AfterFunc(time.Duration(at)-time.Since(k.base), fn)
}

// Exit settles t's ticks.
func (k *Live) Exit(t *Task) { t.settle() }
