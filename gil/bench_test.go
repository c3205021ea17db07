package gil_test

import (
	"io"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/kernel"
	"github.com/pygil/pygil/internal/yardstick"
)

// Each benchmark times a peer that does the same work in the same run and reports
// how ours compares as the metric x-of-<peer>. Where a time of its own is the limit it
// says which part of that it takes, as of-limit; see package yardstick.

// against times peer for as many operations as b has done and reports the ratio.
func against(b *testing.B, name string, peer func(n int)) {
	b.Helper()
	ours := b.Elapsed()
	b.StopTimer()
	begin := time.Now()
	peer(b.N)
	if d := time.Since(begin); d > 0 {
		b.ReportMetric(float64(ours)/float64(d), "x-of-"+name)
	}
}

// inTurns has ours and its peer take turns in rounds of so many operations, until ours
// has done b.N, and reports the ratio of the round in the middle: for what depends much
// on what else the computer does at that moment.
func inTurns(b *testing.B, round int, name string, ours, peer func(n int)) {
	b.Helper()
	var ratios []float64
	b.ResetTimer()
	for left := b.N; left > 0; left -= round {
		n := min(left, round)
		begin := time.Now()
		ours(n)
		took := time.Since(begin)
		b.StopTimer()
		begin = time.Now()
		peer(n)
		ratios = append(ratios, float64(took)/float64(max(1, time.Since(begin))))
		b.StartTimer()
	}
	b.StopTimer()
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "x-of-"+name)
}

func live(b *testing.B, p gil.Profile, main func(t *gil.Thread)) {
	b.Helper()
	if err := gil.Live().Run(p, main); err != nil {
		b.Fatal(err)
	}
}

var looped int

func BenchmarkTick(b *testing.B) {
	live(b, gil.CPython313, func(t *gil.Thread) {
		b.ReportAllocs()
		inTurns(b, 1<<20, "looped-loop", func(n int) {
			for range n {
				t.Tick(1)
			}
		}, func(n int) {
			for i := range n {
				looped = i
			}
		})
		b.ReportMetric(yardstick.Part(b.Elapsed(), b.N, time.Nanosecond), "of-limit")
	})
}

// BenchmarkHandOver is one change of holder between two threads that have to let
// each other in after every tick; the peer hands a token over between two
// goroutines through channels of capacity 1. Both take as long as the two processors
// happen to need for each other.
func BenchmarkHandOver(b *testing.B) {
	inTurns(b, 20_000, "chan", func(n int) { handOver(b, n) }, handOverByChannels)
}

func handOver(b *testing.B, n int) {
	g := gil.NewGIL(gil.Ticks(1))
	var done sync.WaitGroup
	first := g.Enter("first")
	done.Add(1)
	go func() {
		defer done.Done()
		t := g.Enter("second")
		defer t.Leave()
		for range n / 2 {
			t.Tick(1)
		}
	}()
	for g.Waiters() == 0 {
		runtime.Gosched()
	}
	for range n / 2 {
		first.Tick(1)
	}
	first.Leave()
	done.Wait()
	if s := g.Stats().Switches; s < int64(n/2*2) {
		b.Fatalf("%d switches in %d ticks", s, n)
	}
}

func handOverByChannels(n int) {
	ping, pong := make(chan int, 1), make(chan int, 1)
	go func() {
		for v := range ping {
			pong <- v
		}
		close(pong)
	}()
	for i := range n / 2 {
		ping <- i
		<-pong
	}
	close(ping)
	<-pong
}

func BenchmarkStartJoin(b *testing.B) {
	live(b, gil.CPython313, func(t *gil.Thread) {
		nothing := func(*gil.Thread) {}
		b.ReportAllocs()
		for range b.N {
			t.Go("w", nothing).Join(t)
		}
		against(b, "goroutine", func(n int) {
			for range n {
				done := make(chan struct{})
				go close(done)
				<-done
			}
		})
		b.ReportMetric(yardstick.Part(b.Elapsed(), b.N, 1500*time.Nanosecond), "of-limit")
	})
}

// BenchmarkBlock is a call that gives the GIL up and takes it again, nobody
// waiting; the peer is a mutex released and taken.
func BenchmarkBlock(b *testing.B) {
	live(b, gil.CPython313, func(t *gil.Thread) {
		call := func() {}
		for range b.N {
			t.Block(call)
		}
		against(b, "mutex", func(n int) {
			var mu sync.Mutex
			mu.Lock()
			for range n {
				mu.Unlock()
				call()
				mu.Lock()
			}
		})
	})
}

// stay is an explorer that never switches while it can stay; swap always goes on
// with another thread.
type stay struct{}

