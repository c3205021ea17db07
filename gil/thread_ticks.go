package gil

import (
	"iter"
	"time"

	"github.com/pygil/pygil/internal/bytecode"
	"github.com/pygil/pygil/internal/kernel"
)

// Tick executes n bytecodes; a switch may come after each. n must not be negative:
// that takes ticks back, and when more are taken back than were executed since
// the last check point, the next one panics with a *ValueError.
//
// Without contention a tick is a subtraction and a load, inlined.
func (t *Thread) Tick(n int) {
	if raceKernel && t.apart() {
		t.inside(func() { t.Tick(n) })
		return
	}
	if t.k.Budget -= n; t.k.Budget < int(t.k.Limit.Load()) {
		t.slow(n)
	}
}

// slow is the rest of Tick(n): the budget has run out, or somebody wants the
// thread to look. The check comes after exactly the tick it is due at, which is
// the first one if bytecodes without a check have used the budget up; the ticks
// after it are put back and executed then.
func (t *Thread) slow(n int) {
	if t.turns && n > 0 && t.k.Budget == -1 && t.holds() && t.begun && t.k.Limit.Load() == 0 && t.k.Ticks() >= t.due {
		// The usual end of a run under the Ticks rule, in which look would find nothing
		// else to do. It is turn, without its stack frames: a thread that goes on after
		// others pays for every one.
		w, _, passed := t.gil.pass(t)
		if !passed {
			return
		}
		var alive bool
		if t.entered {
			alive = kernel.ParkSure(&t.k)
		} else {
			alive = t.kern.Park(&t.k, w, kernel.Never) != kernel.Killed
		}
		if !alive {
			t.gil.withdraw(t)
			t.unwind()
		}
		t.gil.goesOn(t)
		return
	}
	if n < 0 { // noticed at once: so many that the budget wrapped round, or t was asked to look
		t.k.Renew(0)
		panic(badValue("", "Tick: a negative number of ticks"))
	}
	t.forwards()
	if t.x != nil {
		t.k.Budget = 0
		t.armed = true
		t.announce(kernel.OpTick, 0, nil)
		return
	}
	rest := 0
	if t.k.Budget < -1 {
		before := max(t.k.Budget+n, t.k.Budget) // n < 0 is noticed by settling
		rest = min(n-1, -1-t.k.Budget)
		if before >= 0 {
			rest = n - before - 1
		}
		t.k.Budget += rest
	}
	t.works()
	for {
		t.look()
		if rest == 0 {
			return
		}
		n := min(rest, t.k.Budget+1)
		t.k.Budget -= n
		rest -= n
		if t.k.Budget >= 0 && rest == 0 {
			return
		}
	}
}

// forwards panics when a negative number of ticks was executed.
func (t *Thread) forwards() {
	if t.k.Overdrawn() {
		t.k.Renew(0)
		panic(badValue("", "Tick: a negative number of ticks"))
	}
}

// look is a check point that has something to look at.
func (t *Thread) look() {
	t.must()
	t.forwards()
	if t.k.Limit.Load() != 0 {
		t.k.Limit.Store(0)
	}
	t.alive()
	if t.timed != nil {
		t.timed.Grant(&t.k) // brings the clock up to date
		t.timed.Sync(&t.k)
		t.alive()
	}
	switch g := t.gil; {
	case g == nil:
	case g.rule == ticksRule && t.k.Ticks() >= t.due:
		if !g.turn(t) {
			t.unwind()
		}
		return
	case !g.check(t):
		t.unwind()
	}
	t.renew()
}

// renew gives the thread a new budget: what the kernel grants, but no more ticks
// than are left before a tick rule checks.
func (t *Thread) renew() {
	n := t.kern.Grant(&t.k)
	if t.gil != nil && t.gil.rule != intervalRule {
		n = min(n, int(t.due-t.k.Ticks())-1)
	}
	t.k.Renew(n)
	if t.k.Killed() {
		t.kern.Poke(nil, &t.k)
	}
}

// Op executes one bytecode. Whether a switch may come after it is the profile's
// business: after a conditional jump it may where it may if the jump is taken.
func (t *Thread) Op(op Op) {
	if raceKernel && t.apart() {
		t.inside(func() { t.Op(op) })
		return
	}
	t.pass(&t.code.ops[op])
}

// Range is `for i in range(n)`: it executes the bytecodes of the loop around its
// body.
func Range(t *Thread, n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		t.construct(bytecode.RangeSetup)
		for i := range n {
			t.construct(bytecode.RangeHead)
			if !yield(i) {
				t.breaks()
				return
			}
			t.construct(bytecode.RangeTail)
		}
		t.construct(bytecode.RangeEnd)
	}
}

// Call is a call of a Python function with fn as its body: CALL, the entry of the
// frame, fn, RETURN.
func (t *Thread) Call(fn func()) {
	t.construct(bytecode.CallHead)
	fn()
	t.construct(bytecode.CallTail)
}

