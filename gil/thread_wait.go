package gil

import (
	"fmt"
	"os"
	"time"

	"github.com/pygil/pygil/internal/blocking"
	"github.com/pygil/pygil/internal/kernel"
)

// Forever is the moment that does not come, for Gate.Pass.
const Forever time.Duration = -1

// until turns a timeout into a moment of the world's clock. A timeout of zero or
// less is 0, which means: try.
func (t *Thread) until(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	now := t.Now()
	if now+d < now {
		return Forever
	}
	return now + d
}

func moment(until time.Duration) kernel.Time {
	if until < 0 {
		return kernel.Never
	}
	return kernel.Time(until)
}

// Sleep gives the GIL up for d; Sleep(0) is a Yield. It panics with a *ValueError
// when d is negative. Python: time.sleep.
func (t *Thread) Sleep(d time.Duration) {
	if d < 0 {
		panic(badValue("sleep length must be non-negative", "Sleep(%v): must not be negative", d))
	}
	t.pause(d, stateSleep, WhySleep, kernel.OpSleep, EvSleepBegin, EvSleepEnd)
}

// IO is an operation of the operating system that takes d and gives the GIL up
// meanwhile: a read, a request to another machine. It panics with a *ValueError
// when d is negative.
func (t *Thread) IO(d time.Duration) {
	notNegative("IO", d)
	t.pause(d, stateIO, WhyIO, kernel.OpIO, EvIOBegin, EvIOEnd)
}

// pause gives the GIL up for d.
func (t *Thread) pause(d time.Duration, s state, why Why, op kernel.OpKind, begin, end EventKind) {
	if raceKernel && t.apart() {
		t.inside(func() { t.pause(d, s, why, op, begin, end) })
		return
	}
	t.must()
	if d > 0 {
		t.works()
	}
	e := t.interp.w.emit
	if e != nil && begin != EvNone {
		e.event(t, Event{Kind: begin, A: int64(d)})
	}
	section := t.suspend()
	if t.x != nil {
		t.alive()
		if d > 0 {
			t.x.Disable(&t.k, t.x.Now(nil).After(d))
		}
		t.near = away
		how := t.x.Await(&t.k, kernel.Op{Kind: op})
		t.near = t.seat
		if how == kernel.Killed {
			t.unwind()
		}
		t.armed = false
	} else {
		t.detach(s, why)
		w := t.kern.Prepare(&t.k, kernel.SlotWait)
		how := t.kern.Park(&t.k, w, t.kern.Now(&t.k).After(d))
		if how == kernel.Killed {
			t.unwind()
		}
		t.attach()
	}
	t.resume(section)
	if e != nil && end != EvNone {
		e.event(t, Event{Kind: end})
	}
}

// Released is a C call that gives the GIL up and computes for d on each of cores
// cores, as NumPy does. It panics with a *ValueError when cores < 1 or more than a
// million, or d is negative.
func (t *Thread) Released(d time.Duration, cores int) {
	if raceKernel && t.apart() {
		t.inside(func() { t.Released(d, cores) })
		return
	}
	t.must()
	t.countable("Released", d)
	if cores < 1 {
		panic(badValue("", "Released on %d cores: a call uses at least one", cores))
	}
	if cores > maxCores {
		panic(badValue("", "Released on %d cores: a call uses at most %d", cores, maxCores))
	}
	if t.x != nil {
		t.pause(d, stateCCall, WhyCCall, kernel.OpIO, EvNone, EvNone)
		return
	}
	t.works()
	var done Gate
	for n := 1; n < cores; n++ {
		t.helper(d, &done)
	}
	section := t.suspend()
	t.detach(stateCCall, WhyCCall)
	t.spend(kernel.Time(d))
	for n := 1; n < cores; n++ {
		if done.await(t, kernel.Never) != Passed {
			t.unwind()
		}
	}
	if e := t.interp.w.emit; e != nil {
		e.event(t, Event{Kind: EvWork, A: int64(d) * int64(cores), Why: WhyCCall})
	}
	t.attach()
	t.resume(section)
}

// helper starts a thread of a C library: it computes for d and opens done.
func (t *Thread) helper(d time.Duration, done *Gate) {
	h := &Thread{interp: t.interp, kern: t.kern, name: t.name + " (C)", tid: t.tid, code: t.code, near: away}
	h.k.Free, h.k.Owner = t.free, h
	h.k.Init(&t.k, t.k.Domain, h.name)
	done.Init(t, 0, "C call")
	t.kern.Spawn(&t.k, &h.k, func() {
		h.spend(kernel.Time(d))
		h.kern.Sync(&h.k)
		done.open(h, 1)
		h.kern.Exit(&h.k)
	})
}

// Block really runs fn, a read or another system call, with the GIL given up.
//
// In the virtual world fn takes no time and runs on the one goroutine of the
// machine: it must use neither t nor another thread, and while it blocks nothing
// else happens; after ten real seconds a line on stderr says so. Model time with IO.
// Python: Py_BEGIN_ALLOW_THREADS … Py_END_ALLOW_THREADS around a call, in C.
func (t *Thread) Block(fn func()) { t.blockFor("call", fn) }

// blockFor is Block with a word about what is done.
func (t *Thread) blockFor(reason string, fn func()) {
	section := t.parts()
	defer t.returns(section)
	if !t.interp.w.live() {
		dog := time.AfterFunc(blockPatience, func() {
			fmt.Fprintf(os.Stderr, "gil: thread %s blocks the virtual world in a real %s; model it with Thread.IO\n", t.name, reason)
		})
		defer dog.Stop()
	}
	fn()
}

// parts gives the GIL up for a real call, and the critical section that t is in.
func (t *Thread) parts() (section *shared) {
	if raceKernel && t.apart() {
		return within(t, t.parts)
	}
	t.must()
	section = t.suspend()
	if t.x != nil {
		t.armed = true
		t.announce(kernel.OpIO, 0, nil)
		t.near = away
	} else {
		t.detach(stateIO, WhyIO)
	}
	return section
}

// returns takes them again.
func (t *Thread) returns(section *shared) {
	if raceKernel && t.apart() {
		t.inside(func() { t.returns(section) })
		return
	}
	t.attach()
	t.resume(section)
}

const blockPatience = 10 * time.Second

// hook lets packages that know no GIL give this thread's up; see
// internal/blocking.
type hook struct{ t *Thread }

var _ blocking.Hook = hook{}

func (h hook) Block(reason string, fn func()) { h.t.blockFor(reason, fn) }

// GC is a run of the cyclic garbage collector that takes d. It keeps the GIL. It
// panics with a *ValueError when d is negative. Python: gc.collect().
func (t *Thread) GC(d time.Duration) {
	if raceKernel && t.apart() {
		t.inside(func() { t.GC(d) })
		return
	}
	t.must()
	t.countable("GC", d)
	if t.x == nil {
		t.spend(kernel.Time(d))
	}
	if e := t.interp.w.emit; e != nil {
		e.event(t, Event{Kind: EvGC, A: int64(d)})
	}
	if t.x == nil {
		t.look()
	}
}
