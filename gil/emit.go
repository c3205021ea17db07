package gil

import (
	"container/heap"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pygil/pygil/internal/kernel"
	"github.com/pygil/pygil/internal/site"
)

// emitter delivers events to the observer. Live and explored events go out at once. A timed
// thread may run ahead of the others, so its events wait until nothing earlier
// can happen any more.
type emitter struct {
	kern   kernel.Kernel
	to     Observer
	values ValueObserver // the same, if it is one
	items  ItemObserver  // the same, if it is one
	live   bool
	// The events carry where in the program they come from.
	locations bool
	mu        sync.Mutex
	seq       uint64
	pending   eventHeap
	pushed    uint64
	broken    error // how the observer panicked; it is told nothing more
}

func newEmitter(k kernel.Kernel, to Observer) *emitter {
	observing.Store(true)
	e := &emitter{kern: k, to: to, live: k.World().Policy != kernel.TimedPolicy}
	e.values, _ = to.(ValueObserver)
	e.items, _ = to.(ItemObserver)
	return e
}

// event fills in what the thread knows and queues the event.
func (e *emitter) event(t *Thread, ev Event) { e.eventBy(t, t, ev) }

// eventBy is event for something that by does to t, which has no clock yet.
func (e *emitter) eventBy(by, t *Thread, ev Event) {
	if e.locations {
		ev.Loc = site.Caller()
	}
	ev.T = time.Duration(e.kern.Now(&by.k))
	ev.TID = t.tid
	ev.PID = t.interp.pid
	e.queue(pendingEvent{Event: ev})
}

// value queues the value that goes with an event, or the item that it is about.
func (e *emitter) value(t *Thread, ev Event, v any, item bool) {
	if e.locations {
		ev.Loc = site.Caller()
	}
	ev.T = time.Duration(e.kern.Now(&t.k))
	ev.TID = t.tid
	ev.PID = t.interp.pid
	e.queue(pendingEvent{Event: ev, value: v, valued: !item, item: item})
}

// Observed reports whether somebody observes t's world. A package that emits
// events asks before it makes one.
func (t *Thread) Observed() bool { return t.interp.w.emit != nil }

// observing is set for good when the first world is observed.
var observing atomic.Bool

// Observing reports whether any world of this process has ever been observed. It is
// what a package asks first whose calls take any context: looking for the thread
// behind one costs more than this load.
func Observing() bool { return observing.Load() }

// NextObject returns a number by which observers can know an object that t is the
// first to use, for packages above this one: no other object of the world has it, and
// it depends on nothing but what t has done.
func (t *Thread) NextObject() uint64 {
	if raceKernel && t.apart() {
		return within(t, t.NextObject)
	}
	t.told++
	return observedObject | uint64(t.tid)<<24 | uint64(t.told)
}

// observedObject tells numbers that NextObject gives out from other ones.
const observedObject = 1 << 60

// Emit tells the observer of something that t has just done in a package above
// this one: what it did is what ev says, its number, time, process and thread are
// filled in. It costs nothing and does nothing without an observer, and never
// gives the GIL up.
func (t *Thread) Emit(ev Event) {
	if e := t.interp.w.emit; e != nil {
		e.event(t, ev)
	}
}

func (e *emitter) queue(p pendingEvent) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.live {
		e.deliver(p)
		return
	}
	e.pushed++
	p.order = e.pushed
	heap.Push(&e.pending, p)
}

// deliver tells the observer. It is called in the middle of whatever is observed,
// which a panic of the observer's must not tear apart: it is kept for Run.
func (e *emitter) deliver(p pendingEvent) {
	if e.broken != nil {
		return
	}
	defer func() {
		if v := recover(); v != nil {
			e.broken = misuse("", "the observer panicked when it was told of %v, and was told nothing more: %v", p.Kind, v)
			fmt.Fprintf(os.Stderr, "%v\n%s", e.broken, debug.Stack())
		}
	}()
	switch {
	case p.valued:
		p.Seq = e.seq
		e.values.ObserveValue(p.Event, p.value)
		return
	case p.item:
		p.Seq = e.seq
		e.items.ObserveItem(p.Event, p.value)
		return
	}
	e.seq++
	p.Seq = e.seq
	e.to.Observe(p.Event)
}

// failure is how the observer panicked, nil if it did not, and of a nil emitter.
func (e *emitter) failure() error {
	if e == nil {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.broken
}

// flush delivers what lies before at.
func (e *emitter) flush(at kernel.Time) {
	for len(e.pending) > 0 && kernel.Time(e.pending[0].T) < at {
		e.deliver(heap.Pop(&e.pending).(pendingEvent))
	}
}

type pendingEvent struct {
	Event
	order  uint64 // at equal times events are delivered as they happened
	value  any
	valued bool // value goes with the event before
	item   bool // value is the item that the event before is about
}

type eventHeap []pendingEvent

func (h eventHeap) Len() int { return len(h) }
func (h eventHeap) Less(i, j int) bool {
	a, b := &h[i], &h[j]
	if a.T != b.T {
		return a.T < b.T
	}
	return a.order < b.order
}
func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *eventHeap) Push(x any)   { *h = append(*h, x.(pendingEvent)) }
func (h *eventHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}
