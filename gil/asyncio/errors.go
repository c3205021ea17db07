package asyncio

import (
	"context"
	"errors"
	"fmt"

	"github.com/pygil/pygil/gil"
)

// CancelledError is how an await ends in a task that was cancelled, and how a
// task ends that passes it on. It matches ErrCancelled and context.Canceled.
// Python: asyncio.CancelledError.
type CancelledError struct {
	Msg any // what Cancel was told; nil for nothing
}

// ErrCancelled is matched by every CancelledError. Returning it, or an error that
// wraps it, from a coroutine makes its task cancelled; not returning it is what
// Python calls swallowing the cancellation.
var ErrCancelled error = &CancelledError{}

// Error returns the Go text.
func (e *CancelledError) Error() string {
	if e.Msg == nil {
		return "asyncio: cancelled"
	}
	return fmt.Sprintf("asyncio: cancelled: %v", e.Msg)
}

// Is matches ErrCancelled and context.Canceled.
func (e *CancelledError) Is(target error) bool {
	return target == ErrCancelled || target == context.Canceled
}

// PythonText returns what str() of Python's exception is.
func (e *CancelledError) PythonText() string {
	if e.Msg == nil {
		return ""
	}
	return fmt.Sprint(e.Msg)
}

// TimeoutError is the result of WaitFor, Timeout and AsCompleted when the time is
// up. It matches ErrTimeout and context.DeadlineExceeded, and does not match the
// cancellation it was made from. Python: TimeoutError.
type TimeoutError struct {
	Cause error // the cancellation of the inner work, where Python sets __cause__
}

// ErrTimeout is matched by every TimeoutError.
var ErrTimeout error = &TimeoutError{}

// Error returns the Go text.
func (e *TimeoutError) Error() string { return "asyncio: timed out" }

// Is matches ErrTimeout and context.DeadlineExceeded.
func (e *TimeoutError) Is(target error) bool {
	return target == ErrTimeout || target == context.DeadlineExceeded
}

// The sentinels of futures, queues, barriers and the loop.
var (
	ErrInvalidState  = errors.New("asyncio: invalid state: the future is done already, or not yet; ask Done first")
	ErrQueueEmpty    = errors.New("asyncio: the queue is empty")
	ErrQueueFull     = errors.New("asyncio: the queue is full")
	ErrQueueShutDown = errors.New("asyncio: the queue is shut down")
	ErrBrokenBarrier = errors.New("asyncio: the barrier is broken; Reset it")
	// ErrDeadlock is matched by a *DeadlockError.
	ErrDeadlock = errors.New("asyncio: deadlock")
	// ErrKeyboardInterrupt is Ctrl-C: returned by a coroutine it ends the whole
	// loop, and no TaskGroup wraps it. Python: KeyboardInterrupt.
	ErrKeyboardInterrupt = errors.New("asyncio: keyboard interrupt")
)

// SystemExit, returned by a coroutine, ends the whole loop; no TaskGroup wraps it.
// Python: SystemExit.
type SystemExit struct {
	Code int // the exit status
}

// Error returns the Go text.
func (e *SystemExit) Error() string { return fmt.Sprintf("asyncio: exit %d", e.Code) }

// PanicError is how a task or a callback ended that panicked.
type PanicError struct {
	Task  string // the task's name, empty for a callback
	Value any    // what it panicked with
	Stack []byte // its stack at the panic
}

// Error names the task and the value.
func (e *PanicError) Error() string {
	if e.Task == "" {
		return fmt.Sprintf("asyncio: panic in a callback: %v", e.Value)
	}
	return fmt.Sprintf("asyncio: panic in task %s: %v", e.Task, e.Value)
}

// Unwrap returns the value when it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// UnavailableError is returned by calls that the thread's profile does not have:
// TaskGroup under 3.9, everything under 2.7. PythonText is what Python says about
// the missing attribute.
type UnavailableError struct {
	What    string // the Go call and Python's name
	Python  string // the attribute
	Since   string // the first version that has it
	Profile string
}

// Error names the first version that has it.
func (e *UnavailableError) Error() string {
	return fmt.Sprintf("asyncio: %s came with Python %s and the profile is %s; choose a newer one", e.What, e.Since, e.Profile)
}

// PythonText returns the text of Python's AttributeError.
func (e *UnavailableError) PythonText() string {
	return fmt.Sprintf("module 'asyncio' has no attribute '%s'", e.Python)
}

func misuse(python, format string, args ...any) *gil.RuntimeError {
	return &gil.RuntimeError{Text: "asyncio: " + fmt.Sprintf(format, args...), Python: python}
}

func badValue(python, format string, args ...any) *gil.ValueError {
	return &gil.ValueError{Text: "asyncio: " + fmt.Sprintf(format, args...), Python: python}
}

// TypeError is an argument that Python answers with a TypeError.
type TypeError struct {
	Text   string // Go style: package prefix, what is wrong with which argument
	Python string // Python's text, word for word
}

// Error returns the Go text.
func (e *TypeError) Error() string { return e.Text }

// PythonText returns the text that Python's exception carries.
func (e *TypeError) PythonText() string { return e.Python }

// cancellation finds the CancelledError that err is or wraps. A tree of errors is
// not one: what a group collected has been dealt with.
func cancellation(err error) *CancelledError {
	for err != nil {
		if c, ok := err.(*CancelledError); ok {
			return c
		}
		err = errors.Unwrap(err)
	}
	return nil
}

// interrupts reports whether err ends the loop and is never wrapped.
func interrupts(err error) bool {
	if err == nil {
		return false
	}
	if _, ok := err.(*SystemExit); ok {
		return true
	}
	return err == ErrKeyboardInterrupt
}
