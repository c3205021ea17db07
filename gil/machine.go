package gil

import (
	"errors"
	"sync"
	"time"

	"github.com/pygil/pygil/internal/kernel"
)

// Machine is the virtual world: a computer with as many cores as one asks for and
// a clock that is simulated. Threads are coroutines on the goroutine that called
// Run; hours pass in milliseconds, and the same program with the same seed takes
// the same nanoseconds.
//
// A Machine runs one program at a time; its methods other than Run tell about the
// run that is going on or has ended last. While it goes on they are for the
// machine's own threads.
type Machine struct {
	cores int
	opts  options

	mu      sync.Mutex
	running bool
	kern    *kernel.Timed
	w       *world
	conc    concurrency
}

var _ World = (*Machine)(nil)

// NewMachine makes a machine with the given number of cores. Unless options say
// otherwise it is Ideal. It panics with a *ValueError when cores < 1, or more than a
// million.
func NewMachine(cores int, opts ...Option) *Machine {
	if cores < 1 {
		panic(badValue("", "NewMachine(%d): a machine has at least one core", cores))
	}
	if cores > maxCores {
		panic(badValue("", "NewMachine(%d): a machine has at most %d cores", cores, maxCores))
	}
	return &Machine{cores: cores, opts: collect(opts)}
}

const maxCores = 1_000_000

// Run boots one process with profile p, calls main on its main thread and runs
// until every non-daemon thread of every process has ended. When threads are left
// that nothing can wake it ends them and returns a *DeadlockError. It panics with
// a *ValueError for the zero Profile.
func (m *Machine) Run(p Profile, main func(t *Thread)) error {
	p.valid()
	if main == nil {
		return badValue("", "Run: main is nil")
	}
	m.mu.Lock()
	if m.running {
		m.mu.Unlock()
		return misuse("", "the machine runs already; make one per program that runs at the same time")
	}
	m.running = true
	k := kernel.NewTimed(m.opts.machine.config(m.cores, p.speed))
	w := newWorld(k, m.opts)
	w.machine = m
	m.kern, m.w, m.conc = k, w, concurrency{}
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		m.running = false
		m.mu.Unlock()
	}()
	m.observe(k, w)
	i := w.newInterpreter(p, &m.opts)
	i.pid = w.number(&w.pids)
	t := i.newMain(nil, main)
	k.Run(&t.k, func() { i.body(t) })
	return w.failure()
}

// body is the life of an interpreter's main thread in a virtual world.
func (i *Interpreter) body(t *Thread) {
	if raceKernel && t.out != nil {
		defer t.out.finish()
	}
	defer func() {
		if v := recover(); v != nil { // it was ended before it had begun
			t.recovered(v)
		}
		t.conclude()
	}()
	t.begin()
	t.main()
	i.shutDown(t)
}

