package threading

import (
	"context"
	"errors"
	"fmt"

	"github.com/pygil/pygil/gil"
)

// misuse is what Python answers with a RuntimeError.
func misuse(python, format string, args ...any) *gil.RuntimeError {
	return &gil.RuntimeError{Text: "threading: " + fmt.Sprintf(format, args...), Python: python}
}

// badValue is what Python answers with a ValueError.
func badValue(python, format string, args ...any) *gil.ValueError {
	return &gil.ValueError{Text: "threading: " + fmt.Sprintf(format, args...), Python: python}
}

// ErrBrokenBarrier is matched by every error of Barrier.Wait that says that the
// barrier was broken. Python: threading.BrokenBarrierError.
var ErrBrokenBarrier = errors.New("threading: broken barrier")

// BrokenBarrierError is returned by Barrier.Wait when the barrier is broken, is
// being reset, or was broken by this very wait because its time ran out. It
// matches ErrBrokenBarrier, and context.DeadlineExceeded in the last case.
// Python: threading.BrokenBarrierError.
type BrokenBarrierError struct {
	Barrier  string // the barrier's name
	TimedOut bool   // this wait ran out of time, which is what broke the barrier
}

// Error says which barrier is broken and what mends it.
func (e *BrokenBarrierError) Error() string {
	if e.TimedOut {
		return fmt.Sprintf("threading: %s: timed out, which breaks the barrier for everybody; mend it with Reset", e.Barrier)
	}
	return fmt.Sprintf("threading: %s: broken barrier; mend it with Reset", e.Barrier)
}

// PythonText is empty: Python's BrokenBarrierError carries no text.
func (e *BrokenBarrierError) PythonText() string { return "" }

// Is reports whether target is ErrBrokenBarrier, or context.DeadlineExceeded for
// a wait that ran out of time.
func (e *BrokenBarrierError) Is(target error) bool {
	return target == ErrBrokenBarrier || e.TimedOut && target == context.DeadlineExceeded
}

// named is the name by which reports call a primitive.
func named(name, kind string) string {
	if name == "" {
		return kind
	}
	return name
}

// suffix is a name at the end of a sentence.
func suffix(name string) string {
	if name == "" {
		return ""
	}
	return " " + name
}
