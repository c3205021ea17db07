package trace

import (
	"slices"
	"time"

	"github.com/pygil/pygil/gil"
)

// queueMetrics counts what went through the queues.
func (tl *Timeline) queueMetrics(m *Metrics) {
	type queue struct {
		at      int // in m.Queues
		put     map[int64]time.Duration
		length  int64
		emptied time.Duration // since when it has been empty
	}
	of := map[uint64]*queue{}
	for i := range tl.Trace.Events {
		e := &tl.Trace.Events[i]
		if e.Kind != gil.EvQueuePut && e.Kind != gil.EvQueueGet && e.Kind != gil.EvQueueWait {
			continue
		}
		q := of[e.Obj]
		if q == nil {
			q = &queue{at: len(m.Queues), put: map[int64]time.Duration{}, emptied: e.T}
			of[e.Obj] = q
			m.Queues = append(m.Queues, QueueMetrics{Obj: e.Obj, Name: tl.names.obj(e.Obj)})
		}
		x := &m.Queues[q.at]
		before := q.length
		switch e.Kind {
		case gil.EvQueuePut:
			x.Puts++
			q.put[e.A] = e.T
			q.length = e.B
		case gil.EvQueueGet:
			x.Gets++
			if at, ok := q.put[e.A]; ok {
				x.Waited += e.T - at
				delete(q.put, e.A)
			}
			q.length = e.B
		}
		x.Most = max(x.Most, q.length)
		if before == 0 && q.length > 0 {
			x.Empty += e.T - q.emptied
		} else if before > 0 && q.length == 0 {
			q.emptied = e.T
		}
	}
	for _, q := range of {
		if q.length == 0 {
			m.Queues[q.at].Empty += tl.To - q.emptied
		}
	}
}

// loopMetrics counts what the event loops did. A task's step is a callback, too.
func (tl *Timeline) loopMetrics(m *Metrics) {
	l := &m.Loop
	tl.eachCallback(func(_ *gil.Event, _ string, d time.Duration) { l.Longest = max(l.Longest, d) })
	for i := range tl.Trace.Events {
		switch e := &tl.Trace.Events[i]; e.Kind {
		case gil.EvLoopTurn:
			l.Turns++
			l.ReadyMost = max(l.ReadyMost, e.B)
		case gil.EvTimerFire:
			l.Late += time.Duration(e.A)
			l.LateMost = max(l.LateMost, time.Duration(e.A))
		case gil.EvCoroutine:
			l.Created++
		case gil.EvCoDone:
			if e.A == 2 {
				l.Cancelled++
			} else {
				l.Finished++
			}
		}
	}
}

// eachCallback calls f for each callback of an event loop and each step of a task,
// with the event that ends it, its name and how long it took.
func (tl *Timeline) eachCallback(f func(end *gil.Event, name string, d time.Duration)) {
	calling := map[uint32]string{}
	stepping := map[uint32]*gil.Event{}
	for i := range tl.Trace.Events {
		e := &tl.Trace.Events[i]
		switch e.Kind {
		case gil.EvCallbackBegin:
			calling[e.TID] = e.Name
		case gil.EvCallbackEnd:
			f(e, calling[e.TID], time.Duration(e.A))
		case gil.EvCoStep:
			stepping[e.TID] = e
		case gil.EvCoSuspend, gil.EvCoDone:
			if s := stepping[e.TID]; s != nil && s.Obj == e.Obj {
				f(e, tl.ObjectName(e.Obj), e.T-s.T)
				delete(stepping, e.TID)
			}
		}
	}
}

// Counter is a number over time.
type Counter struct {
	Name   string  // such as "par"
	PID    uint32  // of the process it is about; 0 for the machine
	Points []Point // its changes, the first at the beginning of the trace
}

// Point is a Counter's value from a moment on.
type Point struct {
	T time.Duration // from when on
	N int64         // the value
}

// Max is the greatest value that lasted.
func (c Counter) Max() int {
	most := int64(0)
	for i, p := range c.Points {
		if i+1 == len(c.Points) || c.Points[i+1].T > p.T {
			most = max(most, p.N)
		}
	}
	return int(most)
}

