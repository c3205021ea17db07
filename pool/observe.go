package pool

import (
	"context"
	"strconv"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
)

// observe tells the observer of t's world, if there is one, what t has done to a job.
func observe(t *gil.Thread, k gil.EventKind, p *place, j job) {
	if t != nil && t.Observed() {
		report(t, k, p, j.head())
	}
}

func report(t *gil.Thread, k gil.EventKind, p *place, h *header) {
	e := gil.Event{Kind: k, Obj: p.object(t), A: h.number}
	switch k {
	case gil.EvSubmit, gil.EvTaskBegin:
		e.Name = h.name
	case gil.EvTaskEnd:
		if h.failed {
			e.B = 1
		}
	}
	t.Emit(e)
	if k == gil.EvSubmit && h.items > 0 {
		e.Kind, e.Name, e.B = gil.EvChunk, "", int64(h.items)
		t.Emit(e)
	}
}

// A lane is what an observer sees of a real worker process: a thread of its own, which
// never runs, in the world of the first who submitted. What happens there is told from
// here: a task begins when it is the first that the worker has not answered, and ends
// with its answer. An emulated worker tells of its tasks itself.
type lane struct {
	thread *gil.Thread
	place  *place
	began  job // that has not ended
}

// openLanes makes lanes for all workers that there may be, when t's world is observed.
func (f *fleet) openLanes(t *gil.Thread) {
	if t == nil || !t.Observed() || virtual(t) != nil {
		return
	}
	f.mu.Lock()
	missing := f.max - f.lanes
	first := f.lanes
	f.lanes += max(0, missing)
	f.mu.Unlock()
	for i := range missing {
		name := f.name + " (worker " + strconv.Itoa(first+i) + ")"
		l := &lane{thread: t.NewThread(name, func(*gil.Thread) {}), place: &f.place}
		f.mu.Lock()
		f.unused = append(f.unused, l)
		f.mu.Unlock()
	}
}

// begin tells that the worker has come to j.
func (l *lane) begin(j job) { observe(l.thread, gil.EvTaskBegin, l.place, j) }

// end tells that a task has ended.
func (l *lane) end(j job, failed bool) {
	e := gil.Event{Kind: gil.EvTaskEnd, Obj: l.place.object(l.thread), A: j.head().number}
	if failed {
		e.B = 1
	}
	l.thread.Emit(e)
}

// observeResult tells that the result of a task was taken.
func observeResult(ctx context.Context, p *place, number int64) {
	if p == nil {
		return
	}
	if t := acting(ctx); t != nil && t.Observed() {
		t.Emit(gil.Event{Kind: gil.EvResult, Obj: p.object(t), A: number})
	}
}

// object is the number by which observers know a pool or executor.
func (p *place) object(t *gil.Thread) uint64 {
	if id := p.obj.Load(); id != 0 {
		return id
	}
	n := observed.Get(t) + 1
	observed.Set(t, n)
	p.obj.CompareAndSwap(0, 3<<62|t.Ident()<<24|uint64(n))
	return p.obj.Load()
}

// observed counts the executors that a thread was the first to use, so that a number
// depends on nothing but what its thread did.
var observed threading.Local[uint32]
