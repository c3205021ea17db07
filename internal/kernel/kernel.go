// Package kernel is what threads, a GIL and every primitive are built on: tasks
// that wait for tickets, a clock, and processor time. The code above it is
// written once and runs over any of three kernels.
//
//   - [Live]: a task is a goroutine, time is the wall clock, the cores are real.
//   - [Timed]: a task is a coroutine, all tasks share one goroutine, time is a
//     discrete-event simulation over as many cores as one asks for. The same
//     program gives the same nanoseconds.
//   - [Explored]: a task is a coroutine, the clock stands still while anything
//     can run, and an [Explorer] chooses who performs each announced operation.
//
// # Rules
//
// Every wait has a ticket. [Kernel.Prepare] makes one before the task is put on
// any list, [Kernel.Park] waits for it, [Kernel.Wake] ends it; waking a ticket
// whose wait is over does nothing and says so. A token per task would not do: a
// wake-up that arrives while the task waits for something else would be
// swallowed or would end the wrong wait. A task has two slots for tickets,
// because it prepares the wait for a lock before it gives the GIL up, and giving
// the GIL up may itself have to wait ([SlotGIL]).
//
// Wake, Poke, Spawn, After and Kill never switch; Park, Advance, Spend, Sync and
// Announce may. Virtual tasks share one goroutine, so nobody may call those with
// a mutex held that another task could want.
//
// # Time with several cores
//
// Each task has its own clock. A task may execute private operations (bytecodes
// under a held GIL) ahead of the others up to a horizon that [Kernel.Grant]
// turns into a number of ticks; everything another task could notice is
// preceded by [Kernel.Sync], which returns when no other task or event comes
// earlier. An effect on another interpreter arrives no earlier than the wake
// latency later, which is how far interpreters may run ahead of each other.
// Results never depend on how much of that look-ahead is used.
package kernel

import (
	"math"
	"sync/atomic"
	"time"
)

// Time is a moment on a kernel's clock, in nanoseconds since the world began.
type Time int64

// Never is a moment that does not come.
const Never Time = math.MaxInt64

// After is the moment d later, Never when there is no such moment.
func (t Time) After(d time.Duration) Time {
	if u := t + Time(d); u >= t {
		return u
	}
	return Never
}

// Policy says who decides what runs next and what time is.
type Policy uint8

// The three policies.
const (
	LivePolicy Policy = iota
	TimedPolicy
	ExploredPolicy
)

func (p Policy) String() string {
	switch p {
	case LivePolicy:
		return "live"
	case TimedPolicy:
		return "timed"
	case ExploredPolicy:
		return "explored"
	}
	return "unknown"
}

// World is what the runs of one kernel have in common.
type World struct {
	Policy Policy
	ended  atomic.Bool
}

// Ended reports whether the run is over; a primitive left from it may be reset.
func (w *World) Ended() bool { return w.ended.Load() }

// End marks the run as over.
func (w *World) End() { w.ended.Store(true) }

// Wake says how a wait ended.
type Wake uint8

// The ways a wait ends.
const (
	Woken    Wake = iota // somebody called Wake
	TimedOut             // the deadline came first
	Killed               // the task is to unwind
)

// OpKind names an operation of a task that others can notice.
type OpKind uint8

// The kinds of operation. Read and Write are accesses of a shared variable;
// the rest are operations of threads and primitives.
const (
	OpNone OpKind = iota
	OpTick
	OpRead
	OpWrite
	OpUpdate // an atomic read-modify-write
	OpAcquire
	OpTryAcquire
	OpRelease
	OpWait
	OpNotify
	OpSet
	OpClear
	OpPeek
	OpStart
	OpJoin
	OpExit
	OpSleep
	OpIO
	OpYield
	OpPut
	OpGet
	OpSend
	OpRecv
	OpLabel
	OpChoose
	OpPrint
	OpTake // a unit of a semaphore; as OpAcquire, but never handed over
	OpKill // the task's process dies
)

