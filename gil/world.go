package gil

import (
	"io"
	"os"
	"sync"
	"sync/atomic"

	"github.com/pygil/pygil/internal/kernel"
)

// World is where a program runs: Live or a Machine. The same table of programs
// runs in either.
type World interface {
	// Run boots an interpreter with profile p, calls main on its main thread and
	// returns when main and every non-daemon thread have ended. The error joins
	// how threads failed; see UncaughtError, AssertionError and DeadlockError.
	Run(p Profile, main func(t *Thread)) error
}

// world is what the interpreters of one run share.
type world struct {
	kern   kernel.Kernel
	opts   options
	emit   *emitter
	stdout sync.Mutex

	since   atomic.Uint64 // explored: the first home of this run
	interps word
	pids    word
	tids    word

	mu       sync.Mutex
	all      []*Interpreter
	deadlock *DeadlockError
	machine  *Machine
	sandbox  *Sandbox
	names    names // explored
	kills    int   // explored: how many processes may still die
}

// number is the next one that w counts, from 1 on.
func (w *world) number(of *word) uint32 { return uint32(of.Add(w.sandbox != nil, 1)) }

// lock guards what the interpreters share. In an explored world it need not, see word.
func (w *world) lock() {
	if w.sandbox == nil {
		w.mu.Lock()
	}
}

func (w *world) unlock() {
	if w.sandbox == nil {
		w.mu.Unlock()
	}
}

func newWorld(k kernel.Kernel, o options) *world {
	w := &world{kern: k, opts: o}
	if o.observer != nil {
		w.emit = newEmitter(k, o.observer)
		w.emit.locations = o.locations
	}
	return w
}

// home is an interpreter in one run: what objects belong to. Its number is unique
// and grows from home to home of a world; a Sandbox gives its interpreter another one
// for every run.
type home struct {
	id     uint64
	world  *kernel.World
	interp *Interpreter
}

// over reports whether the run in which the home had the number at has ended.
func (h *home) over(at uint64) bool { return h.world.Ended() || at < h.interp.w.since.Load() }

// homes counts the homes. A Sandbox takes so many numbers at once that sandboxes on
// different processors do not meet at every run.
var homes atomic.Uint64

const homesOfASandbox = 1 << 40

func (w *world) nextHome() uint64 {
	if s := w.sandbox; s != nil {
		s.homes++
		return s.homes
	}
	return homes.Add(1)
}

// outside is who of the program acts now in a run that is kept apart.
//
//go:norace
func (w *world) outside() *outside {
	if w.sandbox == nil {
		return nil
	}
	return w.sandbox.acting
}

// order makes everything that is done from now on ordered for the race detector, if
// the run is kept apart.
func (w *world) order() {
	if o := w.outside(); raceKernel && o != nil {
		o.t.inside(o.box.order)
	}
}

func (w *world) live() bool { return w.kern.World().Policy == kernel.LivePolicy }

// Option changes a world, an interpreter or a thread. An option that means
// nothing where it is given is refused by a panic that says where it belongs.
type Option interface{ apply(*options) }

type options struct {
	observer  Observer
	hook      ExceptHook
	name      string
	stdout    io.Writer
	checks    bool
	locations bool
	labels    bool
	regions   *sync.Map // *Thread → *trace.Region, nil unless asked for
	daemon    bool
	daemonSet bool
	noTarget  bool
	sharedGIL bool
	machine   machineOptions
}

type optionFunc func(*options)

func (f optionFunc) apply(o *options) { f(o) }

func collect(opts []Option) options {
	o := defaultOptions()
	for _, opt := range opts {
		opt.apply(&o)
	}
	return o
}

func defaultOptions() options {
	return options{stdout: os.Stdout, machine: ideal()}
}

// WithObserver makes o see every event of the world.
func WithObserver(o Observer) Option { return optionFunc(func(c *options) { c.observer = o }) }

// ExceptHook is told of the panic that ended a thread, on that thread, which
// holds its GIL.
type ExceptHook func(t *Thread, failure *UncaughtError)

// WithExceptHook replaces the report of an uncaught panic, which by default goes
// to stderr headed as Python heads it. Python: threading.excepthook.
func WithExceptHook(h ExceptHook) Option { return optionFunc(func(c *options) { c.hook = h }) }

// WithName names an interpreter in reports.
func WithName(name string) Option { return optionFunc(func(c *options) { c.name = name }) }

// WithStdout makes Print write to w instead of the process's standard output. It
// panics with a *ValueError when w is nil.
func WithStdout(w io.Writer) Option {
	if w == nil {
		panic(badValue("", "WithStdout(nil): the writer is nil; io.Discard writes nowhere"))
	}
	return optionFunc(func(c *options) { c.stdout = w })
}

// WithChecks makes the live world check that threads are used on their own
// goroutines. It costs about a microsecond per check.
func WithChecks() Option { return optionFunc(func(c *options) { c.checks = true }) }

// WithLocations has every event carry the place in the program that led to it: its
// Loc. It costs about a microsecond per event.
func WithLocations() Option { return optionFunc(func(c *options) { c.locations = true }) }

// WithDaemon says whether a thread is a daemon. By default it is one if its
// creator is. Python: Thread(daemon=…).
func WithDaemon(daemon bool) Option {
	return optionFunc(func(c *options) { c.daemon, c.daemonSet = daemon, true })
}

// WithoutTarget says that a thread without a name is called Thread-N also by the
// Pythons that add the name of its function, from 3.10 on: it is a Thread whose run
// method was overridden, as a Timer is.
func WithoutTarget() Option { return optionFunc(func(c *options) { c.noTarget = true }) }
