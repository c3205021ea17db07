// Package gil behaves like CPython's threads: they run under a global interpreter
// lock that is held for a number of bytecode ticks, or for a switch interval, and
// given up while a thread waits.
//
// # Two worlds
//
// One program text runs in two worlds. In the live world (Live, New, NewGIL) a
// thread is a goroutine and time is the wall clock. In the virtual world (a
// Machine) a thread is a coroutine, time is simulated to the nanosecond, and there
// are as many cores as one asks for; the same seed gives the same run. Code only
// ever sees a *Thread: it is passed to every function that runs on a thread, and
// that function passes it on to everything it calls.
//
//	m := gil.NewMachine(2)
//	err := m.Run(gil.CPython313, func(t *gil.Thread) {
//		n := gil.NewVar("n", 0)
//		w := t.Go("worker", func(t *gil.Thread) { gil.Add(t, n, 1) })
//		gil.Add(t, n, 1)
//		w.Join(t)
//	})
//
// A third kind of run, explored, is the business of package explore: no clock and
// no cores decide who runs next, but a search.
//
// # What a tick is
//
// A tick is one bytecode. Thread.Tick executes some; every operation of a Var, a
// List or a Dict, a Range, a Call executes those that the profile's Python
// executes for it. A tick costs time in the virtual world. It is not a switch
// point by itself: the profile says after which bytecodes the interpreter looks
// whether it has to switch. Up to 3.9 that is nearly every one. From 3.10 on it is
// the entry of a function, the return from a call into C, and a loop's jump back;
// so `n += 1` loses updates up to 3.9 and never from 3.10 on, and `n = f(n)` loses
// them everywhere.
//
// # When the GIL is given up
//
// Under a tick rule (up to 3.1) the holder releases the GIL after interval + 1
// counted bytecodes and takes it again at once; a waiter gets it only if it wakes
// up in between. Under the interval rule (from 3.2 on) a thread that has waited
// for a whole interval without any switch asks; the holder gives the GIL up at its
// next check point and does not come back before another thread had it. A waiter
// whose wait was interrupted by a switch starts a full interval again, and a
// thread that finds the GIL free takes it, however long others have waited. There
// are no priorities. A C call that keeps the GIL (Thread.Held) cannot be
// interrupted.
//
// Independently of that, every wait gives it up: Sleep, IO, Released, Block,
// Print, a Gate that is closed, Join. A wait that is over at once does not, except
// that locks up to 3.1 always release it. A Gate that is open is no switch point.
//
// Profiles without a GIL (3.13t, 3.14t, JVM) run threads truly in parallel. There,
// every shared object guards itself: one operation is atomic, two are not. None takes
// two objects, so no order of their locks is left to choose.
//
// # What is guaranteed about order
//
// Under a GIL, what a thread did before it gave the GIL up happens before what the
// next holder does, in the sense of the Go memory model; plain Go variables are
// safe between two switch points. Which waiter is next is not guaranteed, except
// under the Ticks rule, where it is the one that waits longest. In a Machine all
// of it is determined by the program, the profile, the options and the seed.
// Threads with equal times are ordered by a hash of the seed and their place in
// the tree of threads, never by chance.
//
// # Time in a Machine
//
// Each thread has its own clock, moved by what it executes. A thread that is woken
// wants a core after the wake latency; when all cores are taken it waits until one
// is left, or until the thread that has had its core longest has had it for a
// quantum. Compute and Held need a core for all of their time, IO and Sleep none.
// An effect on another interpreter (a started process, a message) arrives no
// earlier than the wake latency after its cause. Preset Ideal, the default, has
// no latencies; Measured has those of Linux on two free cores.
//
// A thread of a Machine must not wait for real: a channel, a sync.Mutex, the
// network. Block runs such a call without virtual time.
//
// # Threads
//
// Thread mirrors threading.Thread: names, daemons, Start, Join, IsAlive, and
// Python's rules about them. Start returns when the new thread has begun, which
// under the interval rule is usually when it gives the GIL up for the first time;
// so threads with less work than one interval run one after the other. A panic
// ends its thread only; it goes to the except hook and into the error of Run. Run
// joins the non-daemon threads and ends the daemons, which unwind at their next
// operation.
//
// # Errors
//
// A method that returns no error panics on misuse with a *RuntimeError or
// *ValueError, whose PythonText is Python's. The same misuse in Python raises.
//
// # What belongs to whom
//
// Variables, lists, dicts and gates belong to the interpreter that first uses
// them: a process or sub-interpreter that touches another's gets a *RuntimeError.
// Plain Go variables that functions capture are shared by everybody and cannot be
// checked; a process that is to share nothing must not capture any.
//
// # Plain Go variables and the race detector
//
// Under a GIL nothing is a data race, and in a virtual world, whose threads take
// turns, Go's race detector sees none. In tests built with -race, package giltest
// shows it what is left without the GIL: two accesses of a plain variable that only
// the GIL orders are reported, in the same schedule each time. See
// explore.WithPlainRaces for what orders.
package gil