var opNames = [...]string{
	"none", "tick", "read", "write", "update", "acquire", "try-acquire", "release", "wait", "notify",
	"set", "clear", "peek", "start", "join", "exit", "sleep", "io", "yield", "put", "get", "send", "recv",
	"label", "choose", "print", "take", "kill",
}

func (k OpKind) String() string {
	if int(k) < len(opNames) {
		return opNames[k]
	}
	return "unknown"
}

// Writes reports whether the operation changes its object, so that it does not
// commute with any other operation on the same object.
func (k OpKind) Writes() bool { return k != OpRead && k != OpPeek && k != OpNone }

// ObjID names an object independently of the schedule: the path hash of the
// thread that first used it and the number of that operation. Zero is no object.
type ObjID uint64

// Op is an operation announced before it happens.
type Op struct {
	Kind OpKind
	Obj  ObjID
	Site uintptr // program counter of the user's call, 0 when not recorded
	// Pinned operations happen without a choice: the profile has no switch point
	// before them. They are announced so that footprints are complete.
	Pinned bool
	// Held operations are choices for the tasks of other domains only: those of the
	// same one cannot come before it.
	Held bool
}

// ChoiceKind names a draw that is not about who runs next.
type ChoiceKind uint8

// The kinds of draw.
const (
	ChooseSuccessor ChoiceKind = iota // which waiter of the GIL is woken
	ChooseWaiter                      // which waiter of a gate is woken
	ChooseUser                        // a draw the program asked for
	ChooseKill                        // whether the task's process dies: 1
)

// Slot tells the two tickets of a task apart.
type Slot uint8

// The slots of a task.
const (
	SlotWait Slot = iota // a lock, an event, a sleep, a join
	SlotGIL              // the GIL itself
)

// Timer is a pending call made by [Kernel.After].
type Timer interface {
	// Stop prevents the call and reports whether it did.
	Stop() bool
}

// Kernel is one way of running tasks. A method marked ⇄ may switch to another
// task before it returns.
type Kernel interface {
	World() *World
	// AddDomain makes d a domain of this world.
	AddDomain(d *Domain)

	// Now is t's own clock. A nil t asks for the world's clock.
	Now(t *Task) Time
	// Spawn makes t a task that will run body.
	Spawn(by, t *Task, body func())
	// Adopt makes the calling goroutine the task t (live only).
	Adopt(t *Task)

	// Prepare opens a wait in slot s of t, before t is put on any list.
	Prepare(t *Task, s Slot) Ticket
	// Park ⇄ waits until w is woken, the absolute time until, or t's death.
	Park(t *Task, w Ticket, until Time) Wake
	// Wake ends the wait of w. It reports false when that wait is over. A nil by
	// is a goroutine that is no task (live only).
	Wake(by *Task, w Ticket) bool

	// Advance ⇄ spends cpu of processor time, less when t is poked. In the live world
	// it really computes.
	Advance(t *Task, cpu Time) (used Time)
	// Spend ⇄ spends all of it, poked or not.
	Spend(t *Task, cpu Time)
	// Poke makes t reach its slow path at its next tick and cuts its Advance short.
	Poke(by, t *Task)
	// Grant says how many ticks t may execute before it must come back.
	Grant(t *Task) int
	// Sync ⇄ returns when t's next operation may be seen by other tasks.
	Sync(t *Task)
	// Announce ⇄ tells the explorer what t is about to do and takes the choice.
	Announce(t *Task, op Op)
	// Choose draws a number in [0, n), keyed by (seed, t's path, t's count of draws).
	Choose(t *Task, kind ChoiceKind, n int) int

	// After calls fn at the absolute time at. fn must not switch.
	After(by *Task, at Time, fn func()) Timer
	// Kill makes every wait of t return Killed, now and from now on.
	Kill(by, t *Task)
	// Exit says that t has performed its last operation; its body returns next.
	Exit(t *Task)
}
