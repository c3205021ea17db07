package pool

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Future is the outcome of a task that may not have finished: a value, an error, or
// that it was cancelled. Submit makes one per task; a program that has work of its
// own to announce uses NewFuture and what Set… there is.
//
// Every method takes who acts as a context first: a thread, a context derived from
// one, or any other. It belongs to no interpreter in the live world; in a virtual
// one it belongs to the run that uses it first. A Future must not be copied.
//
// Python: concurrent.futures.Future.
type Future[T any] struct {
	state
	value T
}

// NewFuture returns a future that is pending. Python: Future().
func NewFuture[T any]() *Future[T] { return new(Future[T]) }

// Result waits for the end, with the GIL given up, and returns the value or the
// task's error; ErrCancelled if it was cancelled. That the context ended is an error
// too, and changes nothing about the task. Python: future.result().
func (f *Future[T]) Result(ctx context.Context) (T, error) { return f.result(ctx, forever) }

// ResultTimeout is Result that waits for at most d; then its error matches
// ErrTimeout. Python: future.result(timeout=d).
func (f *Future[T]) ResultTimeout(ctx context.Context, d time.Duration) (T, error) {
	return f.result(ctx, max(d, 0))
}

// TryResult is Result that does not wait. Python: future.result(timeout=0).
func (f *Future[T]) TryResult(ctx context.Context) (T, error) { return f.result(ctx, 0) }

func (f *Future[T]) result(ctx context.Context, d time.Duration) (none T, err error) {
	failed, err := f.awaitOutcome(ctx, "result", d)
	if err != nil {
		return none, err
	}
	if f.extra != nil {
		observeResult(ctx, f.extra.of, f.extra.task)
	}
	if failed != nil {
		if _, panicked := failed.(*PanicError); panicked && f.repanic {
			panic(failed)
		}
		return none, failed
	}
	return f.value, nil
}

// Exception waits for the end, with the GIL given up, and returns the task's error,
// nil if it has none; ErrCancelled if it was cancelled. Python: future.exception().
func (f *Future[T]) Exception(ctx context.Context) error { return f.exception(ctx, forever) }

// ExceptionTimeout is Exception that waits for at most d; then its error matches
// ErrTimeout. Python: future.exception(timeout=d).
func (f *Future[T]) ExceptionTimeout(ctx context.Context, d time.Duration) error {
	return f.exception(ctx, max(d, 0))
}

func (f *Future[T]) exception(ctx context.Context, d time.Duration) error {
	failed, err := f.awaitOutcome(ctx, "exception", d)
	if err != nil {
		return err
	}
	return failed
}

// Cancel cancels a task that has not begun, and reports whether it is cancelled. It
// never waits; callbacks run in it. Python: future.cancel().
func (f *Future[T]) Cancel(ctx context.Context) bool { return f.cancel(ctx) }

// Cancelled reports whether the task was cancelled. Python: future.cancelled().
func (f *Future[T]) Cancelled(ctx context.Context) bool {
	s := f.at(ctx)
	return s == cancelled || s == notified
}

// Running reports whether the task has begun and not ended. Python: future.running().
func (f *Future[T]) Running(ctx context.Context) bool { return f.at(ctx) == running }

// Done reports whether the task has ended or was cancelled. Python: future.done().
func (f *Future[T]) Done(ctx context.Context) bool { return f.at(ctx) >= cancelled }

// AddDoneCallback has fn called once the future is done: by whoever ends it, after
// its waiters were woken, in the order in which callbacks were added; at once if it
// is done. The context fn is given is that of who calls it: a thread, where a thread
// does. A panic of fn is reported on stderr and goes no further.
//
// Python: future.add_done_callback(fn).
func (f *Future[T]) AddDoneCallback(ctx context.Context, fn func(ctx context.Context, f *Future[T])) {
	f.whenDone(ctx, func(ctx context.Context) { fn(ctx, f) })
}

// SetRunningOrNotifyCancel is called by who is about to do the work. It reports
// whether it is to be done: false says that it was cancelled, once. At any other
// moment the error is a *gil.RuntimeError. Python:
// future.set_running_or_notify_cancel().
func (f *Future[T]) SetRunningOrNotifyCancel(ctx context.Context) (bool, error) { return f.begin(ctx) }

// SetResult ends the future with a value. A future that has ended or was cancelled
// stays as it is and the error is an *InvalidStateError. Python:
// future.set_result(v).
func (f *Future[T]) SetResult(ctx context.Context, v T) error {
	if !f.finish(ctx, nil, func() { f.value = v }) {
		return f.invalid()
	}
	return nil
}

// SetException ends the future with an error; nil ends it with no error and the zero
// value, as Python's None does. See SetResult. Python: future.set_exception(err).
func (f *Future[T]) SetException(ctx context.Context, err error) error {
	if !f.finish(ctx, err, nil) {
		return f.invalid()
	}
	return nil
}

func (f *Future[T]) invalid() error {
	f.mu.Lock()
	at := strings.ToUpper(stageNames[f.stage])
	if f.stage == notified {
		at = "CANCELLED_AND_NOTIFIED"
	}
	f.mu.Unlock()
	return &InvalidStateError{at + ": " + f.String()}
}

// String shows the state as Python's repr does:
//
//	<Future at 0xc000010000 state=finished returned int>
func (f *Future[T]) String() string {
	text := f.describe()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stage == finished && f.err == nil {
		text = strings.TrimSuffix(text, ">") + fmt.Sprintf(" returned %s>", pythonType(f.value))
	}
	return text
}

// pythonType is the name of a value's type, Python's where it has the type.
func pythonType(v any) string {
	switch v.(type) {
	case nil:
		return "NoneType"
	case string:
		return "str"
	case float64:
		return "float"
	}
	return fmt.Sprintf("%T", v)
}
