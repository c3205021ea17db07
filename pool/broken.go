package pool

import (
	"errors"
	"fmt"
)

// A BrokenError is the outcome of a task whose executor broke: because a worker died,
// or because an initializer failed. Each future has its own. It matches ErrBroken.
// Python: BrokenThreadPool, BrokenProcessPool.
type BrokenError struct {
	// Kind is the executor's: thread, process or interpreter.
	Kind string
	// Initializer reports that it was a failed initializer.
	Initializer bool
	// Late reports that the task was submitted afterwards.
	Late bool
	// Cause is the initializer's error, a *WorkerError that says how the worker died,
	// or why none could be started.
	Cause error
}

// Error says what broke the executor.
func (e *BrokenError) Error() string {
	what := "a worker could not be started"
	var death *WorkerError
	switch {
	case e.Initializer:
		what = "an initializer failed"
	case errors.As(e.Cause, &death):
		what = "a worker died"
	case forced(e):
		what = "its workers were ended by force"
	}
	return fmt.Sprintf("pool: the executor of %s workers is broken because %s: %v; make another one", e.Kind, what, e.Cause)
}

// PythonText is CPython's text.
func (e *BrokenError) PythonText() string {
	switch {
	case e.Kind != "process": // only an initializer breaks it
		return "A thread initializer failed, the thread pool is not usable anymore"
	case e.Late:
		return "A child process terminated abruptly, the process pool is not usable anymore"
	}
	return "A process in the process pool was terminated abruptly while the future was running or pending."
}

// Is reports whether target is ErrBroken.
func (e *BrokenError) Is(target error) bool { return target == ErrBroken }

// Unwrap returns the cause.
func (e *BrokenError) Unwrap() error { return e.Cause }
