package pool

import (
	"context"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe/pickle"
)

// InterpreterExecutor runs functions on threads that have an interpreter each: from
// 3.12 on with a GIL of its own, so that they run in parallel. Arguments and results are
// copied by the codec, as between processes: nothing that can be changed is shared, but
// what a Go function captures. It works live and on a Machine. Python:
// concurrent.futures.InterpreterPoolExecutor (3.14).
type InterpreterExecutor struct{ *base }

var _ Executor = (*InterpreterExecutor)(nil)

// NewInterpreterExecutor makes an executor of at most n interpreters, which are made as
// tasks come. It panics with a *gil.ValueError when n < 1 and for a bad option, and with
// a *gil.RuntimeError in an explored world, which has no sub-interpreters. Shut it down
// after use.
//
// Options: those of NewThreadExecutor but WithMaxPending. Python: InterpreterPoolExecutor(max_workers=n).
func NewInterpreterExecutor(t *gil.Thread, n int, opts ...Option) *InterpreterExecutor {
	if t.Explored() {
		panic(misuse("", "sub-interpreters are not explored; use a ProcessExecutor"))
	}
	r := newThreads(t, n, atInterpreters, "interpreter", "InterpreterPoolExecutor-", "max_workers must be greater than 0", opts)
	c := r.e.(*crew)
	c.subs = true
	c.place.shared.Store(true)
	r.copies = true
	return &InterpreterExecutor{r}
}

// Shutdown waits until everything has been done and the threads have ended; see the
// function Shutdown, which has options. Python: executor.shutdown().
func (x *InterpreterExecutor) Shutdown(by *gil.Thread) error { return Shutdown(by, x) }

// With calls fn and shuts the executor down however fn ends. Python: with executor.
func (x *InterpreterExecutor) With(t *gil.Thread, fn func()) {
	defer func() { _ = x.Shutdown(t) }() // it has no error on a thread of its own
	fn()
}

// localFor returns what runs f on the threads of r.
func localFor[In, Out any](r *base, f Function[In, Out]) func(t *gil.Thread, in In) (Out, error) {
	run := local(f)
	if !r.copies {
		return run
	}
	return func(t *gil.Thread, in In) (out Out, err error) {
		if in, err = copied(in); err != nil {
			return out, err
		}
		result, err := run(t, in)
		if err != nil {
			return out, err
		}
		if out, err = copied(result); err != nil {
			return out, &EncodingError{Where: "in the worker", Value: describe(result), Reason: err.Error(), Err: err}
		}
		return out, nil
	}
}

// copied takes a value through the codec.
func copied[T any](v T) (out T, err error) {
	data, err := pickle.Marshal(v)
	if err == nil {
		err = decodeInto(data, &out)
	}
	return out, err
}

// shared prepares a future that threads of several interpreters use.
func (r *base) shared(ctx context.Context, s *state) {
	if virtual(ctx) == nil {
		return
	}
	s.place = new(place)
	s.announce(ctx, gil.OpPeek) // it is this interpreter's
	s.place.shared.Store(true)
}
