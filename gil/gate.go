package gil

import (
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pygil/pygil/internal/kernel"
)

// OpKind says what an operation on a Gate is, for the explorer and for reports.
type OpKind = kernel.OpKind

// The kinds of operation that primitives announce.
const (
	OpRead       = kernel.OpRead
	OpWrite      = kernel.OpWrite
	OpUpdate     = kernel.OpUpdate // both in one
	OpAcquire    = kernel.OpAcquire
	OpTryAcquire = kernel.OpTryAcquire
	OpRelease    = kernel.OpRelease
	OpTake       = kernel.OpTake // a unit of a semaphore
	OpWait       = kernel.OpWait
	OpNotify     = kernel.OpNotify
	OpSet        = kernel.OpSet
	OpClear      = kernel.OpClear
	OpPeek       = kernel.OpPeek
	OpPut        = kernel.OpPut
	OpGet        = kernel.OpGet
	OpSend       = kernel.OpSend
	OpRecv       = kernel.OpRecv
	OpExit       = kernel.OpExit
)

// All, given to Gate.Open, lets everybody through who waits, and keeps the gate open
// for everybody else until Gate.Shut.
const All = math.MaxInt32

// Outcome says how Gate.Pass ended.
type Outcome uint8

// The outcomes.
const (
	Passed   Outcome = iota // a permit was taken
	Refused                 // a try found the gate closed
	TimedOut                // the moment came first
)

// Gate is the one thing that waits: a number of permits, and the threads that
// want one. A lock is a gate with one permit, an event one with none or All, a
// semaphore one with n; joins and the waiters of a condition are gates too.
// Packages threading, queue and asyncio are built on exactly this, so that there
// is one place that gives the GIL up, one that the explorer sees through, and one
// that knows who waits for whom.
//
// A Gate must be initialised by Init before anything else, by any thread, any
// number of times; it must not be copied after that.
type Gate struct {
	twin twin[Gate] // first, as is mark: without size they would take room at the end
	mark mark

	at   atomic.Uint64 // the home's number, set last: who sees it sees the rest
	home *home
	id   kernel.ObjID
	name string

	permits word
	nwait   word          // waiters on the list
	alls    atomic.Uint32 // times it was opened for everybody; written with mu held
	mu      sync.Mutex    // guards the list; never held across a switch
	why     atomic.Uint32 // what its waiters wait for, a Why, if it is no lock
	begin   bool          // the start of a thread, which is its name
	end     bool          // the end of one
	tracked bool          // owners are recorded: not in the live world, whose hot path they would slow down
	first   *gateWaiter
	last    *gateWaiter
	owner   atomic.Pointer[Thread]
	explain func() string
	lineage lineage // in processes that were forked
}

// aside is the gate that the inside uses instead of g, see outside.
//
//go:norace
func (g *Gate) aside(t *Thread) *Gate {
	y, s := g.twin.get()
	if y != nil && s == t.box {
		return y
	}
	y = new(Gate)
	y.name, y.home, y.explain = clean(g.name), g.home, g.explain
	y.why.Store(g.why.Load())
	g.twin.bind(0)
	g.twin.set(y, t.box)
	t.box.afterwards(func() {
		g.twin.set(nil, nil)
		g.name, g.home, g.id = y.name, y.home, y.id
		g.why.Store(y.why.Load())
		g.at.Store(y.at.Load())
	})
	return y
}

// other is the gate's twin, or g.
//
//go:norace
func (g *Gate) other() *Gate {
	if y, _ := g.twin.get(); y != nil {
		return y
	}
	return g
}

// identity is what the explorer knows the gate by: as for a variable its name,
// which does not depend on the schedule, if it has one that is its own. A name with
// an article, "a lock", says what kind of thing it is.
func (g *Gate) identity(t *Thread) kernel.ObjID {
	if t.x == nil || g.begin || g.end || g.name == "" {
		return t.k.NextObject()
	}
	switch article, _, _ := strings.Cut(g.name, " "); article {
	case "a", "an", "the":
	default:
		if id := kernel.HashString(g.name); t.interp.w.names.claim(id) {
			return id
		}
	}
	return t.k.NextObject()
}

// Bound reports whether Init has nothing to do for t. It is inlined; a primitive
// that is used often asks it before it calls Init.
func (g *Gate) Bound(t *Thread) bool { return t != nil && g.at.Load() == t.seat }

// Init binds the gate to t's world and interpreter and gives it its permits. Only
// the first call has an effect. When that world has ended the gate begins anew in
// t's; while it has not, and when it belongs to another interpreter, Init panics
// with a *RuntimeError.
func (g *Gate) Init(t *Thread, permits int, name string) {
	if raceKernel && t.apart() {
		if !g.twin.boundTo(t.seat) {
			y, held := g.aside(t), clean(name)
			t.inside(func() { y.Init(t, permits, held) })
			g.twin.bind(t.seat)
		}
		return
	}
	if !g.Bound(t) {
		g.bind(t, permits, name)
	}
}

