package asyncio

import (
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/goid"
	"github.com/pygil/pygil/internal/line"
)

// Loop is an event loop. It belongs to the thread that made it and runs there;
// every method but CallSoonThreadsafe, Hold, Closed and Interrupt is for that
// thread. Python: asyncio.AbstractEventLoop.
type Loop struct {
	t     *gil.Thread
	rules rules
	gate  gil.Gate

	ready  ready
	timers timers
	cur    *Co            // the task that runs
	tasks  line.Line[*Co] // those that have not ended, in the order they were made

	idle     []*worker
	sleepers []*sleeper
	waiters  []*future // of primitives, to be used again
	handles  []Handle  // not given out yet
	failures []*future

	turns     int64
	still     int           // turns since the loop was idle or the clock moved
	stillAt   time.Duration // where the clock stands since
	numbered  uint32
	running   bool
	stopping  bool
	closed    atomic.Bool
	dead      bool // its coroutines are being, or were, unwound
	debug     bool
	forever   bool
	factory   TaskFactory
	interrupt error  // what ends the loop from inside
	home      uint64 // debug: the goroutine that runs the loop

	handler  ExceptionHandler
	slow     time.Duration
	log      func(string)
	observer *observer
	order    *openOrder
	unborn   []*neverAwaited

	executor *ThreadPool  // the loop's own
	custom   Executor     // the user's
	outside  atomic.Int32 // jobs and goroutines that will wake the loop

	mu      sync.Mutex // guards what follows, but posted
	inbox   []job
	remotes []*remote    // that have no outcome yet
	blocked int          // threads that wait for one of them without a limit
	posted  atomic.Int32 // entries of inbox
	signal  func() error // what Ctrl-C does, while a Runner runs
}

// newLoop makes a loop of thread t.
func newLoop(t *gil.Thread, c config) (*Loop, error) {
	r, err := rulesOf(t.Interpreter().Profile())
	if err != nil {
		return nil, err
	}
	l := &Loop{t: t, rules: r, slow: 100 * time.Millisecond, log: c.log, handler: c.handler}
	l.debug, l.timers.exact, l.factory = c.debug, c.exact, c.factory
	if c.factory == EagerTaskFactory {
		if err := r.need(12, "EagerTaskFactory (eager_task_factory)", "eager_task_factory"); err != nil {
			return nil, err
		}
	}
	l.gate.Init(t, 0, "event loop of "+t.Name())
	if c.open != nil {
		l.order = c.open(t)
	}
	l.gate.Explain(l.Tree)
	l.observer = newObserver(l, c.observe)
	if l.observer != nil && l.observer.world {
		l.timers.seen = l.observer
	}
	return l, nil
}

// Time is the loop's clock: that of its world. Python: loop.time.
func (l *Loop) Time() time.Duration { return l.t.Now() }

// Turns is the number of turns of the loop so far.
func (l *Loop) Turns() int64 { return l.turns }

// Thread is the thread the loop belongs to.
func (l *Loop) Thread() *gil.Thread { return l.t }

// Running reports whether the loop runs. Python: loop.is_running.
func (l *Loop) Running() bool { return l.running }

// Closed reports whether the loop has ended for good. Python: loop.is_closed.
func (l *Loop) Closed() bool { return l.closed.Load() }

// Stop ends RunForever after this turn. Python: loop.stop.
func (l *Loop) Stop() { l.stopping = true }

// SetTaskFactory sets how tasks begin from now on. It returns an
// *UnavailableError for EagerTaskFactory before 3.12. Python:
// loop.set_task_factory.
func (l *Loop) SetTaskFactory(f TaskFactory) error {
	if f == EagerTaskFactory {
		if err := l.rules.need(12, "EagerTaskFactory (eager_task_factory)", "eager_task_factory"); err != nil {
			return err
		}
	}
	l.factory = f
	return nil
}

// open panics when the loop is closed.
func (l *Loop) open() {
	if l.dead || l.closed.Load() {
		panic(misuse("Event loop is closed", "the loop has ended: Event loop is closed"))
	}
}

// turn is one iteration of the loop: wait until something is ready, move the
// timers that are due, run what is ready now. What that adds waits for the next
// turn.
func (l *Loop) turn() error {
	l.turns++
	l.timers.tidy()
	if err := l.poll(); err != nil {
		return err
	}
	if len(l.timers.heap) > 0 {
		l.due(l.Time())
	}
	n := l.ready.n
	if l.observer != nil {
		l.observer.turn(n)
	}
	if l.order != nil {
		l.order.batch(l, n)
	}
	for range n {
		if l.ready.n == 0 {
			break // the loop was closed from inside
		}
		l.t.Tick(0) // somebody who asked for the GIL gets it between two callbacks
		l.run(l.ready.pop())
		if l.interrupt != nil {
			err := l.interrupt
			l.interrupt = nil
			return err
		}
	}
	return nil
}

// due moves the timers whose time has come to the ready queue.
func (l *Loop) due(now time.Duration) {
	h := &l.timers
	for len(h.heap) > 0 && h.heap[0].when <= now {
		t := h.pop()
		if t.cancelled {
			h.cancelled--
		}
		t.place = inReady
		l.ready.push(job{t: t})
	}
}

