// Package process runs functions of this program in processes of their own:
// Python's multiprocessing.
//
//	var square = process.Define("square", func(ctx context.Context, n int) (int, error) { return n * n, nil })
//
//	func main() { process.Main(run) }
//
//	func run(t *gil.Thread) error {
//		n, err := square.Call(t, 7) // 49, computed in another process
//		…
//	}
//
// # Children
//
// A child is this same program, started again. A package variable made by
// [Define] or [DefineTarget] gives a function a name; both sides run it, so both
// know the name. [Main] is the first thing that main does, and [TestMain] the one
// thing that TestMain of a package with such tests does: in a child they run the
// function and do not return. A program that forgets them cannot start children;
// the error shows the lines to add. A child that finds other functions in its
// program than its parent knows says so and ends with code 1.
//
// [Func.Start] starts a process that runs a function, [Func.New] and
// [Process.Start] do so in two steps, and [Func.Call] waits for the result.
// Starting does not wait for the child, however long the argument and however
// early the child dies.
//
// An argument is encoded by package pickle. What it holds is copied; live objects
// in it (a pipe.Conn, a [Lock], what else is registered with
// pickle.RegisterHandle) stay what they are, and their descriptors are inherited.
//
// A process is a child because it has inherited a socket in which a token lies, the one
// that the environment names; the environment alone makes no child. What is
// secret travels in the socket. On Linux the program is the one that runs, also
// when its file was replaced. A child has an empty stdin, its parent's stdout,
// stderr, directory, environment and process group, and no open descriptors but
// those and the listed ones.
//
// # Waiting
//
// What may wait takes a context first. A thread of package gil is one; its GIL is
// given up while it waits, and only then. [Process.Join] waits as long as the
// context allows, [Process.JoinTimeout] at most as long as it says. Any number of
// goroutines may join one process; all of them find its exit code.
// [Process.Sentinel] can be given to pipe.Wait. One goroutine per child waits for
// its end, on Linux without a thread.
//
// # Between processes
//
// [Lock], [RLock], [Semaphore], [BoundedSemaphore], [Condition], [Event] and
// [Barrier] are between processes what those of gil/threading are between
// threads. [Value], [Array] and [SharedMemory] are memory that processes share. A
// process gets them in its argument, or in a message. A [Manager] holds objects for
// others, and a [SharedMemoryManager] removes the blocks that it has made.
//
// Death is an event and not a hang: when the process that holds a lock has died,
// acquiring it is an [*OwnerDiedError] until somebody calls Recover, and nobody
// waits for the dead or is kept by them.
//
// # Python on the other side
//
// [Python] starts a real Python with an end of a pipe.Conn. [SharedMemory] and
// [ShareableList] have CPython's names and layout. [ConnectPython] uses the objects
// of a SyncManager in a Python process, and [ServePython] is such a manager for
// Python processes, in this program. What is not between Go and Python: locks,
// values and queues that are inherited (those of managers are), pools, and
// functions.
//
// # Exit codes
//
//	0        the function returned no error
//	1        it returned an error, or panicked: stderr has "Process <name>:" and the
//	         error or the panic with its stack
//	1        it was interrupted (SIGINT), without a traceback
//	n        Exit(ctx, n), of which eight bits count, or os.Exit(n)
//	-N       signal N ended it: -15 after Terminate, -9 after Kill
//	2        a goroutine of its own panicked, or the Go runtime gave up
//	143      OrphanCode: its parent died, and it was to end with it
//
// A panic in a thread that is not the main thread ends that thread; the exit code
// stays 0, as in Python. Threads that are no daemons are waited for.
//
// # The end of the parent
//
//	the parent ends by              daemons          others
//	the return of Main's function   SIGTERM, joined  joined
//	its error or panic, Exit        SIGTERM, joined  joined
//	os.Exit, SIGTERM, SIGKILL …     end by themselves run on
//
// A daemon that does not end by SIGTERM within five seconds is killed. In the
// last row CPython's daemons run on. [WithEndWithParent] changes it for one
// process; [Parent] tells a process that runs on. Below TestMain nobody does, so
// that tests that are killed leave nothing behind. A child itself ends as Main
// does: its own children first.
//
// # Signals
//
// SIGTERM keeps its default action everywhere: a process ends at once, without
// deferred calls, and its children are told by their lifelines.
//
// SIGINT, which Ctrl-C sends to all processes of a terminal. In Main: daemons are
// terminated, the other children get SIGINT too and are joined, then the process
// dies of the signal (a shell shows 130); the second SIGINT kills the children.
// In a child whose function takes a context: the context ends with
// [ErrInterrupted] as its cause, the function may finish, and its error is exit
// code 1. In a child whose function runs on a thread: it ends at once, its own
// children first, with exit code 1. The second SIGINT ends a child at once.
// Nobody prints a traceback. TestMain leaves SIGINT to package testing.
// [WithoutSignals] leaves it to the program. A SIGINT that comes before a child has
// got to Main ends it as Go does: its code is -2.
//
// # Emulated processes
//
// Given a thread of a gil.Machine, or of a program that package explore runs, the same
// calls make emulated processes: each has an interpreter and a GIL of its own, its
// argument and its result go through the codec, and numbers, names and times are the
// same in every run. gil.WithStartMethod says how they come to be and what that takes.
// What lies between them, from Lock to RawArray, keeps the same rules; every use of it
// is announced, so that an explorer walks through the interleavings of processes, and
// with explore.WithKillPoints kills one at any of these moments.
//
// A handle belongs to the process that made it or got it in an argument or a message.
// A process that was forked has its parent's too; another one that uses a variable's
// handle gets a [*ValueError].
//
// Terminate and Kill end all threads of a process where they are; what its deferred
// calls do nobody notices. A panic of an emulated process is also one of the run:
// the error of Machine.Run has it. An error that its function returns is reported on
// stderr by a Machine, and only in the exit code in an explored run.
//
// The names of SharedMemory are local to a run, and ReadAt and WriteAt are announced;
// what is done with a slice that Buf returned is not. A [Manager] is an emulated process with
// one thread, and a proxy belongs to the process in which it arrived: a forked child is
// given its own as an argument, as the connection is not to be shared. Of a
// [ShareableList] every use is announced, and a Set is two: the value, and what says how
// to read it.
//
// # Where this is not CPython
//
//   - A process has no group: Python keeps its argument for what never came.
//   - Values and arrays have Go types. There are no type codes ('i', 'd'), and each lies
//     in memory of its own: there is no heap of arenas to allocate from.
//   - No tracker process removes what was left behind, or complains about it: what
//     has no name cannot be, and see [SharedMemory] for what has one.
//   - Start methods: there is one, and it is spawn. Emulated processes have all.
//   - Start never waits for a child that died early, and long arguments do not
//     make starts wait for each other.
//   - All waiters of Join see the exit code.
//   - A child that has died is dead, also if its own children live and have
//     inherited everything.
//   - Terminate and Kill before Start are errors that say so.
//   - Daemons end when their parent is killed.
//   - Ctrl-C ends everything, quietly.
//
// # Platforms
//
// Linux and macOS have everything. Elsewhere programs compile, Main runs, and
// starting a process is an error that matches errors.ErrUnsupported.
package process
