package pool

import (
	"context"
	"errors"
	"fmt"

	"github.com/pygil/pygil/gil"
)

// sentinel is an error to which Python gives no text.
type sentinel string

func (s sentinel) Error() string { return string(s) }

// PythonText is empty: Python raises these without a text.
func (sentinel) PythonText() string { return "" }

// Errors that can normally happen. Python's carry no text.
var (
	// ErrCancelled is the outcome of a future that was cancelled. Python:
	// concurrent.futures.CancelledError.
	ErrCancelled error = sentinel("pool: the future was cancelled")
	// ErrTimeout is matched by the error of every call that waited as long as it was
	// allowed to, and of a task that ran longer than it was. Such an error matches
	// context.DeadlineExceeded too. Python: TimeoutError.
	ErrTimeout error = sentinel("pool: timed out")
	// ErrBroken is matched by the outcome of what was running or waiting when an
	// executor broke, and by what is submitted to it afterwards. Python:
	// concurrent.futures.BrokenExecutor.
	ErrBroken error = sentinel("pool: the executor is broken")
	// ErrShutdown is matched by the outcome of what is submitted after a shutdown, and
	// by the error of using a pool that was closed.
	ErrShutdown error = sentinel("pool: shut down")
	// ErrTerminated is the outcome of what a pool had not finished when it was
	// terminated. Python lets its callers wait for ever.
	ErrTerminated error = sentinel("pool: terminated before the task had finished")
	// ErrFull is the answer of TrySubmit of an executor that holds as many tasks as
	// WithMaxPending allows.
	ErrFull error = sentinel("pool: as many tasks as WithMaxPending allows wait already")
)

// misuse is what Python answers with a RuntimeError.
func misuse(python, format string, args ...any) *gil.RuntimeError {
	return &gil.RuntimeError{Text: "pool: " + fmt.Sprintf(format, args...), Python: python}
}

// badValue is what Python answers with a ValueError.
func badValue(python, format string, args ...any) *gil.ValueError {
	return &gil.ValueError{Text: "pool: " + fmt.Sprintf(format, args...), Python: python}
}

// An expired is the error of a call whose time is over.
type expired struct{ op, python string }

func (e *expired) Error() string { return "pool: " + e.op + " timed out" }

// PythonText is Python's, mostly none.
func (e *expired) PythonText() string { return e.python }

// Timeout reports that time ran out, as net.Error does.
func (e *expired) Timeout() bool { return true }

func (e *expired) Is(target error) bool {
	return target == ErrTimeout || target == context.DeadlineExceeded
}

// gone is the error of call op whose context has ended.
func gone(ctx context.Context, op string) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &expired{op: op}
	}
	return fmt.Errorf("pool: %s: %w", op, ctx.Err())
}

// A refusal is misuse that matches a sentinel too.
type refusal struct {
	error
	kind error
}

func (e *refusal) Unwrap() []error { return []error{e.error, e.kind} }

// PythonText is that of what was refused.
func (e *refusal) PythonText() string {
	if p, ok := e.error.(interface{ PythonText() string }); ok {
		return p.PythonText()
	}
	return ""
}

// shutDown is the answer to what comes after the end of an executor.
func shutDown() error {
	return &refusal{misuse("cannot schedule new futures after shutdown",
		"cannot schedule new futures after shutdown: submit before Shutdown, or make another executor"), ErrShutdown}
}

// exited is the answer to what is submitted when the program has ended already.
func exited() error {
	return &refusal{misuse("cannot schedule new futures after interpreter shutdown",
		"cannot schedule new futures after interpreter shutdown: the main thread has ended, and the executor with it"), ErrShutdown}
}

// notRunning is the answer to what comes after the end of a pool.
func notRunning() error {
	return &refusal{badValue("Pool not running", "pool not running: it was closed or terminated; make another one"), ErrShutdown}
}

// An InvalidStateError says that a future that has an outcome was given another.
// The first one stays. Python: concurrent.futures.InvalidStateError.
type InvalidStateError struct{ text string }

// Error shows the state and the future.
func (e *InvalidStateError) Error() string { return "pool: " + e.text + "; a future has one outcome" }

// PythonText is CPython's text.
func (e *InvalidStateError) PythonText() string { return e.text }

// A PanicError is the outcome of a task that panicked. Its worker lives. Python: the
// exception itself.
type PanicError struct {
	// Value is what it panicked with; that of another process is its text.
	Value any
	// Stack is its stack at the panic.
	Stack string
}

// Error shows what the task panicked with.
func (e *PanicError) Error() string { return fmt.Sprintf("pool: the task panicked: %v", e.Value) }

// Unwrap returns what the task panicked with if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}