// failure joins how the threads of all processes failed, after a deadlock if there
// was one.
func (w *world) failure() error {
	w.lock()
	defer w.unlock()
	var errs []error
	if w.deadlock != nil {
		errs = append(errs, w.deadlock)
	}
	for _, i := range w.all {
		if i.creator != nil {
			continue // its Run has returned them to the thread that called it
		}
		if err := i.failure(); err != nil {
			errs = append(errs, err)
		}
	}
	if err := w.emit.failure(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// observe connects the kernel's hooks.
func (m *Machine) observe(k *kernel.Timed, w *world) {
	k.Hooks.Stalled = w.stalled
	k.Hooks.Abandoned = w.abandon
	if w.emit == nil {
		return
	}
	core := func(kind EventKind) func(t *kernel.Task, core int, at kernel.Time) {
		return func(t *kernel.Task, core int, at kernel.Time) {
			ev := Event{Kind: kind, Obj: uint64(core), T: time.Duration(at), Name: t.Name}
			if kind == EvCoreOn {
				ev.A = int64(t.OffCore())
			}
			if th := w.threadOf(t); th != nil {
				ev.TID, ev.PID = th.tid, th.interp.pid
			}
			w.emit.queue(pendingEvent{Event: ev})
		}
	}
	on, off, preempt := core(EvCoreOn), core(EvCoreOff), core(EvPreempt)
	k.Hooks.Core = func(t *kernel.Task, c int, enters bool, at kernel.Time) {
		if enters {
			on(t, c, at)
		} else {
			off(t, c, at)
		}
	}
	k.Hooks.Preempt = preempt
	k.Hooks.Passed = w.emit.flush
}

// threadOf finds the thread of a task.
func (w *world) threadOf(k *kernel.Task) *Thread {
	t, _ := k.Owner.(*Thread)
	return t
}

// stalled is called when nothing can happen any more but threads are left: they
// wait for each other. It ends them all.
func (w *world) stalled() bool {
	w.lock()
	defer w.unlock()
	d := &DeadlockError{}
	var left []*Thread
	for _, i := range w.all {
		for _, t := range i.threads {
			if !t.k.Killed() {
				left = append(left, t)
				d.Waits = append(d.Waits, t.waiting())
			}
		}
	}
	if w.deadlock == nil {
		w.deadlock = d
	}
	if w.emit != nil && len(left) > 0 {
		last := left[0] // each has a clock of its own, which stands where it began to wait
		for _, t := range left {
			if w.kern.Now(&t.k) > w.kern.Now(&last.k) {
				last = t
			}
		}
		w.emit.event(last, Event{Kind: EvDeadlock, Name: d.Error()})
	}
	for _, t := range left {
		w.kern.Kill(nil, &t.k)
	}
	return len(left) > 0
}

// abandon ends every thread of a run whose goroutine is exiting.
func (w *world) abandon() {
	for _, i := range w.all {
		for _, t := range i.threads {
			w.kern.Kill(nil, &t.k)
		}
	}
}

// waiting describes what the thread waits for.
func (t *Thread) waiting() Waiting {
	x := Waiting{Thread: t.title(), For: "nothing that is known"}
	if g := t.wait.gate; g != nil {
		x.For = g.describe()
		if o := g.owner.Load(); o != nil {
			x.Held = o.title()
		}
		if g.explain != nil {
			x.Detail = g.explain()
		}
	}
	return x
}

// Now is the machine's clock: how long the run has taken so far, or took.
func (m *Machine) Now() time.Duration { return m.usage().Wall }

// Cores is the number of cores.
func (m *Machine) Cores() int { return m.cores }

// Seed is the seed of WithSeed, 1 without it.
func (m *Machine) Seed() uint64 { return m.opts.machine.seed }

// Par is the greatest number of threads that computed at one instant.
func (m *Machine) Par() int { return m.usage().Par }

// Conc is the greatest number of threads that had begun and not finished their
// work at one instant. A thread that waits in Join or Start does not count
// meanwhile, and a main thread only once it has computed, slept or done IO: one
// that starts workers, gives them work and waits for the results is no worker.
// The coroutines of an event loop are one thread.
func (m *Machine) Conc() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.conc.most
}

// Utilisation is the part of the machine's processor time that was used, from 0
// to 1.
func (m *Machine) Utilisation() float64 {
	u := m.usage()
	if u.Wall == 0 {
		return 0
	}
	return float64(u.Busy) / (float64(u.Wall) * float64(m.cores))
}

func (m *Machine) usage() kernel.Usage {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kern == nil {
		return kernel.Usage{}
	}
	return m.kern.Usage()
}

// concurrency counts threads that are at work.
type concurrency struct{ now, most int }

// working moves a thread in or out of the count, in the order of the machine's
// time.
func (t *Thread) working(yes bool) {
	m := t.interp.w.machine
	if m == nil || t.counted == yes {
		return
	}
	t.kern.Sync(&t.k)
	t.counted = yes
	if !yes {
		m.conc.now--
		return
	}
	m.conc.now++
	m.conc.most = max(m.conc.most, m.conc.now)
}

// works records that the thread has begun its work.
func (t *Thread) works() {
	if !t.begun {
		t.begun = true
		t.working(true)
	}
}

// worksNoMore records that the thread has ended. What never looked whether to switch
// was work, too.
func (t *Thread) worksNoMore() {
	if t.k.Ticks() > 0 {
		t.works()
	}
	t.working(false)
}
