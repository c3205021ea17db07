package asyncio

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/pygil/pygil/gil"
)

// Option changes a loop.
type Option interface{ apply(*config) }

type config struct {
	debug   bool
	exact   bool
	open    func(t *gil.Thread) *openOrder
	factory TaskFactory
	handler ExceptionHandler
	log     func(string)
	observe func(LoopEvent)
}

type optionFunc func(*config)

func (f optionFunc) apply(c *config) { f(c) }

// WithDebug switches debug mode on: slow callbacks are logged, calls from a wrong
// thread and awaits on a wrong goroutine are found out, tasks remember where they
// were made. It makes a task switch many times slower. Python: run(debug=True).
func WithDebug() Option { return optionFunc(func(c *config) { c.debug = true }) }

// WithHeapExact makes timers with equal deadlines run in the order of CPython's
// heapq instead of the order in which they were made. In real runs two deadlines
// are never equal; on a virtual clock they often are.
func WithHeapExact() Option { return optionFunc(func(c *config) { c.exact = true }) }

// WithShuffle permutes, by seed, what Python leaves open: timers with equal
// deadlines, and the places where CPython walks over a set (see the package
// comment). Use it to find code that counts on an order it was not promised.
func WithShuffle(seed uint64) Option {
	return optionFunc(func(c *config) { c.open = func(*gil.Thread) *openOrder { return bySeed(seed) } })
}

// WithChoices makes everything that WithShuffle permutes a choice of the thread's
// world, by Thread.Choose: in an explored run the explorer tries the orders, on a
// Machine its seed decides.
func WithChoices() Option { return optionFunc(func(c *config) { c.open = byChoice }) }

// WithTaskFactory sets how tasks begin; see Loop.SetTaskFactory. Python:
// loop.set_task_factory.
func WithTaskFactory(f TaskFactory) Option { return optionFunc(func(c *config) { c.factory = f }) }

// WithExceptionHandler sets who is told of errors that nobody retrieves. Python:
// loop.set_exception_handler.
func WithExceptionHandler(h ExceptionHandler) Option {
	return optionFunc(func(c *config) { c.handler = h })
}

// WithLog makes the loop's warnings go to fn instead of stderr: slow callbacks,
// coroutines that were never awaited, errors without a handler. Python: the logger
// "asyncio".
func WithLog(fn func(text string)) Option { return optionFunc(func(c *config) { c.log = fn }) }

// WithObserver makes fn see what the loop does; see LoopEvent.
func WithObserver(fn func(LoopEvent)) Option { return optionFunc(func(c *config) { c.observe = fn }) }

func collect(opts []Option) config {
	c := config{log: func(s string) { fmt.Fprintln(os.Stderr, s) }}
	for _, o := range opts {
		o.apply(&c)
	}
	return c
}

// Run makes a loop on thread t, runs main in it as Task-1, then cancels the tasks
// that are left, waits for them, joins the loop's threads and ends the loop. It
// returns what main returned. A main without a result returns (any, error), the any nil,
// as a Python function returns None. The profile is t's. Python: asyncio.run.
//
// It returns a *gil.RuntimeError when a loop runs on t already, an
// *UnavailableError for a Python without asyncio, an error that matches
// ErrDeadlock when tasks are left that nothing can wake, ErrKeyboardInterrupt
// after Interrupt. When a task panicked and nobody retrieved its error, Run panics
// with the *PanicError after it has cleaned up.
//
// The thread's GIL is given up while nothing is ready, and to whoever asks between
// two callbacks.
func Run[T any](t *gil.Thread, main func(co *Co) (T, error), opts ...Option) (T, error) {
	var none T
	if runningLoop(t) != nil {
		return none, misuse("asyncio.run() cannot be called from a running event loop", "Run inside a running loop: await the coroutine instead")
	}
	r, err := NewRunner(t, opts...)
	if err != nil {
		return none, err
	}
	v, err := RunIn(r, main)
	if cerr := r.Close(); cerr != nil {
		err = errors.Join(err, cerr)
	}
	return v, err
}

// Runner runs several main coroutines on one loop, one after the other. Python:
// asyncio.Runner (3.11; the type works under every profile).
type Runner struct {
	loop   *Loop
	closed bool
	main   *future
	ctrlC  int
}

// NewRunner makes a loop on thread t. Close it after use. It returns an
// *UnavailableError for a Python without asyncio.
func NewRunner(t *gil.Thread, opts ...Option) (*Runner, error) {
	l, err := newLoop(t, collect(opts))
	if err != nil {
		return nil, err
	}
	return &Runner{loop: l}, nil
}