// poll is the loop's select: it gives the GIL to whoever asked for it, waits when
// nothing is ready, and takes in what other threads have sent.
func (l *Loop) poll() error {
	busy := l.ready.n > 0 || l.stopping
	if l.t.Explored() {
		return l.pollExplored(busy)
	}
	if l.posted.Load() > 0 {
		l.receive()
		busy = true
	}
	if busy {
		l.spins()
		l.t.Tick(0)
		return nil
	}
	l.still = 0
	until := gil.Forever
	if len(l.timers.heap) > 0 {
		if until = l.timers.heap[0].when; until <= l.Time() {
			return nil
		}
	} else if err := l.stuck(); err != nil {
		return err
	}
	if l.gate.Pass(l.t, gil.OpWait, until) == gil.Passed {
		l.gate.Shut(l.t, gil.OpClear)
	}
	l.receive()
	return nil
}

// pollExplored is poll in an explored world, where looking at what others have
// sent is an operation that the explorer must see.
func (l *Loop) pollExplored(busy bool) error {
	until := gil.Forever
	switch {
	case busy:
		until = 0
	case len(l.timers.heap) > 0:
		if until = l.timers.heap[0].when; until <= l.Time() {
			until = 0
		}
	default:
		if err := l.stuck(); err != nil {
			return err
		}
	}
	if l.gate.Pass(l.t, gil.OpWait, until) == gil.Passed {
		l.gate.Shut(l.t, gil.OpClear)
		l.receive()
	}
	return nil
}

// receive takes in what other threads have sent.
func (l *Loop) receive() {
	l.mu.Lock()
	jobs := l.inbox
	l.inbox = nil
	l.posted.Store(0)
	l.mu.Unlock()
	for _, j := range jobs {
		l.ready.push(j)
	}
}

// run performs one entry of the ready queue.
func (l *Loop) run(j job) {
	switch {
	case j.co != nil:
		l.step(j.co)
	case j.t != nil:
		t := j.t
		t.place = nowhere
		j, skip := t.job, t.cancelled
		l.timers.release(t)
		if !skip {
			if l.observer != nil {
				l.observer.fired(t)
			}
			l.run(j)
		}
	case j.h != nil:
		if !j.h.cancelled {
			l.guard(j.h.fn, j.h.fn)
		}
	case l.debug:
		l.timedCall("callback", j.fn)
	default:
		j.fn()
	}
}

// guard runs a user's callback, which is known by named; one that panics is reported
// and the loop goes on.
func (l *Loop) guard(named any, fn func()) {
	returned := false
	defer func() {
		if returned {
			return
		}
		v := recover()
		if v == nil || gil.Unwinding(v) {
			if v != nil {
				panic(v)
			}
			return // the goroutine exits
		}
		err, ok := v.(error)
		if !ok || interrupts(err) {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
		if e, ok := v.(error); ok && interrupts(e) {
			l.interrupt = e
			return
		}
		l.report(ExceptionContext{Message: "Exception in callback", Err: err})
	}()
	switch {
	case l.debug:
		l.timedCall("callback", func() { l.call(named, fn) })
	case l.observer != nil:
		l.observer.called(named, fn)
	default:
		fn()
	}
	returned = true
}

// call runs a user's callback in debug mode.
func (l *Loop) call(named any, fn func()) {
	if l.observer != nil {
		l.observer.called(named, fn)
	} else {
		fn()
	}
}

// RunForever runs the loop until Stop. It returns an error that matches
// ErrDeadlock when nothing can wake the loop any more, and what a coroutine
// returned that ends the loop (ErrKeyboardInterrupt, *SystemExit). Python:
// loop.run_forever.
func (l *Loop) RunForever() error {
	l.forever = true
	defer func() { l.forever = false }()
	return l.loop()
}

// loop runs turns until somebody stops it.
func (l *Loop) loop() error {
	if l.running {
		return misuse("This event loop is already running", "the loop runs already: await instead")
	}
	if other := runningLoop(l.t); other != nil {
		return misuse("Cannot run the event loop while another loop is running", "another loop runs on thread %s: await there, or start a thread", l.t.Name())
	}
	if l.closed.Load() {
		return misuse("Event loop is closed", "the loop has ended: Event loop is closed")
	}
	loops.Store(l.t, l)
	l.running = true
	l.home = goid.Current()
	whole := false
	defer func() {
		l.running, l.stopping = false, false
		l.cur = nil
		loops.Delete(l.t)
		if !whole { // the thread is being ended, or its goroutine exits
			l.abandon()
		}
	}()
	for {
		err := l.turn()
		if err != nil || l.stopping {
			whole = true
			return err
		}
	}
}

// abandon ends a loop that cannot go on: its coroutines are unwound.
func (l *Loop) abandon() {
	l.closed.Store(true)
	if l.executor != nil {
		l.executor.close(l.t)
	}
	l.kill()
	l.settleAll()
	l.ready.clear()
	l.timers.heap = nil
}

// loops finds the loop that runs on a thread.
var loops sync.Map // *gil.Thread → *Loop

func runningLoop(t *gil.Thread) *Loop {
	if l, ok := loops.Load(t); ok {
		return l.(*Loop)
	}
	return nil
}

// RunningLoop returns the loop that runs on thread t, nil when none does. Python:
// asyncio._get_running_loop.
func RunningLoop(t *gil.Thread) *Loop { return runningLoop(t) }

// complete runs the loop until f is done.
func (l *Loop) complete(f *future) error {
	cb := f.whenDone(l.Stop)
	if err := l.loop(); err != nil {
		f.forget(cb)
		return err
	}
	if f.state == pending {
		f.forget(cb)
		return misuse("Event loop stopped before Future completed.", "the loop was stopped before its main coroutine ended: %s", f.name())
	}
	return nil
}
