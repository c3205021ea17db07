package gil

import (
	"fmt"
	"time"

	"github.com/pygil/pygil/internal/goid"
	"github.com/pygil/pygil/internal/kernel"
)

// Thread is one emulated thread: threading.Thread and the current thread's
// handle in one. A function that runs on a thread is given it as its first
// argument and passes it to everything it calls; only the thread itself may use
// it as the acting one.
//
// A Thread is a context.Context, so it can be given to whatever takes one; see
// Deadline, Done, Err and Value. It also satisfies testify's TestingT, so that
// require.Equal(t, want, got) works in a thread.
type Thread struct {
	k kernel.Task // first: its budget is on the fast path

	kern   kernel.Kernel
	x      *kernel.Explored // not nil in an explored run
	timed  *kernel.Timed    // not nil on a Machine
	home   *home            // where its objects belong
	near   uint64           // the home whose objects it may touch now: its seat, or away
	seat   uint64           // its home's number, or strict
	interp *Interpreter
	gil    *GIL // nil without a GIL: free-threaded, or explored
	code   *code

	straight   int // bytecodes since the last that looked whether to switch; explored: operations
	straightTo int // the budget after them

	due      int64       // ticks at which a tick rule checks
	acquired kernel.Time // when it got the GIL
	gilWait  kernel.Time
	held     kernel.Time
	stamp    kernel.Time // live: the time that has just been read, 0 when it is old
	awake    bool        // is one of the GIL's awake; guarded likewise
	picked   bool        // was chosen as the GIL's next holder; guarded by the GIL's lock
	regime
	armed    bool   // explored: a check point was passed since the last choice
	fragile  bool   // explored: its process may be killed, see Sandbox.KillPoints
	dying    bool   // unwinds: its operations neither switch nor report
	begun    bool   // has done some work
	goid     uint64 // WithChecks: the goroutine it belongs to
	entrant  uint64 // WithChecks: the one that it began on, whoever it is lent to
	called   bool   // has given the GIL up for a call and not got it back
	counted  bool   // in the machine's count of threads at work
	resisted int    // operations attempted while dying

	section *shared // free-threaded: whose critical section it is in
	visits  *shared // whose it is in for one operation
	outer   *shared // whose is suspended for that

	name     string
	tid      uint32
	told     uint32 // objects numbered for observers
	daemon   bool
	entered  bool // made by GIL.Enter
	stage    word
	fn       func(*Thread)
	life0    func() // see run
	creator  *Thread
	failure  error
	messages []string

	started Gate
	ended   Gate
	gone    chan struct{} // of those that may be abandoned: closed when the goroutine is done with the thread

	box *Sandbox // of a run that is kept apart
	out *outside // the same: where the thread's function runs

	wait gateWaiter
	life ledger
	ctx  threadContext
}

// The stages of a thread's life.
const (
	stageNew int32 = iota
	stageStarted
	stageEnded
)

// newThread makes a thread of an interpreter. The creator is nil for a main
// thread and for one made by Enter.
func (i *Interpreter) newThread(creator *Thread, name string, fn func(*Thread), how threadOptions) *Thread {
	var t *Thread
	if s := i.w.sandbox; s != nil {
		t = s.thread()
		if raceKernel {
			s.part(t)
		}
	} else {
		t = new(Thread)
		t.life0 = t.run()
		t.k.Owner = t
		t.timed, _ = i.w.kern.(*kernel.Timed)
	}
	if t.interp != i { // or it is one of an earlier run of a Sandbox
		t.interp, t.kern, t.gil, t.code, t.home = i, i.w.kern, i.gil, i.code, i.home
		t.regime = i.regime
		t.k.Free = t.free
	}
	t.seat, t.near = i.home.id, away
	t.name, t.fn, t.creator = name, fn, creator
	t.fragile = i.process != nil && i.w.kills > 0
	if creator != nil {
		t.kern.Sync(&creator.k) // numbers are given out in the order of the world's time
	}
	t.tid = i.w.number(&i.w.tids)
	if creator != nil {
		t.daemon = creator.daemon
		if i.live { // now: two threads may start it at the same time
			t.canEnd(creator)
		}
	}
	if how.daemonSet {
		t.daemon = how.daemon
	}
	return t
}