// Mean is the average over time.
func (c Counter) Mean(from, to time.Duration) float64 {
	if from >= to {
		return 0
	}
	sum := 0.0
	for i, p := range c.Points {
		end := to
		if i+1 < len(c.Points) {
			end = c.Points[i+1].T
		}
		sum += float64(p.N) * float64(min(end, to)-max(p.T, from))
	}
	return sum / float64(to-from)
}

// counter makes a Counter of intervals.
func (x intervals) counter(name string, pid uint32, from time.Duration) Counter {
	c := Counter{Name: name, PID: pid, Points: []Point{{T: from}}}
	n := int64(0)
	for _, e := range x.sorted() {
		n += int64(e.by)
		if last := &c.Points[len(c.Points)-1]; last.T == e.at {
			last.N = n
		} else {
			c.Points = append(c.Points, Point{e.at, n})
		}
	}
	c.Points = slices.CompactFunc(c.Points, func(a, b Point) bool { return a.N == b.N })
	return c
}

// Par is how many threads compute at each moment: the cores in use, or, where there
// are none, the threads that run.
func (tl *Timeline) Par() Counter {
	var x intervals
	for _, c := range tl.Cores {
		for _, h := range c.Holds {
			x.add(h.From, h.To)
		}
	}
	if len(tl.Cores) == 0 {
		for i := range tl.Lanes {
			for _, s := range tl.Lanes[i].Spans {
				if s.State == Run || s.State == CHeld || s.State == CCall {
					x.add(s.From, s.To)
				}
			}
		}
	}
	return x.counter("par", 0, tl.From)
}

// Conc is how many threads have begun their work and not ended at each moment, as
// [gil.Machine.Conc] counts them. The first thread of a process begins when it first
// computes, sleeps or does IO for any time, the others with whatever they do first,
// a wait for a lock too; the work rests while a thread waits in Join or Start. What a
// thread spends on a core when it is woken is computing here.
func (tl *Timeline) Conc() Counter {
	var x intervals
	seen := map[uint32]bool{}
	for i := range tl.Lanes {
		l := &tl.Lanes[i]
		working, first := false, !seen[l.PID]
		seen[l.PID] = true
		for _, s := range l.Spans {
			switch s.State {
			case Run, CHeld, CCall, IO, Sleep:
				working = true
			case WaitLock, WaitCond, WaitQueue:
				working = working || !first
			}
			if working && s.State != WaitJoin {
				x.add(s.From, s.To)
			}
		}
	}
	return x.counter("conc", 0, tl.From)
}

// Runnable is how many threads compute or could, had they a core and the GIL.
func (tl *Timeline) Runnable() Counter {
	var x intervals
	for i := range tl.Lanes {
		for _, s := range tl.Lanes[i].Spans {
			if s.State <= WaitGIL { // run, C calls, wait core, wait GIL
				x.add(s.From, s.To)
			}
		}
	}
	return x.counter("runnable", 0, tl.From)
}

// Counters are numbers over time: par, conc, runnable, the waiters of each GIL and
// the length of each queue.
func (tl *Timeline) Counters() []Counter {
	out := []Counter{tl.Par(), tl.Conc(), tl.Runnable()}
	waiters := map[uint32]*intervals{}
	var pids []uint32
	for i := range tl.Lanes {
		l := &tl.Lanes[i]
		for _, s := range l.Spans {
			if s.State != WaitGIL {
				continue
			}
			if waiters[l.PID] == nil {
				waiters[l.PID] = &intervals{}
				pids = append(pids, l.PID)
			}
			waiters[l.PID].add(s.From, s.To)
		}
	}
	for _, pid := range pids {
		out = append(out, waiters[pid].counter("GIL waiters", pid, tl.From))
	}
	at := map[uint64]int{}
	for i := range tl.Trace.Events {
		e := &tl.Trace.Events[i]
		if e.Kind != gil.EvQueuePut && e.Kind != gil.EvQueueGet {
			continue
		}
		n, ok := at[e.Obj]
		if !ok {
			n = len(out)
			at[e.Obj] = n
			out = append(out, Counter{Name: "queue " + tl.names.obj(e.Obj), PID: e.PID, Points: []Point{{T: tl.From}}})
		}
		c := &out[n]
		if last := &c.Points[len(c.Points)-1]; last.T == e.T {
			last.N = e.B
		} else if last.N != e.B {
			c.Points = append(c.Points, Point{e.T, e.B})
		}
	}
	return out
}
