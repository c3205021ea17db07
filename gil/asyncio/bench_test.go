package asyncio_test

import (
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/asyncio"
)

// benchmark runs main in a loop of the live world, beside the same in CPython
// 3.13 when it is installed. main does n operations and reports whether the result
// is right. Both are measured by the processor time of their processes, so that a
// busy machine does not spoil the ratio.
func benchmark(b *testing.B, peer string, main func(co *asyncio.Co, n int) bool) {
	b.Helper()
	b.ReportAllocs()
	var used time.Duration
	err := gil.Live().Run(gil.CPython313, func(t *gil.Thread) {
		ok, err := asyncio.Run(t, func(co *asyncio.Co) (bool, error) {
			main(co, 1000) // warm up
			b.ResetTimer()
			began := cpuTime()
			ok := main(co, b.N)
			used = cpuTime() - began
			b.StopTimer()
			return ok, nil
		})
		require.NoError(t, err)
		require.True(t, ok, "wrong result")
	})
	require.NoError(b, err)
	beside(b, peer, used)
}

var measured = map[string]float64{}

// beside reports the ratio of our time to the peer's.
func beside(b *testing.B, peer string, used time.Duration) {
	b.Helper()
	if _, ok := measured[peer]; !ok {
		python := findPython("3.13", 0)
		if python == "" {
			return
		}
		out, err := exec.Command(python, filepath.Join("testdata", "bench", "peer.py"), peer).Output()
		require.NoError(b, err)
		measured[peer], err = strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
		require.NoError(b, err)
	}
	ours := float64(used.Nanoseconds()) / float64(b.N)
	b.ReportMetric(ours, "cpu-ns/op")
	b.ReportMetric(measured[peer], "CPython3.13-ns/op")
	b.ReportMetric(ours/measured[peer], "x-of-CPython3.13")
}

// BenchmarkSwitch is a switch of tasks: 100 of them on Sleep(0).
func BenchmarkSwitch(b *testing.B) {
	benchmark(b, "switch", func(co *asyncio.Co, n int) bool {
		const tasks = 100
		rounds := (n + tasks - 1) / tasks
		done := 0
		fns := make([]func(co *asyncio.Co) error, tasks)
		for i := range fns {
			fns[i] = func(co *asyncio.Co) error {
				for range rounds {
					if err := co.Sleep(0); err != nil {
						return err
					}
					done++
				}
				return nil
			}
		}
		return asyncio.GatherAll(co, fns...) == nil && done == rounds*tasks
	})
}

// BenchmarkCallSoon queues and runs a callback.
func BenchmarkCallSoon(b *testing.B) {
	benchmark(b, "callsoon", func(co *asyncio.Co, n int) bool {
		done := 0
		l := co.Loop()
		f := func() { done++ }
		for i := range n {
			l.CallSoon(f)
			if i%1000 == 999 {
				_ = co.Sleep(0)
			}
		}
		_ = co.Sleep(0)
		return done == n
	})
}

// BenchmarkGather10k is a gather of 10 000 tasks that sleep for a millisecond.
func BenchmarkGather10k(b *testing.B) {
	benchmark(b, "gather", func(co *asyncio.Co, n int) bool {
		if n == 1000 {
			n = 1 // warming up
		}
		done := 0
		fns := make([]func(co *asyncio.Co) error, 10000)
		for i := range fns {
			fns[i] = func(co *asyncio.Co) error { done++; return co.Sleep(time.Millisecond) }
		}
		for range n {
			if asyncio.GatherAll(co, fns...) != nil {
				return false
			}
		}
		return done == 10000*n
	})
}

// sums is a producer and a consumer of n items.
func sums(co *asyncio.Co, n, maxsize int) bool {
	q := asyncio.NewQueue[int](co.Loop(), maxsize)
	total := 0
	err := asyncio.GatherAll(co, func(co *asyncio.Co) error {
		for i := range n {
			if err := q.Put(co, i); err != nil {
				return err
			}
		}
		return nil
	}, func(co *asyncio.Co) error {
		for range n {
			v, err := q.Get(co)
			if err != nil {
				return err
			}
			total += v
		}
		return nil
	})
	return err == nil && total == n*(n-1)/2
}

// BenchmarkQueue is an item through a queue without a limit.
func BenchmarkQueue(b *testing.B) {
	benchmark(b, "queue", func(co *asyncio.Co, n int) bool {
		const chunk = 100000 // as many as the peer has in its queue
		for ; n > chunk; n -= chunk {
			if !sums(co, chunk, 0) {
				return false
			}
		}
		return sums(co, n, 0)
	})
}

// BenchmarkQueuePingPong is an item through a queue of one.
func BenchmarkQueuePingPong(b *testing.B) {
	benchmark(b, "pingpong", func(co *asyncio.Co, n int) bool { return sums(co, n, 1) })
}

// BenchmarkTask makes a task and awaits it.
func BenchmarkTask(b *testing.B) {
	benchmark(b, "task", func(co *asyncio.Co, n int) bool {
		total := 0
		for range n {
			v, err := asyncio.Go(co, "", func(*asyncio.Co) (int, error) { return 1, nil }).Await(co)
			if err != nil {
				return false
			}
			total += v
		}
		return total == n
	})
}

// BenchmarkLock hands a lock over between two tasks.
func BenchmarkLock(b *testing.B) {
	benchmark(b, "lock", func(co *asyncio.Co, n int) bool {
		var m asyncio.Lock
		held := 0
		half := (n + 1) / 2
		w := func(co *asyncio.Co) error {
			for range half {
				if err := m.Acquire(co); err != nil {
					return err
				}
				held++
				_ = co.Sleep(0)
				m.Release()
			}
			return nil
		}
		return asyncio.GatherAll(co, w, w) == nil && held == 2*half
	})
}

// BenchmarkTimer makes a timer and cancels it.
func BenchmarkTimer(b *testing.B) {
	benchmark(b, "timers", func(co *asyncio.Co, n int) bool {
		const chunk = 50000
		ts := make([]*asyncio.Timer, 0, chunk)
		for left := n; left > 0; left -= chunk {
			ts = ts[:0]
			for i := range min(chunk, left) {
				ts = append(ts, co.Loop().CallLater(time.Duration(1000+i)*time.Second, func() {}))
			}
			for _, t := range ts {
				t.Cancel()
			}
			_ = co.Sleep(0)
		}
		return true
	})
}

// BenchmarkAlive has many tasks suspended at once and reports what each takes.
func BenchmarkAlive(b *testing.B) {
	for _, n := range []int{10_000, 1_000_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			for range b.N {
				var bytes float64
				done := 0
				err := gil.NewMachine(1).Run(gil.CPython313, func(t *gil.Thread) {
					_, err := asyncio.Run(t, func(co *asyncio.Co) (any, error) {
						var before, after runtime.MemStats
						runtime.GC()
						runtime.ReadMemStats(&before)
						for range n {
							asyncio.Go(co, "", func(co *asyncio.Co) (any, error) { err := co.Sleep(time.Hour); done++; return nil, err })
						}
						_ = co.Sleep(time.Second)
						runtime.GC()
						runtime.ReadMemStats(&after)
						bytes = float64(after.HeapInuse+after.StackInuse) - float64(before.HeapInuse+before.StackInuse)
						return nil, co.Sleep(2 * time.Hour)
					})
					require.NoError(t, err)
				})
				require.NoError(b, err)
				require.Equal(b, n, done)
				b.ReportMetric(bytes/float64(n), "B/task")
			}
		})
	}
}
