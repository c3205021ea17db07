package trace

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pygil/pygil/gil"
)

// Metrics are sums over a trace. They are cumulative: percentages are for the
// reader to take, over whatever window. Wall is the time from Header.From to the
// last event.
type Metrics struct {
	Wall    time.Duration   // what the timeline covers
	Partial bool            // events before Header.From are missing: counts are of the rest
	Threads []ThreadMetrics // in the order of Timeline.Lanes
	GILs    []GILMetrics    // in the order of first use
	Locks   []LockMetrics   // locks only, in the order of first use
	Cores   []CoreMetrics   // none in the live world
	Queues  []QueueMetrics  // in the order of first use
	Loop    LoopMetrics     // of all event loops together

	Par      int           // most threads computing at an instant
	ParMean  float64       // its average over time
	Conc     int           // most threads that had begun work, had not ended, and were not waiting in Join or Start: Timeline.Conc
	ConcMean float64       // its average over time
	Busy     time.Duration // Σ of the time cores were used
	Copied   int64         // Σ of the bytes that forked processes copied because they wrote to them
}

// ThreadMetrics are one thread's part.
type ThreadMetrics struct {
	TID, PID     uint32                   // its number and its process's
	Name         string                   // unique in the trace
	Life         time.Duration            // end − start
	Spent        [NumStates]time.Duration // its division; the sum is Life
	Acquisitions int                      // of a GIL
	Switches     int                      // of these, after another thread
	FailedWakes  int                      // times it was woken for a GIL that was taken again
	Bypass       int                      // most acquisitions by others during one of its waits for a GIL
}

// GILMetrics are one GIL's part. A switch is an acquisition by a thread other than
// the holder before; it is forced when that one was asked or its ticks ran out.
type GILMetrics struct {
	Obj          uint64        // its number
	Name         string        // unique in the trace
	Held         time.Duration // Σ (release − acquire)
	Wanted       time.Duration // time with at least one waiter
	Acquisitions int           // times a thread took it
	Switches     int           // of these, by another thread than before
	Forced       int           // of these, because the holder was asked or its ticks ran out
	Voluntary    int           // the other switches
	FailedWakes  int           // times a thread was woken for it and found it taken
	Checks       int           // times a tick GIL was released and taken again
	Requests     int           // gil-drop-requests
	Latencies    int           // times a request was followed by a release
	LatencySum   time.Duration // Σ of the first gil-drop-request → gil-release
	LatencyMax   time.Duration // the greatest of these
	AfterIO      time.Duration // Σ of waits for the GIL right after IO
	IOEnds       int           // times a thread came back from IO
	Interval     time.Duration // Header.Interval
}

// Badness is failed wake-ups per check of a tick GIL: 0 is good, 1 is a GIL that is
// always taken again before the waiter runs.
func (g GILMetrics) Badness() float64 { return ratio(g.FailedWakes, g.Checks) }

// Convoy is the mean wait for the GIL after IO, in switch intervals: about 1 means
// that each answer to IO waits for a whole interval. It is 0 where there is no
// interval or no IO.
func (g GILMetrics) Convoy() float64 {
	if g.Interval == 0 || g.IOEnds == 0 {
		return 0
	}
	return float64(g.AfterIO) / float64(g.IOEnds) / float64(g.Interval)
}

// LatencyMean is the mean time from gil-drop-request to gil-release.
func (g GILMetrics) LatencyMean() time.Duration {
	if g.Latencies == 0 {
		return 0
	}
	return g.LatencySum / time.Duration(g.Latencies)
}

// LockMetrics are one lock's part.
type LockMetrics struct {
	Obj          uint64        // its number
	Name         string        // unique in the trace
	Acquisitions int           // times a thread took it
	Contended    int           // of these, those that waited
	Held, Waited time.Duration // Σ
	Timeouts     int           // waits that were given up
	Queue        int           // most threads that waited at an instant
	Before       []string      // locks that were acquired while this one was held: edges of the lock order
}

// CoreMetrics are one core's part.
type CoreMetrics struct {
	Core   uint64        // its number, from 0
	Busy   time.Duration // time with a thread on it
	Visits int           // times a thread came
}

// QueueMetrics are one queue's part.
type QueueMetrics struct {
	Obj        uint64        // its number
	Name       string        // unique in the trace
	Puts, Gets int           // of items
	Most       int64         // items in it at an instant
	Waited     time.Duration // Σ over the items that were taken: put → get
	Empty      time.Duration // time without items, from the first event of the queue to the end
}

