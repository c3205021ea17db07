package gil

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pygil/pygil/internal/kernel"
)

// Interpreter is one emulated Python: a profile, a GIL, its threads. A program
// usually has one, made by World.Run; a process of a Machine and a
// sub-interpreter have their own.
type Interpreter struct {
	w      *world
	home   *home
	prof   Profile
	gil    *GIL
	code   *code
	regime regime
	domain *kernel.Domain // own, or that of the interpreter whose GIL it shares
	own    kernel.Domain
	id     uint64
	pid    uint32
	name   string
	hook   ExceptHook

	creator  *Thread // of a sub-interpreter
	live     bool    // in the live world
	isolated bool    // a sub-interpreter with its own GIL: no daemon threads, no fork
	process  *Child  // the emulated process it runs in, nil for the first
	method   StartMethod
	subEnded *Gate        // of a sub-interpreter: its creator waits here
	private  atomic.Int64 // bytes allocated
	every    int64        // the profile's switch interval
	interval atomic.Int64 // see idle
	fate

	mu       sync.Mutex
	threads  []*Thread
	past     []ThreadStats // of threads that have ended, on a Machine
	count    int           // for Thread-N
	main     *Thread
	ran      bool // Run was called
	mainDone bool
	closing  bool
	errs     []error
}

func (w *world) newInterpreter(p Profile, o *options) *Interpreter {
	return w.boot(&Interpreter{w: w, prof: p, code: p.compile(), name: o.name, hook: o.hook}, o)
}

// boot gives an interpreter its place in the world and its GIL.
func (w *world) boot(i *Interpreter, o *options) *Interpreter {
	i.id = uint64(w.number(&w.interps))
	i.live = w.live()
	i.base = o.machine.memory
	again := i.home != nil // in a Sandbox
	if !again {
		i.home = &home{world: w.kern.World(), interp: i}
		i.every = int64(i.prof.interval().Truncate(time.Microsecond))
	}
	if i.interval.Load() != i.every {
		i.interval.Store(i.every)
	}
	i.home.id = w.nextHome()
	i.domain = &i.own
	w.kern.AddDomain(i.domain)
	if !i.prof.FreeThreaded() && w.kern.World().Policy != kernel.ExploredPolicy {
		i.gil = i.newLock()
		i.gil.successor = o.machine.successor
		i.gil.switching = kernel.Time(o.machine.switchCost)
	}
	if !again {
		i.regime = i.regimeOfThreads()
	}
	w.lock()
	w.all = append(w.all, i)
	w.unlock()
	return i
}

// newLock makes the interpreter's GIL.
func (i *Interpreter) newLock() *GIL {
	g := newGIL(i.w.kern, i.prof, i.w.emit)
	g.id, g.interp = i.id, i
	return g
}

// clocked reports whether the threads of i measure their states.
func (w *world) clocked(i *Interpreter) bool {
	switch w.kern.World().Policy {
	case kernel.TimedPolicy:
		return true
	case kernel.ExploredPolicy:
		return false
	}
	return i.gil != nil && i.gil.timed
}

// Live returns the world of real goroutines and the wall clock. Each Run boots an
// interpreter of its own.
func Live(opts ...Option) World { return liveWorld{opts} }

type liveWorld struct{ opts []Option }

// Run boots a live interpreter and calls main on the calling goroutine.
func (l liveWorld) Run(p Profile, main func(t *Thread)) error { return New(p, l.opts...).Run(main) }

// New makes one live interpreter, when more is wanted of it than Run. It panics
// with a *ValueError for the zero Profile.
func New(p Profile, opts ...Option) *Interpreter {
	p.valid()
	o := collect(opts)
	i := newWorld(kernel.NewLive(), o).newInterpreter(p, &o)
	i.pid = i.w.number(&i.w.pids)
	return i
}

