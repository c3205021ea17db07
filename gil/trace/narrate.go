package trace

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/kernel"
)

// WriteNarration writes one sentence per event, with its time. Glossary explains
// the words. Events that only repeat what another one says, such as the change of
// a thread's state, have none.
func (tl *Timeline) WriteNarration(w io.Writer) error {
	out := bufio.NewWriter(w)
	for i := range tl.Trace.Events {
		e := tl.Trace.Events[i]
		if e.T < tl.From {
			continue
		}
		if s := tl.Sentence(e); s != "" {
			fmt.Fprintf(out, "%10s  %s\n", short(e.T), s)
		}
	}
	return out.Flush()
}

// Sentence tells an event of the trace in words, "" when there is nothing to say.
func (tl *Timeline) Sentence(e gil.Event) string {
	t, peer := tl.ThreadName(e.TID), tl.ThreadName(e.Peer)
	a := time.Duration(e.A)
	switch e.Kind {
	case gil.EvProcessStart:
		return fmt.Sprintf("The process %s starts by %v.", e.Name, gil.StartMethod(e.A))
	case gil.EvProcessExit:
		return fmt.Sprintf("The process %s has ended.", tl.ProcessName(e.PID))
	case gil.EvInterpStart:
		return fmt.Sprintf("An interpreter of Python %s starts in %s.", e.Name, tl.ProcessName(e.PID))
	case gil.EvThreadCreate:
		if e.Peer == e.TID || e.Peer == 0 {
			return fmt.Sprintf("%s is the first thread.", t)
		}
		return fmt.Sprintf("%s creates the thread %s.", peer, t)
	case gil.EvThreadStart:
		return t + " begins."
	case gil.EvThreadEnd:
		if e.A == 1 {
			return t + " ends with an uncaught exception."
		}
		return t + " ends."
	case gil.EvDaemonKill:
		return fmt.Sprintf("%s is a daemon: it is ended with its interpreter.", t)
	case gil.EvJoinBegin:
		return fmt.Sprintf("%s waits for the end of %s.", t, peer)
	case gil.EvJoinEnd:
		if e.A == 0 {
			return fmt.Sprintf("%s has waited long enough; %s goes on.", t, peer)
		}
		return fmt.Sprintf("%s goes on: %s has ended.", t, peer)
	case gil.EvGILRequest:
		if e.Peer == 0 || e.Peer == e.TID {
			return fmt.Sprintf("%s wants the GIL.", t)
		}
		return fmt.Sprintf("%s wants the GIL, which %s holds.", t, peer)
	case gil.EvGILAcquire:
		if e.A == 0 {
			return fmt.Sprintf("%s takes the GIL.", t)
		}
		return fmt.Sprintf("%s gets the GIL after %s.", t, short(a))
	case gil.EvGILDropAsk:
		return fmt.Sprintf("%s asked for the GIL after %s; %s gives it up at its next check point.", t, short(a), peer)
	case gil.EvGILRelease:
		return fmt.Sprintf("%s gives the GIL up after %s: %s.", t, short(a), because(e.Why))
	case gil.EvGILFailedWake:
		return fmt.Sprintf("%s wakes up for the GIL, but %s has taken it again: a failed wake-up.", t, peer)
	case gil.EvCoreOn:
		return fmt.Sprintf("%s gets core %d.", tl.coreUser(e), e.Obj)
	case gil.EvCoreOff:
		return fmt.Sprintf("%s leaves core %d.", tl.coreUser(e), e.Obj)
	case gil.EvPreempt:
		return fmt.Sprintf("The slice of %s on core %d is over; another thread wants it.", tl.coreUser(e), e.Obj)
	case gil.EvWork:
		switch {
		case e.Why == gil.WhyCCall && e.B == 1:
			return fmt.Sprintf("%s comes back from a C call that kept the GIL for %s.", t, short(a))
		case e.Why == gil.WhyCCall:
			return fmt.Sprintf("%s comes back from a C call that computed for %s without the GIL.", t, short(a))
		}
		return fmt.Sprintf("%s has computed for %s.", t, short(a))
	case gil.EvIOBegin:
		return fmt.Sprintf("%s waits for the operating system for %s.", t, short(a))
	case gil.EvIOEnd:
		return t + " has its answer from the operating system."
	case gil.EvSleepBegin:
		return fmt.Sprintf("%s sleeps for %s.", t, short(a))
	case gil.EvSleepEnd:
		return t + " has slept."
	case gil.EvRead:
		return fmt.Sprintf("%s reads %s%s.", t, tl.ObjectName(e.Obj), sees(": it is ", tl.Trace.Values[e.Seq]))
	case gil.EvWrite:
		return fmt.Sprintf("%s writes %s%s.", t, tl.ObjectName(e.Obj), sees(": it is now ", tl.Trace.Values[e.Seq]))
	case gil.EvLockRequest, gil.EvLockAcquire, gil.EvLockRelease, gil.EvLockTimeout, gil.EvClear:
		return tl.lockSentence(e, t)
	case gil.EvPrint:
		return fmt.Sprintf("%s prints %q.", t, cutText(e.Name, 60))
	case gil.EvLabel:
		return fmt.Sprintf("%s is at %s.", t, e.Name)
	case gil.EvDeadlock:
		return "Nothing can happen any more: " + strings.TrimPrefix(e.Name, "gil: deadlock: ") + "."
	case gil.EvGC:
		return fmt.Sprintf("%s has collected garbage for %s.", t, short(a))
	}
	return tl.aboveSentence(e, t)
}

