package explore

import (
	"errors"
	"fmt"

	"github.com/pygil/pygil/gil"
)

// Kind says in what way an interleaving failed.
type Kind uint8

// The kinds of failure.
const (
	NoFailure      Kind = iota
	Panic               // a thread panicked
	Assertion           // a thread called FailNow or Errorf
	Deadlock            // threads wait for each other for ever
	Livelock            // threads run for ever and get nowhere
	Starvation          // a thread could run for ever and never did
	Race                // two accesses of a variable that nothing orders
	LostUpdate          // a write that overwrote another one unseen
	Leak                // a thread that was never joined
	Nondeterminism      // the program did not do the same thing twice
	StepLimit           // the run was longer than WithMaxSteps allows
)

var kindNames = [...]string{
	"none", "panic", "assertion", "deadlock", "livelock", "starvation", "race", "lost-update", "leak", "nondeterminism", "step-limit",
}

// String is the kind's name in schedules and reports, such as "deadlock".
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Failure is an interleaving that failed.
type Failure struct {
	Kind      Kind     // in what way
	Err       error    // what Sandbox.Run returned
	Schedule  Schedule // the interleaving
	Schedules int      // how many were tried, this one included
	Steps     int      // how many operations it has
}

// Error says what failed and how to see it again.
func (f *Failure) Error() string {
	return fmt.Sprintf("explore: %v after %d schedules: %v (schedule %v)", f.Kind, f.Schedules, f.Err, f.Schedule)
}

// Unwrap returns the error of the run.
func (f *Failure) Unwrap() error { return f.Err }

// classify finds the kind of a run's error.
func classify(err error) Kind {
	var (
		panicked *gil.UncaughtError
		asserted *gil.AssertionError
		dead     *gil.DeadlockError
	)
	switch {
	case err == nil:
		return NoFailure
	case errors.As(err, &panicked):
		return Panic
	case errors.As(err, &asserted):
		return Assertion
	case errors.As(err, &dead):
		return Deadlock
	case errors.Is(err, gil.ErrStepLimit):
		return StepLimit
	}
	return Panic
}

// identity tells failures apart: two runs that agree in it fail in the same way.
func identity(err error) string {
	if err == nil {
		return ""
	}
	return classify(err).String() + ": " + err.Error()
}

// finish is called once for each distinct failure that a search has found, before
// it is handed out.
func (s *search) finish(*Failure) {}
