package kernel

import (
	"math/bits"
	"time"
)

// cores is the processor of a timed machine: who is on which core, who waits
// for one, and how much was computed.
type cores struct {
	on      []*Task // by core; nil: idle
	busy    int
	queue   []*Task // wait for a core, oldest first
	perCore int
	yield   int64 // speed of a core whose neighbours compute, in millionths

	// Accounting: busy cores over time.
	last     Time
	par      int
	busyTime Time
}

const fullSpeed = 1_000_000

func (c *cores) init(cfg Config) {
	c.on = make([]*Task, cfg.Cores)
	c.perCore = max(1, cfg.PerCore)
	c.yield = fullSpeed
	if c.perCore > 1 {
		c.yield = int64(cfg.Yield / float64(c.perCore) * fullSpeed)
	}
}

// passTo accounts for the time up to at, during which the same cores were busy.
func (c *cores) passTo(at Time) {
	if at > c.last {
		c.par = max(c.par, c.busy)
		c.busyTime += Time(c.busy) * (at - c.last)
		c.last = at
	}
}

// shared reports whether another hardware thread of the same physical core is
// busy.
func (c *cores) shared(core int) bool {
	if c.perCore == 1 {
		return false
	}
	first := core / c.perCore * c.perCore
	for i := first; i < first+c.perCore && i < len(c.on); i++ {
		if i != core && c.on[i] != nil {
			return true
		}
	}
	return false
}

// stretch is how long cpu of work takes t where it runs now.
func (c *cores) stretch(t *Task, cpu Time) Time {
	if c.perCore == 1 || !c.shared(t.virtual.core) {
		return cpu
	}
	return Time((int64(cpu)*fullSpeed + c.yield - 1) / c.yield)
}

// stretchTicks is how long pico of work takes t where it runs now, progressTicks
// how much work it does in that time; both in picoseconds.
func (c *cores) stretchTicks(t *Task, pico int64) int64 {
	if c.perCore == 1 || !c.shared(t.virtual.core) {
		return pico
	}
	hi, lo := bits.Mul64(uint64(pico), fullSpeed)
	lo, carry := bits.Add64(lo, t.virtual.stretched, 0)
	q, r := bits.Div64(hi+carry, lo, uint64(c.yield))
	t.virtual.stretched = r // so that it does not matter how ticks are counted
	return int64(q)
}

func (c *cores) progressTicks(t *Task, pico int64) int64 {
	if c.perCore == 1 || pico <= 0 || !c.shared(t.virtual.core) {
		return pico
	}
	hi, lo := bits.Mul64(uint64(pico), uint64(c.yield))
	q, _ := bits.Div64(hi, lo, fullSpeed)
	return int64(q)
}

// progress is how much work t did in the time d where it runs now.
func (c *cores) progress(t *Task, d Time) Time {
	if c.perCore == 1 || t.virtual.core < 0 || !c.shared(t.virtual.core) {
		return d
	}
	return Time(int64(d) * c.yield / fullSpeed)
}

// free finds an idle core, preferring one whose neighbours are idle too.
func (c *cores) free() int {
	found := -1
	for i, t := range c.on {
		if t != nil {
			continue
		}
		if !c.shared(i) {
			return i
		}
		if found < 0 {
			found = i
		}
	}
	return found
}

// wantCore gives t a core at the time at, or makes it wait for one.
func (k *Timed) wantCore(t *Task, at Time) {
	if i := k.cores.free(); i >= 0 {
		k.enterCore(t, i, at)
		return
	}
	k.enqueue(t, at)
	for _, u := range k.cores.on {
		if u.Domain != t.Domain {
			// Whoever loses its core may be of another interpreter, and ahead.
			k.planPreempt(at + Time(k.cfg.WakeLatency))
			return
		}
	}
	k.planPreempt(at)
}

// enterCore puts t on an idle core.
func (k *Timed) enterCore(t *Task, core int, at Time) {
	k.respeed(core, at, func() {
		k.cores.on[core] = t
		k.cores.busy++
	})
	v := &t.virtual
	v.core, v.since = core, at
	if v.age > 0 && at == v.wanted {
		// It was interrupted by somebody who did not compute; its slice goes on.
		// Otherwise a thread that is woken again and again to find the GIL taken
		// would renew the holder's slice each time and never come when it is free.
		v.since -= v.age
	}
	v.age = 0
	if k.Hooks.Core != nil {
		k.Hooks.Core(t, core, true, at)
	}
	switch {
	case !v.advancing:
		// A task that was preempted between two ticks may have executed a little
		// beyond the end of its slice.
		k.continueAt(t, max(at+v.change, v.now))
		v.change = 0
	case v.poked:
		v.begun = at
		k.continueAt(t, at)
	default:
		v.begun = at
		k.continueAt(t, at+k.cores.stretch(t, v.left))
	}
}

