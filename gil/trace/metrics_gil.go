package trace

import (
	"slices"
	"time"

	"github.com/pygil/pygil/gil"
)

// gilMetrics counts what happened to the GILs.
func (tl *Timeline) gilMetrics(m *Metrics, byTID map[uint32]int) {
	index := map[uint64]int{}
	of := func(obj uint64) *GILMetrics {
		i, ok := index[obj]
		if !ok {
			i = len(m.GILs)
			index[obj] = i
			m.GILs = append(m.GILs, GILMetrics{Obj: obj, Name: tl.names.gil(obj), Interval: tl.Trace.Header.Interval})
		}
		return &m.GILs[i]
	}
	type wait struct {
		since time.Duration
		seen  int // acquisitions when it began
	}
	waits := map[uint32]wait{}
	wanted := map[uint64]*intervals{}
	lastHolder := map[uint64]uint32{}
	lastWhy := map[uint64]gil.Why{}
	asked := map[uint64]time.Duration{}
	hasGIL := map[uint32]uint64{}
	ended := func(e *gil.Event, w wait) {
		x := wanted[e.Obj]
		if x == nil {
			x = &intervals{}
			wanted[e.Obj] = x
		}
		x.add(max(w.since, tl.From), e.T)
	}
	for i := range tl.Trace.Events {
		e := &tl.Trace.Events[i]
		lane, ok := byTID[e.TID]
		if !ok {
			continue
		}
		t := &m.Threads[lane]
		switch e.Kind {
		case gil.EvGILRequest:
			g := of(e.Obj)
			waits[e.TID] = wait{e.T, g.Acquisitions}
			hasGIL[e.TID] = e.Obj
		case gil.EvGILDropAsk:
			g := of(e.Obj)
			if g.Requests++; asked[e.Obj] == 0 {
				asked[e.Obj] = e.T + 1 // 0 is: not asked
			}
		case gil.EvGILFailedWake:
			of(e.Obj).FailedWakes++
			t.FailedWakes++
		case gil.EvGILAcquire:
			g := of(e.Obj)
			hasGIL[e.TID] = e.Obj
			if w, ok := waits[e.TID]; ok {
				ended(e, w)
				t.Bypass = max(t.Bypass, g.Acquisitions-w.seen)
				delete(waits, e.TID)
			}
			g.Acquisitions++
			t.Acquisitions++
			if lastHolder[e.Obj] != e.TID {
				g.Switches++
				t.Switches++
				switch lastWhy[e.Obj] {
				case gil.WhyInterval, gil.WhyTick:
					g.Forced++
				default:
					g.Voluntary++
				}
			}
			lastHolder[e.Obj] = e.TID
		case gil.EvGILRelease:
			g := of(e.Obj)
			lastWhy[e.Obj] = e.Why
			if e.Why == gil.WhyTick {
				g.Checks++
			}
			if at := asked[e.Obj]; at != 0 {
				d := max(0, e.T-(at-1)) // live, events may come in another order than their times
				g.Latencies++
				g.LatencySum += d
				g.LatencyMax = max(g.LatencyMax, d)
				asked[e.Obj] = 0
			}
		}
	}
	for tid, w := range waits { // they wait still
		if obj, ok := hasGIL[tid]; ok {
			ended(&gil.Event{Obj: obj, T: tl.To}, w)
		}
	}
	for obj, x := range wanted {
		of(obj).Wanted, _ = x.covered()
	}
	for _, r := range tl.GILs {
		g := of(r.Obj)
		for _, h := range r.Holds {
			g.Held += h.To - h.From
		}
	}
	for i := range tl.Lanes {
		l := &tl.Lanes[i]
		obj, ok := hasGIL[l.TID]
		if !ok {
			continue
		}
		g := of(obj)
		for j, s := range l.Spans {
			if s.State != IO {
				continue
			}
			g.IOEnds++
			for _, next := range l.Spans[j+1:] {
				if next.State != ReadyCore && next.State != WaitGIL {
					break
				}
				if next.State == WaitGIL {
					g.AfterIO += next.Length()
				}
			}
		}
	}
}

// lockMetrics counts what happened to the locks.
func (tl *Timeline) lockMetrics(m *Metrics) {
	queue := map[uint64]*intervals{}
	waited := map[uint64]time.Duration{}
	timeouts := map[uint64]int{}
	for _, w := range tl.Waits {
		x := queue[w.Obj]
		if x == nil {
			x = &intervals{}
			queue[w.Obj] = x
		}
		x.add(max(w.From, tl.From), w.To)
		waited[w.Obj] += max(0, w.To-max(w.From, tl.From))
		if w.TimedOut {
			timeouts[w.Obj]++
		}
	}
	order := tl.lockOrder()
	for _, r := range tl.Locks {
		x := LockMetrics{Obj: r.Obj, Name: r.Name, Waited: waited[r.Obj], Timeouts: timeouts[r.Obj]}
		for _, h := range r.Holds {
			x.Acquisitions++
			if h.Waited > 0 {
				x.Contended++
			}
			x.Held += h.To - h.From
		}
		if q := queue[r.Obj]; q != nil {
			_, x.Queue = q.covered()
		}
		for _, e := range order {
			if e.first == r.Obj {
				x.Before = append(x.Before, tl.names.obj(e.second))
			}
		}
		slices.Sort(x.Before)
		m.Locks = append(m.Locks, x)
	}
}

// orderEdge says that a thread acquired, or waited for, a lock with another one
// held.
type orderEdge struct {
	first, second uint64
	tid           uint32
	at            time.Duration
}

// lockOrder finds the pairs of locks that were taken one within the other, each
// once per thread, in the order in which that happened.
func (tl *Timeline) lockOrder() []orderEdge {
	var out []orderEdge
	type pair struct {
		first, second uint64
		tid           uint32
	}
	seen := map[pair]bool{}
	held := map[uint32][]uint64{}
	for i := range tl.Trace.Events {
		e := &tl.Trace.Events[i]
		o := tl.names.objects[e.Obj]
		if o == nil || o.kind != lockObject {
			continue
		}
		switch e.Kind {
		case gil.EvLockRequest, gil.EvLockAcquire:
			if !isLock(e) {
				continue
			}
			for _, h := range held[e.TID] {
				if p := (pair{h, e.Obj, e.TID}); h != e.Obj && !seen[p] {
					seen[p] = true
					out = append(out, orderEdge{h, e.Obj, e.TID, e.T})
				}
			}
			if e.Kind == gil.EvLockAcquire {
				held[e.TID] = append(held[e.TID], e.Obj)
			}
		case gil.EvLockRelease:
			for tid, hs := range held {
				if i := slices.Index(hs, e.Obj); i >= 0 && (tid == e.TID || !slices.Contains(held[e.TID], e.Obj)) {
					held[tid] = slices.Delete(hs, i, i+1)
					break
				}
			}
		}
	}
	return out
}
