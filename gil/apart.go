package gil

import (
	"runtime"
	"runtime/debug"
	"sync/atomic"

	"github.com/pygil/pygil/internal/goid"
)

// outside is the goroutine on which the program's own code of one thread runs, in a
// run that is kept apart: one in which the race detector is to see what the program
// does as it is without the GIL (Sandbox.KeepApart).
//
// # Why two goroutines
//
// The threads of an explored run are coroutines, and a hand-over from one to the
// next orders everything for the race detector, which then reports nothing. Were
// the hand-over hidden from it, it would report this package, whose memory is
// guarded by nothing else. It can be told to overlook what orders, but not to
// overlook an access. So a thread has two goroutines, of which one runs at a time:
//
//   - inside, the coroutine: everything that this package and the kernel do. The
//     insides of all threads are ordered as ever, by their hand-overs.
//   - outside: the thread's function and whatever else is the program's, which to the
//     race detector includes every package above this one.
//
// The outside asks the inside to perform each operation. What the inside has done
// is shown to the outside that it returns to: an inside knows of the insides only,
// so nothing about the program gets from one outside to another on that way. That
// the outside asks is hidden. What orders the program is shown apart from that, by
// marks: who opens a gate tells, who passes it learns; likewise for the start and
// the end of a thread, and for a Var, a List and a Dict, which order as Go's
// atomics do. It happens on the outside, at the return from the operation, before
// anybody else runs.
//
// # What follows for the code
//
// An outside must neither write what an inside looks at nor look at what an inside
// will write. So everything exported that does, passes it on:
//
//	if raceKernel && t.apart() {
//		t.inside(func() { g.Shut(t, k) })
//		return
//	}
//
// The compiler does not instrument a closure's look at variables that it has copied:
// those that are assigned once and have at most 128 bytes. Bigger ones and slices go
// through hold and holdAll, strings through clean, for their bytes may be the
// program's. Objects in the program's memory, where it has written zeros or names,
// have a twin that is the inside's. Results are written by the inside. What both
// look at, the fields of an outside, is looked at by functions that are not
// instrumented.
//
// What is not known to keep to these rules (emulated processes and pipes, deadlines,
// the deferred calls of threads that are being ended) calls Sandbox.order: from then
// on the inside learns from every outside, and the race detector finds nothing more
// in that run.
type outside struct {
	t   *Thread
	box *Sandbox

	goes, comes chan struct{} // control to the outside, and back

	// Set by the side that gives control, for the other one.
	errand func() // to be done; nil when what was asked for is done
	fault  any    // it panicked with this
	exit   bool   // it ended its goroutine
	trace  []byte // where the program panicked
	yes    bool   // the answer to a question
	quit   bool   // there will be nothing more
	shown  []shown

	started bool
	goid    uint64      // while strays are looked for
	away    atomic.Bool // control is inside, or on the way

	down, up mark
}

// shown is something for the race detector: what was passed or opened.
type shown struct {
	at          *mark
	tell, learn bool
}

func newOutside(t *Thread, s *Sandbox) *outside {
	return &outside{t: t, box: s, goes: make(chan struct{}), comes: make(chan struct{})}
}

// apart reports whether the caller is an outside, of the thread that acts.
//
//go:norace
func (t *Thread) apart() bool { return t != nil && t.box != nil && t.box.acting != nil }

// inside has f performed inside.
//
//go:norace
func (t *Thread) inside(f func()) { t.box.acting.ask(f) }

// within is inside with a result.
func within[R any](t *Thread, f func() R) R {
	p := new(R)
	t.inside(func() { *p = f() })
	return *p
}

// within2 is within with two results.
func within2[R, S any](t *Thread, f func() (R, S)) (R, S) {
	p, q := new(R), new(S)
	t.inside(func() { *p, *q = f() })
	return *p, *q
}

// hold is a copy of v for the inside.
//
//go:norace
func hold[T any](v T) *T {
	p := new(T)
	*p = v
	return p
}

// holdAll is a copy of vs for the inside.
//
//go:norace
func holdAll[T any](vs []T) []T {
	if vs == nil {
		return nil
	}
	out := make([]T, len(vs))
	//lint:ignore S1001 the runtime's copy would tell the detector
	for i := range vs {
		out[i] = vs[i]
	}
	return out
}

// clean is a copy of s for the inside.
//
//go:norace
func clean(s string) string {
	return string([]byte(s))
}

// ask has the inside perform req, and does what it wants done meanwhile. It ends as
// req does.
//
//go:norace
func (o *outside) ask(req func()) {
	o.known()
	o.errand = req
	for o.take(); o.errand != nil; o.take() {
		f := o.errand
		o.errand = nil
		o.run(f)
	}
	fault, exit := o.fault, o.exit
	o.fault, o.exit = nil, false
	switch {
	case exit:
		runtime.Goexit()
	case fault != nil:
		panic(fault)
	}
}

// known ends the calling goroutine if it is one that the program has started by
// itself and lent a thread to, as far as that is looked for.
//
//go:norace
func (o *outside) known() {
	if o.box.k.Announced == nil || o.goid == 0 || o.goid == goid.Current() {
		return
	}
	if stray := o.box.Stray; stray != nil {
		stray(o.t)
		runtime.Goexit()
	}
}

