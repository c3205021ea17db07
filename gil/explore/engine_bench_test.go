package explore_test

import (
	"runtime"
	"testing"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
)

// losing is n threads that add one to a variable: no assertion, so that nothing is
// measured but the search.
func losing(n int) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		x := gil.NewVar("x", 0)
		ts := make([]*gil.Thread, n)
		for i := range ts {
			ts[i] = t.Go("w", func(t *gil.Thread) { gil.Add(t, x, 1) })
		}
		for _, u := range ts {
			u.Join(t)
		}
	}
}

// yields is n threads that yield k times.
func yields(n, k int) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		for range n {
			t.Go("w", func(t *gil.Thread) {
				for range k {
					t.Yield()
				}
			})
		}
	}
}

// lockAdds is n threads that together take a lock total times.
func lockAdds(n, total int) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		lock := &threading.Lock{Name: "lock"}
		for range n {
			t.Go("w", func(t *gil.Thread) {
				for range total / n {
					lock.Acquire(t)
					lock.Release(t)
				}
			})
		}
	}
}

// search runs b.N schedules and reports how many a second.
func search(b *testing.B, prog func(t *gil.Thread), s explore.Strategy) *explore.Report {
	b.ReportAllocs()
	before := cpuTime()
	r := explore.Run(prog, explore.WithStrategy(s), explore.WithMaxSchedules(b.N), explore.WithMaxSteps(1_000_000), explore.Raw())
	seconds, cpu := r.Elapsed.Seconds(), (cpuTime() - before).Seconds()
	b.ReportMetric(float64(r.Schedules)/seconds, "schedules/s")
	b.ReportMetric(float64(r.Steps)/seconds/1e6, "Msteps/s")
	if cpu > 0 {
		b.ReportMetric(float64(r.Schedules)/cpu, "schedules/cpu-s")
		b.ReportMetric(float64(r.Steps)/cpu/1e6, "Msteps/cpu-s")
	}
	return r
}

func BenchmarkLostUpdate(b *testing.B) {
	for _, s := range []explore.Strategy{
		explore.Random(), explore.PCT(3), explore.POS(), explore.URW(), explore.SURW(), explore.Portfolio(),
	} {
		b.Run(s.Name(), func(b *testing.B) { search(b, losing(2), s) })
	}
}

// The package's figures stand beside those of shuttle 0.9.3 on the same machine:
// 603 µs, 84 ns a step.
func BenchmarkYields(b *testing.B) { search(b, yields(2, 5000), explore.Random()) }

// shuttle 0.9.3: 7055 µs, 236 ns a step, blocked attempts included.
func BenchmarkLock(b *testing.B) { search(b, lockAdds(5, 10_000), explore.Random()) }

// BenchmarkDPOR covers the 576 classes of four lost updates again and again; loom
// 0.7 runs 11 000 to 24 000 executions a second.
func BenchmarkDPOR(b *testing.B) {
	b.ReportAllocs()
	runs, seconds, before := 0, 0.0, cpuTime()
	for b.Loop() {
		r := explore.Run(losing(4), explore.WithStrategy(explore.DPOR()), explore.Raw())
		if !r.Exhausted || r.Schedules != 576 {
			b.Fatal(r)
		}
		runs += r.Schedules
		seconds += r.Elapsed.Seconds()
	}
	b.ReportMetric(float64(runs)/seconds, "executions/s")
	if cpu := (cpuTime() - before).Seconds(); cpu > 0 {
		b.ReportMetric(float64(runs)/cpu, "executions/cpu-s")
	}
}

// BenchmarkMemory reports how much the heap has grown after b.N times a million
// schedules: 11 kB after ten million.
func BenchmarkMemory(b *testing.B) {
	var before, after runtime.MemStats
	explore.Run(losing(2), explore.WithStrategy(explore.Random()), explore.WithMaxSchedules(1000), explore.Raw())
	runtime.GC()
	runtime.ReadMemStats(&before)
	for b.Loop() {
		explore.Run(losing(2), explore.WithStrategy(explore.Random()), explore.WithMaxSchedules(1_000_000), explore.Raw())
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc)), "heap-growth-B")
}
