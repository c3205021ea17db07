package gil

import (
	"errors"
	"fmt"
	"strings"
)

// RuntimeError is misuse that Python answers with a RuntimeError: releasing a
// lock that is not held, starting a thread twice, using a primitive where it
// does not belong. Operations that return an error return it, the others panic
// with it.
type RuntimeError struct {
	Text   string // Go style: package prefix, what happened, the way out
	Python string // Python's text, word for word; empty where Python has none
}

// Error returns the Go text.
func (e *RuntimeError) Error() string { return e.Text }

// PythonText returns the text that Python's exception carries.
func (e *RuntimeError) PythonText() string { return pythonText(e.Python, e.Text) }

// ValueError is an argument that Python answers with a ValueError.
type ValueError struct {
	Text   string // Go style: package prefix, what is wrong with which argument
	Python string // Python's text, word for word; empty where Python has none
}

// Error returns the Go text.
func (e *ValueError) Error() string { return e.Text }

// PythonText returns the text that Python's exception carries.
func (e *ValueError) PythonText() string { return pythonText(e.Python, e.Text) }

func pythonText(python, text string) string {
	if python != "" {
		return python
	}
	return text
}

func misuse(python, format string, args ...any) *RuntimeError {
	return &RuntimeError{Text: "gil: " + fmt.Sprintf(format, args...), Python: python}
}

func badValue(python, format string, args ...any) *ValueError {
	return &ValueError{Text: "gil: " + fmt.Sprintf(format, args...), Python: python}
}

// callable refuses a function that is nil where it is given: it would be called later,
// where nobody can tell who gave it.
func callable(what string, given bool) {
	if !given {
		panic(badValue("", "%s: the function is nil", what))
	}
}

// UncaughtError is how a thread ended that panicked: its uncaught exception.
type UncaughtError struct {
	Thread string // the thread's name
	Value  any    // what it panicked with
	Stack  []byte // its stack at the panic
}

// Error names the thread and the value.
func (e *UncaughtError) Error() string {
	return fmt.Sprintf("gil: uncaught panic in thread %s: %v", e.Thread, e.Value)
}

// Unwrap returns the value the thread panicked with when it is an error.
func (e *UncaughtError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// AssertionError is how a thread ended that called FailNow, or that called
// Errorf and went on: what a failed require or assert leaves behind.
type AssertionError struct {
	Thread   string   // the thread's name
	Messages []string // what Errorf was told
}

// Error joins the messages.
func (e *AssertionError) Error() string {
	if len(e.Messages) == 0 {
		return fmt.Sprintf("gil: assertion failed in thread %s", e.Thread)
	}
	return fmt.Sprintf("gil: assertion failed in thread %s: %s", e.Thread, strings.Join(e.Messages, "\n"))
}

// DeadlockError is returned by a virtual run in which threads are left that wait
// for each other and nothing can ever wake them.
type DeadlockError struct {
	Waits []Waiting // who waits for what, in the order the threads were made
}

// Waiting is one thread's part in a deadlock.
type Waiting struct {
	Thread string // the thread that waits
	For    string // what it waits for
	Held   string // the thread that holds it, empty when nobody does
	Detail string // lines that say more about it, as the tasks of an event loop; mostly empty
}

// Error lists who waits for what.
func (e *DeadlockError) Error() string {
	var b strings.Builder
	b.WriteString("gil: deadlock: ")
	for i, w := range e.Waits {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s waits for %s", w.Thread, w.For)
		if w.Held != "" {
			fmt.Fprintf(&b, " held by %s", w.Held)
		}
	}
	for _, w := range e.Waits {
		if w.Detail != "" {
			fmt.Fprintf(&b, "\n  %s:", w.Thread)
			for line := range strings.Lines(w.Detail) {
				b.WriteString("\n    " + strings.TrimRight(line, "\n"))
			}
		}
	}
	return b.String()
}

// StuckError is returned by a live Run whose daemon threads could not be ended:
// they are inside a call that does not come back to the interpreter.
type StuckError struct {
	Threads []string // the names of the threads
}

// Error names the threads.
func (e *StuckError) Error() string {
	return "gil: daemon threads are stuck in calls that do not return: " + strings.Join(e.Threads, ", ") +
		" (end the call, for example by closing what it reads, before main returns)"
}

// ErrStepLimit is matched by the error of an explored run that was ended because
// it had performed as many operations as it may.
var ErrStepLimit = errors.New("gil: step limit reached")