// NewThread makes a thread that will call fn. An empty name is replaced by
// Thread-N, as Python numbers them. It is a daemon when t is, unless WithDaemon
// says otherwise. Python: threading.Thread(target=fn, name=name).
func (t *Thread) NewThread(name string, fn func(t *Thread), opts ...Option) *Thread {
	var how threadOptions
	if len(opts) > 0 {
		o := collect(opts)
		how = threadOptions{o.daemon, o.daemonSet, o.noTarget}
	}
	if raceKernel && t.apart() {
		held, target := clean(name), clean(nameOf(fn))
		return within(t, func() *Thread { return t.newThread(held, target, fn, how) })
	}
	return t.newThread(name, "", fn, how)
}

// threadOptions are the options that threads have.
type threadOptions struct{ daemon, daemonSet, noTarget bool }

// newThread is NewThread; target is the name of fn, if it is known.
func (t *Thread) newThread(name, target string, fn func(t *Thread), how threadOptions) *Thread {
	t.must()
	if fn == nil {
		panic(badValue("", "NewThread(%q): the function is nil", name))
	}
	i := t.interp
	if name == "" {
		name = i.nextName(fn, target, how.noTarget)
	}
	n := i.newThread(t, name, fn, how)
	if n.daemon && i.isolated {
		panic(misuse("daemon threads are disabled in this (sub)interpreter",
			"daemon threads are disabled in this (sub)interpreter; join the thread instead"))
	}
	if e := i.w.emit; e != nil {
		e.eventBy(t, n, Event{Kind: EvThreadCreate, Name: name, Peer: t.tid})
	}
	return n
}

// Go makes a thread and starts it. Python: Thread(target=fn, name=name).start().
func (t *Thread) Go(name string, fn func(t *Thread), opts ...Option) *Thread {
	n := t.NewThread(name, fn, opts...)
	n.Start(t)
	return n
}

// Start starts the thread; by is the thread that acts. It waits, with the GIL
// given up, until the new thread has begun: under the GIL of 3.2 and later that
// is normally when it gives the GIL up for the first time, so a thread with less
// work than one switch interval has finished when Start returns.
//
// A second Start panics with a *RuntimeError. Python: Thread.start.
func (t *Thread) Start(by *Thread) {
	if raceKernel && by.apart() {
		by.inside(func() { t.Start(by) })
		t.out.start()
		return
	}
	by.must()
	i := t.interp
	if i != by.interp {
		panic(misuse("", "thread %s belongs to another interpreter; start it from a thread of its own", t.name))
	}
	if by.dying || by.k.Killed() {
		by.unwind() // a deferred call of a thread that is being ended starts nobody
	}
	if t.ended.home == nil {
		t.canEnd(by)
	}
	by.touch(kernel.OpStart, t.ended.id)
	if !t.stage.CompareAndSwap(t.x != nil, stageNew, stageStarted) {
		panic(misuse("threads can only be started once", "thread %s: threads can only be started once; make a new one", t.name))
	}
	if err := i.admit(t); err != nil {
		t.stage.Store(t.x != nil, stageNew)
		panic(err)
	}
	if i.gil != nil && !i.gil.exists.Load() {
		i.gil.exists.Store(true)
	}
	t.k.Init(&by.k, i.domain, t.name)
	if by.x == nil {
		t.started.begin = true
		t.started.settle(by, 0, t.name) // nobody else knows it
	}
	if i.live && (t.daemon || i.creator != nil) { // of the others nobody asks
		t.gone = make(chan struct{})
	}
	i.w.kern.Spawn(&by.k, &t.k, t.life0)
	if by.x == nil {
		by.passAs(&t.started, kernel.OpStart, Forever, stateWaitJoin, WhyStart)
	}
}

