package timing

import (
	"fmt"
	"slices"
	"time"

	"github.com/pygil/pygil/gil"
)

func switches() Table {
	t := Table{
		Title: "Switches",
		Text: "Threads that only compute, on two cores. From 3.2 on there is a switch per interval, however many threads there\n" +
			"are; with the shortest, 1 µs, there is one in about 20 µs, as nobody wakes up sooner. Up to 3.1 the GIL is given up\n" +
			"every 101 ticks and mostly taken back before anybody else has woken up; what that costs makes two threads twice as\n" +
			"slow as one. Which of many waiters is next is the operating system's affair and an option here: Linux was seen to\n" +
			"wake the one that has waited longest, 42 % of the times, or shortest, 47 %.",
	}
	for _, n := range []int{2, 4} {
		rate := cells(7420, 205, 212, 205)
		ratio := cells(2.03, 0.93, 1.03, 1.05)
		if n == 4 {
			rate = cells(8200, 212, 230, 235)
			ratio = cells(2.25, 0.91, 1.04, 1.05)
		}
		t.Rows = append(
			t.Rows,
			Row{Name: fmt.Sprintf("%d threads, switches", n), Unit: PerSecond, Measured: rate, Run: func(p gil.Profile, seed uint64) float64 {
				return compute(p, n, seed).rate
			}},
			Row{Name: fmt.Sprintf("%d threads, time / that of one", n), Unit: Ratio, Measured: ratio, Run: func(p gil.Profile, seed uint64) float64 {
				return compute(p, n, seed).ratio
			}})
	}
	t.Rows = append(t.Rows, Row{
		Name: "2 threads, length of a slice", Unit: Microseconds, Measured: cells(64, 5070, 5050, 5040), Run: slice,
		Within: 0.3, // half of the time between two switches of 2.7, which is within a fifth
	})
	for _, i := range []struct {
		ticks int
		rate  float64
	}{{1000, 160}, {10_000, 23}} {
		t.Rows = append(t.Rows, Row{
			Name: fmt.Sprintf("2 threads, switches after sys.setcheckinterval(%d)", i.ticks), Unit: PerSecond, Measured: map[string]float64{"2.7": i.rate},
			Run: func(p gil.Profile, seed uint64) float64 {
				return computeFor(p.WithCheckInterval(i.ticks), 2, seed, 8*time.Second).rate
			},
		})
	}
	for _, i := range []struct {
		d           time.Duration
		slice, rate map[string]float64
	}{
		{time.Millisecond, map[string]float64{"3.9": 1050, "3.12": 1040, "3.13": 1040}, map[string]float64{"3.9": 980, "3.12": 1000, "3.13": 953}},
		{100 * time.Microsecond, map[string]float64{"3.9": 130, "3.12": 132, "3.13": 124}, map[string]float64{"3.9": 6883, "3.12": 6350, "3.13": 6930}},
		// Counted by the threads: whoever finds that another one was here last. The time
		// between two was 18 to 25 µs. Who looks at the clock and notices only gaps of more
		// than 30 µs, as was done for the other rows, sees a tenth of them, see TestGaps.
		{time.Microsecond, nil, map[string]float64{"3.9": 47_000, "3.12": 43_000, "3.13": 39_000}},
	} {
		if i.slice != nil {
			t.Rows = append(t.Rows, Row{
				Name: fmt.Sprintf("interval %v, length of a slice", i.d), Unit: Microseconds, Measured: i.slice,
				Run: func(p gil.Profile, seed uint64) float64 { return slice(p.WithSwitchInterval(i.d), seed) },
			})
		}
		t.Rows = append(t.Rows, Row{
			Name: fmt.Sprintf("interval %v, switches", i.d), Unit: PerSecond, Measured: i.rate,
			Run: func(p gil.Profile, seed uint64) float64 {
				return compute(p.WithSwitchInterval(i.d), 2, seed).rate
			},
		})
	}
	for _, s := range []struct {
		name string
		gil.Successor
		rank float64
	}{{"first in, first out", gil.FIFO, 0}, {"last in, first out", gil.LIFO, others - 1}, {"drawn", gil.Random, (others - 1) / 2.}} {
		t.Rows = append(t.Rows, Row{
			Name: "8 threads, how many of the 7 others have waited longer than the next, " + s.name, Unit: Ratio,
			Measured: map[string]float64{"3.9": s.rank, "3.12": s.rank, "3.13": s.rank},
			Run:      func(p gil.Profile, seed uint64) float64 { return rank(p, seed, s.Successor) },
		})
	}
	return t
}

