package trace

import (
	"time"

	"github.com/pygil/pygil/gil"
)

// laneBuilder follows one thread.
type laneBuilder struct {
	Lane

	created time.Duration
	begun   bool
	told    bool // EvState events say what it does; nothing has to be guessed
	hasGIL  bool // its waits are told by gil-request and gil-release

	now     State
	since   time.Duration
	about   Span   // what the current state is about
	ready   []Span // within the current state: it had no core
	coreNow time.Duration

	waitObj  uint64 // what the next state is about
	waitKind State
	peer     uint32
	queueObj uint64
	queueing bool // it is on its way to wait for a queue, whatever that is made of
	waiting  bool
	wait     int // index of its Wait
}

// begin begins the thread's life.
func (l *laneBuilder) begin(at time.Duration) {
	if l.begun {
		return
	}
	l.begun, l.Start, l.since, l.now = true, at, at, Run
	if l.hasGIL || l.told {
		l.now = WaitGIL // as package gil has it, which says at once when it is otherwise
	}
}

// set ends what the thread did and begins what it does now.
func (l *laneBuilder) set(at time.Duration, s State, about Span) {
	if !l.begun || l.Ended {
		return
	}
	l.cut(at)
	l.now, l.about = s, about
}

// cut makes the current state's time up to at a span.
func (l *laneBuilder) cut(at time.Duration) {
	from := l.since
	for _, r := range l.ready {
		// A thread whose clock was ahead when it lost its core has been without one
		// for as long, only later.
		n := r.Length()
		r.From = max(r.From, from)
		if r.To = min(r.From+n, at); r.From >= r.To {
			continue
		}
		l.span(from, r.From, l.now)
		l.span(r.From, r.To, ReadyCore)
		from = r.To
	}
	l.ready = l.ready[:0]
	if at > from {
		l.span(from, at, l.now)
	}
	l.since = max(l.since, at)
}

// span appends a span. Computing that goes on is one span, two waits are two.
func (l *laneBuilder) span(from, to time.Duration, s State) {
	if from >= to {
		return
	}
	x := Span{From: from, To: to, State: s}
	if s == l.now {
		x.Obj, x.Peer = l.about.Obj, l.about.Peer
	}
	if n := len(l.Spans); n > 0 && !s.Waits() && s != IO && s != Sleep {
		if p := &l.Spans[n-1]; p.State == s && p.To == from {
			p.To = to
			return
		}
	}
	l.Spans = append(l.Spans, x)
}

// state follows an EvState.
func (l *laneBuilder) state(e *gil.Event) {
	about := Span{Obj: l.waitObj, Peer: l.peer}
	switch gil.State(e.A) {
	case gil.StateRun:
		l.set(e.T, Run, Span{})
	case gil.StateWaitGIL:
		l.set(e.T, WaitGIL, Span{Peer: l.peer})
	case gil.StateWaitLock:
		s := l.waitKind
		switch {
		case l.queueing && l.waiting:
			s, about.Obj = WaitQueue, l.queueObj
		case !l.waiting || !s.Waits():
			s = WaitLock
		}
		l.set(e.T, s, about)
	case gil.StateWaitJoin:
		l.set(e.T, WaitJoin, Span{Peer: l.peer})
	case gil.StateIO:
		l.set(e.T, IO, Span{})
	case gil.StateSleep:
		l.set(e.T, Sleep, Span{})
	case gil.StateCCall:
		l.set(e.T, CCall, Span{})
	}
}

// guess follows what an event lets suppose, where no EvState tells it. A thread
// with a GIL goes on until it releases it.
func (l *laneBuilder) guess(at time.Duration, s State) {
	if l.told || l.now == s || l.hasGIL && s != WaitGIL && s != Run {
		return
	}
	l.set(at, s, Span{Obj: l.waitObj, Peer: l.peer})
}

// released follows a gil-release, where no EvState tells what comes.
func (l *laneBuilder) released(e *gil.Event) {
	if l.told {
		return
	}
	s := Run
	switch e.Why {
	case gil.WhyInterval, gil.WhyTick:
		s = WaitGIL
	case gil.WhyIO:
		s = IO
	case gil.WhySleep, gil.WhyYield:
		s = Sleep
	case gil.WhyJoin, gil.WhyStart:
		s = WaitJoin
	case gil.WhyCCall:
		s = CCall
	case gil.WhyLock, gil.WhyCond, gil.WhyEvent, gil.WhyQueue:
		if s = WaitLock; l.waiting {
			s = l.waitKind
		}
	}
	l.set(e.T, s, Span{Obj: l.waitObj, Peer: l.peer})
}