func (g *Gate) bind(t *Thread, permits int, name string) {
	if t == nil {
		t.mustRun()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	mine, at := t.home.world, g.at.Load()
	switch old := g.home; {
	case old == nil:
	case at == t.home.id:
		return
	case old.over(at):
		if mine.Policy == kernel.ExploredPolicy && old.world.Policy == kernel.ExploredPolicy {
			t.interp.outlived(g.describe())
		}
	case old.world == mine && t.interp.w.forks():
		if g.lineage[t.home.id] == nil { // nobody had used it when the process was forked
			g.heir(t.interp, permits)
		}
		return
	case old.world == mine:
		panic(misuse("", "%s belongs to interpreter %s and was used from %s; share it through package process",
			g.describe(), old.interp.Name(), t.interp.Name()))
	default:
		panic(misuse("", "%s belongs to another %v world that is still running and was used by thread %s of this %v one; make one per world",
			g.describe(), old.world.Policy, t.name, mine.Policy))
	}
	g.settle(t, permits, name)
}

// settle is the part of bind that cannot fail; nobody else may know the gate, or
// g.mu is held. A gate that is used again has hardly ever anything left from before,
// and a look is cheaper than an atomic store.
func (g *Gate) settle(t *Thread, permits int, name string) {
	if g.first != nil {
		g.first, g.last = nil, nil
	}
	if g.nwait.Load() != 0 {
		g.nwait.Store(g.tracked, 0)
	}
	if g.owner.Load() != nil {
		g.owner.Store(nil)
	}
	g.name = name
	g.tracked = t.home.world.Policy != kernel.LivePolicy
	g.id = g.identity(t)
	g.permits.Store(g.tracked, int32(min(permits, All)))
	g.home = t.home
	g.lineage = nil
	if !g.end || t.x == nil { // nobody asks for that of a thread's end in an explored run
		g.at.Store(t.home.id)
	}
	if !g.begin && !g.end {
		t.interp.inherits(g)
	}
}

// Explain sets who says more about a thread that waits at the gate when it is part
// of a deadlock, as an event loop can about its tasks. fn is called when nothing
// runs any more, on no thread, and only looks.
//
//go:norace
func (g *Gate) Explain(fn func() string) { g.other().explain = fn }

func (g *Gate) describe() string {
	switch {
	case g.name == "":
		return "a primitive"
	case g.end:
		return "end of " + g.name
	}
	return g.Name()
}

// Name is the name given to Init.
func (g *Gate) Name() string {
	if raceKernel {
		g = g.other()
	}
	if g.begin {
		return "start of " + g.name
	}
	return g.name
}

// WaitFor says what the gate's waiters wait for, which is why they give the GIL up:
// WhyLock unless it is called, before Init.
//
//go:norace
func (g *Gate) WaitFor(why Why) { g.other().why.Store(uint32(why)) }

func (g *Gate) reason() Why {
	if why := Why(g.why.Load()); why != WhyNone {
		return why
	}
	return WhyLock
}

// releases reports whether an operation gives the GIL up even if it need not wait,
// as taking a lock did in the Pythons that had no way to only try.
func (t *Thread) releases(k OpKind) bool {
	switch k {
	case OpAcquire, OpTryAcquire, OpTake:
		return t.interp.prof.has(acquireReleases)
	}
	return false
}

// Pass takes a permit, waiting for one until the given moment of the world's
// clock: 0 only tries, Forever has no limit. The GIL is given up only when t has
// to wait, but for profiles up to 3.1, whose locks always release it.
func (g *Gate) Pass(t *Thread, k OpKind, until time.Duration) Outcome {
	if raceKernel && t.apart() {
		y := g.aside(t)
		return within(t, func() Outcome { return y.Pass(t, k, until) })
	}
	t.must()
	if g.lineage != nil {
		g = g.of(t)
	}
	switch {
	case t.x != nil:
		out := g.passExplored(t, k, until)
		if raceKernel && out == Passed {
			t.shows(&g.mark, false, true)
		}
		return out
	case t.quick && !t.k.Killed(): // passIn would do the same
		switch {
		case g.take():
			return Passed
		case until == 0:
			return Refused
		}
		return g.passSlow(t, k, until, stateWaitLock, g.reason())
	}
	return g.passIn(t, k, until, stateWaitLock, g.reason())
}

// passAs is Pass for a wait in which t is not at work: for the end or the start of
// another thread.
func (t *Thread) passAs(g *Gate, k OpKind, until time.Duration, s state, why Why) Outcome {
	if t.x != nil {
		return g.passExplored(t, k, until)
	}
	t.working(false)
	out := g.passIn(t, k, until, s, why)
	t.working(t.begun)
	return out
}

func (g *Gate) passIn(t *Thread, k OpKind, until time.Duration, s state, why Why) Outcome {
	t.alive()
	if t.section != nil && until != 0 {
		return g.passInSection(t, k, until)
	}
	if t.free {
		t.kern.Sync(&t.k)
	}
	if t.gil != nil && t.releases(k) {
		return g.passOutside(t, k, until, s, why)
	}
	if g.take() {
		g.passed(t, k, Passed, 0)
		return Passed
	}
	if until == 0 {
		return Refused
	}
	return g.passSlow(t, k, until, s, why)
}

// passSlow waits with the GIL given up.
func (g *Gate) passSlow(t *Thread, k OpKind, until time.Duration, s state, why Why) Outcome {
	var began kernel.Time
	if t.traced() {
		began = t.kern.Now(&t.k)
		t.lockEvent(EvLockRequest, g, k, 0)
	}
	if t.interp.prof.has(fairLocks) {
		t.wait.since = t.kern.Now(&t.k) // of the whole wait, however often somebody barges in
	}
	g.enlist(t, k)
	t.detach(s, why)
	out := g.await(t, moment(until))
	if out == Refused {
		t.unwind()
	}
	t.attach()
	if t.traced() {
		g.passed(t, k, out, t.kern.Now(&t.k)-began)
	}
	return out
}

// passOutside is Pass in Pythons whose locks release the GIL around every
// operation, also one that need not wait.
func (g *Gate) passOutside(t *Thread, k OpKind, until time.Duration, s state, why Why) Outcome {
	t.detach(s, why)
	out, began := Passed, kernel.Never
	switch {
	case g.take():
	case until == 0:
		out = Refused
	default:
		began = t.kern.Now(&t.k)
		if t.traced() {
			t.lockEvent(EvLockRequest, g, k, 0)
		}
		g.enlist(t, k)
		if out = g.await(t, moment(until)); out == Refused {
			t.unwind()
		}
	}
	t.attach()
	if t.traced() {
		g.passed(t, k, out, max(0, t.kern.Now(&t.k)-began))
	}
	return out
}

// passed tells the observer how a wait ended.
func (g *Gate) passed(t *Thread, k OpKind, out Outcome, waited kernel.Time) {
	if !t.traced() {
		return
	}
	switch out {
	case Passed:
		t.lockEvent(EvLockAcquire, g, k, waited)
	case TimedOut:
		t.lockEvent(EvLockTimeout, g, k, waited)
	}
}

// take takes a permit if there is one.
func (g *Gate) take() bool {
	for {
		n := g.permits.Load()
		if n == All {
			return true
		}
		if n <= 0 {
			return false
		}
		if g.permits.CompareAndSwap(g.tracked, n, n-1) {
			return true
		}
	}
}

// await waits for a permit without the GIL, t being on the list or not. It
// returns Refused when t is to unwind.
func (g *Gate) await(t *Thread, until kernel.Time) Outcome {
	w := &t.wait
	for {
		t.kern.Sync(&t.k)
		if w.gate != g {
			g.enlist(t, OpWait)
		}
		if g.take() {
			g.quit(t, true)
			return Passed
		}
		switch t.kern.Park(&t.k, w.ticket, until) {
		case kernel.Killed:
			g.quit(t, false)
			return Refused
		case kernel.TimedOut:
			if g.quit(t, false) {
				return Passed
			}
			return TimedOut
		}
		if w.granted || w.through(g) || g.take() {
			w.gate = nil
			return Passed
		}
		g.enlist(t, w.kind) // somebody barged in: CPython's locks are not fair
	}
}

// Peek returns the number of permits.
func (g *Gate) Peek(t *Thread, k OpKind) int {
	if raceKernel && t.apart() {
		y := g.aside(t)
		return within(t, func() int { return y.Peek(t, k) })
	}
	t.must()
	if g.lineage != nil {
		g = g.of(t)
	}
	t.touch(k, g.id)
	if raceKernel {
		t.shows(&g.mark, false, true)
	}
	return int(g.permits.Load())
}

// SetOwner tells reports who holds what the gate guards; nil is nobody. The live
// world, which detects no deadlocks, does not record it.
func (g *Gate) SetOwner(owner *Thread) {
	if raceKernel || g.tracked {
		g.own(owner)
	}
}

// own is SetOwner by whichever side. Owners are for reports and order nothing.
//
//go:norace
func (g *Gate) own(owner *Thread) {
	if g = g.other(); g.tracked {
		g = g.ofActing()
		raceHide()
		g.owner.Store(owner)
		raceShow()
	}
}

// Owner returns the thread given to SetOwner last, nil in the live world.
func (g *Gate) Owner() *Thread {
	if raceKernel || g.tracked {
		return g.owned()
	}
	return nil
}

//go:norace
func (g *Gate) owned() *Thread {
	raceHide()
	owner := g.other().ofActing().owner.Load()
	raceShow()
	return owner
}

// Waiters returns the number of threads that wait at the gate.
func (g *Gate) Waiters(t *Thread) int {
	if raceKernel && t.apart() {
		y := g.aside(t)
		return within(t, func() int { return y.Waiters(t) })
	}
	if g.lineage != nil {
		g = g.of(t)
	}
	t.touch(OpPeek, g.id)
	return int(g.nwait.Load())
}