// Loop is the runner's loop. Python: Runner.get_loop.
func (r *Runner) Loop() *Loop { return r.loop }

// RunIn runs main on the runner's loop and returns what main returned. Tasks that
// are left stay, for the next RunIn. It returns a *gil.RuntimeError when the runner
// is closed or a loop runs on its thread already, and otherwise errs and gives the
// GIL up as Run does. Python: Runner.run.
func RunIn[T any](r *Runner, main func(co *Co) (T, error)) (T, error) {
	var none T
	switch {
	case r.closed || r.loop.closed.Load():
		return none, misuse("Runner is closed", "the runner is closed; make a new one")
	case runningLoop(r.loop.t) != nil:
		return none, misuse("Runner.run() cannot be called from a running event loop", "RunIn inside a running loop: await the coroutine instead")
	}
	t := NewTask(r.loop, "", main)
	r.main, r.ctrlC = &t.f, 0
	r.loop.mu.Lock()
	r.loop.signal = r.onInterrupt
	r.loop.mu.Unlock()
	err := r.loop.complete(&t.f)
	r.loop.mu.Lock()
	r.loop.signal = nil
	r.loop.mu.Unlock()
	if err != nil {
		t.f.retrieved = true
		return none, err
	}
	v, err := t.Result()
	if r.ctrlC > 0 && t.Cancelled() && t.Uncancel() == 0 {
		return none, ErrKeyboardInterrupt
	}
	return v, err
}

// onInterrupt is what Ctrl-C does to the loop: the first cancels the main task,
// the second ends the loop. Before 3.11 the first ends the loop.
func (r *Runner) onInterrupt() error {
	r.ctrlC++
	if r.ctrlC == 1 && r.main.state == pending && r.loop.rules.since(11) {
		r.main.cancel(noReason)
		return nil
	}
	return ErrKeyboardInterrupt
}

// Close cancels the tasks that are left, waits for them, joins the loop's threads
// and ends the loop. A second Close does nothing. It returns a *DeadlockError when
// a task that refuses its cancellation waits for ever; it is unwound. Python:
// Runner.close.
func (r *Runner) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	l := r.loop
	if l.closed.Load() {
		return nil
	}
	if runningLoop(l.t) != nil {
		r.closed = false
		return misuse("Cannot close a running event loop", "Close inside the running loop: return from the main coroutine instead")
	}
	err := l.cancelLeft()
	l.shutExecutor()
	l.closed.Store(true)
	l.complain()
	l.kill()
	l.settleAll()
	l.ready.clear()
	l.timers.heap = nil
	for _, f := range l.failures {
		if p, ok := f.err.(*PanicError); ok && !f.retrieved {
			panic(p)
		}
	}
	return err
}

// cancelLeft cancels the tasks that are left and waits for all of them.
func (l *Loop) cancelLeft() error {
	if l.tasks.Len() == 0 {
		return nil
	}
	var left []*future
	for co := range l.tasks.All() {
		left = append(left, co.self)
	}
	for _, f := range unordered(l.order, left) {
		f.cancel(noReason)
	}
	all := &future{loop: l, what: "end of the tasks that were left"}
	n := len(left)
	for _, f := range left {
		f.whenDone(func() {
			if n--; n == 0 {
				all.finish(nil)
			}
		})
	}
	if err := l.complete(all); err != nil {
		return err
	}
	for _, f := range left {
		if f.state == finished && f.err != nil {
			f.retrieved = true
			l.report(ExceptionContext{Message: "unhandled exception during asyncio.run() shutdown", Err: f.err, Task: f.co.Name()})
		}
	}
	return nil
}

// SetDebug switches debug mode; see WithDebug. Python: loop.set_debug.
func (l *Loop) SetDebug(on bool) { l.debug = on }

// Debug reports whether debug mode is on. Python: loop.get_debug.
func (l *Loop) Debug() bool { return l.debug }

// SlowCallbackDuration is how long a callback or a step may take in debug mode
// before it is logged, 100 ms at first. Python: loop.slow_callback_duration.
func (l *Loop) SlowCallbackDuration() time.Duration { return l.slow }

// SetSlowCallbackDuration sets SlowCallbackDuration. Python:
// loop.slow_callback_duration = d.
func (l *Loop) SetSlowCallbackDuration(d time.Duration) { l.slow = d }
