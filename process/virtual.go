package process

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/pygil/pygil/gil"
)

// This file is what emulated processes know of package gil: whose thread acts, and
// how it waits for what other processes do.

// What the rest of the package calls them.
type (
	thread      = *gil.Thread // of an emulated process
	interpreter = gil.Interpreter
	common      = gil.Common
	opKind      = gil.OpKind
)

const (
	opRead       = gil.OpRead
	opWrite      = gil.OpWrite
	opUpdate     = gil.OpUpdate
	opAcquire    = gil.OpAcquire
	opTryAcquire = gil.OpTryAcquire
	opRelease    = gil.OpRelease
	opTake       = gil.OpTake
	opWait       = gil.OpWait
	opNotify     = gil.OpNotify
	opSet        = gil.OpSet
	opClear      = gil.OpClear
	opPeek       = gil.OpPeek
	opExit       = gil.OpExit
)

// newChild makes an emulated process that has not started.
func newChild(name string, main func(t thread)) *gil.Child { return gil.NewChild(name, main) }

// startChild starts it. The error is that the machine has no memory for it.
func startChild(c *gil.Child, t thread) (err error) {
	defer func() {
		switch x := recover().(type) {
		case nil:
		case *gil.MemoryError:
			err = fmt.Errorf("process: start: [Errno 12] Cannot allocate memory: %w", x)
		default:
			panic(x)
		}
	}()
	c.Start(t)
	return nil
}

// forked reports whether the process is a copy of its parent.
func (e *emulated) forked() bool { return e.child != nil && e.i.StartMethod() == gil.Fork }

// unwinding reports whether a panic is one by which a thread is ended.
func unwinding(v any) bool { return gil.Unwinding(v) }

// virtual returns the thread behind ctx if its world is virtual, nil otherwise.
func virtual(ctx context.Context) thread {
	if t, ok := gil.Current(ctx); ok && (t.Explored() || t.Machine() != nil) {
		return t
	}
	return nil
}

// threadOf returns the thread behind ctx, nil when there is none.
func threadOf(ctx context.Context) thread {
	t, _ := gil.Current(ctx)
	return t
}

// all is how many waiters are told of what concerns everybody.
const all = gil.All

// An emulated is a process of a virtual world, with its relatives.
type emulated struct {
	relatives
	world    *emulatedWorld
	i        *gil.Interpreter
	child    *gil.Child // nil: the first process of its world
	handle   *Process   // its parent's, nil where nobody has one
	done     chan struct{}
	gone     gil.Common         // where others wait for its end
	dead     bool               // performs nothing any more
	orphan   bool               // ended because its parent had
	signal   int                // killed it
	managers map[uint64]*client // that it has connections to
	host     *host              // of a manager's process

	code int   // given to Exit, or by how its function ended
	held error // what keeps it from ending that others can put right

	interrupt *interruptible // of a function that takes a context, once it runs
}

// An emulatedWorld is what the processes of one run share.
type emulatedWorld struct {
	waiting  []*quest // at shared objects, in the order in which they came
	managers uint64   // that there ever were
	first    thread   // the main thread of the first process
	catalogue
}

// emulatedOf returns the process of a thread.
func emulatedOf(t thread) *emulated {
	i := t.Interpreter().Process()
	return i.Annex(func() any {
		e := &emulated{i: i, child: i.Child(), done: make(chan struct{})}
		if e.child == nil {
			e.world = &emulatedWorld{first: i.Main()}
			i.AtExit(e.endChildren)
			i.Main().AfterFunc(func() { e.end(i.Main()) })
		} else { // made by Emulate, and not by this package
			e.world = emulatedOf(e.child.Parent().Main()).world
		}
		e.begin("MainProcess", t)
		return e
	}).(*emulated)
}

// begin makes the process known to itself.
func (e *emulated) begin(name string, t thread) {
	e.gone.Init(t, "the end of a process")
	e.self = &Process{role: self, name: name, stage: started, pid: e.pid(), done: e.done, emulated: e}
}

