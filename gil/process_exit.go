package gil

import (
	"runtime"
	"slices"
)

// A fate is what an interpreter has to do with its process.
type fate struct {
	annex  any       // see Annex
	exits  lastCalls // of AtExit
	joins  lastCalls // of BeforeJoin
	killed bool      // its process was
	estate []inherited
	base   int64 // of its memory: what a fresh interpreter has
	shared int64 // its parent's, not yet written to
	gone   bool  // its memory is free
}

// AtExit has fn called by the main thread when the process ends: its function has
// returned, panicked or quit, and the threads that are no daemons have been joined.
// What was registered last is called first. Nothing is called in a process that was
// killed. A thread that fn starts is not joined but ended with the daemons, and 3.12
// refuses to start it. A panic in fn is reported as the thread's. It is for the process's first
// interpreter, and for the virtual world. It panics with a *ValueError when fn is nil.
// Python: atexit.register.
func (i *Interpreter) AtExit(fn func(t *Thread)) {
	callable("AtExit", fn != nil)
	i.register(&i.exits, fn)
}

// BeforeJoin has fn called by the main thread when its function has ended, before it
// waits for the threads that are no daemons: fn can tell those to end for which nobody
// else does. What was registered last is called first, and nothing in a process that was
// killed. A panic in fn is reported as the thread's. What it returns takes the call back;
// it does not wait for one that is going on. A GIL alone has no main thread and calls
// nothing. It panics with a *ValueError when fn is nil. Python: threading._register_atexit,
// by which concurrent.futures ends its executors.
func (i *Interpreter) BeforeJoin(fn func(t *Thread)) (stop func()) {
	callable("BeforeJoin", fn != nil)
	return i.register(&i.joins, fn)
}

// lastCalls are what the main thread calls at one moment of its end, the last first.
type lastCalls []*func(*Thread)

// register adds a call, and returns what takes it back.
func (i *Interpreter) register(calls *lastCalls, fn func(*Thread)) (stop func()) {
	call := &fn
	i.changing(func() { *calls = append(*calls, call) })
	return func() {
		i.changing(func() { *calls = slices.DeleteFunc(*calls, func(c *func(*Thread)) bool { return c == call }) })
	}
}

// changing calls change, which changes what was registered.
func (i *Interpreter) changing(change func()) {
	if o := i.w.outside(); raceKernel && o != nil {
		o.t.inside(func() { i.changing(change) })
		return
	}
	i.lock()
	change()
	i.unlock()
}

// callLast calls what was registered, also meanwhile.
func (i *Interpreter) callLast(t *Thread, calls *lastCalls) {
	for !t.k.Killed() {
		var fn *func(*Thread)
		i.lock()
		if last := len(*calls) - 1; last >= 0 {
			fn, (*calls)[last] = (*calls)[last], nil
			*calls = (*calls)[:last]
		}
		i.unlock()
		if fn == nil {
			return
		}
		t.calls(func() { t.callOut(func() { (*fn)(t) }) })
	}
}

// quitting is what Quit panics with in a virtual world.
type quitting struct{}

func (quitting) Error() string { return "gil: Quit" }

// Quit ends the thread as if its function had returned; its deferred calls run. It
// does not come back. Python: sys.exit() in a thread.
func (t *Thread) Quit() {
	t.mustOutside()
	if t.interp.w.live() {
		runtime.Goexit()
	}
	panic(quitting{})
}

// title is the thread's name in reports, with that of its process unless that is the
// first one.
func (t *Thread) title() string {
	if c := t.interp.process; c != nil {
		return t.name + " of " + c.name
	}
	return t.name
}

// Annex returns what a package above this one keeps with the interpreter: what
// create returned when it was first called in this run. There is room for one.
func (i *Interpreter) Annex(create func() any) any {
	i.w.order() // what uses it counts on the GIL
	if i.annex == nil && create != nil {
		i.annex = create()
	}
	return i.annex
}

// Process is the interpreter of the process that i belongs to: i itself unless it
// is a sub-interpreter.
func (i *Interpreter) Process() *Interpreter {
	for i.creator != nil {
		i = i.creator.interp
	}
	return i
}

// Child is the emulated process that i is the interpreter of, nil for the first
// one of a world.
func (i *Interpreter) Child() *Child { return i.process }

// PID is the number of the process that i belongs to: 1 for the first one of a
// world.
func (i *Interpreter) PID() int { return int(i.pid) }

// StartMethod is how the process came to be.
func (i *Interpreter) StartMethod() StartMethod { return i.method }
