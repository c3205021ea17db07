package explore

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"

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
	Stuck               // a thread loops without an operation, or blocks outside the model
	LockOrder           // locks taken in different orders by threads that did not meet: a warning
)

var kindNames = [...]string{
	"none", "panic", "assertion", "deadlock", "livelock", "starvation", "race", "lost-update", "leak", "nondeterminism", "step-limit",
	"stuck", "lock-order",
}

// String is the kind's name in schedules and reports, such as "deadlock".
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Failure is an interleaving that failed. It has been performed twice more before
// it is handed out, and its schedule has been made as short as it gets.
type Failure struct {
	Kind      Kind     // in what way
	Err       error    // what the run returned, or a *Diagnosis
	Schedule  Schedule // the interleaving, shrunk
	Schedules int      // how many were tried, this one included
	Steps     int      // how many operations it has

	Found       Schedule // the interleaving as it was found
	Thread      string   // the thread that failed, empty when it was none in particular
	Pattern     string   // the name of what went wrong between the threads: "lost update", "lock-order deadlock a → b → a", …
	Explanation []string // who did what, where: one sentence each
	Decisive    string   // the operation after which the failure was hardly to be avoided, empty when unknown

	table string
}

// Error says what failed and how to see it again.
func (f *Failure) Error() string {
	what := ""
	if f.Pattern != "" {
		what = ", " + f.Pattern
	}
	return fmt.Sprintf("explore: %v%s after %d schedules: %v (schedule %v)", f.Kind, what, f.Schedules, f.Err, f.Schedule)
}

// Unwrap returns the error of the run.
func (f *Failure) Unwrap() error { return f.Err }

// Table shows the interleaving, one column per thread: what the operations that
// matter read and wrote, on which lines, and why another thread went on. What lies
// between them is counted. It is empty for a failure that could not be performed
// once more.
func (f *Failure) Table() string { return f.table }

// Report is everything that is known about the failure, for people: what failed,
// the explanation, the table and the schedule.
func (f *Failure) Report() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", f.Kind)
	if f.Thread != "" {
		fmt.Fprintf(&b, " in %s", f.Thread)
	}
	if f.Pattern != "" {
		fmt.Fprintf(&b, ": %s", f.Pattern)
	}
	fmt.Fprintf(&b, " (schedule %s of the search, %s operations)\n", thousands(f.Schedules), thousands(f.Steps))
	for l := range strings.Lines(strings.TrimRight(headline(f.Err), "\n") + "\n") {
		b.WriteString("    " + l)
	}
	for _, l := range f.Explanation {
		b.WriteString("  " + l + "\n")
	}
	if f.Decisive != "" {
		b.WriteString("  " + f.Decisive + "\n")
	}
	if f.table != "" {
		b.WriteString("\n" + f.table)
	}
	fmt.Fprintf(&b, "\nschedule: %v\n", f.Schedule)
	return b.String()
}

// headline is an error without the frames of this module and of Go's own that a
// failed assertion of testify lists.
func headline(err error) string {
	if err == nil {
		return ""
	}
	var b strings.Builder
	trace := false
	for l := range strings.Lines(err.Error()) {
		switch {
		case strings.Contains(l, "Error Trace:"):
			trace = true
		case trace && !strings.Contains(l, "Error:"):
			continue
		default:
			trace = false
		}
		b.WriteString(l)
	}
	return b.String()
}

// Diagnosis is the error of a failure that no thread has noticed: the explorer has.
type Diagnosis struct {
	Kind    Kind     // in what way the interleaving failed
	Text    string   // what is wrong, and what to do about it
	Threads []string // whose fault it is, or who suffers

	bound bool // it cannot be met again by performing the schedule
}

// Error returns the text.
func (d *Diagnosis) Error() string { return "explore: " + d.Text }

// classify finds the kind of a run's error.
func classify(err error) Kind {
	var (
		panicked *gil.UncaughtError
		asserted *gil.AssertionError
		dead     *gil.DeadlockError
		found    *Diagnosis
		misused  *gil.RuntimeError
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
	case errors.As(err, &found):
		return found.Kind
	case errors.Is(err, gil.ErrStepLimit):
		return StepLimit
	case errors.As(err, &misused):
		return Nondeterminism // an object that has outlived a run: the runs depend on each other
	}
	return Panic
}

// culprit is the thread that failed, empty when it was none in particular.
func culprit(err error) string {
	var panicked *gil.UncaughtError
	var asserted *gil.AssertionError
	switch {
	case errors.As(err, &panicked):
		return panicked.Thread
	case errors.As(err, &asserted):
		return asserted.Thread
	}
	return ""
}

// identity tells failures apart: two runs that agree in it fail in the same way.
// It is the kind, the thread, the message without what may differ in it, and for a
// panic the innermost line of the user's.
func identity(err error) string {
	var (
		panicked *gil.UncaughtError
		asserted *gil.AssertionError
		dead     *gil.DeadlockError
		found    *Diagnosis
	)
	k := classify(err).String() + ": "
	switch {
	case err == nil:
		return ""
	case errors.As(err, &panicked):
		return k + panicked.Thread + ": " + plainly(fmt.Sprint(panicked.Value), true) + " @ " + innermost(panicked.Stack)
	case errors.As(err, &asserted):
		text := untraced(strings.Join(asserted.Messages, "\n"))
		return k + asserted.Thread + ": " + plainly(text, strings.Contains(text, ".go:"))
	case errors.As(err, &dead):
		waits := make([]string, len(dead.Waits))
		for i, w := range dead.Waits {
			waits[i] = w.Thread + " waits for " + w.For
		}
		slices.Sort(waits)
		return k + strings.Join(waits, ", ")
	case errors.As(err, &found):
		return k + found.Text
	case errors.Is(err, gil.ErrStepLimit):
		return k
	}
	return k + err.Error()
}

// home is the folder of package gil.
var home = sync.OnceValue(func() string {
	_, file, _, _ := runtime.Caller(0)
	return path.Dir(path.Dir(file)) + "/"
})

// untraced is a message without the lines of an assertion's trace that are not the
// program's: how its functions are called differs between a run in which the race
// detector sees it apart from package gil and one in which it does not.
func untraced(text string) string {
	if !strings.Contains(text, "Error Trace:") {
		return text
	}
	var b strings.Builder
	trace, over := false, false
	for l := range strings.Lines(text) {
		file := strings.TrimSpace(l)
		switch after, begins := strings.CutPrefix(file, "Error Trace:"); {
		case begins:
			trace, over, file = true, false, strings.TrimSpace(after)
		case !strings.Contains(file, ".go:"):
			trace = false
		}
		ours := trace && strings.HasPrefix(file, home()) && !strings.Contains(file, "_test.go:")
		over = trace && (over || ours && (strings.HasPrefix(file, home()+"thread.go:") || strings.HasPrefix(file, home()+"explore/runner.go:")))
		if !over && !ours {
			b.WriteString(l)
		}
	}
	return b.String()
}

// numbers are what differs between two runs that fail in the same way; places in
// the program are not.
var numbers = regexp.MustCompile(`[\w./-]*\.go:\d+|0x[0-9a-f]+|\d+`)

// plainly is a message without its numbers, if it says where it comes from: the same
// assertion that finds 3 once and 4 another time is one failure. The message of an
// Errorf does not say where it comes from, so all of it counts.
func plainly(text string, placed bool) string {
	if !placed {
		return text
	}
	return numbers.ReplaceAllStringFunc(text, func(n string) string {
		if strings.Contains(n, ".go:") {
			return n
		}
		return "#"
	})
}