func (e *emulated) pid() int { return e.i.PID() }

// has reports whether what another process has is e's too: e is that, or was forked
// from one that has it.
func (e *emulated) has(other *emulated) bool {
	for e != other {
		if !e.forked() {
			return false
		}
		e = emulatedOf(e.child.Parent().Main())
	}
	return true
}

// acting returns the thread that runs, of whatever process, nil when the world has
// ended.
func (e *emulated) acting() thread { return e.i.Acting() }

// familyOf returns the relatives of the process that ctx belongs to.
func familyOf(ctx context.Context) *relatives {
	if t := virtual(ctx); t != nil {
		return &emulatedOf(t).relatives
	}
	return family
}

// A limit is the moment at which a wait ends, on the clock of its world.
type limit struct {
	real time.Time     // zero is never
	due  time.Duration // of a virtual world, 0 only looks
}

// never is the moment at which a wait without a limit ends.
var never = limit{due: gil.Forever}

// within is the moment at which a wait of d ends.
func within(ctx context.Context, d time.Duration) limit {
	t := virtual(ctx)
	switch {
	case t == nil:
		return limit{real: time.Now().Add(max(d, 0))}
	case d <= 0:
		return limit{}
	}
	return limit{due: max(t.Now()+d, gil.Forever)} // an overflow is for ever
}

// over reports whether the moment has come.
func (l limit) over(ctx context.Context) bool {
	if t := virtual(ctx); t != nil {
		return l.due >= 0 && t.Now() >= l.due
	}
	return !time.Now().Before(l.real)
}

// await waits at c until ready holds. It reports false without an error when until
// came first.
func await(ctx context.Context, t thread, c *gil.Common, k gil.OpKind, op string, until limit, ready func() bool) (bool, error) {
	ends, err := gil.UntilOf(ctx)
	if err != nil {
		return false, fmt.Errorf("process: %s: %w", op, err)
	}
	due := until.due
	if ends != gil.Forever && (due == gil.Forever || ends < due) {
		due = max(ends, 0)
	}
	stop, err := onEnd(ctx, t, func() { c.Changed(t.Interpreter().Acting(), all) })
	if err != nil {
		return false, err
	}
	defer stop()
	c.Await(t, k, due, func() bool { return ready() || ctx.Err() != nil })
	switch {
	case ready():
		return true, nil
	case ends != gil.Forever && ends <= t.Now():
		return false, &expired{op}
	}
	return false, over(ctx, op)
}

// An afterFuncer is a context that calls those who wait for its end on the thread that
// ends it.
type afterFuncer interface {
	AfterFunc(f func()) (stop func() bool)
}

func cancellable(t thread) (afterFuncer, context.CancelFunc) {
	ctx, cancel := gil.WithCancel(t)
	return ctx.(afterFuncer), cancel
}

// onEnd has wake called, by whichever thread cancels ctx.
func onEnd(ctx context.Context, t thread, wake func()) (stop func() bool, err error) {
	none := func() bool { return true }
	if ctx == context.Context(t) {
		return none, nil // it unwinds when it is ended
	}
	if c, ok := ctx.(afterFuncer); ok {
		return c.AfterFunc(wake), nil
	}
	if done := ctx.Done(); done == nil || done == t.Done() {
		return none, nil
	}
	return nil, invalid("", "a wait in a virtual world cannot be ended by a %T, whose end is told on another goroutine: use gil.WithCancel or gil.WithTimeout", ctx)
}

// died tells everybody that a process is dead: who waits for something that it held
// looks again.
func (w *emulatedWorld) died() {
	for _, q := range slices.Clone(w.waiting) {
		if q.Check != nil {
			q.Check()
		}
	}
	for _, q := range slices.Clone(w.waiting) {
		q.common.Changed(nil, all)
	}
}
