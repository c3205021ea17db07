package gil

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/pygil/pygil/internal/kernel"
)

// GIL is a global interpreter lock: at most one of its threads executes at a
// time, and its Rule says when that thread has to let another one in.
//
// A GIL of its own, without an interpreter, is made by NewGIL for goroutines
// that want Python's rules; every Interpreter has one too, unless its profile is
// free-threaded. The code is the same in the live and in the timed virtual
// world. An explored run has no GIL: the holder is whoever was chosen.
type GIL struct {
	stats gilCounters // first: its words must be aligned on 32-bit machines

	kern kernel.Kernel
	prof Profile
	rule ruleKind
	id   uint64
	emit *emitter

	interp *Interpreter

	successor Successor
	switching kernel.Time // what a switch costs the new holder
	timed     bool        // hold and wait times are measured
	live      bool

	interval atomic.Int64 // nanoseconds, whole microseconds
	period   atomic.Int32 // ticks between checks
	exists   atomic.Bool  // lazily created ones do nothing before the first thread
	request  atomic.Bool  // somebody asked the holder to drop

	mu       sync.Mutex // never held across a switch
	locked   bool
	holder   *Thread
	last     *Thread // the last holder
	switches uint64  // changes of holder
	why      Why     // why the last holder gave it up
	waiters  []gilWaiter
	coming   int // waiters that were woken and have not taken the GIL yet
	ceding   gilWaiter
	hasCeder bool
	ticker   int // ticks left when the holder gave the GIL up between two checks
	alarm    alarm
}

// gilWaiter is a thread that waits for the GIL.
type gilWaiter struct {
	t        *Thread
	w        kernel.Ticket
	seen     uint64      // switches when its current interval began
	deadline kernel.Time // when it asks, unless there was a switch
	since    kernel.Time
	again    bool // a ceder that wants the GIL back
}

// Successor says which waiter is woken when the GIL becomes free; CPython leaves
// that to the operating system.
type Successor uint8

// The successors. Python threads on Linux are woken mostly in the order in which
// they began to wait, or in the reverse order.
const (
	FIFO   Successor = iota // the one that waits longest
	LIFO                    // the one that began last
	Random                  // drawn with the machine's seed
)

func newGIL(k kernel.Kernel, p Profile, emit *emitter) *GIL {
	g := &GIL{kern: k, prof: p, rule: p.rule.kind, emit: emit}
	g.live = k.World().Policy == kernel.LivePolicy
	g.timed = !g.live || p.rule.kind == intervalRule || emit != nil
	g.period.Store(int32(min(p.rule.ticks, maxPeriod)))
	g.ticker = p.rule.ticks
	g.setInterval(p.rule.every)
	g.exists.Store(!p.has(lazyGIL))
	return g
}

const maxPeriod = 1 << 30

func (g *GIL) setInterval(d time.Duration) {
	g.interval.Store(int64(d.Truncate(time.Microsecond)))
}

// due is how long a waiter waits before it asks.
func (g *GIL) due() kernel.Time { return kernel.Time(max(g.interval.Load(), int64(time.Microsecond))) }

// lock guards the fields. In the virtual world tasks share a goroutine and
// nothing switches in between, so there is nothing to lock.
func (g *GIL) lock() {
	if g.live {
		g.mu.Lock()
	}
}

func (g *GIL) unlock() {
	if g.live {
		g.mu.Unlock()
	}
}

// ID is unique among the GILs of a world.
func (g *GIL) ID() uint64 { return g.id }

// Holder returns the thread that holds the GIL, or nil. In the live world it may
// have given it up by the time Holder returns.
func (g *GIL) Holder() *Thread {
	g.lock()
	defer g.unlock()
	if !g.locked {
		return nil
	}
	return g.holder
}

// Waiters returns the number of threads that wait for the GIL.
func (g *GIL) Waiters() int {
	g.lock()
	defer g.unlock()
	return len(g.waiters) + g.coming
}

// Interval returns the switch interval, as sys.getswitchinterval does. A GIL
// whose rule counts ticks returns 0.
func (g *GIL) Interval() time.Duration {
	if g.rule != intervalRule {
		return 0
	}
	return time.Duration(g.interval.Load())
}