// LoopMetrics are those of the event loops.
type LoopMetrics struct {
	Turns                        int           // of the loops
	ReadyMost                    int64         // callbacks ready at the beginning of a turn
	Longest                      time.Duration // callback
	Late, LateMost               time.Duration // Σ and greatest of fire − deadline of timers
	Created, Finished, Cancelled int           // tasks
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// Share is d as a part of the trace's time, from 0 to 1.
func (m *Metrics) Share(d time.Duration) float64 {
	if m.Wall == 0 {
		return 0
	}
	return float64(d) / float64(m.Wall)
}

// Utilisation is Σ core time / (cores × wall), from 0 to 1; 0 without cores.
func (m *Metrics) Utilisation(cores int) float64 {
	if cores == 0 {
		return 0
	}
	return m.Share(m.Busy) / float64(cores)
}

// Speedup is how many times faster than serial, the time one thread needs, the
// trace's program was; divided by the number of cores it is the efficiency.
func (m *Metrics) Speedup(serial time.Duration) float64 {
	if m.Wall == 0 {
		return 0
	}
	return float64(serial) / float64(m.Wall)
}

// Fairness is the greatest time computed by one of the threads named over the least,
// 1 when they are equal; all threads when none is named. It is 0 when one of them
// never computed.
func (m *Metrics) Fairness(names ...string) float64 {
	var least, most time.Duration
	first := true
	for _, t := range m.Threads {
		if len(names) > 0 && !slices.Contains(names, t.Name) {
			continue
		}
		d := t.Spent[Run] + t.Spent[CHeld] + t.Spent[CCall]
		if first {
			least, first = d, false
		}
		least, most = min(least, d), max(most, d)
	}
	if least == 0 {
		return 0
	}
	return float64(most) / float64(least)
}

// Metrics adds the trace up.
func (tl *Timeline) Metrics() *Metrics {
	m := &Metrics{Wall: tl.Length(), Partial: tl.Trace.Header.Dropped > 0}
	byTID := map[uint32]int{}
	for i := range tl.Lanes {
		l := &tl.Lanes[i]
		byTID[l.TID] = i
		m.Threads = append(m.Threads, ThreadMetrics{TID: l.TID, PID: l.PID, Name: l.Name, Life: l.End - l.Start, Spent: l.Spent()})
	}
	tl.gilMetrics(m, byTID)
	tl.lockMetrics(m)
	for _, c := range tl.Cores {
		x := CoreMetrics{Core: c.Obj}
		for _, h := range c.Holds {
			x.Busy += h.To - h.From
			x.Visits++
		}
		m.Cores = append(m.Cores, x)
		m.Busy += x.Busy
	}
	tl.queueMetrics(m)
	tl.loopMetrics(m)
	for i := range tl.Trace.Events {
		if e := &tl.Trace.Events[i]; e.Kind == gil.EvCopyOnWrite && e.T >= tl.From {
			m.Copied += e.A
		}
	}
	par, conc := tl.Par(), tl.Conc()
	m.Par, m.ParMean = par.Max(), par.Mean(tl.From, tl.To)
	m.Conc, m.ConcMean = conc.Max(), conc.Mean(tl.From, tl.To)
	return m
}

// Check returns an error when the sums do not fit together: a thread's states are
// its life, a GIL is not held longer than time passes, forced and voluntary
// switches are all switches, cores are not used more than they can be.
func (m *Metrics) Check() error {
	var errs []error
	for _, t := range m.Threads {
		var sum time.Duration
		for _, d := range t.Spent {
			sum += d
		}
		if sum != t.Life {
			errs = append(errs, fmt.Errorf("trace: the states of %s add up to %v, its life is %v", t.Name, sum, t.Life))
		}
	}
	acquisitions := 0
	for _, g := range m.GILs {
		acquisitions += g.Acquisitions
		if g.Held > m.Wall || g.Wanted > m.Wall {
			errs = append(errs, fmt.Errorf("trace: %s is held for %v and wanted for %v of %v", g.Name, g.Held, g.Wanted, m.Wall))
		}
		if g.Forced+g.Voluntary != g.Switches {
			errs = append(errs, fmt.Errorf("trace: %s: %d forced and %d voluntary switches, %d in all", g.Name, g.Forced, g.Voluntary, g.Switches))
		}
	}
	for _, t := range m.Threads {
		acquisitions -= t.Acquisitions
	}
	if acquisitions != 0 {
		errs = append(errs, fmt.Errorf("trace: %d acquisitions of GILs by no thread", acquisitions))
	}
	for _, c := range m.Cores {
		if c.Busy > m.Wall {
			errs = append(errs, fmt.Errorf("trace: core %d is used for %v of %v", c.Core, c.Busy, m.Wall))
		}
	}
	for _, l := range m.Locks {
		if l.Contended > l.Acquisitions {
			errs = append(errs, fmt.Errorf("trace: lock %s: %d of %d acquisitions waited", l.Name, l.Contended, l.Acquisitions))
		}
	}
	for _, q := range m.Queues {
		if q.Gets > q.Puts && !m.Partial {
			errs = append(errs, fmt.Errorf("trace: queue %s: %d gets of %d items", q.Name, q.Gets, q.Puts))
		}
	}
	return errors.Join(errs...)
}

// intervals are moments at which something begins and ends.
type intervals []edge

type edge struct {
	at time.Duration
	by int
}

func (x *intervals) add(from, to time.Duration) {
	if from < to {
		*x = append(*x, edge{from, 1}, edge{to, -1})
	}
}

func (x intervals) sorted() intervals {
	slices.SortFunc(x, func(a, b edge) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.by, b.by)) })
	return x
}

// covered is the time with at least one interval, most the greatest number at once.
func (x intervals) covered() (sum time.Duration, most int) {
	n, since := 0, time.Duration(0)
	for _, e := range x.sorted() {
		if n == 0 && e.by > 0 {
			since = e.at
		}
		if n += e.by; n == 0 {
			sum += e.at - since
		}
		most = max(most, n)
	}
	return sum, most
}
