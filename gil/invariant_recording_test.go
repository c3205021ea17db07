package gil_test

import (
	"sort"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
)

// A recording is everything a world reported, in the order of delivery.
type recording struct {
	mu     sync.Mutex
	events []gil.Event
}

// Observe implements gil.Observer.
func (r *recording) Observe(e gil.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

// A span is something a thread did from one time to another.
type span struct {
	tid      uint32
	pid      uint32
	obj      uint64
	from, to time.Duration
	why      gil.Why
}

func (s span) length() time.Duration { return s.to - s.from }

// coreSpans pairs the core-on and core-off events; no core may be on twice. When a
// core changes hands between two interpreters both events have the same time, and
// the interpreters' order decides which is delivered first.
func (r *recording) coreSpans(t *testing.T) []span {
	t.Helper()
	on := map[uint64]*gil.Event{}
	early := map[uint64][]*gil.Event{} // given before it was left, at the same time
	var out []span
	for i := range r.events {
		switch e := &r.events[i]; e.Kind {
		case gil.EvCoreOn:
			if on[e.Obj] != nil {
				early[e.Obj] = append(early[e.Obj], e)
			} else {
				on[e.Obj] = e
			}
		case gil.EvCoreOff:
			b, rest := on[e.Obj], early[e.Obj]
			if b == nil {
				t.Fatalf("core %d is left by nobody: %+v", e.Obj, *e)
			}
			switch {
			case b.Name == e.Name && b.TID == e.TID && len(rest) == 0:
				on[e.Obj] = nil
			case b.Name == e.Name && b.TID == e.TID:
				on[e.Obj], early[e.Obj] = rest[0], rest[1:]
				require.Equal(t, e.T, rest[0].T, "core %d is given twice, event %d", e.Obj, rest[0].Seq)
			default: // a visit that took no time
				b, early[e.Obj] = rest[0], rest[1:]
				require.Equal(t, e.T, b.T, "core %d is given twice, event %d", e.Obj, b.Seq)
				require.Equal(t, b.TID, e.TID, "core %d is left by another thread, event %d", e.Obj, e.Seq)
			}
			out = append(out, span{tid: e.TID, pid: e.PID, obj: e.Obj, from: b.T, to: e.T})
		}
	}
	for c, b := range on {
		require.Nil(t, b, "core %d is never left", c)
		require.Empty(t, early[c], "core %d is given twice", c)
	}
	return out
}

// holds pairs the events of taking and releasing each GIL; none may have two
// holders, and none may be held at the end.
func (r *recording) holds(t *testing.T) []span {
	t.Helper()
	held := map[uint64]*gil.Event{}
	var out []span
	for i := range r.events {
		switch e := &r.events[i]; e.Kind {
		case gil.EvGILAcquire:
			if b := held[e.Obj]; b != nil {
				t.Fatalf("GIL %d has two holders: %+v and %+v", e.Obj, *b, *e)
			}
			held[e.Obj] = e
		case gil.EvGILRelease:
			b := held[e.Obj]
			switch {
			case b == nil:
				t.Fatalf("GIL %d is released without a holder: %+v", e.Obj, *e)
			case b.TID != e.TID:
				t.Fatalf("GIL %d is released by another thread: %+v and %+v", e.Obj, *b, *e)
			case e.T-b.T != time.Duration(e.A):
				t.Fatalf("a hold of %v is said to be %v: %+v and %+v", e.T-b.T, time.Duration(e.A), *b, *e)
			}
			held[e.Obj] = nil
			out = append(out, span{tid: e.TID, pid: e.PID, obj: e.Obj, from: b.T, to: e.T, why: e.Why})
		}
	}
	for g, b := range held {
		require.Nil(t, b, "GIL %d is held at the end", g)
	}
	return out
}

// end is the time of the last event.
func (r *recording) end() (at time.Duration) {
	for _, e := range r.events {
		at = max(at, e.T)
	}
	return at
}

// total adds up the lengths of spans.
func total(spans []span) (d time.Duration) {
	for _, s := range spans {
		d += s.length()
	}
	return d
}

// lengths are the lengths of the spans that ended for one of the reasons, sorted.
func lengths(spans []span, why ...gil.Why) []time.Duration {
	var out []time.Duration
	for _, s := range spans {
		for _, w := range why {
			if s.why == w {
				out = append(out, s.length())
			}
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i] < out[j] })
	return out
}

func median(sorted []time.Duration) time.Duration { return sorted[len(sorted)/2] }

// countOf is the number of events of a kind about one object.
func (r *recording) countOf(k gil.EventKind, obj uint64) (n int64) {
	for _, e := range r.events {
		if e.Kind == k && e.Obj == obj {
			n++
		}
	}
	return n
}

// switchesOf is the number of switches of one GIL.
func (r *recording) switchesOf(obj uint64) (n int64) {
	last := uint32(0)
	for _, e := range r.events {
		if e.Kind == gil.EvGILAcquire && e.Obj == obj {
			if last != e.TID {
				n++
			}
			last = e.TID
		}
	}
	return n
}

// only keeps the spans of one object.
func only(spans []span, obj uint64) (out []span) {
	for _, s := range spans {
		if s.obj == obj {
			out = append(out, s)
		}
	}
	return out
}
