package gil

import (
	"slices"
	"time"

	"github.com/pygil/pygil/internal/kernel"
)

// A Common is an object that the threads of several emulated processes use: a lock
// of package process, or memory that they share. A Gate belongs to one interpreter;
// what a Common stands for belongs to nobody, and no GIL orders its uses. Every use
// begins with Act or Await, which announces it and returns when it is the thread's
// turn; from there to the thread's next operation nothing comes in between. Whoever
// has changed the state that others may wait for says so by Changed.
//
// A Common works in the virtual world only. The threads of a process that was killed
// unwind at Act and Await: nobody notices their deferred calls.
type Common struct {
	gate Gate
}

// Init makes the Common one of t's world. The name is for reports; one with an
// article, "a lock", is that of a kind of thing.
func (c *Common) Init(t *Thread, name string) {
	if raceKernel && t.apart() {
		t.inside(func() {
			t.box.order() // nothing but the order of its uses guards what it stands for
			c.Init(t, name)
		})
		return
	}
	c.gate.Init(t, 0, name)
}

// SetOwner tells reports who holds what the Common stands for; nil is nobody.
func (c *Common) SetOwner(t *Thread) { c.gate.SetOwner(t) }

// Owner returns the thread given to SetOwner last.
func (c *Common) Owner() *Thread { return c.gate.Owner() }

// Waiting is the number of threads in Await.
func (c *Common) Waiting() int { return int(c.gate.nwait.Load()) }

// Act precedes an operation that does not wait.
func (c *Common) Act(t *Thread, k OpKind) {
	if raceKernel && t.apart() {
		t.inside(func() { c.Act(t, k) })
		return
	}
	t.must()
	t.alive()
	if t.x == nil {
		t.inOrder()
		return
	}
	t.mortal()
	t.cross(kernel.Op{Kind: k, Obj: c.gate.id})
}

// Await precedes an operation that waits until ready holds, until a moment of the
// world's clock: 0 only looks, Forever has no limit. It returns Passed with ready
// true, and nothing comes between that and what the thread does then. The GIL is
// given up if it has to wait. ready is called at any time, by any thread, and must
// not change anything that others see.
//
// Who was woken may find that somebody else was faster. If it gives up although it
// was woken, the wake-up goes to another one.
func (c *Common) Await(t *Thread, k OpKind, until time.Duration, ready func() bool) Outcome {
	if raceKernel && t.apart() {
		return within(t, func() Outcome { return c.Await(t, k, until, ready) })
	}
	t.must()
	t.alive()
	if t.x != nil {
		return c.awaitExplored(t, k, until, ready)
	}
	t.inOrder()
	g := &c.gate
	for began := kernel.Never; ; {
		if ready() {
			if began != kernel.Never {
				g.passed(t, k, Passed, t.kern.Now(&t.k)-began)
			} else {
				g.passed(t, k, Passed, 0)
			}
			return Passed
		}
		if until == 0 {
			return Refused
		}
		if began == kernel.Never {
			began = t.kern.Now(&t.k)
			if t.traced() {
				t.lockEvent(EvLockRequest, g, k, 0)
			}
		} else if m := moment(until); m != kernel.Never && m <= t.kern.Now(&t.k) {
			g.passed(t, k, TimedOut, t.kern.Now(&t.k)-began)
			return TimedOut
		}
		c.sleep(t, k, moment(until), ready)
	}
}

// sleep waits, with the GIL given up, for one wake-up or the moment.
func (c *Common) sleep(t *Thread, k OpKind, until kernel.Time, ready func() bool) {
	g, w := &c.gate, &t.wait
	g.enlist(t, k)
	w.ready = ready
	t.detach(stateWaitLock, g.reason())
	t.kern.Sync(&t.k)
	how := kernel.Woken
	if !ready() {
		how = t.kern.Park(&t.k, w.ticket, until)
	}
	g.mu.Lock()
	woken := !w.listed
	if !woken {
		g.remove(w)
	}
	g.mu.Unlock()
	w.gate, w.ready = nil, nil
	if how == kernel.Killed {
		if woken {
			c.Changed(nil, 1) // what it was woken for is for somebody else
		}
		t.unwind()
	}
	t.attach()
	t.inOrder()
	if woken && !ready() {
		return
	}
	if woken && how == kernel.TimedOut {
		c.Changed(t, 1)
	}
}

