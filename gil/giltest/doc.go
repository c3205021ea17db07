// Package giltest tests programs of threads: it runs one in many interleavings and
// fails the test with the shortest one found that goes wrong.
//
//	func TestCounter(t *testing.T) {
//		giltest.Check(t, func(t *gil.Thread) {
//			n := gil.NewVar("n", 0)
//			add := func(t *gil.Thread) { n.Update(t, func(v int) int { return v + 1 }) }
//			gil.JoinAll(t, t.Go("a", add), t.Go("b", add))
//			require.Equal(t, 2, n.Load(t))
//		})
//	}
//
// What searches is package gil/explore, and its options are taken here.
//
// # Programs
//
// A program is given its main thread and makes everything that it shares itself: it
// runs thousands of times. Its threads give themselves, not the test, to require and
// assert. What it does may depend on the interleaving only; if it does not, that is
// reported, with what may be the cause. Whatever its threads wait for is of package
// gil and those above it; a thread that blocks in a channel, or loops without an
// operation, is reported after [explore.WithPatience].
//
// # Plain Go variables
//
// In a test built with -race the race detector sees the program as it is without the
// GIL, and reports two accesses of a plain Go variable that no lock, no queue and no
// join orders. The test fails with the schedules in which they happened, and
// performing one has the same report. A test whose program does that on purpose says
// [explore.WithPlainRaces](false). Run, whose world has a clock, is not looked at.
//
// # Saved failures
//
// A failing interleaving is saved in testdata/giltest/<name of the test>/ and tried
// first from then on. Keep the file in version control: when the bug has been fixed
// it is a regression test. A file whose interleaving does not fail is tried in those
// nearby too, because an edit of the program may have moved the place.
//
// # Flags
//
// A test binary that uses this package has these flags, and each has an environment
// variable for runs over many packages, some of which lack the flag. The flag comes
// before the variable, and both before the test's own options.
//
//	-giltest.seed=N        GILTEST_SEED       what the search draws from
//	-giltest.schedules=N   GILTEST_SCHEDULES  how many schedules it tries: 10 000, with -short 1 000
//	-giltest.strategy=S    GILTEST_STRATEGY   random, pct, pct:3, pos, urw, surw, dfs, dpor, preemptions:2, delays:2, sampling:2, portfolio
//	-giltest.replay=TEXT   GILTEST_REPLAY     performs this schedule only
//	-giltest.timeout=D     GILTEST_TIMEOUT    how long a program may run without an operation: 10s
//
// A message of a failure ends with the command line that performs it again.
//
// Budgets are counts, so the same seed is the same search on every machine.
package giltest