// canEnd makes the gate at which the end of t is waited for, which nobody else knows.
func (t *Thread) canEnd(by *Thread) {
	t.ended.end = true
	t.ended.settle(by, 0, t.name)
}

// run returns the life of a started thread on its own goroutine or coroutine. It is made
// once, and is no method value: that would be one more stack frame, and a thread that
// goes on after others have run pays for every one.
func (t *Thread) run() func() {
	return func() {
		if raceKernel && t.out != nil {
			defer t.out.finish()
		}
		defer t.finish()
		t.begin()
		t.callFn()
	}
}

// begin makes the thread able to execute.
func (t *Thread) begin() {
	if t.clocked {
		t.life.since = t.kern.Now(&t.k)
		if t.interp.live {
			t.stamp = t.life.since
		}
		t.life.offCore = t.k.OffCore()
		if !t.interp.live || t.traced() { // otherwise only if it does wait
			t.life.state = stateWaitGIL
		}
	}
	if t.interp.live {
		t.label()
	}
	switch {
	case t.interp.live && t.interp.w.opts.checks:
		t.goid, t.seat = goid.Current(), strict
		t.entrant = t.goid
	case t.timed != nil && t.free:
		t.goid, t.seat = anyGoroutine, strict
	}
	if e := t.interp.w.emit; e != nil {
		e.event(t, Event{Kind: EvThreadStart, Name: t.name})
	}
	t.attach()
	if t.stage.Load() == stageNew { // nobody has called Start
		t.stage.Store(t.x != nil, stageStarted)
	}
	t.armed = true // a new thread runs when it is chosen, not before
	if t.x == nil && t != t.interp.main {
		t.works() // a main thread has to show that it does not only start others
	}
	if t.x == nil && t.creator != nil {
		t.started.open(t, 1)
	}
}

// attach takes the GIL, or unwinds.
func (t *Thread) attach() {
	if t.gil == nil {
		t.alive()
		t.near = t.seat
		if t.x == nil { // an explored thread takes the slow path at every tick
			t.enter(stateRun)
			t.renew()
		}
		return
	}
	if !t.gil.take(t) {
		t.unwind()
	}
}

// detach gives the GIL up for a wait in state s.
func (t *Thread) detach(s state, why Why) {
	if t.gil != nil && t.holds() {
		t.gil.leave(t, why)
		t.called = true
	}
	t.near = away
	t.enter(s)
}

// lightly says how the next thread that t wakes is woken.
func (t *Thread) lightly(how kernel.Light) {
	if t.timed != nil {
		t.timed.Lightly(&t.k, how)
	}
}

// Join waits until the thread has ended; by is the thread that acts and gives the
// GIL up meanwhile. Any number of threads may join. It panics with a
// *RuntimeError when the thread was not started, or joins itself. Python:
// Thread.join.
func (t *Thread) Join(by *Thread) { t.join(by, Forever) }

// JoinTimeout is Join that waits at most d and reports whether the thread has
// ended. A d of zero or less asks without waiting. Python: Thread.join(timeout),
// then is_alive.
func (t *Thread) JoinTimeout(by *Thread, d time.Duration) (ended bool) {
	if raceKernel && by.apart() {
		return within(by, func() bool { return t.JoinTimeout(by, d) })
	}
	return t.join(by, by.until(d))
}