// awaitExplored is Await in an explored run: the thread is enabled while ready
// holds.
func (c *Common) awaitExplored(t *Thread, k OpKind, until time.Duration, ready func() bool) Outcome {
	t.mortal()
	g, w := &c.gate, &t.wait
	w.t, w.gate, w.kind, w.try, w.asked, w.until, w.ready = t, g, k, until == 0, false, moment(until), ready
	g.push(w)
	op := kernel.Op{Kind: k, Obj: g.id}
	blocks := !w.try && !ready()
	if blocks {
		t.x.Disable(&t.k, w.until)
		w.asks()
	} else {
		t.pin(&op)
	}
	began := t.x.Now(nil)
	t.near = away
	how := t.x.Await(&t.k, op)
	t.near = t.seat
	g.remove(w)
	w.gate, w.ready = nil, nil
	t.armed = t.armed && (op.Held || op.Pinned)
	switch {
	case how == kernel.Killed:
		t.unwind()
	case how == kernel.TimedOut:
		g.passed(t, k, TimedOut, t.x.Now(nil)-began)
		return TimedOut
	case !ready():
		return Refused
	}
	g.passed(t, k, Passed, t.x.Now(nil)-began)
	return Passed
}

// Changed says that the state has changed, so that up to n of those who wait can go
// on; by is the thread that has changed it, nil when there is none. In an explored
// run all that can go on may be chosen, and those that no longer can may not.
func (c *Common) Changed(by *Thread, n int) {
	if raceKernel && by.apart() {
		by.inside(func() { c.Changed(by, n) })
		return
	}
	g := &c.gate
	if g.first == nil {
		return
	}
	if x, ok := g.home.interp.w.kern.(*kernel.Explored); ok {
		for w := g.first; w != nil; w = w.next {
			switch {
			case w.try:
			case w.ready():
				x.Enable(&w.t.k)
			default:
				x.Disable(&w.t.k, w.until)
				w.asks()
			}
		}
		return
	}
	var task *kernel.Task
	if by != nil {
		task = &by.k
		by.kern.Sync(task)
	}
	for n > 0 {
		w := g.next()
		if w == nil {
			return
		}
		g.mu.Lock()
		g.remove(w)
		g.mu.Unlock()
		if g.home.interp.w.kern.Wake(task, w.ticket) {
			n--
		}
	}
}

// next is the first on the list of a Common that can go on.
func (g *Gate) next() *gateWaiter {
	for w := g.first; w != nil; w = w.next {
		if w.ready() {
			return w
		}
	}
	return nil
}

// inOrder returns when nobody on the machine comes before t any more. To get there
// t looks whether it was asked for the GIL, as Python does when it enters a system
// call.
func (t *Thread) inOrder() {
	for at := kernel.Time(-1); at != t.kern.Now(&t.k); {
		at = t.kern.Now(&t.k)
		t.look()
	}
}

// cross announces an operation that other processes see.
func (t *Thread) cross(op kernel.Op) {
	if t.dying {
		t.unwind()
	}
	t.pin(&op)
	t.near = away
	how := t.x.Await(&t.k, op)
	t.near = t.seat
	t.armed = t.armed && (op.Held || op.Pinned)
	if how == kernel.Killed {
		t.unwind()
	}
}

// pin says whether the other threads of t's interpreter may come before an operation
// that other processes see. The processes themselves always may: t's GIL is none of
// theirs.
func (t *Thread) pin(op *kernel.Op) {
	switch {
	case t.choosable():
	case len(t.interp.w.all) == 1:
		op.Pinned = true
	default:
		op.Held = true
	}
}

// crosses reports whether an operation of this kind may be seen by other processes:
// it is one on a pipe. Whoever shares more between them uses a Common.
func (t *Thread) crosses(k OpKind) bool {
	return (k == OpSend || k == OpRecv) && len(t.interp.w.all) > 1
}

// cutOff ends a thread of a process that was killed when one of its deferred calls
// does what others could notice.
func (t *Thread) cutOff() {
	if t.interp.killed && t.stage.Load() == stageStarted {
		t.unwind()
	}
}

// threadsOf returns the threads of a process, those of its sub-interpreters
// included.
func (w *world) threadsOf(pid uint32) (all []*Thread) {
	for _, i := range w.all {
		if i.pid == pid {
			all = append(all, i.threads...)
		}
	}
	return slices.Clip(all)
}
