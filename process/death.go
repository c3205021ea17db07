package process

import (
	"errors"
	"fmt"

	"github.com/pygil/pygil/pipe/pickle"
)

// ErrOwnerDied is matched by every [*OwnerDiedError].
var ErrOwnerDied = errors.New("process: the owner died")

// An OwnerDiedError says that the process that held a lock has died, or has closed
// it. The lock is not held by the caller, and nobody gets it, until somebody who
// knows what the dead one may have left half done calls Recover. What the lock
// protects may be in any state.
//
// Python has no such error: there, everybody waits for ever.
type OwnerDiedError struct {
	// Object is the type of the lock, such as "Lock".
	Object string
	// PID is the number that the owner had, 0 when it is not known. It may be
	// another process's by now.
	PID int
}

// Error names the dead and says what to call.
func (e *OwnerDiedError) Error() string {
	who := "its owner"
	if e.PID != 0 {
		who = fmt.Sprintf("its owner (pid %d)", e.PID)
	}
	return fmt.Sprintf("process: %s: %s died while it held the lock: repair what the lock protects after Recover, which acquires it", e.Object, who)
}

// Is reports whether target is [ErrOwnerDied].
func (e *OwnerDiedError) Is(target error) bool { return target == ErrOwnerDied }

// ErrClosed is the error of every method of a Lock, Event, Value … that was
// closed, and of calls that were blocked in it.
var ErrClosed error = &ValueError{text: "the object is closed: it was this process's handle; others go on", python: "handle is closed"}

func init() {
	pickle.Register[OwnerDiedError]("process.OwnerDiedError")
	pickle.RegisterError("process.ErrOwnerDied", ErrOwnerDied)
	pickle.RegisterError("process.ErrClosed", ErrClosed)
}
