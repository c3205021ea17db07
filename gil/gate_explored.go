package gil

import (
	"time"

	"github.com/pygil/pygil/internal/kernel"
)

// passExplored is Pass in an explored run. A thread at a closed gate is not
// enabled: it is on the list from before its operation is announced until it has
// been performed, so that whoever opens or empties the gate can say who may be
// chosen. A blocked attempt is therefore never a step.
func (g *Gate) passExplored(t *Thread, k OpKind, until time.Duration) Outcome {
	t.alive()
	if t.section != nil && until != 0 {
		return g.passInSection(t, k, until)
	}
	if t.fragile && t.crosses(k) {
		t.mortal()
	}
	if raceKernel {
		t.piped(k)
	}
	w := &t.wait
	w.t, w.gate, w.kind, w.try, w.asked, w.until = t, g, k, until == 0, false, moment(until)
	g.push(w)
	op := kernel.Op{Kind: k, Obj: g.id}
	open := g.permits.Load() > 0 || w.try
	if !t.choosable() && !t.releases(k) {
		op.Pinned = !t.crosses(k)
		op.Held = open && !op.Pinned
	}
	if !open {
		t.x.Disable(&t.k, w.until)
		w.asks()
	}
	began := t.x.Now(nil)
	t.near = away
	how := t.x.Await(&t.k, op)
	t.near = t.seat
	g.remove(w)
	w.gate = nil
	t.armed = t.armed && (op.Pinned || op.Held)
	switch {
	case how == kernel.Killed:
		t.unwind()
	case how == kernel.TimedOut:
		g.passed(t, k, TimedOut, t.x.Now(nil)-began)
		return TimedOut
	case !(w.through(g) && !w.try || g.take()):
		return Refused
	}
	g.passed(t, k, Passed, t.x.Now(nil)-began)
	if g.permits.Load() == 0 {
		g.refresh(t)
	}
	return Passed
}

// asks tells the observer that a thread begins to wait at a gate.
func (w *gateWaiter) asks() {
	if !w.asked && w.t.traced() {
		w.asked = true
		w.t.lockEvent(EvLockRequest, w.gate, w.kind, 0)
	}
}

// enable lets everybody on the list of a gate that has permits be chosen.
func (g *Gate) enable(t *Thread) {
	if g.permits.Load() == 0 {
		return
	}
	for w := g.first; w != nil; w = w.next {
		t.x.Enable(&w.t.k)
	}
}

// refresh disables the waiters of a gate that has become empty, but for those that it
// was opened for before.
func (g *Gate) refresh(t *Thread) {
	for w := g.first; w != nil; w = w.next {
		if !w.try && !w.through(g) {
			t.x.Disable(&w.t.k, w.until)
			w.asks()
		}
	}
}

// touch precedes an operation on an object that other threads can notice. Under a
// GIL that nobody observes it does nothing.
func (t *Thread) touch(k OpKind, obj kernel.ObjID) {
	if !t.plain {
		t.announce(k, obj, nil)
	}
}

// announce tells the explorer what t is about to do to an object; the choice is
// taken in it when the profile allows a switch since the last one. Without a GIL
// it waits until nothing else can come earlier. If the object is a shared variable
// the operation has then begun, see shared.begin: that is done here, because a
// thread that goes on after others have run pays for every stack frame.
func (t *Thread) announce(k OpKind, obj kernel.ObjID, s *shared) {
	switch {
	case t.x != nil && t.dying:
		t.cutOff()
		t.resist()
	case t.x != nil:
		if t.fragile && t.crosses(k) {
			t.mortal()
		}
		if raceKernel {
			t.piped(k)
		}
		pinned, held := !t.choosable(), false
		if !pinned {
			t.straight = 0
		} else if t.crosses(k) {
			pinned, held = false, true
		} else if t.straight++; t.straight >= straightOpsMax {
			t.straight, pinned = 0, false
		}
		t.near = away
		how := t.x.Await(&t.k, kernel.Op{Kind: k, Obj: obj, Pinned: pinned, Held: held})
		t.near = t.seat
		t.armed = t.armed && (pinned || held)
		if how == kernel.Killed {
			t.unwind()
		}
	case t.free:
		t.kern.Sync(&t.k)
	}
	if s != nil && t.busy {
		s.meet(t, k)
	}
}

// choosable reports whether a switch may come before t's next operation: a check
// point has been passed since the last choice, or any place is one.
func (t *Thread) choosable() bool { return t.armed || t.code.any || t.free }

// traced reports whether somebody observes.
func (t *Thread) traced() bool { return t.interp.w.emit != nil }

func (t *Thread) lockEvent(k EventKind, g *Gate, op OpKind, waited kernel.Time) {
	ev := Event{Kind: k, Obj: uint64(g.id), A: int64(waited), B: int64(op), Name: g.Name()}
	if k == EvLockRequest {
		ev.Peer = g.owner.Load().tidOrZero()
	}
	t.interp.w.emit.event(t, ev)
}
