package asyncio

import (
	"fmt"
)

// state is how far a future is.
type state uint8

const (
	pending state = iota
	cancelled
	finished
)

func (s state) String() string { return [...]string{"pending", "cancelled", "finished"}[s] }

// future is what futures, tasks and gathers have in common: everything but the
// type of the value.
type future struct {
	loop      *Loop
	err       error // of a finished one; a *CancelledError of a cancelled one
	first     link
	rest      []link
	co        *Co        // of a task
	gathering *gathering // of a gather
	on        []*future  // whose end ends this one: children of a gather, what a wait waits for
	what      string     // for reports
	id        uint32     // for observers, when it was told of
	state     state
	retrieved bool // somebody has seen the error
	shielded  bool // its error is reported, since the one who waited behind a shield has gone
}

// link is somebody who is told when a future is done.
type link struct {
	co *Co
	cb *callback
}

// callback is a done callback; its address is its identity.
type callback struct{ fn func() }

// done schedules everybody who waits, in the order in which they came.
func (f *future) done() {
	if f.first != (link{}) {
		f.loop.ready.push(f.first.job())
		f.first = link{}
	}
	for i, k := range f.rest {
		f.loop.ready.push(k.job())
		f.rest[i] = link{}
	}
	f.rest = f.rest[:0]
}

func (k link) job() job {
	if k.co != nil {
		return job{co: k.co}
	}
	return job{fn: k.cb.fn}
}

func (f *future) add(k link) {
	if f.first == (link{}) && len(f.rest) == 0 {
		f.first = k
		return
	}
	f.rest = append(f.rest, k)
}

// whenDone arranges that fn is called in a turn of the loop once f is done.
func (f *future) whenDone(fn func()) *callback {
	cb := &callback{fn}
	if f.state != pending {
		f.loop.ready.push(job{fn: fn})
		return cb
	}
	f.add(link{cb: cb})
	return cb
}

// forget takes a callback back that has not been scheduled. It returns how many
// there were.
func (f *future) forget(cb *callback) int {
	if f.first.cb == cb {
		f.first = link{}
		if len(f.rest) > 0 {
			f.first = f.rest[0]
			f.rest = append(f.rest[:0], f.rest[1:]...)
		}
		return 1
	}
	for i, k := range f.rest {
		if k.cb == cb {
			f.rest = append(f.rest[:i], f.rest[i+1:]...)
			return 1
		}
	}
	return 0
}

// drop wakes a task that waits for f although f is not done.
func (f *future) drop(co *Co) {
	if f.first.co == co {
		f.first = link{}
		if len(f.rest) > 0 {
			f.first = f.rest[0]
			f.rest = append(f.rest[:0], f.rest[1:]...)
		}
		f.loop.ready.push(job{co: co})
		return
	}
	for i, k := range f.rest {
		if k.co == co {
			f.rest = append(f.rest[:i], f.rest[i+1:]...)
			f.loop.ready.push(job{co: co})
			return
		}
	}
}

// finish ends a pending future with an error or, when err is nil, a value that
// the caller has stored.
func (f *future) finish(err error) {
	if f.loop.debug {
		f.loop.mustBeHere("the end of " + f.name())
	}
	f.state, f.err = finished, err
	if err != nil {
		f.loop.failed(f)
	}
	if o := f.loop.observer; o != nil {
		o.resolved(f)
	}
	f.done()
}

// cancel asks for the end: a plain future is cancelled at once, a task and a
// gather pass the wish on.
func (f *future) cancel(why *CancelledError) bool {
	switch {
	case f.state != pending:
		return false
	case f.co != nil:
		return f.co.cancel(why)
	case f.gathering != nil:
		return f.gathering.cancel(why)
	}
	f.cancelNow(why)
	return true
}

func (f *future) cancelNow(why *CancelledError) {
	if f.loop.debug {
		f.loop.mustBeHere("the cancellation of " + f.name())
	}
	f.state, f.err = cancelled, why
	if o := f.loop.observer; o != nil {
		o.resolved(f)
	}
	f.done()
}

// outcome is the error with which an await of a done future ends.
func (f *future) outcome() error {
	f.retrieved = true
	return f.err
}

// label is the name of a task or what a future is.
func (f *future) label() string {
	if f.co != nil {
		return f.co.Name()
	}
	return f.what
}

// name describes the future in reports.
func (f *future) name() string {
	if f.co != nil {
		return "task " + f.co.Name()
	}
	if f.what != "" {
		return f.what
	}
	return "future"
}

// Awaitable is a *Future, a *Task or a *Coroutine of any type.
type Awaitable interface {
	// ensure returns the future behind it, scheduling a coroutine as a task.
	ensure(co *Co) (*future, error)
}

