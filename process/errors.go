package process

import (
	"context"
	"errors"
	"fmt"

	"github.com/pygil/pygil/pipe/pickle"
)

// An AssertionError says that a method was called at a moment when it cannot
// mean anything: Start twice, Join before Start. Nothing was done.
// Python: AssertionError.
type AssertionError struct{ text, python string }

// Error says what was called and what to call instead.
func (e *AssertionError) Error() string { return "process: " + e.text }

// PythonText returns CPython's text.
func (e *AssertionError) PythonText() string { return e.python }

// Reduce lets the error travel as what it is. It implements pickle.Reducer.
func (e *AssertionError) Reduce() (any, error) { return words{e.text, e.python}, nil }

// A ValueError says that an argument or an object cannot be used so: a closed
// Process, an option in the wrong place. Nothing was done.
// Python: ValueError (TypeError where Python has that).
type ValueError struct{ text, python string }

// Error says what is wrong and what to do instead.
func (e *ValueError) Error() string { return "process: " + e.text }

// PythonText returns CPython's text where CPython has one.
func (e *ValueError) PythonText() string { return e.python }

// Reduce lets the error travel as what it is. It implements pickle.Reducer.
func (e *ValueError) Reduce() (any, error) { return words{e.text, e.python}, nil }

// A RuntimeError says that this program cannot have children, because of how it
// is built or because it is ending. Python: RuntimeError.
type RuntimeError struct{ text, python string }

// Error says what is missing and what to write.
func (e *RuntimeError) Error() string { return "process: " + e.text }

// PythonText returns CPython's text where CPython has one.
func (e *RuntimeError) PythonText() string { return e.python }

// Reduce lets the error travel as what it is. It implements pickle.Reducer.
func (e *RuntimeError) Reduce() (any, error) { return words{e.text, e.python}, nil }

// ErrTimeout is matched by the error of every call that waited as long as it was
// allowed to. Such an error matches context.DeadlineExceeded too.
var ErrTimeout = errors.New("process: timed out")

// An expired is the error of a call whose time is over.
type expired struct{ op string }

func (e *expired) Error() string { return "process: " + e.op + " timed out" }
func (e *expired) Timeout() bool { return true }
func (e *expired) Is(target error) bool {
	return target == ErrTimeout || target == context.DeadlineExceeded
}

// over is the error of call op whose context has ended, nil if it has not.
func over(ctx context.Context, op string) error {
	switch err := ctx.Err(); {
	case err == nil:
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		return &expired{op}
	default:
		return fmt.Errorf("process: %s: %w", op, err)
	}
}

// words are what an error of this package is made of, on its way.
type words struct{ Text, Python string }

func asserted(python, format string, args ...any) error {
	return &AssertionError{text: fmt.Sprintf(format, args...), python: python}
}

func invalid(python, format string, args ...any) error {
	return &ValueError{text: fmt.Sprintf(format, args...), python: python}
}

// An ExitError is the error of [Func.Call] when its process ended without a
// result: it was killed, or it called [Exit] or os.Exit.
// Python: BrokenProcessPool, for want of anything closer.
type ExitError struct {
	// Name is the name of the process.
	Name string
	// PID was its number.
	PID int
	// Code is its exit code: negative when a signal ended it.
	Code int
}

// Error says how the process ended.
func (e *ExitError) Error() string {
	how := fmt.Sprintf("exited with code %d", e.Code)
	if e.Code < 0 {
		how = "was killed by " + signalName(-e.Code)
	}
	return fmt.Sprintf("process: %s (pid %d) %s before it returned a result", e.Name, e.PID, how)
}

// A PanicError is the error of [Func.Call] when the function panicked. Nothing is
// printed: the caller has it all.
// Python: the exception itself, with its traceback as RemoteTraceback.
type PanicError struct {
	// Process is the name of the process.
	Process string
	// Value is what it panicked with, as fmt prints it.
	Value string
	// Stack is its stack at the panic.
	Stack string
}

// Error names the process and what it panicked with.
func (e *PanicError) Error() string {
	return fmt.Sprintf("process: %s panicked: %s", e.Process, e.Value)
}

func init() {
	pickle.RegisterReducer(func(w words) (*AssertionError, error) { return &AssertionError{w.Text, w.Python}, nil }, "process.AssertionError")
	pickle.RegisterReducer(func(w words) (*ValueError, error) { return &ValueError{w.Text, w.Python}, nil }, "process.ValueError")
	pickle.RegisterReducer(func(w words) (*RuntimeError, error) { return &RuntimeError{w.Text, w.Python}, nil }, "process.RuntimeError")
	pickle.RegisterError("process.ErrTimeout", ErrTimeout)
	pickle.RegisterError("process.ErrInterrupted", ErrInterrupted)
	pickle.Register[ExitError]("process.ExitError")
	pickle.Register[PanicError]("process.PanicError")
}