// coreUser is the thread of a core event, or the helper of its C library.
func (tl *Timeline) coreUser(e gil.Event) string {
	if e.Name != "" && e.Name != tl.names.plain[e.TID] {
		return e.Name
	}
	return tl.ThreadName(e.TID)
}

func because(why gil.Why) string {
	switch why {
	case gil.WhyInterval:
		return "it was asked to"
	case gil.WhyTick:
		return "its ticks have run out"
	case gil.WhyIO:
		return "it waits for the operating system"
	case gil.WhySleep:
		return "it sleeps"
	case gil.WhyLock, gil.WhyCond, gil.WhyEvent, gil.WhyQueue:
		return "it waits for another thread"
	case gil.WhyJoin:
		return "it waits for the end of another thread"
	case gil.WhyStart:
		return "it waits until a new thread has begun"
	case gil.WhyGC:
		return "it collects garbage"
	case gil.WhyExit:
		return "it ends"
	case gil.WhyCCall:
		return "a C call does without"
	case gil.WhyYield:
		return "it lets others run"
	}
	return "the program wants it"
}

// lockSentence tells of a lock and of what is made of locks.
func (tl *Timeline) lockSentence(e gil.Event, t string) string {
	what, op := tl.thing(e.Obj), kernel.OpKind(e.B)
	waits := op == kernel.OpWait || op == kernel.OpGet || op == kernel.OpPut
	switch e.Kind {
	case gil.EvLockRequest:
		switch {
		case op == kernel.OpJoin || op == kernel.OpStart:
			return fmt.Sprintf("%s waits for the %s.", t, what)
		case e.Peer != 0:
			return fmt.Sprintf("%s waits for %s, which %s holds.", t, what, tl.ThreadName(e.Peer))
		}
		return fmt.Sprintf("%s waits for %s.", t, what)
	case gil.EvLockAcquire:
		switch {
		case op == kernel.OpJoin || op == kernel.OpStart:
			return ""
		case waits && e.A > 0:
			return fmt.Sprintf("%s has waited for %s for %s and goes on.", t, what, short(time.Duration(e.A)))
		case waits:
			return fmt.Sprintf("%s need not wait for %s.", t, what)
		case e.A > 0:
			return fmt.Sprintf("%s gets %s after %s.", t, what, short(time.Duration(e.A)))
		}
		return fmt.Sprintf("%s takes %s.", t, what)
	case gil.EvLockTimeout:
		return fmt.Sprintf("%s has waited for %s for %s and gives up.", t, what, short(time.Duration(e.A)))
	case gil.EvClear:
		return fmt.Sprintf("%s closes %s for everybody.", t, what)
	}
	switch op {
	case kernel.OpSet:
		return fmt.Sprintf("%s opens %s for everybody.", t, what)
	case kernel.OpNotify:
		return fmt.Sprintf("%s wakes a thread that waits for %s.", t, what)
	}
	return fmt.Sprintf("%s releases %s.", t, what)
}

