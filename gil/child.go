package gil

import (
	"strconv"
	"time"

	"github.com/pygil/pygil/internal/kernel"
)

// Child is an emulated process of a Machine: an interpreter of its own with its
// own GIL, threads and memory. It is what package process stands on; programs
// use that package, whose Process works in both worlds.
type Child struct {
	name    string
	main0   func(t *Thread)
	opts    []Option
	onStart func(i *Interpreter)
	onEnd   func(t *Thread)
	onDie   func()

	i     *Interpreter
	main  *Thread
	ended Gate
	// closing says that all of it has ended and it is telling who waits for that, whom it
	// would leave waiting if it was killed now.
	closing bool
	by      *Interpreter // whose threads may wait for it
}

// Emulate starts an emulated process that calls main on its main thread. The
// thread t computes for the start cost with its GIL held, as fork and exec do;
// the child begins when that is over. The child has its parent's profile. In an
// explored world it costs nothing. It panics with a *RuntimeError in the live one.
//
// A sub-interpreter that is forked is refused with a *RuntimeError under 3.8 and where
// it has its own GIL; from 3.9 on the child of one that shares its GIL fails before it
// has called main, as CPython's does with a fatal error.
func (t *Thread) Emulate(name string, main func(t *Thread), opts ...Option) *Child {
	c := NewChild(name, main, opts...)
	c.Start(t)
	return c
}

// NewChild makes an emulated process that has not started; see Thread.Emulate. It panics
// with a *ValueError when main is nil.
func NewChild(name string, main func(t *Thread), opts ...Option) *Child {
	callable("NewChild("+strconv.Quote(name)+")", main != nil)
	return &Child{name: name, main0: main, opts: opts}
}

// OnStart has fn called by the thread that starts the process, when its interpreter
// and its number are known and nothing of it has run. It is given before Start.
func (c *Child) OnStart(fn func(i *Interpreter)) { c.onStart = fn }

// OnEnd has fn called by the process's main thread when the process ends, however
// it does, before anybody can notice. It is given before Start.
func (c *Child) OnEnd(fn func(t *Thread)) { c.onEnd = fn }

// OnKill has fn called at the moment at which the process is killed, on no thread.
// It must not act for one. It is given before Start.
func (c *Child) OnKill(fn func()) { c.onDie = fn }

// Start starts the process, once; t is the thread that acts.
func (c *Child) Start(t *Thread) {
	if raceKernel && t.apart() {
		t.inside(func() {
			t.box.order()
			c.Start(t)
		})
		return
	}
	t.must()
	w := t.interp.w
	switch {
	case w.live():
		panic(misuse("", "Emulate(%q) in the live world; use package process", c.name))
	case c.i != nil:
		panic(misuse("cannot start a process twice", "process %s was started already; make another with NewChild", c.name))
	}
	o := w.opts
	o.name, o.hook = c.name, t.interp.hook
	for _, opt := range c.opts {
		opt.apply(&o)
	}
	main := c.main0
	if o.machine.method == Fork {
		main = t.interp.forkable(c.name, main)
	}
	t.touch(kernel.OpStart, 0)
	cost := o.machine.startCost
	if cost < 0 {
		cost = o.machine.method.cost()
	}
	t.working(false) // starting a process is no work, as starting a thread is none
	t.spend(kernel.Time(cost))
	t.kern.Sync(&t.k) // numbers are given out in the order of the machine's time
	i := w.newInterpreter(t.interp.prof, &o)
	i.pid = w.number(&w.pids)
	i.method = o.machine.method
	c.i, c.by = i, t.interp
	i.process = c
	c.main = i.newMain(t, main)
	c.ended.Init(t, 0, "process "+c.name)
	if w.emit != nil {
		w.emit.eventBy(t, c.main, Event{Kind: EvProcessStart, Name: c.name, A: int64(i.method)})
	}
	if i.method == Fork {
		i.fork(t.interp)
	}
	w.afford(i, 0)
	if c.onStart != nil {
		c.onStart(i)
	}
	t.kern.Sync(&t.k)
	w.kern.Spawn(&t.k, &c.main.k, func() { c.body() })
	t.working(t.begun)
	t.look()
}

// body is the life of the process.
func (c *Child) body() {
	t := c.main
	c.i.body(t)
	if w := c.i.w; w.emit != nil {
		w.emit.event(t, Event{Kind: EvProcessExit})
	}
}

// Join waits until the process has ended; by gives its GIL up meanwhile.
func (c *Child) Join(by *Thread) { c.JoinUntil(by, Forever) }

// JoinUntil is Join that waits until a moment of the machine's clock and reports
// whether the process has ended.
func (c *Child) JoinUntil(by *Thread, until time.Duration) bool {
	if raceKernel && by.apart() {
		return within(by, func() bool { return c.JoinUntil(by, until) })
	}
	by.must()
	if by.interp != c.by {
		panic(misuse("", "can only join a child process: %s was started by another process", c.i.Name()))
	}
	return by.passAs(&c.ended, kernel.OpJoin, until, stateWaitJoin, WhyJoin) == Passed
}

// Ended reports whether the process has ended; by is the thread that asks.
func (c *Child) Ended(by *Thread) bool {
	if raceKernel && by.apart() {
		return within(by, func() bool { return c.Ended(by) })
	}
	return c.ended.Peek(by, kernel.OpPeek) != 0
}

// Kill ends the process wherever its threads are, as SIGKILL does: none of them
// performs another operation, and what their deferred calls do nobody notices. Its
// own children go on. It does nothing to a process that has ended. On a Machine it
// takes effect after the wake latency. by is the thread that acts.
func (c *Child) Kill(by *Thread) {
	if raceKernel && by.apart() {
		by.inside(func() { c.Kill(by) })
		return
	}
	by.must()
	by.touch(kernel.OpExit, c.ended.id)
	if by.x != nil {
		c.Die()
		return
	}
	by.inOrder()
	at := by.kern.Now(&by.k).After(by.interp.w.opts.machine.wakeLatency)
	by.kern.After(&by.k, at, c.Die)
	by.look()
}

// Die is Kill without a thread that acts, at once: for an explorer.
func (c *Child) Die() {
	if !c.closing {
		c.dies()
	}
}

// dies is Die also for a process that has come to its end and is about to say so.
func (c *Child) dies() {
	if c.i.killed || c.main.stage.Load() == stageEnded {
		return
	}
	w := c.i.w
	for _, t := range w.threadsOf(c.i.pid) {
		t.interp.killed = true
		w.kern.Kill(nil, &t.k)
	}
	c.i.killed = true
	if c.onDie != nil {
		c.onDie()
	}
}

// Killed reports whether the process was killed.
func (c *Child) Killed() bool { return c.i != nil && c.i.killed }

// ends is what the main thread does when the process ends.
func (c *Child) ends(t *Thread) {
	if c.onEnd != nil {
		t.calls(func() { t.callOut(func() { c.onEnd(t) }) })
	}
}

// PID is the process's number, from 2 on; the machine's first process has 1.
func (c *Child) PID() int { return int(c.i.pid) }

// Parent is the interpreter that has started the process.
func (c *Child) Parent() *Interpreter { return c.by }

// Interpreter is the process's interpreter.
func (c *Child) Interpreter() *Interpreter { return c.i }

// Failure is how the process's threads failed, nil when they did not.
func (c *Child) Failure() error { return c.i.failure() }
