// Package explore searches the interleavings of a program of threads for one that
// fails.
//
// A program is a function of package gil: it is given its main thread, makes its
// threads and shared objects itself, and does the same thing whenever it is run in
// the same interleaving. It is run again and again in explored worlds: the clock
// stands still, one thread runs at a time, and before each operation that others
// can notice a [Strategy] says which thread performs its next one.
//
// # Schedules
//
// An interleaving is written down as a [Schedule]: a list of deviations from the
// base order, in which the current thread goes on while it can. See its
// documentation for the text form. [Replay] performs one.
//
// # Failures
//
// A [Failure] is handed out when it has been performed twice more. If the program did
// anything else then, that is the failure: of kind [Nondeterminism], with the first
// operation that differed and what near it may be the cause. Otherwise its schedule is
// shrunk: deviations are left out as long as the program fails in the very same way
// (Zeller and Hildebrandt's ddmin), independent operations change places to save
// switches, and what is left is moved to the last operation at which it works. Two
// failures are the same when kind, thread and message agree, and for a panic the
// innermost line; numbers in a message that says where it comes from do not count.
//
// What a failure says about itself comes from one more run with everything written
// down: the pattern (lost update, check-then-act, unrepeatable read, torn pair,
// half-done change seen, own write overwritten, order violation; lock-order deadlock,
// self-deadlock, lock never released, lost or missing wake-up), who did what on which
// line and read and wrote what, the point of no return, and the [Failure.Table].
//
// Threads notice panics and failed assertions themselves. The explorer finds
// deadlocks; livelocks and starvation, in runs that WithMaxSteps cuts short, when
// everybody who runs goes round in circles; with [WithRaces] accesses that nothing
// orders; with [WithLeaks] threads that are left; programs that leave the model: a
// thread that blocks in a channel or loops without an operation ([Stuck]), a goroutine
// that acts as a thread, testing.T.FailNow in a thread. A search without a failure
// repeats one schedule, because a program that is not deterministic has not been
// covered, and looks for updates that were lost unnoticed: [Report].Warnings.
//
// Not found: races of plain Go variables, which no explorer sees. Only the race
// detector does.
//
// # By hand
//
// [Follow] performs an interleaving that is written down with the labels of
// gil.Thread.Label. A [Session] goes step by step, back and to any step, for tools
// that have a person choose who runs.
//
// # How the pieces fit
//
// A runner (runner.go) owns a gil.Sandbox and performs one schedule after the
// other: it is the kernel's explorer, asks the strategy at each choice, and records
// each operation as a step: thread, kind, object, site, and flags that say whether
// there was a choice, whether it deviates from the base order, and how a gate was
// met. After a run, runner.steps and runner.threads are what happened;
// runner.schedule turns them into deviations, runner.failure into a Failure,
// runner.replay performs a schedule, strictly or leniently. classes (hb.go) hashes
// a run to its happens-before class. search (explore.go) drives the runner over a
// strategy's schedules and merges results; it calls search.finish for each distinct
// failure at its end: failure_*.go confirms it, shrink*.go shortens it, explain*.go
// and table.go describe an account of it, which a recording (explain_account.go) makes
// by running it once more. config.supervise (failure_supervise.go) runs every search on
// a goroutine of its own, for the program may not come back.
package explore