// SetInterval sets the switch interval for waits that begin from now on. Like
// sys.setswitchinterval it keeps whole microseconds: 1.9 µs becomes 1 µs, and
// less than one reads back as 0 but acts as one. It returns a *ValueError when d
// is not positive, and has no effect on a rule that counts ticks.
func (g *GIL) SetInterval(d time.Duration) error {
	if err := checkInterval(d); err != nil {
		return err
	}
	g.setInterval(d)
	return nil
}

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

const (
	notGot got = iota // the thread unwinds
	free              // the GIL is free and the fields are locked
	handed            // the last holder made the thread the holder
)

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
			t.timed.WaitOn(&t.k, &ceder.t.k, g.due())
		}
	}
	g.proceeds(t, switched)
}

// own records t as the holder; the fields are locked. It reports whether the last
// holder was another thread.
func (g *GIL) own(t *Thread) (switched bool) {
	g.locked, g.holder = true, t
	switched = g.last != t
	if switched {
		g.last = t
		g.switches++
		if g.why == WhyInterval || g.why == WhyTick {
			g.stats.forced.Inc()
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
	t.holds = true
	g.stats.acquisitions.Inc()
	if switched {
		g.stats.switches.Inc()
	}
	if g.timed {
		t.acquired = g.kern.Now(&t.k)
	}
	if g.emit != nil {
		g.emit.event(t, Event{Kind: EvGILAcquire, Obj: g.id, A: int64(t.gilWait), B: b2i(switched)})
	}
	t.gilWait = 0
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
	w, until := g.enlist(t, began)
	g.unlock()
	return g.await(t, began, w, until)
}

// enlist opens a wait and puts t on the list; the fields are locked.
func (g *GIL) enlist(t *Thread, began kernel.Time) (w kernel.Ticket, until kernel.Time) {
	me := gilWaiter{t: t, w: g.kern.Prepare(&t.k, kernel.SlotGIL), since: began, seen: g.switches, deadline: kernel.Never}
	if g.rule == intervalRule {
		me.deadline = g.kern.Now(&t.k) + g.due()
	}
	g.waiters = append(g.waiters, me)
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
			if g.timed {
				t.gilWait = g.kern.Now(&t.k) - began
			}
			return handed // nobody can have come in between
		}
		g.lock()
		switch how {
		case kernel.Killed:
			g.forget(t)
			return notGot
		case kernel.TimedOut:
			if me, listed := g.unlist(t); listed && g.locked && g.switches == me.seen {
				g.ask(t, g.kern.Now(&t.k)-began)
			}
		case kernel.Woken:
			g.coming--
			if g.locked && g.rule == legacyRule {
				g.stats.failed.Add(1)
				if g.emit != nil {
					g.emit.event(t, Event{Kind: EvGILFailedWake, Obj: g.id, Peer: g.holder.tidOrZero()})
				}
			}
		}
		if !g.locked {
			if g.timed {
				t.gilWait = g.kern.Now(&t.k) - began
			}
			return free
		}
		w, until = g.enlist(t, began)
		g.unlock()
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

// unlist takes t off the list of waiters and reports whether it was on it.
func (g *GIL) unlist(t *Thread) (w gilWaiter, listed bool) {
	for i := range g.waiters {
		if w = g.waiters[i]; w.t == t {
			g.waiters = append(g.waiters[:i], g.waiters[i+1:]...)
			return w, true
		}
	}
	return gilWaiter{}, false
}

// forget removes a waiter that unwinds and unlocks the fields. If it had been
// woken already the wake-up was meant for somebody who takes the GIL: it is passed
// on. And a thread that cedes the GIL must not wait for a successor that will
// never come (gh-96387).
func (g *GIL) forget(t *Thread) {
	switch _, listed := g.unlist(t); {
	case listed:
	case g.hasCeder && g.ceding.t == t:
		g.hasCeder, g.ceding = false, gilWaiter{}
	case g.rule == ticksRule:
		g.locked, g.holder = false, nil
	default:
		g.coming--
	}
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
	case g.rule == ticksRule || g.successor == FIFO:
	case g.successor == LIFO:
		i = len(g.waiters) - 1
	case len(g.waiters) > 1:
		i = g.kern.Choose(&t.k, kernel.ChooseSuccessor, len(g.waiters))
	}
	next := g.waiters[i]
	g.waiters = append(g.waiters[:i], g.waiters[i+1:]...)
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
	for next.t != nil && !g.kern.Wake(&t.k, next.w) {
		g.lock()
		if g.rule == ticksRule {
			g.locked, g.holder = false, nil
		} else {
			g.coming--
		}
		next = g.pick(t)
		g.unlock()
	}
}

// leave makes t give the GIL up. It may switch: with a request pending, a thread
// does not go on before somebody else has had the GIL (forced switching), also
// when it goes away to block.
func (g *GIL) leave(t *Thread, why Why) {
	next := g.relinquish(t, why)
	if !g.obliged(why) {
		g.unlock()
		g.signal(t, next)
		return
	}
	w := g.cede(t, false)
	g.unlock()
	g.signal(t, next)
	t.enter(stateWaitGIL)
	g.kern.Park(&t.k, w, kernel.Never)
}

// yield gives the GIL up and takes it again. It reports false when t is to
// unwind and does not hold it.
func (g *GIL) yield(t *Thread, why Why) bool {
	next := g.relinquish(t, why)
	if !g.obliged(why) {
		g.unlock()
		g.signal(t, next)
		return g.take(t)
	}
	began := g.kern.Now(&t.k)
	if g.emit != nil {
		g.emit.event(t, Event{Kind: EvGILRequest, Obj: g.id})
	}
	w := g.cede(t, true)
	g.unlock()
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
	t.holds = false
	if g.timed {
		held := g.kern.Now(&t.k) - t.acquired
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

// contended reports whether somebody sleeps until the GIL is free.
func (g *GIL) contended() bool {
	g.lock()
	defer g.unlock()
	return len(g.waiters) > 0
}

// run is the number of ticks from one check of a tick rule to the next.
func (g *GIL) run() int64 {
	if g.rule == ticksRule {
		return int64(g.period.Load())
	}
	return int64(g.period.Load()) + 1
}

// check is what the holder does at a check point after which it was asked, or
// its ticks ran out. It reports false when t is to unwind.
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
	case ticksRule:
		if t.k.Ticks() >= t.due {
			g.stats.checks.Add(1)
			return g.turn(t)
		}
	}
	return true
}

// turn ends a run of the Ticks rule: the longest waiter gets the GIL, if there is
// one. The thread is on the list before it hands over, so that the order in
// which threads run is the order in which they came.
func (g *GIL) turn(t *Thread) bool {
	g.kern.Sync(&t.k)
	g.lock()
	if len(g.waiters) == 0 {
		g.unlock()
		t.due = t.k.Ticks() + g.run()
		return true
	}
	t.holds = false
	g.why = WhyTick
	var began kernel.Time
	if g.timed {
		began = g.kern.Now(&t.k)
		held := began - t.acquired
		t.held += held
		g.stats.held.Add(int64(held))
	}
	if g.emit != nil {
		g.emit.event(t, Event{Kind: EvGILRelease, Obj: g.id, A: int64(began - t.acquired), Why: WhyTick})
		g.emit.event(t, Event{Kind: EvGILRequest, Obj: g.id, Peer: g.waiters[0].t.tid})
	}
	me := gilWaiter{t: t, w: g.kern.Prepare(&t.k, kernel.SlotGIL), since: began}
	g.waiters = append(g.waiters, me)
	g.locked = false
	next := g.pick(t)
	g.unlock()
	g.signal(t, next)
	t.enter(stateWaitGIL)
	if g.kern.Park(&t.k, me.w, kernel.Never) == kernel.Killed {
		g.lock()
		g.forget(t)
		return false
	}
	if g.timed {
		t.gilWait = g.kern.Now(&t.k) - began
	}
	g.began(t, true)
	return true
}
