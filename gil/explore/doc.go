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
// failure at its end, which is where shrinking and explaining belong.
package explore
