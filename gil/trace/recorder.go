package trace

import (
	"maps"
	"slices"
	"sync"

	"github.com/pygil/pygil/gil"
)

// Option changes a Recorder.
type Option interface{ apply(*Recorder) }

type optionFunc func(*Recorder)

func (f optionFunc) apply(r *Recorder) { f(r) }

// WithRing keeps the last n events and forgets older ones, but for those that say
// who the threads are and what they held: memory is bounded by n, the number of
// threads alive and the number of locks held. It panics with a *gil.ValueError
// when n < 1.
func WithRing(n int) Option {
	if n < 1 {
		panic(&gil.ValueError{Text: "trace: WithRing: a ring holds at least one event"})
	}
	return optionFunc(func(r *Recorder) { r.most = n })
}

// chunk is how many events a full recorder makes room for at a time, so that it
// never copies what it has.
const chunk = 4096

// Recorder is a gil.Observer that keeps what it is told. It may be used from many
// goroutines, as the live world does, and read while it records. It is for one run:
// Reset it before the next.
type Recorder struct {
	most int // 0: all

	mu      sync.Mutex
	chunks  [][]gil.Event // full recorder
	ring    []gil.Event
	next    int // where the ring's oldest event is, once it is full
	dropped uint64
	kept    keeper
	values  map[uint64]string // by Seq
}

var _ gil.Observer = (*Recorder)(nil)

// NewRecorder makes a recorder that keeps all events, or the last ones WithRing.
// Give it to a world by gil.WithObserver.
func NewRecorder(opts ...Option) *Recorder {
	r := &Recorder{}
	for _, o := range opts {
		o.apply(r)
	}
	if r.most > 0 {
		r.kept = newKeeper()
	}
	return r
}

// Observe records an event.
func (r *Recorder) Observe(e gil.Event) {
	r.mu.Lock()
	switch {
	case r.most == 0:
		n := len(r.chunks)
		if n == 0 || len(r.chunks[n-1]) == chunk {
			r.chunks = append(r.chunks, make([]gil.Event, 0, chunk))
			n++
		}
		r.chunks[n-1] = append(r.chunks[n-1], e)
	case len(r.ring) < r.most:
		r.ring = append(r.ring, e)
	default:
		old := &r.ring[r.next]
		r.kept.forget(old)
		if r.values != nil {
			delete(r.values, old.Seq)
		}
		r.dropped++
		*old = e
		if r.next++; r.next == r.most {
			r.next = 0
		}
	}
	r.mu.Unlock()
}

// Values is the recorder as an observer that is also told the values of variables,
// which Trace.Values has then, as Python's repr. That costs some time for each
// access; give it to gil.WithObserver instead of the recorder.
func (r *Recorder) Values() gil.ValueObserver { return valued{r} }

type valued struct{ *Recorder }

// ObserveValue records the value that the event read or wrote.
func (v valued) ObserveValue(e gil.Event, x any) {
	text := cutText(gil.Repr(x), 80)
	v.mu.Lock()
	if v.values == nil {
		v.values = map[uint64]string{}
	}
	v.values[e.Seq] = text
	v.mu.Unlock()
}

// Len is the number of events that Trace would return.
func (r *Recorder) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(r.ring) + len(r.kept.events())
	for _, c := range r.chunks {
		n += len(c)
	}
	return n
}

// Dropped is the number of events that the ring forgot.
func (r *Recorder) Dropped() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dropped - uint64(len(r.kept.events()))
}

// Reset forgets everything.
func (r *Recorder) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.chunks, r.ring, r.next, r.dropped, r.values = nil, nil, 0, 0, nil
	if r.most > 0 {
		r.kept = newKeeper()
	}
}