// thing is an object with the word for what it is, such as "the lock accounts".
func (tl *Timeline) thing(obj uint64) string {
	label := tl.ObjectName(obj)
	o := tl.names.objects[obj]
	if o == nil || o.kind == endObject || o.kind == startObject || o.name == "" {
		return label
	}
	kind := objectNames[o.kind]
	for _, prefix := range []string{"a ", "an ", "the "} { // "a lock" is the name of one without
		if len(label) > len(prefix) && label[:len(prefix)] == prefix {
			return label
		}
	}
	if kind == "" || kind == label {
		return label
	}
	return "the " + kind + " " + label
}

// aboveSentence tells of events that packages above gil emit.
func (tl *Timeline) aboveSentence(e gil.Event, t string) string {
	obj := tl.ObjectName(e.Obj)
	switch e.Kind {
	case gil.EvQueuePut:
		return fmt.Sprintf("%s puts item %d into %s, which has %d now.", t, e.A, obj, e.B)
	case gil.EvQueueGet:
		return fmt.Sprintf("%s takes item %d out of %s, which has %d left.", t, e.A, obj, e.B)
	case gil.EvQueueWait:
		if e.B == 0 {
			return fmt.Sprintf("%s finds %s empty and waits.", t, obj)
		}
		return fmt.Sprintf("%s finds %s full and waits.", t, obj)
	case gil.EvPipeSend:
		return fmt.Sprintf("%s sends message %d of %d bytes on %s.", t, e.A, e.B, obj)
	case gil.EvPipeRecv:
		return fmt.Sprintf("%s receives message %d of %d bytes on %s.", t, e.A, e.B, obj)
	case gil.EvPickleEnd:
		return fmt.Sprintf("%s has turned a value into %d bytes.", t, e.B)
	case gil.EvCorrupt:
		return fmt.Sprintf("%s finds a broken value: %s.", t, e.Name)
	case gil.EvSubmit:
		return fmt.Sprintf("%s submits task %d%s to the pool.", t, e.A, of(e.Name))
	case gil.EvTaskBegin:
		return fmt.Sprintf("%s begins task %d%s.", t, e.A, of(e.Name))
	case gil.EvTaskEnd:
		if e.B == 1 {
			return fmt.Sprintf("%s ends task %d: it failed.", t, e.A)
		}
		return fmt.Sprintf("%s ends task %d.", t, e.A)
	case gil.EvResult:
		return fmt.Sprintf("%s has the result of task %d.", t, e.A)
	case gil.EvChunk:
		return fmt.Sprintf("%s sends %d tasks in one go, from task %d on.", t, e.B, e.A)
	case gil.EvLoopTurn:
		return fmt.Sprintf("Turn %d of the event loop: %d callbacks are ready.", e.A, e.B)
	case gil.EvCallbackBegin:
		return fmt.Sprintf("The event loop calls %s.", e.Name)
	case gil.EvCallbackEnd:
		return fmt.Sprintf("The callback has kept the event loop for %s.", short(time.Duration(e.A)))
	case gil.EvCoroutine:
		return fmt.Sprintf("The task %s is made.", obj)
	case gil.EvCoStep:
		return fmt.Sprintf("The task %s runs.", obj)
	case gil.EvCoSuspend:
		return fmt.Sprintf("The task %s awaits %s.", obj, e.Name)
	case gil.EvCoDone:
		return fmt.Sprintf("The task %s %s.", obj, []string{"is done", "has failed", "is cancelled"}[min(max(e.A, 0), 2)])
	case gil.EvFutureResolve:
		return "A future has its result."
	case gil.EvTimerArm:
		return fmt.Sprintf("A timer is set to %s.", short(time.Duration(e.A)))
	case gil.EvTimerFire:
		return fmt.Sprintf("A timer fires, %s late.", short(time.Duration(e.A)))
	case gil.EvTimerCancel:
		return "A timer is called off."
	case gil.EvCancel:
		return fmt.Sprintf("The task %s is asked to end.", obj)
	case gil.EvCancelDeliver:
		return fmt.Sprintf("The task %s hears that it is to end.", obj)
	case gil.EvCancelSwallow:
		return fmt.Sprintf("The task %s was asked to end and goes on all the same.", obj)
	case gil.EvUnhandled:
		return fmt.Sprintf("Nobody takes an exception: %s.", e.Name)
	case gil.EvChoice:
		return fmt.Sprintf("The explorer takes choice %d of %d%s.", e.A+1, e.B, of(e.Name))
	case gil.EvAssert:
		return fmt.Sprintf("An assertion of %s fails: %s.", t, e.Name)
	case gil.EvLivelock:
		return "The threads run and get nowhere: " + e.Name + "."
	case gil.EvStarvation:
		return "A thread is passed over again and again: " + e.Name + "."
	case gil.EvCopyOnWrite:
		return fmt.Sprintf("%s writes to %s that its process shares with the one it was copied from, which makes a copy of them.", t, size(e.A))
	case gil.EvNotify:
		if e.A == 0 {
			return fmt.Sprintf("%s notifies %s; nobody waits, so the notification is lost.", t, e.Name)
		}
		return fmt.Sprintf("%s notifies %s and wakes %d.", t, e.Name, e.A)
	}
	return ""
}