func (t *Thread) join(by *Thread, until time.Duration) bool {
	if raceKernel && by.apart() {
		return within(by, func() bool { return t.join(by, until) })
	}
	by.must()
	switch {
	case t.stage.Load() == stageNew:
		panic(misuse("cannot join thread before it is started", "cannot join thread %s before it is started", t.name))
	case t == by:
		panic(misuse("cannot join current thread", "thread %s cannot join itself: cannot join current thread", t.name))
	case t.interp != by.interp:
		panic(misuse("can only join a child process", "thread %s belongs to another interpreter; only its own threads can join it", t.name))
	case t.entered:
		panic(misuse("cannot join a dummy thread", "thread %s entered by GIL.Enter: cannot join a dummy thread", t.name))
	}
	if e := by.interp.w.emit; e != nil {
		e.event(by, Event{Kind: EvJoinBegin, Peer: t.tid})
	}
	ended := by.passAs(&t.ended, kernel.OpJoin, until, stateWaitJoin, WhyJoin) == Passed
	if raceKernel && ended {
		by.shows(&t.ended.mark, false, true)
	}
	if e := by.interp.w.emit; e != nil {
		e.event(by, Event{Kind: EvJoinEnd, Peer: t.tid, A: b2i(ended)})
	}
	return ended
}

// JoinAll joins the threads one after the other.
func JoinAll(by *Thread, ts ...*Thread) {
	for _, t := range ts {
		t.Join(by)
	}
}

// Name is the thread's name. Python: Thread.name.
func (t *Thread) Name() string { return t.name }

// Daemon reports whether the thread is a daemon: one that does not keep its
// interpreter alive. Python: Thread.daemon.
func (t *Thread) Daemon() bool { return t.daemon }

// Ident is a number that is unique among the threads of a world, 0 before the
// thread was started. Python: Thread.ident.
func (t *Thread) Ident() uint64 {
	if t.stage.Load() == stageNew {
		return 0
	}
	return uint64(t.tid)
}

// NativeID is what the operating system would call the thread. Goroutines have
// no such number, so it is the Ident. Python: Thread.native_id.
func (t *Thread) NativeID() uint64 { return t.Ident() }

// IsAlive reports whether the thread was started and has not ended. by is the
// thread that asks, nil from outside the world. Python: Thread.is_alive.
func (t *Thread) IsAlive(by *Thread) bool {
	if raceKernel && by.apart() {
		return within(by, func() bool { return t.IsAlive(by) })
	}
	if by != nil {
		by.must()
		if t.interp != by.interp {
			panic(misuse("can only test a child process", "thread %s belongs to another interpreter; only its own threads can ask for it", t.name))
		}
		by.touch(kernel.OpPeek, t.ended.id)
	}
	if t.interp.leftMain(t) {
		return false
	}
	s := t.stage.Load()
	if raceKernel && by != nil && s == stageEnded {
		by.shows(&t.ended.mark, false, true)
	}
	return s == stageStarted
}

// Interpreter is the interpreter the thread belongs to.
func (t *Thread) Interpreter() *Interpreter { return t.interp }

// Machine is the virtual machine the thread runs on, nil in the live world.
func (t *Thread) Machine() *Machine { return t.interp.w.machine }

// Failure is how the thread ended: nil, an *UncaughtError or an *AssertionError.
// Call it after Join.
func (t *Thread) Failure() error {
	if raceKernel && t.apart() {
		return within(t, t.Failure)
	}
	return t.failure
}

// Now is the world's clock as the thread sees it: the time since the world began.
func (t *Thread) Now() time.Duration {
	if raceKernel && t.apart() {
		return within(t, t.Now)
	}
	return time.Duration(t.kern.Now(&t.k))
}

// String is the thread's name, state and ident, as Python's repr has them.
func (t *Thread) String() string {
	s := [...]string{"initial", "started", "stopped"}[t.stage.Load()]
	if t.daemon {
		s += " daemon"
	}
	if id := t.Ident(); id != 0 {
		s += fmt.Sprintf(" %d", id)
	}
	return fmt.Sprintf("<Thread(%s, %s)>", t.name, s)
}

func (t *Thread) tidOrZero() uint32 {
	if t == nil {
		return 0
	}
	return t.tid
}

func b2i(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
