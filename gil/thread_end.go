package gil

import (
	"fmt"
	"os"
	"runtime"

	"github.com/pygil/pygil/internal/kernel"
)

// unwinding is what a virtual thread panics with when its world wants it to end.
// A program that recovers it meets it again at its next operation, and does not get
// away with that for ever: see resist.
type unwinding struct{}

func (unwinding) Error() string { return "gil: the thread is being ended with its world" }

// failingNow is what FailNow panics with.
type failingNow struct{}

func (failingNow) Error() string { return "gil: FailNow" }

// Unwinding reports whether v, which recover has returned, is a panic by which this
// package ends a thread: because its world ends, or by FailNow or Quit. Who recovers for
// reasons of its own, as a pool does for the failures of its jobs, panics with it
// again.
func Unwinding(v any) bool {
	switch v.(type) {
	case unwinding, failingNow, quitting:
		return true
	}
	return false
}

// unwind ends a thread from inside. Deferred calls run. A live thread ends its
// goroutine, which nothing can stop; a virtual one shares its goroutine with the
// others and panics.
func (t *Thread) unwind() {
	t.resist()
	t.dying = true
	if raceKernel && t.box != nil {
		t.box.order() // what its deferred calls do is guarded by nothing: they do not wait for locks any more
	}
	if t.interp.w.live() {
		runtime.Goexit()
	}
	panic(unwinding{})
}

// resistance is how many operations the deferred calls of a thread that is being
// ended may attempt, in a virtual world.
const resistance = 10_000

// resist counts the operations that a thread attempts although it is being ended.
// One that recovers its end again and again loses its goroutine, which nothing
// recovers, and with it the one that called Run: they are one.
func (t *Thread) resist() {
	if t.dying {
		if t.resisted++; t.resisted > resistance {
			runtime.Goexit()
		}
	}
}

// alive unwinds a thread that has been told to end.
func (t *Thread) alive() {
	if t.k.Killed() {
		t.unwind()
	}
}

// recovered sorts out how the thread's function ended: v is what it panicked
// with, nil when it returned or its goroutine exits.
func (t *Thread) recovered(v any) {
	switch v := v.(type) {
	case nil, quitting:
	case unwinding:
		t.dying = true
		return
	case failingNow:
		t.failed(&AssertionError{Thread: t.name, Messages: t.messages})
		return
	default:
		if t.dying || t.k.Killed() {
			return // a deferred call failed because its world is ending
		}
		u := &UncaughtError{Thread: t.name, Value: v, Stack: t.stack()}
		t.failed(u)
		if len(t.messages) > 0 { // what led to the panic
			t.interp.failed(&AssertionError{Thread: t.name, Messages: t.messages})
		}
		t.report(u)
		return
	}
	if len(t.messages) > 0 {
		t.failed(&AssertionError{Thread: t.name, Messages: t.messages})
	}
}

// failed records how the thread ended. It comes before the report, which may not
// come back: the except hook can wait, and the thread be ended meanwhile.
func (t *Thread) failed(err error) {
	if t.failure == nil {
		t.failure = err
	}
	t.interp.failed(err)
}

// report calls the except hook. A hook that panics is reported as Python does.
func (t *Thread) report(u *UncaughtError) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case unwinding:
			t.dying = true
		default:
			fmt.Fprintf(os.Stderr, "Exception in threading.excepthook:\n%v\n%s", v, t.stack())
		}
	}()
	if h := t.interp.hook; h != nil {
		t.callOut(func() { h(t, u) })
		return
	}
	if t.x == nil { // an explorer reports once, not per schedule
		fmt.Fprintf(os.Stderr, "Exception in thread %s:\n%v\n%s", u.Thread, u.Value, u.Stack)
	}
}

// Errorf records a failed assertion; the thread goes on. With FailNow it makes a
// Thread a TestingT of testify.
func (t *Thread) Errorf(format string, args ...any) {
	t.says(fmt.Sprintf(format, args...))
}

func (t *Thread) says(message string) {
	if raceKernel && t.apart() {
		t.inside(func() { t.says(message) })
		return
	}
	t.messages = append(t.messages, message)
}

// FailNow ends the thread as failed. The others go on, and Run returns the
// failure.
func (t *Thread) FailNow() { panic(failingNow{}) }

// finish ends the thread, whatever way its function ended.
func (t *Thread) finish() {
	v := recover()
	if v == nil && len(t.messages) == 0 { // there is nothing to sort out
		t.conclude()
		return
	}
	t.concludeAfter(v)
}

// concludeAfter is conclude whatever the except hook does: it may wait, and be ended
// meanwhile.
func (t *Thread) concludeAfter(v any) {
	defer t.conclude()
	t.recovered(v)
}

// conclude tells everybody that the thread has ended.
func (t *Thread) conclude() {
	i := t.interp
	t.dying = t.dying || t.k.Killed()
	if t.x != nil && !t.dying {
		t.dies()
	}
	if t.x != nil && !t.dying {
		t.x.Await(&t.k, kernel.Op{Kind: kernel.OpExit, Obj: t.ended.id})
		t.dying = t.k.Killed() // with its process, in this very moment
	}
	if t.free && t.x == nil {
		t.kern.Sync(&t.k)
	}
	switch c := i.process; {
	case i.killed:
		t.stage.Store(t.x != nil, stageEnded)
	case c != nil && t == i.main:
		c.closing = true
	}
	t.endContext() // whoever is called by that may still act for the thread
	if c := i.process; c != nil && t == i.main {
		c.ends(t)
	}
	t.stage.Store(t.x != nil, stageEnded)
	t.enter(stateRun)
	if e := i.w.emit; e != nil {
		a := int64(0)
		if t.failure != nil {
			a = 1
		}
		e.event(t, Event{Kind: EvThreadEnd, A: a})
	}
	if i.live {
		t.unlabel()
	}
	i.retire(t)
	if t.x == nil {
		t.worksNoMore()
	}
	t.ended.openEnd(t)
	if t.gil != nil && t.holds() {
		t.gil.leave(t, WhyExit)
	}
	t.near = away
	if t == i.main {
		i.leftWorld(t)
	}
	t.kern.Exit(&t.k)
	if t.gone != nil {
		close(t.gone)
	}
}
