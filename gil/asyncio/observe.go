package asyncio

import "time"

// LoopEventKind says what a LoopEvent is about.
type LoopEventKind uint8

// The kinds of event.
const (
	TaskCreated LoopEventKind = iota
	TaskSuspended
	TaskCancelRequested
	TaskEnded
)

var eventNames = [...]string{"task-created", "task-suspended", "cancel-requested", "task-ended"}

// String returns the kind's name, such as "task-created".
func (k LoopEventKind) String() string { return eventNames[k] }

// LoopEvent is one thing that happened in a loop.
type LoopEvent struct {
	Kind LoopEventKind // what happened
	T    time.Duration // the loop's clock
	Turn int64         // of the loop
	Task string        // the task's name
	For  string        // what a suspended task waits for
	Err  error         // how the task ended
}

// observer turns what happens into LoopEvents.
type observer struct {
	to   func(LoopEvent)
	loop *Loop
}

func (o *observer) event(k LoopEventKind, co *Co) LoopEvent {
	return LoopEvent{Kind: k, T: o.loop.Time(), Turn: o.loop.turns, Task: co.Name()}
}

func (o *observer) created(co *Co) { o.to(o.event(TaskCreated, co)) }

func (o *observer) suspended(co *Co) {
	e := o.event(TaskSuspended, co)
	e.For = co.waitsFor()
	o.to(e)
}

func (o *observer) cancelRequested(co *Co) { o.to(o.event(TaskCancelRequested, co)) }

func (o *observer) ended(co *Co) {
	e := o.event(TaskEnded, co)
	e.Err = co.self.err
	o.to(e)
}
