// Package threading has the primitives of Python's threading module: Lock, RLock,
// Condition, Semaphore, BoundedSemaphore, Event, Barrier, Timer and Local.
//
// All are made of gil.Gate, once: the same code runs in the live world, on a
// gil.Machine and under an explorer. What differs between Pythons follows the
// profile of the interpreter.
//
//	var mu threading.Lock
//	mu.With(t, func() { n++ })
//
// # Rules
//
// Every method takes the thread that acts, t. Zero values are ready for use, but for
// a Barrier, which needs its number of parties, and a Timer. None may be copied after
// first use. A field Name, set before first use, is what reports call the primitive:
// threading.Lock{Name: "accounts"}.
//
// What can wait comes in three spellings: X waits for ever, XTimeout for at most some
// time of the world's clock, TryX not at all. The looks of an Event and of a Condition
// that do not wait are IsSet and WaitTimeout with 0; a Barrier has none, because a
// thread that does not stay breaks it.
//
// A primitive belongs to the interpreter that first uses it. Another one that uses it
// while that one runs gets a *gil.RuntimeError; when its world has ended it begins
// anew, whatever state it was left in. One that outlives a run of an explored program
// makes the next run fail, which names it.
//
// # When the GIL is given up
//
// While a thread waits, and only then: an acquire that succeeds at once, a try, a
// release, a Set, a Notify never give it up. Up to 3.1 every acquire gives it up, a try
// as well: of a Lock, of an RLock that the thread does not own yet, of a semaphore's
// unit, and of the lock of a Condition.
//
// But a call is made of bytecodes, and the interpreter looks whether to switch where it
// does in the version: up to 3.9 before the call and after it; from 3.10 on after the
// call of a method that is written in C, as those of a Lock and an RLock are, and when
// one is entered that is written in Python. So somebody else may come between the end
// of a with block and the statement after it, in every version; between its beginning
// and its first statement up to 3.9 and from 3.14 on. The calls take no time and
// count no ticks.
//
// # Who is next
//
// Threads that wait for a Lock, an RLock or a semaphore are woken in the order in
// which they came, but whoever comes first takes what there is, a newcomer as well as
// the thread that was woken; that one then waits again, behind the others. So a thread
// that releases a lock and wants it back at once nearly always gets it, and others
// starve. From 3.14 on, and free-threaded from 3.13 on, a Lock and an RLock are handed
// to the thread at the head of the line when that has waited for more than 1 ms.
//
// Condition.Notify wakes those that have waited longest; each of them then competes
// for the lock. Event.Set and a full Barrier wake everybody.
//
// # Differences between versions
//
//   - Up to 3.1, a wait with a timeout at a Condition or an Event is a loop of sleeps of
//     1, 2, 4 … 50 ms, so that it notices up to 50 ms late.
//   - Up to 3.1, Event.Wait looks at the flag again when it was woken, and returns false
//     if Clear was faster. From 3.2 on it returns true.
//   - Up to 3.1, a Condition whose wait ran out of time is out of line before it wants
//     its lock back. From 3.2 on it is out of line when it has it; a Notify in between is
//     spent on it.
//   - A negative number of threads to Notify: 2.7 leaves that many out, 3.6 to 3.8 refuse
//     it, later ones notify nobody.
//   - Texts: see each method.
//
// What a version does not have (a Barrier before 3.2, a timeout of an acquire before
// 3.2, more than one unit in a release before 3.9, RLock.Locked before 3.14) works
// under its profile as in the first version that has it.
//
// # Errors
//
// A method that returns no error panics on misuse with a *gil.RuntimeError or a
// *gil.ValueError: Error says in Go's way what was wrong, with the prefix "threading: ",
// and PythonText is what Python's exception says, word for word. Nothing has changed
// when it panics. Barrier.Wait returns a *BrokenBarrierError, which matches
// ErrBrokenBarrier.
//
// A thread that waits for ever is found in the virtual worlds: the run ends with a
// *gil.DeadlockError that says who waits for what, and who holds it. In the live world
// it waits for ever, as in Python.
//
// A daemon that is ended while it waits unwinds: deferred calls run, and a release in
// them of what the thread does not hold is not reported.
//
// # What is not modelled
//
// Some primitives are written in Python (Condition, Semaphore, Event, Barrier, Timer;
// RLock up to 3.1). Their bytecodes are executed at the beginning and at the end of a
// call: each of their steps that another thread can notice is one operation, and a
// switch comes between those.
package threading
