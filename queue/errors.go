package queue

import (
	"context"
	"fmt"
	"time"

	"github.com/pygil/pygil/gil"
)

// Errors that can normally happen. Python's carry no text, so PythonText of each is
// empty.
var (
	// ErrEmpty says that there was no item, at once or until time ran out. Python:
	// queue.Empty.
	ErrEmpty error = sentinel("queue: empty; Get waits for an item")
	// ErrFull says that there was no room, at once or until time ran out. Python:
	// queue.Full.
	ErrFull error = sentinel("queue: full; Put waits for room")
	// ErrShutDown says that the queue was shut down and, when getting, that it has no
	// items left. Python: queue.ShutDown.
	ErrShutDown error = sentinel("queue: shut down; nothing can be put any more")
)

// sentinel is an error without Python text.
type sentinel string

func (s sentinel) Error() string { return string(s) }

// PythonText is empty: Python raises these without a text.
func (sentinel) PythonText() string { return "" }

// misuseAs is misuse for which Python has a text.
func misuseAs(python, format string, args ...any) *gil.RuntimeError {
	e := misuse(format, args...)
	e.Python = python
	return e
}

// timeoutError is a sentinel that came because time ran out.
type timeoutError struct {
	sentinel error
	limit    time.Duration // negative for a deadline of the context
}

func (e *timeoutError) Error() string {
	if e.limit < 0 {
		return fmt.Sprintf("%v (the context's deadline has passed)", e.sentinel)
	}
	return fmt.Sprintf("%v (timed out after %v)", e.sentinel, e.limit)
}

// PythonText is empty, as the sentinel's.
func (e *timeoutError) PythonText() string { return "" }

// Timeout reports that time ran out, as net.Error does.
func (e *timeoutError) Timeout() bool { return true }

func (e *timeoutError) Unwrap() []error { return []error{e.sentinel, context.DeadlineExceeded} }

// CompareError is returned for an item that could not be compared: less panicked.
// Nothing has changed. Python raises the TypeError of the comparison.
type CompareError struct {
	Value any // what less panicked with
}

// Error says what less panicked with.
func (e *CompareError) Error() string {
	return fmt.Sprintf("queue: items cannot be compared: %v; the queue is as before, put only items that less can compare", e.Value)
}

// PythonText is the text that less panicked with.
func (e *CompareError) PythonText() string { return fmt.Sprint(e.Value) }

// Unwrap returns what less panicked with when it is an error.
func (e *CompareError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// misuse is what Python answers with a RuntimeError, or cannot happen there.
func misuse(format string, args ...any) *gil.RuntimeError {
	return &gil.RuntimeError{Text: "queue: " + fmt.Sprintf(format, args...)}
}

// badValue is what Python answers with a ValueError.
func badValue(python, format string, args ...any) *gil.ValueError {
	return &gil.ValueError{Text: "queue: " + fmt.Sprintf(format, args...), Python: python}
}

func negativeTimeout(method string, d time.Duration) error {
	return badValue("'timeout' must be a non-negative number", "%s(%v): the timeout must not be negative; without Timeout in its name the method waits for ever", method, d)
}