// own returns the future behind a, which must be one of the task's own loop.
func (co *Co) own(a Awaitable) (*future, error) {
	f, err := a.ensure(co)
	if err != nil {
		return nil, err
	}
	if f.loop != co.loop {
		return nil, badValue("The future belongs to a different loop than the one specified as the loop argument",
			"a %s of another loop: a future belongs to one loop", f.name())
	}
	return f, nil
}

// Awaiter is an Awaitable with a value of type T.
type Awaiter[T any] interface {
	Awaitable
	// Await waits until it is done and returns its outcome.
	Await(co *Co) (T, error)
	// result is the future's outcome once it is done.
	result() (T, error)
	// typed returns the future behind it, scheduling a coroutine as a task.
	typed(co *Co) (Awaiter[T], error)
}

// Future is a value that somebody will set. Python: asyncio.Future.
//
// It belongs to its loop and is used on that loop's thread only, also by Result
// and Done.
type Future[T any] struct {
	f   future
	val T
}

// NewFuture makes a pending future of the loop. Python: loop.create_future.
func NewFuture[T any](l *Loop) *Future[T] {
	f := new(Future[T])
	f.f.loop = l
	return f
}

func (f *Future[T]) ensure(*Co) (*future, error)   { return &f.f, nil }
func (f *Future[T]) typed(*Co) (Awaiter[T], error) { return f, nil }
func (f *Future[T]) result() (T, error)            { return f.val, f.f.outcome() }
func (f *Future[T]) notDone(verb string) error {
	return fmt.Errorf("%w (%s of a pending future)", ErrInvalidState, verb)
}

func (f *Future[T]) already(verb string) error {
	return fmt.Errorf("%w (%s of a %v future)", ErrInvalidState, verb, f.f.state)
}

// SetResult ends the future with a value. It returns an error that matches
// ErrInvalidState when the future is done. Python: Future.set_result.
func (f *Future[T]) SetResult(v T) error {
	if f.f.state != pending {
		return f.already("SetResult")
	}
	f.val = v
	f.f.finish(nil)
	return nil
}

// SetError ends the future with an error. It returns an error that matches
// ErrInvalidState when the future is done, and a *gil.ValueError for nil. Python:
// Future.set_exception.
func (f *Future[T]) SetError(err error) error {
	if err == nil {
		return badValue("", "SetError: the error is nil; use SetResult")
	}
	if f.f.state != pending {
		return f.already("SetError")
	}
	f.f.finish(err)
	return nil
}

// Cancel cancels the future and reports whether it was pending. Python:
// Future.cancel.
func (f *Future[T]) Cancel() bool { return f.f.cancel(noReason) }

// CancelWith is Cancel with a message for the CancelledError; profiles before 3.9
// drop it. Python: Future.cancel(msg).
func (f *Future[T]) CancelWith(msg any) bool { return f.f.cancel(f.f.loop.reason(msg)) }

// Done reports whether the future has an outcome. Python: Future.done.
func (f *Future[T]) Done() bool { return f.f.state != pending }

// Cancelled reports whether the future was cancelled. Python: Future.cancelled.
func (f *Future[T]) Cancelled() bool { return f.f.state == cancelled }

// Result is the outcome of a done future, and an error that matches
// ErrInvalidState before. Python: Future.result.
func (f *Future[T]) Result() (T, error) {
	if f.f.state == pending {
		var none T
		return none, f.notDone("Result")
	}
	return f.result()
}

// Err is the error of a done future: nil when it has a value, a cancellation when
// it was cancelled. Before it is done Err returns an error that matches
// ErrInvalidState. Python: Future.exception.
func (f *Future[T]) Err() error {
	if f.f.state == pending {
		return f.notDone("Err")
	}
	return f.f.outcome()
}

// AddDoneCallback arranges that fn is called in a turn of the loop after the
// future is done, in the order of the calls, and returns the function that takes
// it back and says how many callbacks that were. Python: Future.add_done_callback.
func (f *Future[T]) AddDoneCallback(fn func(f *Future[T])) (remove func() int) {
	l := f.f.loop
	cb := f.f.whenDone(func() { l.guard(fn, func() { fn(f) }) })
	return func() int { return f.f.forget(cb) }
}

// Await waits until the future is done and returns its outcome; a future that is
// done already costs no turn. Cancelling the task cancels the future. Python:
// await future.
func (f *Future[T]) Await(co *Co) (T, error) {
	if err := co.await(&f.f); err != nil {
		var none T
		return none, err
	}
	return f.val, nil
}

// Loop is the loop the future belongs to. Python: Future.get_loop.
func (f *Future[T]) Loop() *Loop { return f.f.loop }
