package pool

import (
	"context"
	"sync/atomic"

	"github.com/pygil/pygil/gil"
)

// Executor is what Submit and MapOn run functions on: a ThreadExecutor, a
// ProcessExecutor, an InterpreterExecutor, or a Pool.
type Executor interface{ executor() *base }

// A base is what executors and pools have in common.
type base struct {
	e      engine
	cfg    config
	of     *place // for observers
	copies bool   // workers are threads of other interpreters
	live   bool   // it is of no virtual world
	stage  atomic.Int32
}

// The stages of a life, as a Pool tells of them.
const (
	poolRuns int32 = iota
	poolClosed
	poolTerminated
)

func (r *base) executor() *base { return r }

// Submit has f called with in by a worker and returns the future of the outcome. It
// does not wait, unless WithMaxPending says so. The argument of a process is copied
// now. What cannot be accepted, because the executor is shut down or broken or the
// argument cannot travel, is a future that has failed.
//
// The context is the task's, too, if it can end and is no thread: when it does, a
// task that waits is cancelled, and one that runs in a process is ended, with its
// process, and its error is the context's.
//
// Options: WithPriority, WithTaskTimeout, WithRetries, WithRepanic.
// Python: executor.submit(f, in).
func Submit[In, Out any](ctx context.Context, ex Executor, f Function[In, Out], in In, opts ...Option) *Future[Out] {
	k, err := submit(ctx, ex.executor(), f, in, true, opts)
	if err != nil {
		k.fail(ctx, err)
	}
	return &k.Future
}

// TrySubmit is Submit that never waits for room but returns ErrFull, and that returns
// what Submit makes a failed future of.
func TrySubmit[In, Out any](ctx context.Context, ex Executor, f Function[In, Out], in In, opts ...Option) (*Future[Out], error) {
	k, err := submit(ctx, ex.executor(), f, in, false, opts)
	if err != nil {
		return nil, err
	}
	return &k.Future, nil
}

func submit[In, Out any](ctx context.Context, r *base, f Function[In, Out], in In, wait bool, opts []Option) (*task[In, Out], error) {
	c := &plain
	if len(opts) > 0 {
		mine, err := configure(atTask, opts)
		if err != nil {
			return new(task[In, Out]), err
		}
		c = &mine
	}
	k, err := newTask(r, f, in, c)
	if err != nil {
		return k, err
	}
	if c.callback != nil || c.failed != nil {
		k.more().first = callbacks(&k.Future, c)
	}
	if r.copies {
		r.shared(ctx, &k.state)
	}
	t := acting(ctx)
	observed := t != nil && t.Observed()
	if observed {
		k.more().of = r.of
	}
	ends := mayEnd(ctx)
	if ends {
		k.alone, k.group = true, &k.state
	}
	if err := r.e.submit(ctx, k, wait); err != nil {
		return k, err
	}
	if observed {
		k.extra.task = k.number
	}
	if ends {
		follow(ctx, r, k)
	}
	return k, nil
}

// plain are the settings of a task without options. Nobody changes them.
var plain = config{timeout: forever}

// callbacks are those of WithCallback and WithErrorCallback.
func callbacks[T any](f *Future[T], c *config) func(ctx context.Context) {
	callback, failed := c.callback, c.failed
	return func(ctx context.Context) {
		switch err := f.err; { // nobody else sets it
		case err == nil && callback != nil:
			callback(ctx, f.value)
		case err != nil && failed != nil:
			failed(ctx, err)
		}
	}
}

// mayEnd reports whether a context ends before the thread that it is of.
func mayEnd(ctx context.Context) bool {
	if _, isThread := ctx.(*gil.Thread); isThread || ctx.Done() == nil {
		return false
	}
	t := acting(ctx)
	return t == nil || ctx.Done() != t.Done()
}

// follow ends a task with its context.
func follow[In, Out any](ctx context.Context, r *base, k *task[In, Out]) {
	k.endWith(ctx, func(by context.Context) {
		for !k.cancel(by) {
			if k.condemn() {
				r.e.abort(by, &k.state, gone(ctx, "task"))
				return
			}
		}
	})
}

// endWith has fn called, by whoever acts then, when ctx ends before the future.
func (s *state) endWith(ctx context.Context, fn func(by context.Context)) {
	end := func() {
		var by context.Context = context.Background()
		if t := acting(ctx); t != nil && virtual(t) != nil {
			if t = t.Interpreter().Acting(); t == nil {
				return
			}
			by = t
		}
		fn(by)
	}
	var stop func() bool
	if t := acting(ctx); t != nil {
		var err error
		if stop, err = onEnd(ctx, t, end); err != nil {
			return
		}
	} else {
		stop = context.AfterFunc(ctx, end)
	}
	s.follow(stop)
}

// Stats returns the figures of this moment.
func (r *base) Stats(ctx context.Context) Stats { return r.e.stats(ctx) }

// Resize sets how many workers there may be. More are started as tasks come, or at
// once for a Pool of processes; those that are too many end when they have finished
// what they do. It is a *gil.ValueError for fewer than one.
func (r *base) Resize(ctx context.Context, n int) error {
	if n < 1 {
		return badValue("max_workers must be greater than 0", "Resize(%d): at least 1 worker", n)
	}
	return r.e.resize(ctx, n)
}

// Shutdown ends an executor: nothing more is accepted, what was is done, then the
// workers end. It waits for that, with the GIL given up, unless WithWait(false) is
// given; WithCancelFutures cancels what has not begun. It may be called again.
// The error is that of an option, or the context's.
// Python: executor.shutdown(wait, cancel_futures).
func Shutdown(ctx context.Context, ex Executor, opts ...Option) error {
	c, err := configure(atShutdown, opts)
	if err != nil {
		return err
	}
	r := ex.executor()
	if !r.e.remote() && acting(ctx) == nil {
		return noThread("Shutdown")
	}
	r.stage.CompareAndSwap(poolRuns, poolClosed)
	r.e.close(ctx)
	if c.cancel {
		for _, j := range r.e.clear(ctx) {
			j.drop(ctx)
		}
	}
	if c.nowait {
		return nil
	}
	return r.e.join(ctx)
}
