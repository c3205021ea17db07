package trace

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/kernel"
)

// builder turns events into a Timeline.
type builder struct {
	tl      *Timeline
	threads map[uint32]*laneBuilder
	order   []*laneBuilder
	told    map[uint32]bool // threads whose states are told
	hasGIL  map[uint32]bool // threads that have had or wanted a GIL
	gils    holders
	locks   holders
	cores   holders
	tasks   holders

	puts map[itemKey]*gil.Event // what flows from one thread to another
}

type itemKey struct {
	obj  uint64
	item int64
	kind gil.EventKind
}

func (b *builder) thread(e *gil.Event) *laneBuilder {
	l := b.threads[e.TID]
	if l == nil {
		l = &laneBuilder{told: b.told[e.TID], hasGIL: b.hasGIL[e.TID]}
		l.TID, l.PID, l.Name = e.TID, e.PID, b.tl.names.thread(e.TID)
		b.threads[e.TID] = l
		b.order = append(b.order, l)
	}
	return l
}

// survey finds out how the threads tell what they do.
func (b *builder) survey(tr *Trace) {
	b.told, b.hasGIL = map[uint32]bool{}, map[uint32]bool{}
	for i := range tr.Events {
		switch e := &tr.Events[i]; e.Kind {
		case gil.EvState:
			b.told[e.TID] = true
		case gil.EvGILRequest, gil.EvGILAcquire:
			b.hasGIL[e.TID] = true
		}
	}
}

func (b *builder) event(e *gil.Event) {
	if e.TID == 0 {
		return
	}
	l := b.thread(e)
	if !l.begun && !introduces(e.Kind) && b.tl.Trace.Header.Dropped == 0 {
		l.begin(e.T) // nobody told of its start; a ring keeps those of threads alive
	}
	switch e.Kind {
	case gil.EvThreadCreate:
		l.Creator = e.Peer
		l.created = e.T
	case gil.EvThreadStart:
		l.begin(e.T)
		if l.Creator != 0 && l.Creator != e.TID {
			b.link("start", l.Creator, l.created, e)
		}
	case gil.EvThreadEnd:
		l.end(e)
	case gil.EvDaemonKill:
		l.Killed = true
		b.mark(e, "killed with its interpreter")
	case gil.EvGILAcquire:
		b.gilAcquired(l, e)
	case gil.EvGILRelease:
		b.gils.release(e)
		l.released(e)
	case gil.EvGILRequest:
		l.guess(e.T, WaitGIL)
		l.peer = e.Peer
	case gil.EvGILDropAsk:
		b.mark(e, fmt.Sprintf("asks %s for the GIL", b.tl.names.thread(e.Peer)))
	case gil.EvGILFailedWake:
		b.mark(e, "woken, but the GIL is taken")
	case gil.EvCoreOn, gil.EvCoreOff, gil.EvPreempt:
		b.core(l, e)
	case gil.EvState:
		l.state(e)
	case gil.EvLockRequest, gil.EvLockAcquire, gil.EvLockRelease, gil.EvLockTimeout:
		b.lock(l, e)
	case gil.EvWork:
		if e.Why == gil.WhyCCall && e.B == 1 {
			l.heldBack(e.T, time.Duration(e.A))
		}
	case gil.EvGC:
		l.heldBack(e.T, time.Duration(e.A))
		b.mark(e, "garbage collection")
	case gil.EvIOBegin:
		l.guess(e.T, IO)
	case gil.EvSleepBegin:
		l.guess(e.T, Sleep)
	case gil.EvIOEnd, gil.EvSleepEnd:
		l.guess(e.T, Run)
	case gil.EvJoinBegin:
		l.guess(e.T, WaitJoin)
		l.peer = e.Peer
	case gil.EvJoinEnd:
		l.guess(e.T, Run)
		if o := b.threads[e.Peer]; o != nil && o.Ended && e.A == 1 && o.End <= e.T {
			b.link("end", e.Peer, o.End, e)
		}
	default:
		b.other(l, e)
	}
}

// introduces reports whether a thread can have the event before it starts, or
// after it has ended.
func introduces(k gil.EventKind) bool {
	switch k {
	case gil.EvProcessStart, gil.EvInterpStart, gil.EvThreadCreate, gil.EvThreadStart, gil.EvThreadEnd, gil.EvDaemonKill, gil.EvCoreOn, gil.EvCoreOff,
		gil.EvPreempt, gil.EvDeadlock, gil.EvProcessExit, gil.EvGILRelease:
		return true
	}
	return false
}

// other sees what packages above gil emit, and moments.
func (b *builder) other(l *laneBuilder, e *gil.Event) {
	switch e.Kind {
	case gil.EvQueueWait:
		l.queueing, l.queueObj = true, e.Obj
	case gil.EvQueuePut, gil.EvPipeSend, gil.EvSubmit, gil.EvCancel:
		b.sent(e)
		l.queueing = false
	case gil.EvQueueGet:
		l.queueing = false
		b.arrived("item", gil.EvQueuePut, e)
	case gil.EvPipeRecv:
		b.arrived("message", gil.EvPipeSend, e)
	case gil.EvTaskBegin:
		b.arrived("task", gil.EvSubmit, e)
		b.tasks.acquire(b.taskLane(e), l.Name+": tasks", 0)
	case gil.EvTaskEnd:
		b.tasks.release(b.taskLane(e))
	case gil.EvCallbackBegin:
		b.tasks.acquire(b.taskLane(e), l.Name+": tasks", 0)
	case gil.EvCallbackEnd:
		b.tasks.release(b.taskLane(e))
	case gil.EvCancelDeliver:
		b.arrived("cancel", gil.EvCancel, e)
	case gil.EvPrint, gil.EvLabel, gil.EvDeadlock, gil.EvAssert, gil.EvLivelock, gil.EvStarvation, gil.EvCorrupt, gil.EvUnhandled, gil.EvProcessExit,
		gil.EvProcessStart, gil.EvCancelSwallow, gil.EvTimerFire, gil.EvNotify:
		b.mark(e, e.Name)
	case gil.EvCopyOnWrite:
		b.mark(e, size(e.A)+" copied on write")
	}
}

