// Package asyncio is the event loop of CPython: coroutines, tasks and futures that
// take turns on one thread, in the order in which CPython's take theirs.
//
//	v, err := asyncio.Run(t, func(co *asyncio.Co) (string, error) {
//		a := asyncio.Go(co, "a", fetch)              // create_task: only queued
//		rs, err := asyncio.Gather(co, fetch, fetch)  // values in argument order
//		if err != nil {
//			return "", err
//		}
//		err = asyncio.Timeout(co, time.Second, func(co *asyncio.Co) error { … })
//		return a.Await(co)                           // 0 turns when it is done
//	})
//
// A loop runs on a gil.Thread. The world of the thread is the loop's: on a
// gil.Machine an hour of sleeping takes no time and is exact, in the live world the
// clock is the wall's, in an explored run the other threads come whenever the
// explorer says. The profile of the thread is the Python whose behaviour the loop
// has. It competes for the GIL with the other threads of the interpreter: it gives
// it up while nothing is ready, and to whoever asks between two callbacks.
//
// Do not use it to wait for many things at once in ordinary Go: goroutines do that.
//
// # Coroutines
//
// A coroutine is a function whose first argument is a *Co, the current task.
// Awaiting another coroutine is calling it; only what may suspend returns an error.
// Exceptions are errors: an await returns the error of what was awaited, and
// ErrCancelled once for every delivery of a cancellation. A coroutine that returns
// ErrCancelled is cancelled; one that goes on has swallowed the cancellation, as
// "except CancelledError: pass" does. A finally is a defer; it may await. A panic is
// the error of its task, a *PanicError; if nobody retrieves it Run raises it again.
// testing.T.FailNow and the FailNow of a thread end the loop and its thread.
//
// Between two awaits that suspend nothing else of the loop runs. Co.Compute and
// Co.Block hold it, as computing and time.sleep do in Python.
//
// # Turns
//
// A turn of the loop gives the GIL up, waits until a callback is ready or a timer is
// due, moves the timers that are due behind what is ready, and then runs what is
// ready now; what that adds waits for the next turn. Therefore:
//
//   - CallSoon and the steps of tasks share one FIFO.
//   - Go only queues the first step (unless tasks are eager).
//   - Sleep(0) takes one turn, another Sleep two; awaiting what is done takes none;
//     awaiting a new task takes two; Gather, Wait, Shield and Group of one take three.
//   - Callbacks of a future are queued when it is done, also those added later.
//   - Put, Get and Acquire that need not wait do not yield.
//
// On a machine turns take no time, so that an hour of sleeping is exactly an hour.
// Only of a loop that spins, waiting for a thread or for the clock by yielding, turns
// begin to cost 2 µs: after 1 000 at one moment while another thread wants the GIL,
// after a million otherwise.
//
// Equal deadlines run in the order in which they were made. CPython runs them in the
// order of its heap, which is another; WithHeapExact has that order. On a real clock
// no two deadlines are equal.
//
// # What Python leaves open
//
// Some orders are not promised by Python: that of equal deadlines, and wherever
// CPython walks over a set: in which order a TaskGroup, and the end of Run, cancel
// tasks; in which order Wait (up to 3.10), AsCompleted and (3.6) Gather begin
// coroutines; the order of what Wait and Loop.Tasks return, and of what is done
// already when AsCompleted begins. Here it is that of creation or of the arguments.
// WithShuffle permutes all of them by a seed. WithChoices makes each a choice of the
// world, by Thread.Choose, so that an explorer can try them all. Everything else is
// promised, and nobody's choice.
//
// # Cancellation
//
// Cancel marks. If the task waits for a future or another task, that is cancelled in
// its place, so the innermost ends first; otherwise the task's next step delivers
// ErrCancelled at the await where it is. A task cancelled before it began never runs;
// one that cancels itself goes on to its next await that suspends. Two Cancels before
// the task runs are delivered once; Cancelling counts them, Uncancel withdraws one.
//
// # Versions
//
// The profile decides where Pythons differ (PyPy is a 3.10; profiles without a number
// are the newest; up to 3.2 and on the JVM there is no asyncio, and Run returns an
// *UnavailableError):
//
//	Sleep of a negative time takes two turns                    3.6
//	a late cancellation is an error and not a cancellation      3.6, 3.7
//	a Wait that is cancelled leaves its callbacks behind        3.6
//	Run joins the threads of the pool                           3.9 and later
//	the pool has 5 × cores threads, then min(32, cores + 4)     3.6, 3.7, then later
//	messages of cancellations, ToThread, TimeoutError.Cause     3.9 and later
//	WaitFor does not wait for what it cancelled                 3.6
//	WaitFor(0) begins a coroutine                               3.6
//	WaitFor returns a value in spite of the timeout             3.9 and later
//	WaitFor loses a cancellation that comes at the end          3.8 to 3.11
//	WaitFor runs a coroutine in the caller's task               3.12 and later
//	Semaphore lets tasks barge in                               3.6 to 3.8
//	Group, Timeout, Barrier                                     3.11 and later
//	Wait refuses coroutine objects                              3.11 and later
//	Ctrl-C cancels the main coroutine first                     3.11 and later
//	eager tasks                                                 3.12 and later
//	nested groups that fail together keep the cancellation      3.13 and later
//	Uncancel to zero withdraws a cancellation                   3.13 and later
//	a Condition passes a notice on when its waiter is cancelled 3.13 and later
//	Queue.ShutDown, Completed                                   3.13 and later
//	GoWith: a task that is eager, or not, in spite of its loop  3.14
//	Shield tells of what fails after its cancellation           3.14
//
// Behaviour that Python leaves to sets and to the garbage collector is made
// deterministic; see above for the sets. "exception was never retrieved", "was never
// awaited" and "Task was destroyed but it is pending!" are said when the loop ends.
//
// # What is diagnosed
//
// A Co that is used in another task, in a callback, after its task or its loop has
// ended: a *gil.RuntimeError. On another goroutine, or CallSoon from another thread:
// in debug mode. An idle loop with nothing left to wake it (no timer, no other
// thread of the interpreter, no goroutine that has Hold): a *DeadlockError with the
// tree of who awaits whom, where Python hangs; only RunForever in the live world
// waits. If there are other threads and they are stuck as well, a virtual world ends
// with a *gil.DeadlockError that has the tree. A circle of tasks: marked in that tree, and broken by the first Cancel.
// Coroutines that are left when a loop ends are unwound: their deferred calls run,
// and another await panics again.
//
// # What is not modelled
//
// Streams, subprocesses, signals and servers: model I/O as a future that somebody
// sets, or as Thread.IO in a thread. Asynchronous generators: Go's iterators do. The
// implicit context of exceptions (__context__) does not exist.
package asyncio