// Trace returns what has been recorded so far; recording goes on. The header knows
// the profile, if the event that tells it was recorded, and guesses the clock from
// what was; see Describe for the rest.
func (r *Recorder) Trace() *Trace {
	r.mu.Lock()
	tr := &Trace{Header: Header{Schema: Schema}}
	kept := r.kept.events()
	tr.Events = slices.Grow(tr.Events, len(r.ring)+len(kept)+len(r.chunks)*chunk)
	tr.Events = append(tr.Events, kept...)
	tr.Header.Dropped = r.dropped - uint64(len(kept))
	for _, c := range r.chunks {
		tr.Events = append(tr.Events, c...)
	}
	tr.Events = append(append(tr.Events, r.ring[r.next:]...), r.ring[:r.next]...)
	tr.Values = maps.Clone(r.values)
	r.mu.Unlock()

	if tr.Header.Dropped > 0 && len(tr.Events) > len(kept) {
		tr.Header.From = tr.Events[len(kept)].T
	}
	s := newSites()
	tr.Header.Clock = "frozen"
	for i := range tr.Events {
		e := &tr.Events[i]
		switch {
		case e.Kind == gil.EvCoreOn:
			tr.Header.Clock = "virtual" // only a machine has cores
		case tr.Header.Clock != "virtual" && (e.Kind == gil.EvGILAcquire || e.Kind == gil.EvState):
			tr.Header.Clock = "real" // an explored run has no GIL
		}
		e.Loc = s.number(e.Loc)
		if e.Kind == gil.EvInterpStart && tr.Header.Profile == "" {
			tr.Header.Profile = e.Name
		}
	}
	tr.Sites = s.list
	return tr
}

// keeper remembers of the events that a ring forgets those without which the rest
// cannot be understood: who the threads are, what they do, what they hold. An
// event leaves it when one that ends its effect is forgotten too.
type keeper struct {
	processes map[uint32]gil.Event
	threads   map[uint32]*keptThread
	held      map[heldBy]gil.Event // GILs, locks, cores
}

type keptThread struct{ interp, create, start, state gil.Event }

type heldBy struct {
	tid uint32
	obj uint64
	k   gil.EventKind // of the acquisition
}

func newKeeper() keeper {
	return keeper{map[uint32]gil.Event{}, map[uint32]*keptThread{}, map[heldBy]gil.Event{}}
}

func (k *keeper) thread(tid uint32) *keptThread {
	t := k.threads[tid]
	if t == nil {
		t = &keptThread{}
		k.threads[tid] = t
	}
	return t
}

func (k *keeper) forget(e *gil.Event) {
	switch e.Kind {
	case gil.EvProcessStart:
		k.processes[e.PID] = *e
	case gil.EvProcessExit:
		delete(k.processes, e.PID)
	case gil.EvInterpStart:
		k.thread(e.TID).interp = *e
	case gil.EvThreadCreate:
		k.thread(e.TID).create = *e
	case gil.EvThreadStart:
		k.thread(e.TID).start = *e
	case gil.EvState:
		k.thread(e.TID).state = *e
	case gil.EvThreadEnd:
		delete(k.threads, e.TID)
		maps.DeleteFunc(k.held, func(h heldBy, _ gil.Event) bool { return h.tid == e.TID && h.k == gil.EvLockAcquire })
	case gil.EvLockAcquire:
		if !isLock(e) {
			break // nobody gives it back
		}
		k.held[heldBy{e.TID, e.Obj, e.Kind}] = *e
	case gil.EvGILAcquire, gil.EvCoreOn:
		k.held[heldBy{e.TID, e.Obj, e.Kind}] = *e
	case gil.EvGILRelease:
		delete(k.held, heldBy{e.TID, e.Obj, gil.EvGILAcquire})
	case gil.EvLockRelease:
		delete(k.held, heldBy{e.TID, e.Obj, gil.EvLockAcquire})
	case gil.EvCoreOff:
		delete(k.held, heldBy{e.TID, e.Obj, gil.EvCoreOn})
	}
}

// events are what is kept, in the order in which they happened.
func (k *keeper) events() []gil.Event {
	var out []gil.Event
	add := func(e gil.Event) {
		if e.Kind != gil.EvNone {
			out = append(out, e)
		}
	}
	for _, t := range k.threads {
		add(t.interp)
		add(t.create)
		add(t.start)
		add(t.state)
	}
	out = slices.AppendSeq(out, maps.Values(k.processes))
	out = slices.AppendSeq(out, maps.Values(k.held))
	slices.SortFunc(out, func(a, b gil.Event) int {
		if a.Seq < b.Seq {
			return -1
		}
		return 1
	})
	return out
}
