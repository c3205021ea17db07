package trace

import (
	"cmp"
	"slices"
	"time"

	"github.com/pygil/pygil/gil"
)

// Timeline is a trace as spans: what every thread did when, who held what, who
// woke whom. All exporters and metrics are made from it.
type Timeline struct {
	Trace *Trace
	From  time.Duration // where it begins: Header.From
	To    time.Duration // the last event
	Lanes []Lane        // threads, by process in the order of their creation
	GILs  []Resource    // in the order of first use
	Locks []Resource    // in the order of first use
	Cores []Resource    // by number; none in the live world
	Tasks []Resource    // what a thread did for a pool or an event loop, by thread
	Waits []Wait        // for locks and what is made of them, ended or not
	Links []Link        // who caused what on another thread, in the order of the effects
	Marks []Mark        // moments
	names *names
	index map[uint32]int // of lanes, by thread
}

// Lane is the life of a thread. Its spans follow each other without gaps and do
// not overlap; those that take no time are left out.
type Lane struct {
	TID, PID   uint32        // its number and its process's
	Name       string        // unique in the trace
	Start, End time.Duration // of its life, as far as the trace has it
	Ended      bool          // its end is in the trace
	Failed     bool          // it ended with an uncaught exception
	Killed     bool          // a daemon that was ended with its interpreter
	Creator    uint32        // the thread that made it
	Spans      []Span        // in the order of time
}

// Span is a part of a thread's life in which it does one thing.
type Span struct {
	From, To time.Duration // it does it
	State    State         // what it does
	Obj      uint64        // what it waits for, where that is known
	Peer     uint32        // the thread that held that when the wait began
}

// Length is how long the span takes.
func (s Span) Length() time.Duration { return s.To - s.From }

// Resource is something that one thread holds at a time, or several.
type Resource struct {
	Obj   uint64 // its number
	PID   uint32 // of the process that used it first
	Name  string // unique in the trace
	Holds []Hold // in the order in which they ended
}

// Hold is a thread's possession of a Resource.
type Hold struct {
	TID      uint32        // the thread
	From, To time.Duration // it had it
	Waited   time.Duration // before it
	Why      gil.Why       // it was given up
	Name     string        // of a task
	Open     bool          // it was not given up before the trace ends
}

// Wait is a thread's wait at a lock, an event, a condition.
type Wait struct {
	TID      uint32        // the thread
	Obj      uint64        // what it waited for
	Name     string        // of that
	From, To time.Duration // it waited
	Acquired bool          // it got it
	TimedOut bool          // it gave up; neither: it still waited when the trace ended
}

// Link is a cause on one thread with an effect on another: who is woken, who gets
// an item.
type Link struct {
	Kind     string        // "gil handover", "lock handover", "start", "end", "item", "message", "task", "cancel"
	From, To uint32        // the threads
	At, Then time.Duration // of the cause and of the effect
}

// Mark is a moment worth showing.
type Mark struct {
	TID, PID uint32        // whose
	T        time.Duration // when
	Kind     gil.EventKind // what
	Text     string        // in a few words
}

// Timeline derives the spans of a trace.
func (tr *Trace) Timeline() *Timeline {
	tl := &Timeline{Trace: tr, From: tr.Header.From, To: tr.End(), names: nameAll(tr)}
	b := builder{tl: tl, threads: map[uint32]*laneBuilder{}}
	b.survey(tr)
	b.gils.init(&tl.GILs)
	b.locks.init(&tl.Locks)
	b.cores.init(&tl.Cores)
	b.tasks.init(&tl.Tasks)
	for i := range tr.Events {
		b.event(&tr.Events[i])
	}
	b.finish()
	tl.index = make(map[uint32]int, len(tl.Lanes))
	for i := range tl.Lanes {
		tl.index[tl.Lanes[i].TID] = i
	}
	return tl
}

// ThreadName is what a thread is called, unique in the trace.
func (tl *Timeline) ThreadName(tid uint32) string { return tl.names.thread(tid) }

// ObjectName is what a lock, a queue, a variable is called, unique in the trace
// where the program's names are.
func (tl *Timeline) ObjectName(obj uint64) string { return tl.names.obj(obj) }

// ProcessName is what a process is called.
func (tl *Timeline) ProcessName(pid uint32) string { return tl.names.process(pid) }

// Length is the time the timeline covers.
func (tl *Timeline) Length() time.Duration { return tl.To - tl.From }

// Lane finds a thread, nil when the trace has none of that number.
func (tl *Timeline) Lane(tid uint32) *Lane {
	if i, ok := tl.index[tid]; ok {
		return &tl.Lanes[i]
	}
	return nil
}

// At finds the span of a thread at a moment; the one that begins then, if one does.
func (l *Lane) At(t time.Duration) (Span, bool) {
	i, ok := slices.BinarySearchFunc(l.Spans, t, func(s Span, t time.Duration) int { return cmp.Compare(s.From, t) })
	if !ok {
		i--
	}
	if i < 0 || t >= l.Spans[i].To {
		return Span{}, false
	}
	return l.Spans[i], true
}

// Spent adds up the lane's spans by state. The sum is its life.
func (l *Lane) Spent() (d [NumStates]time.Duration) {
	for _, s := range l.Spans {
		d[s.State] += s.Length()
	}
	return d
}
