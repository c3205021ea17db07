package explore

import (
	"fmt"
	"strconv"
	"sync/atomic"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/kernel"
)

// step is one operation of a run.
type step struct {
	obj     kernel.ObjID
	site    uintptr
	thread  int32 // index of the thread, in the order of starting
	base    int32 // whom the base order would have run, where the step deviates
	permits int32 // of the gate it passes, before it does; -1 when it passes none
	kind    kernel.OpKind
	effect  effect // on obj
	flags   stepFlags
}

type stepFlags uint16

const (
	chosen   stepFlags = 1 << iota // two or more threads could run
	deviates                       // the base order would have run another thread
	pinned                         // no switch was possible before it
	tries                          // passes a gate without waiting for it
	overdue                        // could have passed the gate before it was last opened
	refused                        // found the gate closed: a try, or its time had run out
	implicit                       // of the main thread after its function has returned: it joins the threads that are left
	clocked                        // the clock has moved since the last step
	expired                        // its time had run out
	kills                          // after it the main thread has ended the daemons
	torn                           // no switch was possible before it, but its thread had to wait
)

// threadInfo is a thread of the run.
type threadInfo struct {
	task    *kernel.Task
	path    uint64 // hash of the spawn indices that lead to it
	end     kernel.ObjID
	parent  int32 // index of the thread that started it, -1 for the main thread
	nth     int32 // the how many'th of its parent
	started int32 // threads it has started
	ops     int32 // operations performed
	born    int32 // the step that started it
	drew    int32 // its last draw, as an index of runner.drawn counted from 1
	polls   int32 // how often in a row it has looked at the same thing: at obj, by kind
	kind    kernel.OpKind
	over    bool // has performed OpExit
	daemon  bool
	obj     kernel.ObjID
}

// runner runs a program under one strategy after the other and records what
// happens. It is used by one goroutine.
type runner struct {
	box  *gil.Sandbox
	k    *kernel.Explored
	prog func(t *gil.Thread)
	main func(t *gil.Thread)
	conf *config

	strategy Strategy
	stepper  Stepper // the strategy, if it is one
	dpor     *dpor   // or is this one, which is told more shortly
	walk     *random // or this one, which is asked more shortly
	point    Point
	fair     *fairness // nil without
	firer    firer     // the strategy, if timers may fire early
	fired    []firing
	drawn    []drawn
	chance   rng    // draws for strategies that do not
	fatal    bool   // what is being drawn is whether a process dies
	killRate int    // see dies
	seed     uint64 // of it
	wrong    error  // the strategy chose nobody

	steps   []step
	threads []threadInfo
	last    int // who performed the last step
	base    int // of the choice that was taken for the next step; -1 when there was none
	now     kernel.Time
	watched bool          // somebody observes
	measure *passing      // nil when nobody wants to know how long threads wait
	left    bool          // the program's main function has returned
	beats   atomic.Uint64 // odd during a run
	strays  strays
	resists bool // a thread that did not let itself be ended
	daemons int  // daemon threads of this run
	// observed: some run has looked at the list of threads, so that the order in
	// which threads start and end matters.
	observed bool
	looked   bool // this run has
}

func newRunner(prog func(t *gil.Thread), c *config) *runner {
	r := &runner{prog: prog, conf: c}
	r.main = r.body
	r.box = gil.NewSandbox(c.profile, r, c.maxSteps, c.sandbox...)
	r.box.KillPoints(c.kills)
	r.box.Stray = r.strays.complain
	r.k = r.box.Kernel()
	r.point.r = r
	c.guard.watch(r)
	if !c.unfair {
		r.fair = new(fairness)
	}
	if c.raw {
		r.strays.runs = -1
	}
	return r
}

func (r *runner) close() {
	r.conf.guard.forget(r)
	r.strays.closed.Store(true)
	r.box.Close()
}

// body is the main thread.
func (r *runner) body(t *gil.Thread) {
	r.box.Inside(t, func() { r.watched = t.Observed() })
	defer r.box.Inside(t, func() { r.leave(t) })
	r.prog(t)
}

// leave marks the end of the main function. What happens to daemons then depends
// on when it is, so it is an operation if there are any.
func (r *runner) leave(t *gil.Thread) {
	r.left = true
	if len(r.threads) != len(r.k.Tasks()) {
		r.grow()
	}
	if r.daemons > 0 && !r.threads[0].task.Killed() {
		t.Label("main ends")
	}
}

// run performs the program once under s.
func (r *runner) run(s Strategy) error {
	r.strategy = s
	r.stepper, _ = s.(Stepper)
	r.dpor, _ = s.(*dpor)
	r.walk, _ = s.(*random)
	r.steps, r.threads, r.drawn = r.steps[:0], r.threads[:0], r.drawn[:0]
	r.chance.state = r.seed
	r.last, r.base, r.left, r.looked, r.now, r.daemons = 0, -1, false, false, 0, 0
	if r.fair != nil {
		r.fair.reset()
	}
	r.lookAhead(s)
	r.killRate = -1
	r.strays.watch(r)
	r.beats.Add(1)
	err := r.box.Run(0, r.main)
	r.beats.Add(1)
	if e := r.wrong; e != nil {
		r.wrong = nil
		panic(e)
	}
	if err = r.verdict(err); err != nil && r.watched {
		r.tell(err)
	}
	return err
}

