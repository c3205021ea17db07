package asyncio

import (
	"reflect"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/pygil/pygil/gil"
)

// LoopEventKind says what a LoopEvent is about.
type LoopEventKind uint8

// The kinds of event.
const (
	TaskCreated LoopEventKind = iota
	TaskSuspended
	TaskCancelRequested
	TaskEnded
	TaskCancelDelivered // an await of the task returns the cancellation
	TaskCancelSwallowed // the task has heard of its cancellation and goes on, or ends, as if it had not
)

var eventNames = [...]string{
	"task-created", "task-suspended", "cancel-requested", "task-ended", "cancel-delivered", "cancel-swallowed",
}

// String returns the kind's name, such as "task-created".
func (k LoopEventKind) String() string {
	if int(k) < len(eventNames) {
		return eventNames[k]
	}
	return "unknown"
}

// LoopEvent is one thing that happened in a loop.
type LoopEvent struct {
	Kind LoopEventKind // what happened
	T    time.Duration // the loop's clock
	Turn int64         // of the loop
	Task string        // the task's name
	For  string        // what a suspended task waits for
	Err  error         // how the task ended
}

// observer tells of what happens: the function of WithObserver, and the world's
// own observer. A loop without either has none, so that it costs a comparison.
type observer struct {
	loop   *Loop
	to     func(LoopEvent) // nil when only the world is observed
	world  bool            // the world is observed
	base   uint64          // of the numbers of this loop's objects
	number uint32          // of the last one
}

// newObserver returns nil when nobody wants to know.
func newObserver(l *Loop, to func(LoopEvent)) *observer {
	o := &observer{loop: l, to: to, world: l.t.Observed()}
	switch {
	case o.world:
		o.base = l.t.Ident()<<40 | uint64(loopsOf(l.t)&0xff)<<32
	case to == nil:
		return nil
	}
	return o
}

// made counts the loops of each thread that is observed.
var made sync.Map // *gil.Thread → *int, used by that thread alone

// loopsOf is how many loops t has made before. Numbers made with it are unique in
// a world and the same in every run of one program.
func loopsOf(t *gil.Thread) int {
	n, seen := made.LoadOrStore(t, new(int))
	if !seen {
		t.AfterFunc(func() { made.Delete(t) })
	}
	*n.(*int)++
	return *n.(*int)
}

// tell gives an event to the function of WithObserver.
func (o *observer) tell(e LoopEvent, co *Co) {
	if o.to == nil {
		return
	}
	e.T, e.Turn, e.Task = o.loop.Time(), o.loop.turns, co.Name()
	o.to(e)
}

// emit gives an event to the world's observer. A loop that is being unwound, or
// was, says nothing: its thread may have ended.
func (o *observer) emit(e gil.Event) {
	if o.world && !o.loop.dead {
		o.loop.t.Emit(e)
	}
}

// id numbers an object when it is first told of.
func (o *observer) id(number *uint32) uint64 {
	if *number == 0 {
		o.number++
		*number = o.number
	}
	return o.base | uint64(*number)
}

func (o *observer) task(k gil.EventKind, co *Co) {
	o.emit(gil.Event{Kind: k, Obj: o.id(&co.self.id), Name: co.Name()})
}

func (o *observer) turn(ready int) {
	o.emit(gil.Event{Kind: gil.EvLoopTurn, A: o.loop.turns, B: int64(ready)})
}

func (o *observer) created(co *Co) {
	o.tell(LoopEvent{Kind: TaskCreated}, co)
	o.task(gil.EvCoroutine, co)
}

func (o *observer) stepped(co *Co) { o.task(gil.EvCoStep, co) }

func (o *observer) suspended(co *Co) {
	what := co.waitsFor()
	o.tell(LoopEvent{Kind: TaskSuspended, For: what}, co)
	o.emit(gil.Event{Kind: gil.EvCoSuspend, Obj: o.id(&co.self.id), Name: what})
}

func (o *observer) cancelRequested(co *Co) {
	o.tell(LoopEvent{Kind: TaskCancelRequested}, co)
	o.task(gil.EvCancel, co)
}

func (o *observer) cancelDelivered(co *Co) {
	o.tell(LoopEvent{Kind: TaskCancelDelivered}, co)
	o.task(gil.EvCancelDeliver, co)
}

func (o *observer) cancelSwallowed(co *Co) {
	o.tell(LoopEvent{Kind: TaskCancelSwallowed}, co)
	o.task(gil.EvCancelSwallow, co)
}

func (o *observer) ended(co *Co) {
	o.tell(LoopEvent{Kind: TaskEnded, Err: co.self.err}, co)
	e := gil.Event{Kind: gil.EvCoDone, Obj: o.id(&co.self.id), Name: co.Name()}
	switch {
	case co.self.state == cancelled:
		e.A = 2
	case co.self.err != nil:
		e.A = 1
	}
	o.emit(e)
}

// resolved tells of a future that is no task: a task is done, and says so.
func (o *observer) resolved(f *future) {
	if f.co == nil {
		o.emit(gil.Event{Kind: gil.EvFutureResolve, Obj: o.id(&f.id), Name: f.what})
	}
}

func (o *observer) armed(t *timer) {
	o.emit(gil.Event{Kind: gil.EvTimerArm, Obj: o.id(&t.id), A: int64(t.when)})
}

func (o *observer) fired(t *timer) {
	o.emit(gil.Event{Kind: gil.EvTimerFire, Obj: o.id(&t.id), A: int64(o.loop.Time() - t.when)})
}

func (o *observer) disarmed(t *timer) { o.emit(gil.Event{Kind: gil.EvTimerCancel, Obj: o.id(&t.id)}) }

func (o *observer) unhandled(c ExceptionContext) {
	text := c.Message
	switch {
	case c.Err != nil && text != "":
		text += ": " + c.Err.Error()
	case c.Err != nil:
		text = c.Err.Error()
	}
	o.emit(gil.Event{Kind: gil.EvUnhandled, Name: text})
}

// called performs a callback of the user's between two events; named is what it is
// known by.
func (o *observer) called(named any, fn func()) {
	if !o.world {
		fn()
		return
	}
	began := o.loop.Time()
	o.emit(gil.Event{Kind: gil.EvCallbackBegin, Name: functionName(named)})
	defer func() { o.emit(gil.Event{Kind: gil.EvCallbackEnd, A: int64(o.loop.Time() - began)}) }()
	fn()
}

// functionName is the name of a function as stack traces show it, without the
// folders of its package.
func functionName(fn any) string {
	f := runtime.FuncForPC(reflect.ValueOf(fn).Pointer())
	if f == nil {
		return "callback"
	}
	return f.Name()[strings.LastIndexByte(f.Name(), '/')+1:]
}
