package gil

import "time"

// An Observer is told what happens. Option WithObserver gives one to a world.
//
// In the virtual world events are delivered in the order of their times, and the
// same program with the same seed delivers the same events. In the live world
// they come from many goroutines at once: Observe must be safe for that, and
// their times are those of the wall clock. Observe must not call back into the
// world, nor end its goroutine, as testify's require does in a test: use assert. One
// that panics is told nothing more, and Run returns that as an error.
type Observer interface {
	Observe(Event)
}

// A ValueObserver is an Observer that is also told what a Var, List or Dict was read
// or written with: ObserveValue follows Observe for each such event, with the event
// again. Its Kind then says which way the value went, EvRead out and EvWrite in: a
// List.Pop writes the list, and its value is one that was read. An operation that
// found nothing has no value. The same rules apply to it as to Observe.
type ValueObserver interface {
	Observer
	ObserveValue(e Event, v any)
}

// An ItemObserver is a ValueObserver that is also told which item of a List or a Dict an
// operation was about: ObserveItem follows Observe, with the event again and the index
// or key that the program gave, and comes before ObserveValue. An operation that found
// no such item has no value then. The same rules apply to it as to Observe.
type ItemObserver interface {
	ValueObserver
	ObserveItem(e Event, at any)
}

// ObserverFunc makes a function an Observer.
type ObserverFunc func(Event)

// Observe calls f.
func (f ObserverFunc) Observe(e Event) { f(e) }

// Event is one thing that happened.
type Event struct {
	Seq  uint64        // order of delivery, from 1
	T    time.Duration // the world's clock
	Kind EventKind     // what happened
	PID  uint32        // emulated process, from 1
	TID  uint32        // thread, unique in the world, from 1; 0 for none
	Obj  uint64        // lock, queue, core, variable …; 0 for none
	Peer uint32        // the other thread: who holds, who is woken
	A, B int64         // numbers; see the kinds
	Why  Why           // the reason
	Loc  uintptr       // program counter of the call in the program, 0 without WithLocations
	Name string        // name of the thread, object or label where the event introduces one
}

// EventKind says what an Event is about. The comments name A and B where used.
type EventKind uint8

// The kinds of event.
const (
	EvNone          EventKind = iota
	EvProcessStart            // Name; A: start method
	EvProcessExit             //
	EvInterpStart             // Name: the profile; Obj: the interpreter
	EvThreadCreate            // of the new thread: Name; Peer: the creator
	EvThreadStart             // the thread runs
	EvThreadEnd               // A: 1 when it failed
	EvJoinBegin               // Peer: who is joined
	EvJoinEnd                 // Peer; A: 1 when it ended, 0 on timeout
	EvDaemonKill              // a daemon thread is ended with its interpreter
	EvGILRequest              // begins to wait; Peer: the holder
	EvGILAcquire              // A: nanoseconds waited; B: 1 when the last holder was another thread
	EvGILDropAsk              // asks for the GIL; Peer: the holder; A: nanoseconds waited
	EvGILRelease              // A: nanoseconds held; Why
	EvGILFailedWake           // legacy: woken for the GIL, found it taken; Peer: the holder
	EvCoreOn                  // Obj: core, from 0; A: nanoseconds the thread has waited for cores so far
	EvCoreOff                 // Obj: core
	EvPreempt                 // Obj: core; the slice ended
	EvWork                    // A: nanoseconds computed; Why: CCall when a C call, B: 1 when it kept the GIL
	EvIOBegin                 // A: nanoseconds asked for
	EvIOEnd                   //
	EvSleepBegin              // A: nanoseconds asked for
	EvSleepEnd                //
	EvRead                    // Obj: variable
	EvWrite                   // Obj: variable
	EvLockRequest             // begins to wait; Obj; Peer: the owner; B: the OpKind
	EvLockAcquire             // Obj; A: nanoseconds waited; B: the OpKind
	EvLockRelease             // Obj; B: the OpKind
	EvLockTimeout             // Obj; A: nanoseconds waited; B: the OpKind
	EvPrint                   // Name: the text
	EvLabel                   // Name
	EvDeadlock                //
	EvGC                      // A: nanoseconds
	EvState                   // the thread does something else from now on; A: a State
	EvClear                   // Obj: a gate that was open is closed for everybody; B: the OpKind
)

// Two things that happen in CPython have no kind. A thread that looks at a check point
// whether it is to give the GIL up, and is, gives it up there: that is its EvGILRelease
// with WhyInterval or WhyTick, and a look that finds nothing does nothing. And the
// values here are Go's: nobody counts their references.

