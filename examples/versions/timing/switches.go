package timing

import (
	"fmt"
	"time"

	"github.com/pygil/pygil/gil"
)

func switches() Table {
	t := Table{
		Title: "Switches",
		Text: "Threads that only compute, on two cores. From 3.2 on there is a switch per interval, however many threads there\n" +
			"are; with the shortest, 1 µs, there is one in about 20 µs, as nobody wakes up sooner. Up to 3.1 the GIL is given up\n" +
			"every 101 ticks and mostly taken back before anybody else has woken up; what that costs makes two threads twice as\n" +
			"slow as one. A thread that looks at the clock sees a switch if it was away for 30 µs, which nearly half of those are.\n" +
			"Of four threads of 2.7 some are always awake, and it goes from core to core; few of them are away for that long.\n" +
			"Check intervals of 1 and 10 ticks are no rows for two threads: there a release follows before the last loser is asleep,\n" +
			"and CPython hands over 0.2 to 1.5 million times, of which 1 760 and 2 683 were seen; a Machine does not follow each of\n" +
			"these releases, and says 15 000 and 7 500. Which of many waiters is next is the operating system's affair and an option\n" +
			"here: Linux was seen to wake the one that has waited longest, 42 % of the times, or shortest, 47 %.",
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
			Row{Name: fmt.Sprintf("%d threads, switches that they see", n), Unit: PerSecond, Measured: rate, Run: func(p gil.Profile, seed uint64) float64 {
				rate, _ := seen(p, n, seed, time.Second)
				return rate
			}},
			Row{Name: fmt.Sprintf("%d threads, time / that of one", n), Unit: Ratio, Measured: ratio, Run: func(p gil.Profile, seed uint64) float64 {
				return compute(p, n, seed).ratio
			}})
	}
	t.Rows = append(t.Rows, Row{
		// Counted by a library between Python and the semaphore that its GIL is: 8 300 to
		// 17 000, in runs in which the threads saw 4 700 to 9 700, and 12 900 where they saw
		// 7 400, so nearly half are seen.
		Name: "2 threads, all switches", Unit: PerSecond, Measured: map[string]float64{"2.7": 13_000},
		Run: func(p gil.Profile, seed uint64) float64 { return compute(p, 2, seed).rate },
	}, Row{
		// Counted in the same way where the threads saw 5 400 to 18 000: 219 000 to 337 000.
		Name: "4 threads, all switches", Unit: PerSecond, Measured: map[string]float64{"2.7": 313_000},
		Run: func(p gil.Profile, seed uint64) float64 { return compute(p, 4, seed).rate },
	}, Row{
		Name: "2 threads, length of a slice", Unit: Microseconds, Measured: cells(64, 5070, 5050, 5040), Run: slice,
	}, Row{
		Name: "2 threads, what nine slices in ten are shorter than", Unit: Microseconds, Measured: cells(251, 5110, 5090, 5080), Run: longSlice,
	})
	for _, i := range []struct {
		ticks int
		rate  float64
	}{{1000, 160}, {10_000, 23}} {
		t.Rows = append(t.Rows, Row{
			Name: fmt.Sprintf("2 threads, switches after sys.setcheckinterval(%d)", i.ticks), Unit: PerSecond, Measured: map[string]float64{"2.7": i.rate},
			Run: func(p gil.Profile, seed uint64) float64 {
				// They last for milliseconds: there is none that nobody sees.
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
			Run:      func(p gil.Profile, seed uint64) float64 { return watchRanks(p, seed, s.Successor).mean() },
		})
	}
	for _, r := range []struct {
		name string
		rank int
		part float64
	}{{"longest", 0, 42}, {"shortest", others - 1, 47}} {
		t.Rows = append(t.Rows, Row{
			Name: "8 threads, how often the next one has waited " + r.name + ", drawn as seen", Unit: Percent,
			Measured: map[string]float64{"3.9": r.part},
			Run:      func(p gil.Profile, seed uint64) float64 { return watchRanks(p, seed, gil.Bimodal).percent(r.rank) },
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
	m := together(p, n, seed, total)
	return computed{rate: float64(m.Interpreter().Stats().Switches) / m.Now().Seconds(), ratio: m.Now().Seconds() / total.Seconds()}
}

// together lets n threads compute for so much processor time together.
func together(p gil.Profile, n int, seed uint64, total time.Duration, opts ...gil.Option) *gil.Machine {
	return run(p, seed, func(t *gil.Thread) {
		ts := make([]*gil.Thread, n)
		for k := range ts {
			ts[k] = t.Go("computes", func(t *gil.Thread) { t.Compute(total / time.Duration(n)) })
		}
		gil.JoinAll(t, ts...)
	}, opts...)
}

// slice is the median of how long one of two threads has the GIL before the other
// one gets it.
func slice(p gil.Profile, seed uint64) float64 { return quantile(p, seed, 0.5) }

// longSlice is what nine of ten slices are shorter than.
func longSlice(p gil.Profile, seed uint64) float64 { return quantile(p, seed, 0.9) }

func quantile(p gil.Profile, seed uint64, q float64) float64 {
	_, all := seen(p, 2, seed, 500*time.Millisecond)
	return microseconds(all[int(q*float64(len(all)))])
}

// others are the threads that wait while one of eight computes.
const others = 7

// watchRanks watches eight threads that compute.
func watchRanks(p gil.Profile, seed uint64, s gil.Successor) *ranker {
	o := &ranker{last: map[uint32]int{}}
	run(p, seed, func(t *gil.Thread) {
		var ts []*gil.Thread
		for range others + 1 {
			ts = append(ts, t.Go("computes", func(t *gil.Thread) { t.Compute(200 * time.Millisecond) }))
		}
		o.begins = t.Now()
		gil.JoinAll(t, ts...)
	}, gil.WithObserver(o), gil.WithSuccessor(s))
	return o
}

// ranker remembers when each thread had the GIL last.
type ranker struct {
	begins time.Duration
	last   map[uint32]int  // by thread: the number of its latest turn
	counts [others + 1]int // of switches, by how many had waited longer than the next
	turn   int
	holder uint32
}

// mean is how many of the waiters had waited longer than the one that got the GIL.
func (r *ranker) mean() float64 {
	sum, count := 0, 0
	for rank, n := range r.counts {
		sum, count = sum+rank*n, count+n
	}
	return float64(sum) / float64(count)
}

// percent is how often so many had waited longer.
func (r *ranker) percent(rank int) float64 {
	count := 0
	for _, n := range r.counts {
		count += n
	}
	return 100 * float64(r.counts[rank]) / float64(count)
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
		rank := 0
		for tid, turn := range r.last {
			if tid != r.holder && turn < mine {
				rank++
			}
		}
		r.counts[rank]++
	}
	r.turn++
	r.last[e.TID], r.holder = r.turn, e.TID
}