// Branch is a conditional jump on a value that is not exactly True or False. In
// 3.10 a jump that is taken is a switch point.
func (t *Thread) Branch(taken bool) {
	if taken {
		t.construct(bytecode.BranchTaken)
	} else {
		t.construct(bytecode.BranchUntaken)
	}
}

// Label names this point of the program for hand-written interleavings and
// traces.
func (t *Thread) Label(name string) {
	if raceKernel && t.apart() {
		held := clean(name)
		t.inside(func() { t.Label(held) })
		return
	}
	t.must()
	if t.x != nil {
		t.k.Label = name
		t.announce(kernel.OpLabel, 0, nil)
	}
	if e := t.interp.w.emit; e != nil {
		e.event(t, Event{Kind: EvLabel, Name: name})
	}
}

// Compute is pure Python work that takes d of processor time with the GIL held; a
// switch may come anywhere in it. d is what CPython with a GIL would take; a
// profile with a speed of its own takes more or less. In the live world it keeps
// a core busy. Compute(0) looks whether to switch. It panics with a *ValueError
// when d is negative, or longer than the clock of a Machine counts.
func (t *Thread) Compute(d time.Duration) {
	if raceKernel && t.apart() {
		t.inside(func() { t.Compute(d) })
		return
	}
	t.must()
	t.countable("Compute", d)
	left := kernel.Time(t.interp.prof.scale(d))
	if t.x != nil {
		t.armed = true
		t.announce(kernel.OpTick, 0, nil)
		return
	}
	t.works()
	t.look() // somebody may have asked already
	for {
		t.alive()
		if t.gil != nil && t.gil.rule != intervalRule {
			left -= t.computeTicks(left)
		} else if left > 0 {
			used := t.kern.Advance(&t.k, left)
			left -= used
			t.worked(used)
		}
		t.look()
		if left <= 0 {
			return
		}
	}
}

// computeTick is how long one counted bytecode takes when Compute stands for
// many of them, in nanoseconds: CPython 2.7 takes 26 ns for the five ticks of a
// loop around `g += 1`.
const computeTick = 5

// computeTicks computes under a GIL that counts ticks and returns for how long.
// While somebody waits it goes from check to check; otherwise it goes on until
// somebody comes, who pokes it. The ticks it stands for are taken off what is
// left before the next check.
func (t *Thread) computeTicks(left kernel.Time) kernel.Time {
	room := max(0, t.due-t.k.Ticks())
	step := left
	if t.gil.contended() {
		step = min(left, kernel.Time(room)*computeTick)
	}
	if step <= 0 {
		return 0
	}
	used := t.kern.Advance(&t.k, step)
	t.worked(used)
	ticks := int64(used) / computeTick
	switch period := t.gil.run(); {
	case ticks < room:
		t.due -= ticks
	case used == kernel.Time(room)*computeTick:
		t.due = t.k.Ticks()
	default:
		// Checks that nobody waited for have gone by. The next one comes where it
		// would have come.
		t.due = t.k.Ticks() + period - (ticks-room)%period
	}
	return used
}

// worked records processor time used.
func (t *Thread) worked(d kernel.Time) {
	if e := t.interp.w.emit; e != nil && d > 0 {
		e.event(t, Event{Kind: EvWork, A: int64(d)})
	}
}

// countable refuses processor time that is negative, or that brings the clock of a
// machine near its end, 292 years after its beginning.
func (t *Thread) countable(what string, d time.Duration) {
	notNegative(what, d)
	const year = 365 * 24 * time.Hour
	if t.timed != nil && d > year && d > 70*year-t.Now() {
		panic(badValue("", "%s(%v): the clock of a machine does not count that far; compute for less than 70 years", what, d))
	}
}

// spend uses processor time that no request can cut short.
func (t *Thread) spend(d kernel.Time) { t.kern.Spend(&t.k, d) }

// Held is a C call that takes d of processor time and keeps the GIL: nothing else
// of this interpreter runs meanwhile. It panics with a *ValueError when d is
// negative, or longer than the clock of a Machine counts.
func (t *Thread) Held(d time.Duration) {
	if raceKernel && t.apart() {
		t.inside(func() { t.Held(d) })
		return
	}
	t.must()
	t.countable("Held", d)
	if t.x != nil || d == 0 {
		t.alive()
		return
	}
	t.works()
	t.spend(kernel.Time(d))
	if e := t.interp.w.emit; e != nil {
		e.event(t, Event{Kind: EvWork, A: int64(d), Why: WhyCCall, B: 1})
	}
	t.look()
}

// Yield gives the GIL up and takes it again, as time.sleep(0) does.
func (t *Thread) Yield() { t.pause(0, stateSleep, WhyYield, kernel.OpYield, EvNone, EvNone) }