// taskLane makes tasks of one thread one Resource.
func (b *builder) taskLane(e *gil.Event) *gil.Event {
	c := *e
	c.Obj = uint64(e.TID)
	return &c
}

func (b *builder) mark(e *gil.Event, text string) {
	b.tl.Marks = append(b.tl.Marks, Mark{e.TID, e.PID, e.T, e.Kind, text})
}

func (b *builder) link(kind string, from uint32, at time.Duration, to *gil.Event) {
	b.tl.Links = append(b.tl.Links, Link{kind, from, to.TID, at, to.T})
}

func (b *builder) sent(e *gil.Event) {
	if b.puts == nil {
		b.puts = map[itemKey]*gil.Event{}
	}
	b.puts[itemKey{e.Obj, e.A, e.Kind}] = e
}

func (b *builder) arrived(kind string, sent gil.EventKind, e *gil.Event) {
	k := itemKey{e.Obj, e.A, sent}
	if s := b.puts[k]; s != nil {
		delete(b.puts, k)
		if s.TID != e.TID {
			b.link(kind, s.TID, s.T, e)
		}
	}
}

func (b *builder) gilAcquired(l *laneBuilder, e *gil.Event) {
	if last := b.gils.last(e.Obj); last != nil && last.TID != e.TID && e.A > 0 { // else it found it free
		b.link("gil handover", last.TID, last.To, e)
	}
	b.gils.acquire(e, b.tl.names.gil(e.Obj), time.Duration(e.A))
	l.guess(e.T, Run)
}

func (b *builder) core(l *laneBuilder, e *gil.Event) {
	switch e.Kind {
	case gil.EvCoreOn:
		b.cores.acquire(e, fmt.Sprintf("core %d", e.Obj), 0)
		if e.Name == b.tl.names.plain[l.TID] {
			l.onCore(e)
		}
	case gil.EvCoreOff:
		b.cores.release(e)
	case gil.EvPreempt:
		b.mark(e, "its slice is over")
	}
}

func (b *builder) lock(l *laneBuilder, e *gil.Event) {
	o := b.tl.names.objects[e.Obj]
	switch e.Kind {
	case gil.EvLockRequest:
		l.waitObj, l.waitKind = e.Obj, waitState(kernel.OpKind(e.B))
		if l.waitKind != WaitJoin {
			l.peer = e.Peer
			if h := b.locks.holder(e.Obj); h != 0 {
				l.peer = h
			}
		}
		l.guess(e.T, l.waitKind)
		l.wait = len(b.tl.Waits)
		l.waiting = true
		b.tl.Waits = append(b.tl.Waits, Wait{TID: e.TID, Obj: e.Obj, Name: b.tl.names.obj(e.Obj), From: e.T, To: b.tl.To})
	case gil.EvLockAcquire, gil.EvLockTimeout:
		if l.waiting {
			w := &b.tl.Waits[l.wait]
			w.To, w.Acquired, w.TimedOut = e.T, e.Kind == gil.EvLockAcquire, e.Kind == gil.EvLockTimeout
			l.waiting = false
			l.guess(e.T, Run)
			if last := b.locks.last(e.Obj); w.Acquired && last != nil && last.TID != e.TID {
				b.link("lock handover", last.TID, last.To, e)
			}
		}
		if e.Kind == gil.EvLockAcquire && o != nil && o.kind == lockObject && isLock(e) {
			b.locks.acquire(e, o.label, time.Duration(e.A))
		}
	case gil.EvLockRelease:
		if o != nil {
			b.locks.release(e)
		}
	}
}

// waitState is what a thread that waits for an operation does.
func waitState(op kernel.OpKind) State {
	switch op {
	case kernel.OpWait, kernel.OpNotify, kernel.OpSet:
		return WaitCond
	case kernel.OpPut, kernel.OpGet, kernel.OpSend, kernel.OpRecv:
		return WaitQueue
	case kernel.OpJoin, kernel.OpStart:
		return WaitJoin
	}
	return WaitLock
}

func (b *builder) finish() {
	for _, l := range b.order {
		l.close(b.tl.To)
	}
	slices.SortStableFunc(b.order, func(x, y *laneBuilder) int {
		return cmp.Or(cmp.Compare(x.PID, y.PID), cmp.Compare(x.TID, y.TID))
	})
	for _, l := range b.order {
		gone := l.Ended && l.End < b.tl.From
		if l.clip(b.tl.From); l.begun && !gone {
			b.tl.Lanes = append(b.tl.Lanes, l.Lane)
		}
	}
	for _, h := range []*holders{&b.gils, &b.locks, &b.cores, &b.tasks} {
		h.finish(b.tl.From, b.tl.To)
	}
	slices.SortStableFunc(b.tl.Cores, func(x, y Resource) int { return cmp.Compare(x.Obj, y.Obj) })
	slices.SortStableFunc(b.tl.Tasks, func(x, y Resource) int { return cmp.Compare(x.Obj, y.Obj) })
	b.tl.Links = slices.DeleteFunc(b.tl.Links, func(l Link) bool { return l.At < b.tl.From })
	b.tl.Marks = slices.DeleteFunc(b.tl.Marks, func(m Mark) bool { return m.T < b.tl.From })
}

// kernelOp is the operation of a lock event.
func kernelOp(e *gil.Event) kernel.OpKind { return kernel.OpKind(e.B) }