// Run calls main on the main thread, which runs on the calling goroutine, then
// joins the non-daemon threads and ends the daemons: at their next tick or when a
// call that blocks them returns. One that is stuck in a real call for a second
// is named by a *StuckError. An interpreter runs once.
//
// On a sub-interpreter it is called by the thread that made it, which gives its
// GIL up meanwhile; see Thread.NewInterpreter.
func (i *Interpreter) Run(main func(t *Thread)) error {
	if main == nil {
		return badValue("", "Run: main is nil")
	}
	if i.creator != nil {
		if err := i.creator.misused(); err != nil {
			return err
		}
	}
	i.mu.Lock()
	again := i.ran
	i.ran = true
	i.mu.Unlock()
	if again {
		return misuse("", "interpreter %s has run already; make a new one", i.Name())
	}
	if i.creator != nil {
		return i.runSub(main)
	}
	t := i.newMain(nil, main)
	i.w.kern.Adopt(&t.k)
	defer i.w.kern.World().End()
	finished := false
	defer func() {
		if !finished { // main's goroutine exits, as after testing.T.FailNow: still end the threads
			i.shutDown(t)
			t.conclude()
		}
	}()
	t.begin()
	t.main()
	finished = true
	i.shutDown(t)
	t.conclude()
	if i.gil != nil {
		i.gil.lock()
		i.gil.alarm.stop()
		i.gil.unlock()
	}
	if err := i.w.emit.failure(); err != nil {
		return errors.Join(i.failure(), err)
	}
	return i.failure()
}

// newMain makes the main thread; by is the thread that starts the interpreter,
// nil for the first of a world.
func (i *Interpreter) newMain(by *Thread, main func(*Thread)) *Thread {
	t := i.newThread(nil, "MainThread", main, threadOptions{})
	t.k.Init(nil, i.domain, t.name)
	t.canEnd(t)
	i.lock()
	i.main = t
	i.threads = append(i.threads, t)
	i.unlock()
	if e := i.w.emit; e != nil {
		creator := by
		if by == nil {
			by = t
		}
		e.eventBy(by, t, Event{Kind: EvInterpStart, Obj: i.id, Name: i.prof.name})
		e.eventBy(by, t, Event{Kind: EvThreadCreate, Name: t.name, Peer: creator.tidOrZero()})
	}
	return t
}

// main calls the main function and sorts out how it ended.
func (t *Thread) main() {
	defer func() { t.recovered(recover()) }()
	t.callFn()
}

// lock guards the list of threads. The threads of a virtual world share a
// goroutine, so there it need not.
func (i *Interpreter) lock() {
	if i.live {
		i.mu.Lock()
	}
}

func (i *Interpreter) unlock() {
	if i.live {
		i.mu.Unlock()
	}
}

// admit puts a thread that starts on the list.
func (i *Interpreter) admit(t *Thread) error {
	i.lock()
	if i.closing || i.mainDone && i.prof.has(noLateThreads) {
		i.unlock()
		return misuse("can't create new thread at interpreter shutdown", "thread %s: can't create new thread at interpreter shutdown", t.name)
	}
	i.threads = append(i.threads, t)
	i.unlock()
	return nil
}

// retire takes a thread that has ended off the list.
func (i *Interpreter) retire(t *Thread) {
	i.lock()
	for n, u := range i.threads {
		if u == t {
			last := len(i.threads) - 1
			if n < last {
				copy(i.threads[n:], i.threads[n+1:])
			}
			i.threads[last] = nil
			i.threads = i.threads[:last]
			break
		}
	}
	if t.timed != nil {
		i.past = append(i.past, t.stats())
	}
	i.unlock()
}

func (i *Interpreter) failed(err error) {
	i.lock()
	defer i.unlock()
	i.errs = append(i.errs, err)
}

func (i *Interpreter) failure() error {
	i.lock()
	var err error
	if len(i.errs) > 0 {
		err = errors.Join(i.errs...)
	}
	i.unlock()
	return err
}

// outlived records that a primitive was carried from one explored run into the
// next, which makes runs depend on each other.
func (i *Interpreter) outlived(what string) {
	i.failed(misuse("", "%s outlived a run of the explored program; make it inside the program", what))
}

// Name is the interpreter's name in reports.
func (i *Interpreter) Name() string {
	if i.name == "" {
		return fmt.Sprintf("%s/%d", i.prof.name, i.id)
	}
	return i.name
}