// Choose is called by the kernel where two or more threads are enabled.
func (r *runner) Choose(k *kernel.Explored, cur int, enabled *kernel.Set) int {
	if len(r.threads) != len(k.Tasks()) {
		r.grow()
	}
	if r.fair != nil && r.fair.active {
		enabled = r.fair.filter(r, enabled)
	}
	base := cur
	if !enabled.Has(cur) {
		base = enabled.Next(0)
	}
	n := enabled.Len()
	if n == 1 {
		r.base = -1
		return base
	}
	r.base = base
	if r.walk != nil && !r.watched {
		return enabled.Nth(r.walk.rng.below(n))
	}
	r.point.set, r.point.cur, r.point.base = enabled, cur, base
	t := r.strategy.Choose(&r.point)
	if !enabled.Has(t) {
		r.wrong = fmt.Errorf("explore: strategy %s chose thread %d, which cannot run; choose one of Point.Nth", r.strategy.Name(), t)
		return base // this is no place to panic: the stack is that of a thread of the program
	}
	if r.watched {
		r.chose(&r.point, t)
	}
	return t
}

// Performs is called by the kernel just before an operation happens.
func (r *runner) Performs(k *kernel.Explored, t *kernel.Task, op kernel.Op) {
	if len(r.threads) != len(k.Tasks()) {
		r.grow()
	}
	i := t.Index()
	if r.measure != nil {
		r.measure.performed(r, i)
	}
	n := len(r.steps)
	if n < cap(r.steps) {
		r.steps = r.steps[:n+1]
	} else {
		r.steps = append(r.steps, step{})
	}
	st := &r.steps[n]
	late := t.TimedOut()
	*st = step{obj: op.Obj, site: op.Site, thread: int32(i), kind: op.Kind, effect: writes}
	if r.base >= 0 {
		st.flags = chosen
		if r.base != i {
			st.flags |= deviates
			st.base = int32(r.base)
		}
		r.base = -1
		if op.Pinned {
			st.flags |= torn
		}
	} else if op.Pinned {
		st.flags = pinned
		if r.last != i || late {
			st.flags = torn
		}
	}
	th := &r.threads[i]
	th.ops++
	if i == 0 && r.left {
		st.flags |= implicit
		if r.daemons > 0 {
			r.closing(op.Kind)
		}
	}
	switch {
	case op.Kind == kernel.OpWrite:
	case op.Kind == kernel.OpRead:
		st.effect = reads
	case passes(op.Kind):
		permits, try := r.box.Gate(t)
		st.permits = int32(permits)
		if late {
			permits = 0 // if there are some, they have come too late
		}
		if try {
			st.flags |= tries
		}
		if permits == 0 {
			st.flags |= refused
		}
		if op.Kind == kernel.OpWait && r.box.Openings(t) > 1 {
			st.flags |= overdue
		}
		st.effect = effectOf(st)
	case op.Kind == kernel.OpPeek:
		st.effect = reads
		if op.Obj == 0 {
			r.observed, r.looked = true, true
		}
	case op.Kind == kernel.OpExit:
		th.over = true
		st.obj = th.end
	}
	if late {
		st.flags |= expired
	}
	if now := k.Now(nil); now != r.now {
		r.now = now
		st.flags |= clocked
	}
	r.last = i
	if f := r.fair; f != nil {
		if op.Kind == th.kind && op.Obj == th.obj || op.Kind == kernel.OpYield || f.active {
			f.performed(r, i, op)
		} else {
			th.kind, th.obj, th.polls = op.Kind, op.Obj, 0
		}
	}
	if r.dpor != nil {
		r.dpor.performed(r, i)
	} else if r.stepper != nil {
		r.stepper.Performed(&r.point, i, op)
	}
}

// closing marks the main thread's last operation before it ended the daemons, if it
// has, or would have if there were some left.
func (r *runner) closing(k kernel.OpKind) {
	dead := k == kernel.OpExit
	for i := range r.threads {
		dead = dead || r.threads[i].daemon && r.threads[i].task.Killed()
	}
	for i := len(r.steps) - 2; dead && i >= 0; i-- { // before the one that is being noted
		if s := &r.steps[i]; s.thread == 0 {
			s.flags |= kills
			r.daemons = -r.daemons // there is only one such moment
			return
		}
	}
}

// grow takes notice of the threads that the last operation has started.
func (r *runner) grow() {
	tasks := r.k.Tasks()
	for n := len(r.threads); n < len(tasks); n++ {
		t := threadInfo{task: tasks[n], parent: -1, end: r.box.End(tasks[n]), daemon: r.box.ThreadOf(tasks[n]).Daemon()}
		if t.daemon {
			r.daemons++
		}
		if n > 0 {
			p := &r.threads[r.last]
			p.started++
			t.parent, t.nth, t.born = int32(r.last), p.started, int32(len(r.steps)-1)
			t.path = kernel.Hash(p.path, uint64(t.nth))
		}
		r.threads = append(r.threads, t)
	}
}

// deepest is how many threads a path may lead through. Of deeper ones schedules have the
// hash: where each thread starts the next one they would grow with the square of their
// number.
const deepest = 64

// pathOf is the path of spawn indices that leads to thread i: 0 is the main
// thread, 2 its second child, 2.1 the first child of that.
func (r *runner) pathOf(i int) string {
	var indices [deepest]int32
	n, t := deepest, &r.threads[i]
	for ; t.parent >= 0; t = &r.threads[t.parent] {
		if n == 0 {
			return hashedPath(r.threads[i].path)
		}
		n--
		indices[n] = t.nth
	}
	if n == deepest {
		return "0"
	}
	text := strconv.AppendInt(nil, int64(indices[n]), 10)
	for _, nth := range indices[n+1:] {
		text = strconv.AppendInt(append(text, '.'), int64(nth), 10)
	}
	return string(text)
}

// hashedPath is the text for a path that is too deep to be written out.
func hashedPath(hash uint64) string { return fmt.Sprintf("x%016x", hash) }

// nameOf is what the program calls thread i.
func (r *runner) nameOf(i int) string { return r.box.NameOf(r.threads[i].task) }