// onCore follows a core-on: it may tell of a wait for the core.
func (l *laneBuilder) onCore(e *gil.Event) {
	waited := time.Duration(e.A) - l.coreNow
	l.coreNow = time.Duration(e.A)
	if l.begun && waited > 0 {
		l.ready = append(l.ready, Span{From: e.T - waited, To: e.T})
	}
}

// heldBack makes the last d of computing a C call that kept the GIL.
func (l *laneBuilder) heldBack(at, d time.Duration) {
	if !l.begun {
		return
	}
	l.cut(at)
	for i := len(l.Spans) - 1; i >= 0 && d > 0; i-- {
		s := &l.Spans[i]
		switch {
		case s.State == ReadyCore:
		case s.State != Run:
			return
		case s.Length() <= d:
			d -= s.Length()
			s.State = CHeld
		default:
			tail := *s
			tail.From, tail.State = s.To-d, CHeld
			s.To, d = tail.From, 0
			l.Spans = append(l.Spans, Span{})
			copy(l.Spans[i+2:], l.Spans[i+1:])
			l.Spans[i+1] = tail
		}
	}
}

func (l *laneBuilder) end(e *gil.Event) {
	if !l.begun {
		l.Start = e.T
	}
	l.cut(e.T)
	l.Ended, l.Failed, l.End = true, e.A == 1, e.T
}

// close ends the lane with the trace.
func (l *laneBuilder) close(at time.Duration) {
	if l.begun && !l.Ended {
		l.cut(at)
		l.End = at
	}
}

// clip takes away what lies before the trace is complete.
func (l *laneBuilder) clip(from time.Duration) {
	l.Start, l.End = max(l.Start, from), max(l.End, from)
	n := 0
	for _, s := range l.Spans {
		if s.From = max(s.From, from); s.From < s.To {
			l.Spans[n] = s
			n++
		}
	}
	l.Spans = l.Spans[:n]
}

// holders follows who holds what.
type holders struct {
	list  *[]Resource
	index map[uint64]int
	open  map[uint64][]Hold // since when, by whom
}

func (h *holders) init(list *[]Resource) {
	h.list, h.index, h.open = list, map[uint64]int{}, map[uint64][]Hold{}
}

func (h *holders) acquire(e *gil.Event, name string, waited time.Duration) {
	if _, ok := h.index[e.Obj]; !ok {
		h.index[e.Obj] = len(*h.list)
		*h.list = append(*h.list, Resource{Obj: e.Obj, PID: e.PID, Name: name})
	}
	h.open[e.Obj] = append(h.open[e.Obj], Hold{TID: e.TID, From: e.T, Waited: waited, Name: e.Name})
}

// release ends the latest hold of the event's thread, or, as any thread may release
// a lock, the oldest one.
func (h *holders) release(e *gil.Event) {
	open := h.open[e.Obj]
	if len(open) == 0 {
		return
	}
	at := 0
	for i := len(open) - 1; i >= 0; i-- {
		if open[i].TID == e.TID {
			at = i
			break
		}
	}
	x := open[at]
	x.To, x.Why = e.T, e.Why
	h.open[e.Obj] = append(open[:at], open[at+1:]...)
	r := &(*h.list)[h.index[e.Obj]]
	r.Holds = append(r.Holds, x)
}

// last is the latest hold that is over, holder who holds it now, 0 for nobody.
func (h *holders) last(obj uint64) *Hold {
	if i, ok := h.index[obj]; ok {
		if hs := (*h.list)[i].Holds; len(hs) > 0 {
			return &hs[len(hs)-1]
		}
	}
	return nil
}

func (h *holders) holder(obj uint64) uint32 {
	if open := h.open[obj]; len(open) > 0 {
		return open[len(open)-1].TID
	}
	return 0
}

func (h *holders) finish(from, to time.Duration) {
	for i := range *h.list {
		r := &(*h.list)[i]
		for _, x := range h.open[r.Obj] {
			x.To, x.Open = to, true
			r.Holds = append(r.Holds, x)
		}
		n := 0
		for _, x := range r.Holds {
			if x.To >= from {
				x.From = max(x.From, from)
				r.Holds[n] = x
				n++
			}
		}
		r.Holds = r.Holds[:n]
	}
}
