package pool

import (
	"context"
	"math"
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe/pickle"
)

// A job is what a worker takes: one task, or the chunk of a map, which counts as one.
type job interface {
	head() *header
	// begin says that a worker has taken it. It reports false when it was cancelled.
	begin(ctx context.Context) bool
	// unbegin says that the worker has not begun it after all, or that another one is to
	// do it again. It reports whether none is, because it is to be cancelled.
	unbegin() (condemned bool)
	// run does it on a thread, and settles it.
	run(t *gil.Thread)
	// encode appends what a process needs to do it.
	encode(dst []byte) ([]byte, error)
	// settle takes what a process has answered.
	settle(ctx context.Context, answer []byte)
	// fail settles it with an error.
	fail(ctx context.Context, err error)
	// future is that of a single task.
	future() *state
	// firsthand reports whether who waits for it may read the answer himself.
	firsthand() bool
	// awaited reports whether somebody waits for a single task, and for it alone.
	awaited() bool
	// drop cancels it, if it has not begun.
	drop(ctx context.Context)
}

// A header is what is known of every job.
type header struct {
	name     string
	number   int64 // from 1 for each pool or executor
	items    int   // of a chunk; 0 for a single task
	priority int
	limit    time.Duration // how long it may run, 0 for no limit
	group    *state        // the future of the map that a chunk is of, or of the task itself, or a lazy map's
	retries  int32
	form     form
	alone    bool // no other travels with it: its worker may have to be ended
	bounded  bool // it holds a place of WithMaxPending
	failed   bool // for observers
}

func (h *header) head() *header { return h }

// set makes it that of a job of r with the settings c.
func (h *header) set(r *base, name string, c *config) {
	retries := c.retries
	if retries == 0 {
		retries = r.cfg.retries
	}
	h.name, h.priority, h.limit, h.alone, h.group = name, c.priority, c.limit, c.limit > 0, c.group
	h.retries = int32(min(retries, math.MaxInt32))
}

// A task is one call of a function, and the future of its outcome.
type task[In, Out any] struct {
	Future[Out]
	header
	run1    func(t *gil.Thread, in In) (Out, error) // by threads
	in      In
	payload []byte // the argument, for processes
}

func newTask[In, Out any](r *base, f Function[In, Out], in In, c *config) (*task[In, Out], error) {
	k := new(task[In, Out])
	if err := mustFunction(f); err != nil {
		return k, err
	}
	k.set(r, f.Name(), c)
	k.repanic, k.live = c.repanic || r.cfg.repanic, r.live
	if !r.e.remote() {
		if k.limit > 0 {
			return k, badValue("", "WithTaskTimeout: a thread cannot be ended; use processes, or a function that looks at its context")
		}
		k.in, k.run1 = in, localFor(r, f)
		return k, nil
	}
	if err := mustTarget(f); err != nil {
		return k, err
	}
	var err error
	k.payload, err = pickle.Marshal(in)
	return k, err
}

// mustTarget refuses functions that processes do not know.
func mustTarget[In, Out any](f Function[In, Out]) error {
	if t, ok := f.(targeted); ok {
		t.Target() // it is used
		return nil
	}
	return badValue("cannot pickle 'function' object", "a function made by Func cannot leave the process; make it known to processes with process.Define, in a package variable")
}

func (k *task[In, Out]) begin(ctx context.Context) bool {
	ok, err := k.Future.begin(ctx)
	return ok && err == nil
}

func (k *task[In, Out]) unbegin() bool { return k.state.unbegin() }

func (k *task[In, Out]) run(t *gil.Thread) {
	out, err := k.call(t)
	k.end(t, out, err)
}

// call calls the function on a thread.
func (k *task[In, Out]) call(t *gil.Thread) (out Out, err error) {
	defer caught(&err)
	in := k.in
	var none In
	k.in = none // nobody needs it any longer than the function does
	return k.run1(t, in)
}

func (k *task[In, Out]) end(ctx context.Context, out Out, err error) {
	k.failed = err != nil
	k.finish(ctx, err, func() { k.value = out })
}

func (k *task[In, Out]) encode(dst []byte) ([]byte, error) { return append(dst, k.payload...), nil }

func (k *task[In, Out]) settle(ctx context.Context, answer []byte) {
	var out Out
	err := decodeAnswer(answer, func(data []byte) error { return decodeInto(data, &out) })
	k.payload = nil
	k.end(ctx, out, err)
}

func (k *task[In, Out]) fail(ctx context.Context, err error) {
	k.failed, k.payload = true, nil
	k.finish(ctx, err, nil)
}

func (k *task[In, Out]) future() *state { return &k.state }

func (k *task[In, Out]) firsthand() bool { return !k.isFollowed() }

func (k *task[In, Out]) awaited() bool { return k.state.awaited() }

func (k *task[In, Out]) drop(ctx context.Context) { k.cancel(ctx) }