// ID is unique among the interpreters of a world.
func (i *Interpreter) ID() uint64 { return i.id }

// Profile is the Python the interpreter emulates.
func (i *Interpreter) Profile() Profile { return i.prof }

// GIL is the interpreter's lock, nil when its profile is free-threaded and in
// explored runs, where the holder is whoever was chosen.
func (i *Interpreter) GIL() *GIL { return i.gil }

// Main is the main thread. Python: threading.main_thread().
func (i *Interpreter) Main() *Thread {
	if o := i.w.outside(); raceKernel && o != nil {
		return within(o.t, i.Main)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.main
}

// Threads returns the threads that were started and have not ended, in the order
// in which they started. The main thread is among them as long as there are
// others, also when its function has returned and it is not alive. Python:
// threading.enumerate().
func (i *Interpreter) Threads(t *Thread) []*Thread {
	if raceKernel && t.apart() {
		return within(t, func() []*Thread { return i.Threads(t) })
	}
	if t != nil {
		t.must()
		t.touch(kernel.OpPeek, 0)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.threads)
}

// ActiveCount is the number of Threads. Python: threading.active_count().
func (i *Interpreter) ActiveCount(t *Thread) int { return len(i.Threads(t)) }

// Stats returns the counts of the interpreter's GIL and of its threads: those that
// are alive, in the virtual world also those that have ended. Call it from a
// thread of the interpreter or after Run.
func (i *Interpreter) Stats() Stats {
	if o := i.w.outside(); raceKernel && o != nil {
		return within(o.t, i.Stats)
	}
	var s Stats
	if i.gil != nil {
		s = i.gil.Stats()
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	s.Threads = append(s.Threads, i.past...)
	for _, t := range i.threads {
		s.Threads = append(s.Threads, t.stats())
	}
	return s
}

func (t *Thread) stats() ThreadStats {
	times := t.Times()
	t.life.lock(t)
	defer t.life.unlock(t)
	return ThreadStats{Name: t.name, Ticks: t.life.ticks, Held: time.Duration(t.held), Times: times}
}

// SwitchInterval returns the switch interval. Python: sys.getswitchinterval().
func (i *Interpreter) SwitchInterval() time.Duration {
	if i.gil == nil {
		return time.Duration(i.idle().Load())
	}
	return i.gil.Interval()
}

// SetSwitchInterval sets the switch interval in whole microseconds. It returns a
// *ValueError when d is not positive, and has no effect but that SwitchInterval tells
// it where there is no GIL: in free-threaded profiles, and in explored runs. Python:
// sys.setswitchinterval().
func (i *Interpreter) SetSwitchInterval(d time.Duration) error {
	if i.gil == nil {
		err := checkInterval(d)
		if err == nil {
			i.idle().Store(int64(d.Truncate(time.Microsecond)))
		}
		return err
	}
	return i.gil.SetInterval(d)
}

// idle is the interval of an interpreter without a GIL: nobody looks at it.
func (i *Interpreter) idle() *atomic.Int64 {
	for i.creator != nil && !i.isolated {
		i = i.creator.interp
	}
	return &i.interval
}

// CheckInterval returns the check interval of a tick GIL, 100 for the others, as
// Python does. Python: sys.getcheckinterval().
func (i *Interpreter) CheckInterval() int {
	if i.gil == nil || i.gil.rule == intervalRule {
		return DefaultCheckInterval
	}
	return int(i.gil.period.Load())
}

// SetCheckInterval sets the check interval of a tick GIL and its ticker, so the
// next check comes n+1 ticks of t from now. Any n is accepted; below 1 every tick
// checks. From 3.2 to 3.8 it has no effect. Python: sys.setcheckinterval().
func (i *Interpreter) SetCheckInterval(t *Thread, n int) {
	if raceKernel && t.apart() {
		t.inside(func() { i.SetCheckInterval(t, n) })
		return
	}
	t.must()
	if i.gil == nil || i.gil.rule == intervalRule {
		return
	}
	i.gil.period.Store(int32(min(max(n, 0), maxPeriod)))
	t.due = t.k.Ticks() + i.gil.run()
	t.renew()
}