func (stay) Choose(_ *kernel.Explored, cur int, enabled *kernel.Set) int {
	if enabled.Has(cur) {
		return cur
	}
	return enabled.Nth(0)
}

type swap struct{}

func (swap) Choose(_ *kernel.Explored, cur int, enabled *kernel.Set) int {
	if i := enabled.Nth(0); i != cur {
		return i
	}
	return enabled.Nth(1)
}

// exploredSteps runs two threads that do n operations on a variable together.
func exploredSteps(b *testing.B, e kernel.Explorer, n int) {
	b.Helper()
	s := gil.NewSandbox(gil.AnyBytecode, e, 0)
	defer s.Close()
	err := s.Run(1, func(t *gil.Thread) {
		x := gil.NewVar("x", 0)
		body := func(t *gil.Thread) {
			for range n / 2 {
				x.Store(t, 1)
			}
		}
		c, d := t.Go("c", body), t.Go("d", body)
		b.ResetTimer()
		c.Join(t)
		d.Join(t)
	})
	if err != nil {
		b.Fatal(err)
	}
	if s.Kernel().Steps() < n {
		b.Fatalf("%d steps, want %d", s.Kernel().Steps(), n)
	}
}

// BenchmarkStepStays is an announced operation after which the same thread goes
// on; the peer is a full coroutine round trip, which it saves.
func BenchmarkStepStays(b *testing.B) {
	exploredSteps(b, stay{}, b.N)
	against(b, "pull", yardstick.Pull)
	b.ReportMetric(yardstick.Part(b.Elapsed(), b.N, 15*time.Nanosecond), "of-limit")
}

// BenchmarkStepSwitches is an announced operation after which another thread goes
// on.
func BenchmarkStepSwitches(b *testing.B) {
	exploredSteps(b, swap{}, b.N)
	against(b, "pull", yardstick.Pull)
}

// BenchmarkTimedHop is a change of holder in simulated time.
func BenchmarkTimedHop(b *testing.B) {
	m := gil.NewMachine(2)
	err := m.Run(gil.FromRule(gil.Ticks(1)), func(t *gil.Thread) {
		body := func(t *gil.Thread) {
			for range b.N / 2 {
				t.Tick(1)
			}
		}
		c, d := t.NewThread("c", body), t.NewThread("d", body)
		b.ResetTimer()
		c.Start(t)
		d.Start(t)
		c.Join(t)
		d.Join(t)
	})
	if err != nil {
		b.Fatal(err)
	}
	against(b, "pull", yardstick.Pull)
}

// BenchmarkExploredRun is one whole run of the lost-update program: main, two
// threads, a read and a write each, two joins. The peer is as many coroutine round
// trips as the run has threads and switches at least.
func BenchmarkExploredRun(b *testing.B) {
	walk := kernel.NewRandomWalk(1)
	s := gil.NewSandbox(gil.AnyBytecode, walk, 0)
	defer s.Close()
	var x *gil.Var[int]
	inc := func(t *gil.Thread) { gil.Add(t, x, 1) }
	program := func(t *gil.Thread) {
		x = gil.NewVar("x", 0)
		c, d := t.Go("c", inc), t.Go("d", inc)
		c.Join(t)
		d.Join(t)
	}
	lost := 0
	b.ReportAllocs()
	for i := range b.N {
		if err := s.Run(uint64(i), program); err != nil {
			b.Fatal(err)
		}
		if x.Peek() == 1 {
			lost++
		}
	}
	if b.N > 100 && (lost == 0 || lost == b.N) {
		b.Fatalf("%d of %d runs lost the update", lost, b.N)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "runs/s")
	against(b, "9-pulls", func(n int) { yardstick.Pull(9 * n) })
	b.ReportMetric(yardstick.Part(b.Elapsed(), b.N, time.Second/700_000), "of-limit")
}

// BenchmarkPipeRead blocks in a real read with the GIL given up; the peer reads
// without a GIL.
func BenchmarkPipeRead(b *testing.B) {
	buf := make([]byte, 1)
	feed := func(n int) (io.Reader, func()) {
		r, w := io.Pipe()
		go func() {
			for range n {
				_, _ = w.Write([]byte{1}) // the reader counts
			}
			w.Close()
		}()
		return r, func() { r.Close() }
	}
	live(b, gil.CPython313, func(t *gil.Thread) {
		r, stop := feed(b.N)
		defer stop()
		for range b.N {
			t.Block(func() { _, _ = io.ReadFull(r, buf) })
		}
		against(b, "read", func(n int) {
			r, stop := feed(n)
			defer stop()
			for range n {
				_, _ = io.ReadFull(r, buf)
			}
		})
	})
}