// computed is what threads that only compute come to.
type computed struct{ rate, ratio float64 }

// compute lets n threads compute for a second of processor time together.
func compute(p gil.Profile, n int, seed uint64) computed { return computeFor(p, n, seed, time.Second) }

// computeFor is compute with another amount of processor time.
func computeFor(p gil.Profile, n int, seed uint64, total time.Duration) computed {
	var i *gil.Interpreter
	m := run(p, seed, func(t *gil.Thread) {
		i = t.Interpreter()
		ts := make([]*gil.Thread, n)
		for k := range ts {
			ts[k] = t.Go("computes", func(t *gil.Thread) { t.Compute(total / time.Duration(n)) })
		}
		gil.JoinAll(t, ts...)
	})
	return computed{rate: float64(i.Stats().Switches) / m.Now().Seconds(), ratio: m.Now().Seconds() / total.Seconds()}
}

// slice is the median of how long one of two threads has the GIL before the other
// one gets it.
func slice(p gil.Profile, seed uint64) float64 {
	o := &slicer{}
	run(p, seed, func(t *gil.Thread) {
		work := func(t *gil.Thread) { t.Compute(250 * time.Millisecond) }
		gil.JoinAll(t, t.Go("a", work), t.Go("b", work))
	}, gil.WithObserver(o))
	slices.Sort(o.slices)
	return microseconds(o.slices[len(o.slices)/2])
}

// slicer watches who has the GIL.
type slicer struct {
	holder uint32
	since  time.Duration
	left   time.Duration
	slices []time.Duration
}

// Observe sees the GIL change hands.
func (s *slicer) Observe(e gil.Event) {
	switch e.Kind {
	case gil.EvGILRelease:
		s.left = e.T
	case gil.EvGILAcquire:
		if e.TID == s.holder {
			return
		}
		if s.holder != 0 {
			s.slices = append(s.slices, s.left-s.since)
		}
		s.holder, s.since = e.TID, e.T
	}
}

// others are the threads that wait while one of eight computes.
const others = 7

// rank is how many of the waiters had waited longer than the one that got the GIL,
// on average.
func rank(p gil.Profile, seed uint64, s gil.Successor) float64 {
	o := &ranker{last: map[uint32]int{}}
	run(p, seed, func(t *gil.Thread) {
		var ts []*gil.Thread
		for range others + 1 {
			ts = append(ts, t.Go("computes", func(t *gil.Thread) { t.Compute(200 * time.Millisecond) }))
		}
		o.begins = t.Now()
		gil.JoinAll(t, ts...)
	}, gil.WithObserver(o), gil.WithSuccessor(s))
	return float64(o.sum) / float64(o.count)
}

// ranker remembers when each thread had the GIL last.
type ranker struct {
	begins           time.Duration
	last             map[uint32]int // by thread: the number of its latest turn
	turn, sum, count int
	holder           uint32
}

// Observe counts, at each switch that was forced, who has waited longer. It begins
// when all threads wait.
func (r *ranker) Observe(e gil.Event) {
	if e.Kind == gil.EvThreadEnd && r.turn > 0 && len(r.last) > others {
		r.turn = -1 // from here on there are fewer
	}
	if e.Kind != gil.EvGILAcquire || e.TID == 1 || e.TID == r.holder || r.turn < 0 {
		return
	}
	if mine, ok := r.last[e.TID]; ok && len(r.last) == others+1 {
		r.count++
		for tid, turn := range r.last {
			if tid != r.holder && turn < mine {
				r.sum++
			}
		}
	}
	r.turn++
	r.last[e.TID], r.holder = r.turn, e.TID
}