// lend is Thread.Lend: the calling goroutine, a coroutine of the program's, acts for
// the outside until it gives that back.
//
//go:norace
func (o *outside) lend() (back func()) {
	was := o.goid
	if was == 0 {
		return nobodyLent
	}
	o.goid = goid.Current()
	return func() { o.goid = was }
}

// take gives control to the inside and returns when it is back.
//
//go:norace
func (o *outside) take() {
	raceTell(&o.up)
	raceHide()
	for !o.away.CompareAndSwap(false, true) {
		runtime.Gosched() // a goroutine that has no business here has asked for something too
	}
	o.comes <- struct{}{}
	<-o.goes
	o.away.Store(false)
	raceShow()
	o.heed()
}

// heed takes notice of what has happened inside.
//
//go:norace
func (o *outside) heed() {
	raceLearn(&o.down)
	for i := range o.shown {
		s := &o.shown[i]
		if s.learn {
			raceLearn(s.at)
		}
		if s.tell {
			raceTell(s.at)
		}
	}
	o.shown = o.shown[:0]
}

// live is the outside's goroutine.
//
//go:norace
func (o *outside) live() {
	if o.box.k.Announced != nil {
		o.goid = goid.Current()
	}
	raceHide()
	<-o.goes
	raceShow()
	o.heed()
	o.loop()
}

// loop does what the inside wants done until there will be nothing more.
//
//go:norace
func (o *outside) loop() {
	for ; !o.quit; o.take() {
		f := o.errand
		o.errand, o.fault, o.exit = nil, nil, false
		if f != nil {
			o.run(f)
		}
	}
	raceTell(&o.box.over)
	raceHide()
	o.comes <- struct{}{}
	raceShow()
}

// run calls code of the program's.
//
//go:norace
func (o *outside) run(f func()) {
	ended := false
	defer o.ran(&ended)
	f()
	ended = true
}

// ran takes down how a call ended. What waits for the thread's end knows all of it.
//
//go:norace
func (o *outside) ran(ended *bool) {
	raceTell(&o.t.ended.mark)
	if *ended {
		return
	}
	if v := recover(); v != nil {
		o.fault, o.trace = v, debug.Stack()
		return
	}
	o.exit = true // the inside's goroutine is to exit too; this one goes on from here as long as it is needed
	o.take()
	o.loop()
}

// start begins the outside's goroutine. Whoever calls it is what a report says
// created it: the line that starts the thread.
//
//go:norace
func (o *outside) start() {
	if !o.started {
		o.started = true
		go o.live()
	}
}

// does has the outside call f, and performs inside what it asks for meanwhile. It
// ends as f does.
//
//go:norace
func (o *outside) does(f func()) {
	o.start()
	o.errand = f
	o.serve()
	fault, exit := o.fault, o.exit
	o.fault, o.exit = nil, false
	switch {
	case exit:
		runtime.Goexit()
	case fault != nil:
		panic(fault)
	}
}

// finds has the outside answer a question about the program's memory.
func (o *outside) finds(f func() bool) bool {
	o.does(func() { o.answers(f()) })
	return o.answer()
}

//go:norace
func (o *outside) answers(yes bool) { o.yes = yes }

//go:norace
func (o *outside) answer() bool { return o.yes }

// serve performs what the outside asks for until it has done its errand.
//
//go:norace
func (o *outside) serve() {
	for o.give(); o.errand != nil; o.give() {
		req := o.errand
		o.errand = nil
		o.perform(req)
	}
}

// give gives control to the outside and returns when it is back.
//
//go:norace
func (o *outside) give() {
	raceTell(&o.down)
	o.box.acting = o
	raceHide()
	o.goes <- struct{}{}
	<-o.comes
	raceShow()
	o.box.acting = nil
	if o.box.ordered {
		raceLearn(&o.up)
	}
}

//go:norace
func (o *outside) perform(req func()) {
	ended := false
	defer o.performed(&ended)
	req()
	ended = true
}

// performed takes down how a request ended.
//
//go:norace
func (o *outside) performed(ended *bool) {
	if *ended {
		return
	}
	if v := recover(); v != nil {
		o.fault = v
		return
	}
	o.exit = true // this goroutine exits, and so is the outside's to do
	o.serve()
}

// finish ends the outside's goroutine, from the inside. The trace of a panic has
// been used by then.
//
//go:norace
func (o *outside) finish() {
	o.start() // a thread that was ended before it began
	o.quit = true
	o.give()
}

// stack is where the panic that has just been recovered inside came from.
//
//go:norace
func (t *Thread) stack() []byte {
	if raceKernel && t.out != nil && t.out.trace != nil {
		trace := t.out.trace
		t.out.trace = nil
		return trace
	}
	return debug.Stack()
}

// callOut calls f, a function of the program's.
func (t *Thread) callOut(f func()) {
	if raceKernel && t.out != nil {
		t.out.does(f)
		return
	}
	f()
}

// callFn calls the thread's function, outside if it is kept apart.
func (t *Thread) callFn() {
	if raceKernel && t.out != nil {
		t.out.does(func() { t.fn(t) })
		return
	}
	t.fn(t)
}

// piped is for operations of an emulated pipe, whose parts count on the GIL.
func (t *Thread) piped(k OpKind) {
	if t.box != nil && (k == OpSend || k == OpRecv) {
		t.box.order()
	}
}

// shows notes what the thread's operation means for the race detector.
func (t *Thread) shows(m *mark, tell, learn bool) {
	if t.out != nil {
		t.out.shown = append(t.out.shown, shown{m, tell, learn})
	}
}