// size tells a number of bytes.
func size(n int64) string {
	for _, u := range []struct {
		name  string
		bytes int64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n >= u.bytes {
			return fmt.Sprintf("%.4g %s", float64(n)/float64(u.bytes), u.name)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}

func sees(words, value string) string {
	if value == "" {
		return ""
	}
	return words + value
}

func of(name string) string {
	if name == "" {
		return ""
	}
	return " (" + name + ")"
}

// Glossary explains the words that sentences and findings use.
func Glossary() map[string]string {
	return map[string]string{
		"GIL":             "the global interpreter lock: only the thread that holds it executes Python code",
		"check point":     "a place in the code at which the interpreter looks whether it has to give the GIL up",
		"switch interval": "how long a thread waits for the GIL before it asks for it: 5 ms unless set otherwise, from Python 3.2 on",
		"tick":            "a counted bytecode; up to Python 3.1 the GIL is given up every hundred of them",
		"failed wake-up":  "a thread was woken because the GIL was free, and found that its holder had taken it again",
		"core":            "a processor of the computer; one thread at a time computes on it",
		"slice":           "the time for which the operating system leaves a thread on a core when others want it",
		"daemon":          "a thread that does not keep its program alive",
		"lock":            "at most one thread holds it at a time",
		"condition":       "threads wait at it until another one notifies them",
		"notify":          "to wake threads that wait at a condition; nothing happens when none does",
		"event":           "a flag that threads wait for",
		"semaphore":       "a number of permits; a thread takes one or waits for one",
		"queue":           "items that one thread puts in and another takes out",
		"pool":            "threads or processes that perform tasks for others",
		"convoy":          "each return from a wait costs a whole switch interval, because a computing thread has the GIL",
		"deadlock":        "threads wait for each other in a circle",
		"C call":          "work outside the interpreter, which may keep the GIL or give it up",
		"starvation":      "a thread waits while others get the same thing again and again",
		"event loop":      "one thread that calls many callbacks in turn; each has to be short",
		"interpreter":     "what executes Python code; it has a GIL and threads",
		"explorer":        "what chooses which thread goes on, to try all orders",
	}
}
