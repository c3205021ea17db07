package process_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// pains is where multiprocessing hurts its users, as far as it concerns processes,
// what lies between them and shared memory: the numbers are those of the list that
// this package is measured by, the tests are those that show that it does not happen
// here. What begins with a capital and two letters, or with "pain", is a case of the
// conformance suite, which runs live, on a Machine and explored.
//
// The others of the list are other packages': pools have 1, 2, 11 to 17, 27 and 28,
// queues 7, 8, 23, 24 and 26, connections 22 and 31.
var pains = map[int]struct {
	what  string
	shown []string
	live  string // why it is shown there alone
}{
	3:  {"a lock is never released when its owner is killed", []string{"LK-6 the owner is killed", "pain 3 a lock's owner dies", "TestADeadOwnerIsAnError", "TestVirtualKillPoints", "TestChaos"}, ""},
	4:  {"notify, set and Barrier hang after a waiter was killed", []string{"CO-4 a waiter is killed", "EV-3 a waiter is killed", "BA-2 a waiter is killed", "pain 4 a condition's waiter dies", "TestNotifyPassesTheDead"}, ""},
	5:  {"orphans when the parent was killed", []string{"PR-13 the parent's death is seen", "TestEndWithParent", "TestOrphansOfOrphans", "TestParentKilledAtAnyMoment"}, ""},
	6:  {"a fork with threads deadlocks", []string{"TestVirtualGlobals"}, ""}, // nothing is forked live; see threading's TestForkWithAHeldLock for what it would do
	9:  {"start hangs when the child dies early, and starts are serial", []string{"PR-19 starting what dies early", "TestStartOfTheDead", "TestStartsOfMany"}, ""},
	10: {"no exit code after join from two threads", []string{"PR-20 many join", "TestJoinByMany"}, ""},
	18: {"attaching to shared memory destroys it", []string{"SH-4 SH-6 SH-7 who attaches and ends destroys nothing", "TestSharedMemoryOfTheDead"}, ""},
	19: {"leaked semaphores at every crash", []string{"TestChaos"}, "a virtual world has no operating system to leave anything to"},
	20: {"Event.wait returns False although it was set", []string{"EV-2 set and cleared", "TestEventWaitNeverMissesASet"}, ""},
	21: {"Event.set in a signal handler deadlocks", []string{"TestEventIsNoticedWithoutARing"}, "no handler runs on top of a thread: what remains is a set that is cut off"},
	25: {"ShareableList damages texts", []string{"TestShareableList", "TestShareableListHostile"}, "its layout is what it is about, which is the same bytes"},
	29: {"Ctrl-C", []string{"PR-7 PR-8 signals", "PR-8 an interrupted parent's daemon", "TestInterruptedMain", "TestInterruptedTerminal"}, ""},
	30: {"proxies in the wrong thread or process", []string{"MA-9 one connection for all threads", "TestVirtualProxyMisuse", "TestProxiesTravel", "TestProxiesAreForManyGoroutines"}, ""},
	32: {"a start takes 55 to 90 ms", []string{"BenchmarkStartJoin"}, "a virtual world's costs are set"},
	33: {"the most pasted error text", []string{"TestNoForkBomb", "TestNoForkBombOfStrays"}, "emulated processes do not start a program"},
}

// Every pain has tests, and they are there.
func TestPains(t *testing.T) {
	there, _ := numbered(t)
	for n, pain := range pains {
		require.NotEmpty(t, pain.shown, "%d: %s", n, pain.what)
		for _, test := range pain.shown {
			require.True(t, there[test], "%d, %s: there is no %s", n, pain.what, test)
		}
		require.NotEqual(t, slices.ContainsFunc(pain.shown, inSuite), pain.live != "", "%d, %s: it is shown live only, or it is not; say why", n, pain.what)
	}
}