// The kinds that packages above this one emit, by Thread.Emit. An item of a queue,
// a message of a pipe and a task of a pool have a number by which the event of
// its arrival is found; numbers count from 1 for each Obj.
const (
	EvQueuePut      EventKind = iota + EvClear + 1 // Obj: the queue; A: the item's number; B: items in it after that
	EvQueueGet                                     // Obj; A: the item's number; B: items in it after that
	EvQueueWait                                    // begins to wait for an item or for room; Obj; Why; B: items in it
	EvPipeSend                                     // Obj: one direction of a connection; A: the message's number; B: bytes
	EvPipeRecv                                     // Obj; A: the message's number; B: bytes
	EvPickleBegin                                  //
	EvPickleEnd                                    // B: bytes
	EvCorrupt                                      // a message that cannot be what was sent; Obj: as for EvPipeRecv; Name: what is wrong
	EvSubmit                                       // Obj: the pool; A: the task's number; Name: its function
	EvTaskBegin                                    // Obj; A: the task's number; Name: its function
	EvTaskEnd                                      // Obj; A: the task's number; B: 1 when it failed
	EvResult                                       // Obj; A: the number of the task whose result was taken
	EvChunk                                        // Obj; A: the first task's number; B: how many travel together
	EvLoopTurn                                     // of an event loop; A: its number; B: callbacks that are ready
	EvCallbackBegin                                // Name
	EvCallbackEnd                                  // A: nanoseconds
	EvCoroutine                                    // a task is made; Obj: the task; Name
	EvCoStep                                       // Obj: the task; it begins or goes on
	EvCoSuspend                                    // Obj; Name: what it awaits
	EvCoDone                                       // Obj; A: 1 when it failed, 2 when it was cancelled
	EvFutureResolve                                // Obj: the future; Peer: none
	EvTimerArm                                     // Obj: the timer; A: the moment, in nanoseconds of the world's clock
	EvTimerFire                                    // Obj: the timer; A: nanoseconds late
	EvTimerCancel                                  // Obj: the timer
	EvCancel                                       // Obj: the task that is asked to end
	EvCancelDeliver                                // Obj: the task that hears of it
	EvCancelSwallow                                // Obj: the task that goes on all the same
	EvUnhandled                                    // Name: an error nobody took
	EvChoice                                       // of an explorer; A: the index chosen; B: how many were enabled; Name: which
	EvAssert                                       // Name: the assertion that failed
	EvLivelock                                     // Name
	EvStarvation                                   // Name
	EvNotify                                       // of a condition; Name; A: how many it woke
	EvCopyOnWrite                                  // of this package, by Touch; A: bytes that the process now has of its own
)

var eventNames = [...]string{
	"none", "process-start", "process-exit", "interp-start", "thread-create", "thread-start", "thread-end",
	"join-begin", "join-end", "daemon-kill", "gil-request", "gil-acquire", "gil-drop-request", "gil-release",
	"gil-failed-wakeup", "core-on", "core-off", "os-preempt", "work", "io-begin", "io-end", "sleep-begin",
	"sleep-end", "read", "write", "lock-request", "lock-acquire", "lock-release", "lock-timeout", "print",
	"label", "deadlock", "gc", "state", "clear",
	"queue-put", "queue-get", "queue-wait", "pipe-send", "pipe-recv", "pickle-begin", "pickle-end", "value-corrupt",
	"submit", "task-begin", "task-end", "result", "chunk",
	"loop-turn", "callback-begin", "callback-end", "task-create", "task-step", "task-suspend", "task-done",
	"future-resolve", "timer-arm", "timer-fire", "timer-cancel", "cancel-request", "cancel-deliver", "cancel-swallow",
	"exc-unhandled", "choice", "assert-fail", "livelock", "starvation",
	"notify", "copy-on-write",
}

// String returns the kind's name, such as "gil-acquire".
func (k EventKind) String() string {
	if int(k) < len(eventNames) {
		return eventNames[k]
	}
	return "unknown"
}

// State is what a thread is doing, the A of an EvState. Times has the sums.
type State uint8

// The states.
const (
	StateRun      State = iota // computes, or wants a core to
	StateWaitGIL               // wants the GIL
	StateWaitLock              // waits for a lock or something made of one
	StateWaitJoin              // waits for another thread's start or end
	StateIO                    // waits for the operating system
	StateSleep                 // sleeps
	StateCCall                 // a C call without the GIL
)

var stateNames = [...]string{"run", "wait-gil", "wait-lock", "wait-join", "io", "sleep", "c-call"}

// String returns the state's name, such as "wait-gil".
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "unknown"
}

// Why is the reason of an event, above all of giving the GIL up.
type Why uint8

// The reasons.
const (
	WhyNone     Why = iota
	WhyInterval     // somebody asked after the switch interval
	WhyTick         // the check interval ran out
	WhyIO
	WhySleep
	WhyLock
	WhyQueue
	WhyCond
	WhyEvent
	WhyJoin
	WhyGC
	WhyExit
	WhyCCall
	WhyYield
	WhyStart // waits for a new thread's first step
	WhyUser
)

var whyNames = [...]string{
	"", "interval", "tick", "io", "sleep", "lock", "queue", "cond", "event", "join", "gc", "exit", "c-call",
	"yield", "start", "user",
}

// String returns the reason's name, such as "interval".
func (w Why) String() string {
	if int(w) < len(whyNames) {
		return whyNames[w]
	}
	return "unknown"
}