// leaveCore takes t off its core, which goes to the task that waits longest.
func (k *Timed) leaveCore(t *Task, at Time) {
	core := t.virtual.core
	k.vacate(t, at)
	if q := k.cores.queue; len(q) > 0 {
		u := q[0]
		k.cores.queue = append(q[:0], q[1:]...)
		if len(k.cores.queue) == 0 {
			k.agenda.remove(&k.preempt)
		}
		u.virtual.queued = false
		u.virtual.offCore += at - u.virtual.wanted
		u.Domain.queued--
		k.enterCore(u, core, at)
	}
}

func (k *Timed) vacate(t *Task, at Time) {
	core := t.virtual.core
	k.cores.passTo(at)
	k.respeed(core, at, func() {
		k.cores.on[core] = nil
		k.cores.busy--
	})
	t.virtual.core = -1
	if k.Hooks.Core != nil {
		k.Hooks.Core(t, core, false, at)
	}
}

// respeed performs change, which makes core busy or idle, and re-plans the
// computations of its neighbours, whose speed it alters.
func (k *Timed) respeed(core int, at Time, change func()) {
	if k.cores.perCore == 1 {
		change()
		return
	}
	first := core / k.cores.perCore * k.cores.perCore
	neighbours := k.cores.on[first:min(first+k.cores.perCore, len(k.cores.on))]
	for i, u := range neighbours {
		if u != nil && first+i != core && u.virtual.advancing {
			u.virtual.left -= k.cores.progress(u, at-u.virtual.begun)
			u.virtual.begun = at
		}
	}
	change()
	for i, u := range neighbours {
		if u != nil && first+i != core && u.virtual.advancing && !u.virtual.poked {
			k.agenda.remove(&u.virtual.run)
			k.continueAt(u, at+k.cores.stretch(u, u.virtual.left))
		}
	}
}

// planPreempt sees to it that a slice ends when somebody waits for a core: the
// longest slice, as soon as it has lasted a quantum, but not before earliest.
func (k *Timed) planPreempt(earliest Time) {
	if len(k.cores.queue) == 0 || k.cfg.Quantum <= 0 {
		return
	}
	at := max(earliest, k.oldest().virtual.since+Time(k.cfg.Quantum))
	if k.preempt.pos != 0 {
		if k.preempt.at <= at {
			return
		}
		k.agenda.remove(&k.preempt)
	}
	k.preempt.at = at
	k.agenda.push(&k.machine, &k.preempt)
}

// oldest is the task that has been on its core longest.
func (k *Timed) oldest() *Task {
	var found *Task
	for _, t := range k.cores.on {
		if t == nil {
			continue
		}
		if found == nil || t.virtual.since < found.virtual.since {
			found = t
		}
	}
	return found
}

// endSlice takes the core from the task that has had one longest.
func (k *Timed) endSlice(at Time) {
	if len(k.cores.queue) == 0 {
		return
	}
	t := k.oldest()
	v := &t.virtual
	if v.since+Time(k.cfg.Quantum) > at {
		k.planPreempt(at)
		return
	}
	if !v.advancing && v.run.pos != 0 && v.run.at > at {
		// It has executed private operations beyond this moment; its slice ends
		// where they do.
		k.preempt.at = v.run.at
		k.agenda.push(&k.machine, &k.preempt)
		return
	}
	k.agenda.remove(&v.run)
	if v.advancing {
		v.left -= k.cores.progress(t, at-v.begun)
		v.begun = at
	}
	if k.Hooks.Preempt != nil {
		k.Hooks.Preempt(t, v.core, at)
	}
	v.age = at - v.since
	k.cores.queue[0].virtual.age = 0 // its turn has come: a whole slice
	k.leaveCore(t, at)
	k.enqueue(t, at)
	k.planPreempt(at)
}

// enqueue makes t wait for a core.
func (k *Timed) enqueue(t *Task, at Time) {
	t.virtual.queued = true
	t.virtual.wanted = at
	t.Domain.queued++
	k.cores.queue = append(k.cores.queue, t)
}

// OffCore is how long t has waited for cores so far.
func (t *Task) OffCore() Time {
	if t.virtual.timedTask == nil {
		return 0
	}
	return t.virtual.offCore
}

// Usage is what the cores of a machine did.
type Usage struct {
	Par  int           // greatest number of tasks computing at one instant
	Busy time.Duration // core time used
	Wall time.Duration // how long the machine ran
}

// Usage returns the machine's account up to now.
func (k *Timed) Usage() Usage {
	return Usage{Par: k.cores.par, Busy: time.Duration(k.cores.busyTime), Wall: time.Duration(k.now)}
}
