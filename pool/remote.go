package pool

import (
	"fmt"
	"strings"
	"syscall"
)

// A RemoteError is the error that a function returned in a worker process. It
// unwraps to the error itself, as package pickle carries it, so that errors.Is and
// errors.As answer as they would there. Python: the exception itself, with the
// remote traceback as its cause.
type RemoteError struct {
	// Type is the Go type of the error, such as *fs.PathError.
	Type string
	// Text is what its Error method returned.
	Text string
	// Stack is the worker's stack where the function was called.
	Stack string
	// Err is the error itself, nil if it could not travel.
	Err error
}

// Error is the text of the error.
func (e *RemoteError) Error() string { return e.Text }

// Unwrap returns the error itself.
func (e *RemoteError) Unwrap() error { return e.Err }

// An EncodingError is the outcome of a task whose result, or error, could not travel.
// The worker lives. Python: multiprocessing.pool.MaybeEncodingError.
type EncodingError struct {
	// Where it failed: in the worker, or here.
	Where string
	// Value shows what could not travel.
	Value string
	// Reason says why.
	Reason string
	// Err is the codec's error.
	Err error
}

// Error says what could not travel and why.
func (e *EncodingError) Error() string {
	return fmt.Sprintf("pool: error sending result %s: %s (%s)", e.Value, e.Reason, e.Where)
}

// PythonText is CPython's text.
func (e *EncodingError) PythonText() string {
	return fmt.Sprintf("Error sending result: '%s'. Reason: '%s'", e.Value, e.Reason)
}

// Unwrap returns the codec's error.
func (e *EncodingError) Unwrap() error { return e.Err }

// A WorkerError says how a worker process died while it ran a task. It is the outcome
// of a Pool's task, and the cause of a *BrokenError. Nothing was run again, unless
// WithRetries allows it. Python has none: its Pool.get waits for ever.
type WorkerError struct {
	// Task is the name of the function that ran, and Number the task's number in its
	// pool, from 1.
	Task   string
	Number int64
	// Worker is the name of the process, and PID its number.
	Worker string
	PID    int
	// Code is its exit code: negative when a signal ended it.
	Code int
	// LastWords is the end of what it wrote to stderr, up to 4 KiB; of a crash report that
	// is longer it is the beginning and the end.
	LastWords string
}

// Error says which task died how, with the worker's last words.
func (e *WorkerError) Error() string {
	how := fmt.Sprintf("exited with code %d", e.Code)
	if s := e.Signal(); s != 0 {
		how = fmt.Sprintf("was killed by signal %d (%v)", int(s), s)
	}
	text := fmt.Sprintf("pool: worker %s (pid %d) %s", e.Worker, e.PID, how)
	if e.Task != "" {
		text += fmt.Sprintf(" while it ran task %d, %s", e.Number, e.Task)
	}
	if words := strings.TrimSpace(e.LastWords); words != "" {
		text += "; its last words:\n" + words
	}
	return text
}

// Signal returns the signal that ended the worker, 0 if none did.
func (e *WorkerError) Signal() syscall.Signal {
	if e.Code < 0 {
		return syscall.Signal(-e.Code)
	}
	return 0
}
