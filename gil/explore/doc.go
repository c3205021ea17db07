// Package explore searches the interleavings of a program of threads for one that
// fails.
//
// A program is a function of package gil: it is given its main thread, makes its
// threads and shared objects itself, and does the same thing whenever it is run in
// the same interleaving. It is run again and again in explored worlds: the clock
// stands still, one thread runs at a time, and before each operation that others
// can notice a [Strategy] says which thread performs its next one. Names given to
// variables and primitives are how a search knows them from run to run.
//
//	f := explore.Find(prog)              // the first failure, nil if there is none
//	r := explore.Run(prog)               // all different ones, and what was covered
//	f = explore.Replay(prog, f.Schedule) // that one again
//
// # Schedules
//
// An interleaving is written down as a [Schedule]: a list of deviations from the
// base order, in which the current thread goes on while it can. See its
// documentation for the text form. [Replay] performs one.
//
// # Strategies
//
// Without WithStrategy a search samples with a [Portfolio] and then, if an estimate
// says that there are few enough classes, covers them all with [DPOR].
//
// [Random], [PCT], [POS], [URW], [SURW] and [Portfolio] sample: each schedule is
// drawn anew, depends on its number and the seed only, and may be one that was had
// before. [DFS], [DPOR], [Preemptions], [Delays] and [Sampling] run none twice and
// say when there is no other one.
//
// What the program draws by gil.Thread.Choose, and what packages above gil leave open,
// such as which of two timers of an event loop that are due together comes first, is
// a choice of the strategy too: those that cover everything try every number, the
// others draw at random, schedules say what was drawn, shrinking lowers it, [Follow]
// states it and a [Session] offers it. A strategy of one's own that wants a say is a
// [Drawer].
//
// In front of every strategy stands a fair filter: a thread that yields, or looks
// at the same thing again and again, lets those go first that it waits for. Loops
// that wait end therefore. A report says so (Fair) when that has happened: schedules
// in which such a thread goes on waiting are not covered.
//
// # Classes
//
// Two schedules are of one happens-before class when they differ only in the order
// of operations that do not conflict; they end alike. [DPOR] runs one schedule of
// each class. Operations conflict when they are about the same object and one of
// them changes it:
//
//   - a variable: a load with a store, a store with a store. A compare-and-swap, a
//     swap and what changes a list or a dict are stores.
//   - a lock and a semaphore: all operations, also a try that fails.
//   - an event: set and clear with everything; waits and looks do not conflict with
//     each other.
//   - a condition: its lock, and a notification with the wait that it ends.
//   - the end of a thread with whoever asks whether it is alive. Starts and joins
//     are an order and no conflict.
//   - prints.
//
// So n threads that take a lock k times each are (nk)!/(k!)^n classes, two lost
// updates are 4 and four of them 576. What package gil does not announce does not
// count: Go variables that threads share without a lock around them, and what a
// program learns from the numbers and default names of threads.
//
// # Time
//
// The clock stands still until every thread waits and then jumps to the earliest
// moment that one of them waits for, so a timeout runs out only when nothing else
// can happen. With WithEarlyTimers it may run out before, as a choice that
// schedules name with [Clock]: at every choice at which somebody waits for a moment the
// earliest timer may fire, one of them per choice. Such a moment comes after everything
// before it and before everything after it. DPOR then finds what is to be tried by
// trying, with sleep sets: each class comes to its end once, but other runs turn out on
// the way to repeat one that was had and are given up, which [Report].Blocked counts. Of
// two threads that wait for a lock with a timeout while a third one holds it there are 20
// classes: DFS runs 766 schedules, DPOR 95, of which it gives up 75. Where the fair filter
// holds a thread back some are given up, too. Without these two DPOR gives up none and
// runs none twice where a switch is possible at every operation.
//
// Where a profile allows a switch at few places only, as the Pythons do from 3.10 on, what
// lies between two of them cannot be interrupted, except where a thread has to wait there.
// DPOR looks for schedules in which it has to, because others can then come in. On the way
// it runs some classes twice, or gives a run up that was to repeat one: one schedule in a
// hundred of random programs.
//
// Draws conflict with nothing, and schedules that draw different numbers are of
// different classes. DPOR still runs one schedule of each, unless a profile lets
// several operations come between two places for a switch and the program draws
// between those: then some are run twice.
//
// # How many schedules it takes
//
// The table says after how many schedules the bug was found, as the median of 20
// searches with different seeds; preemptions and delays are not random and were run
// once. A dash is none within 2000. The last column is how many schedules DPOR needs
// for everything. The programs are those of SCTBench and a few more, rewritten; see
// the tests named zoo.
//
//	                        default  random  PCT(3)     POS     URW    SURW  preempt.  delays    DPOR
//	account                       1       1       1       1       1       1         1       1       6
//	lazy01                        1       1       1       1       1       1         1       1       6
//	reorder_3                     5      29      15      16       5       4        36      37      56
//	reorder_4                    12      68      31      27      13       9       266     179    1248
//	reorder_5                    12     680      51      64       7      12         -       -   40032
//	reorder_10                   27       -    1094       -      36      17         -       -       -
//	reorder_20                    5       -     351       -       9       4         -       -       -
//	reorder_50                  187       -       -       -     158      71         -       -       -
//	twostage                      5       8       5       5       7       4        13       9       3
//	twostage_20                  36       -     821     930      39      72         -       -       -
//	twostage_100                148       -       -       -     199     187         -       -       -
//	wronglock_3                   2       3      10       3       2       4        78      94     360
//	wronglock_7                   2       2      14       3       2       3         -     382       -
//	circular_buffer               1       1       1       1       1       1         6      42     467
//	deadlock01                    2       2       2       3       2       3         7       9       3
//	queue                         1       1       1       1       1       1         6     107       -
//	stack                         1       1       1       1       1       1        45      24   68677
//	cargill_buffer                3       2       2       2       3       3         1       1   56408
//	lost update, 4 threads        1       1       1       1       1       1        76       6     576
//	dekker                        3       6      52      10       3       8        58      33      24
//	treiber stack (ABA)          44     164      33     111     759      53        33      14     248
//
// din_phil, fsbench, phase01, sync01, sync02 and arithmetic_prog fail in every
// schedule; DPOR needs 2, 6 and 5040 (2, 3 and 7 philosophers), 8192, 6, 3, 9 and
// 58 to cover them.
//
// Published (the SURW authors' raw data: median of 20 trials of at most 10 000 schedules,
// a dash is fewer than half of them), with every memory access of the compiled program a
// place to switch, which makes their programs longer than these:
//
//	                           SURW     URW     POS  PCT(3) PCT(10)  random
//	account                       4       2       3       4       4      12
//	circular_buffer               3      11       2       8       3       3
//	deadlock01                    2       2       2       8       6       2
//	lazy01                        2       3       4       5       4      15
//	queue                         2       2       1       3       2       1
//	reorder_3                     4      12      82     130      72       -
//	reorder_4                     4      11     252     374     371       -
//	reorder_5                     6      16    1582     606     544       -
//	reorder_10                   18      64       -    3787    8210       -
//	reorder_100                 112    7784       -       -       -       -
//	stack                         4     682       1       2       2     156
//	twostage                      6       6      12       8       5     166
//	twostage_50                  16      92    1384    1169     678       -
//	twostage_100                272    3346       -       -       -       -
//	wronglock_3                   7       4       5      47      12      16
//	wronglock_7                   4       4       5      42      14      16
//
// A failing thread does not stop the others here, and every access is an operation, also
// the third and fourth read of a condition of which the first two were not enough: so
// reorder_3 and reorder_4 have 56 and 1248 classes; they would have 52 and 1089 if the
// first failed assertion ended the run, and 36 and 576 if the checker read either
// variable once. Where a search stops at the first failure it sees fewer of them, for
// it does not see what threads that have not begun would have done. The counts of
// the small programs are held to a plain walk through all their interleavings. For
// wronglock_3 184 is published: ours counts 192 if the checker comes first and the
// first failed assertion ends the run.
//
// SafeStack, Dmitry Vyukov's stack of three nodes, is in neither table: no strategy finds
// its bug soon. [Random] came to it after 1 411 257 schedules with seed 0; [SURW] and
// [PCT](7) did not within two million, the others not within 300 000. A walk through the
// states of a model of it, breadth first in preemptions, came to failing ones with the
// seventh and not before; random walks through the model failed about once in a million.
// TestSafeStack performs that interleaving.
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
// covered, and looks for updates that were lost unnoticed and for locks that threads
// take in different orders without having met: [Report].Warnings. A lock that both
// hold around it, a try, and anything but locks that orders the threads make that
// harmless, and it is not reported then.
//
// Races of plain Go variables no explorer sees. The race detector does, if it is
// shown them: [WithPlainRaces].
//
// # Events
//
// An observer given by WithSandbox is told of every schedule of a search or a replay,
// not of those in which failures are confirmed, shrunk and explained. Besides the
// events of package gil it is told of each choice and each draw (gil.EvChoice), and at
// the end of a run of assertions that failed (gil.EvAssert); of livelocks and
// starvations (gil.EvLivelock, gil.EvStarvation) when they have been recognised, after
// a run that shows them.
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
// runner.replay performs a schedule, strictly or leniently. footprint.go says what
// conflicts; classes (hb.go) hashes a run to its happens-before class. search
// (search.go, workers.go) drives runners over a strategy's schedules and merges the
// results in the order of their numbers; it calls search.finish for each distinct
// failure at its end: failure_*.go confirms it, shrink*.go shortens it, explain*.go
// and table.go describe an account of it, which a recording (explain_account.go) makes
// by running it once more. config.supervise (failure_supervise.go) runs every search on
// a goroutine of its own, for the program may not come back.
package explore
