//go:build linux || darwin

package queue_test

import (
	"context"
	_ "embed"
	"encoding/binary"
	"io"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/pygil/pygil/process"
	"github.com/pygil/pygil/queue"
)

// Each benchmark runs its peers in the same run: CPython's multiprocessing.Queue when
// there is one, a Go channel and a pipe of the operating system, between goroutines.
// Every item is checked.

//go:embed testdata/process_bench.py
var processScript string

type stream struct {
	Q    *queue.ProcessQueue[int]
	B    *queue.ProcessQueue[[]byte]
	Back *queue.ProcessQueue[int]
	N    int
}

var streamInts = process.DefineTarget("bench.ints", func(ctx context.Context, s stream) error {
	for i := range s.N {
		if err := s.Q.Put(ctx, i); err != nil {
			return err
		}
	}
	return nil
})

var streamBytes = process.DefineTarget("bench.bytes", func(ctx context.Context, s stream) error {
	data := make([]byte, 1<<20)
	for i := range s.N {
		data[0], data[len(data)-1] = byte(i), byte(i)
		if err := s.B.Put(ctx, data); err != nil {
			return err
		}
	}
	return nil
})

var echoInts = process.DefineTarget("bench.echo", func(ctx context.Context, s stream) error {
	for range s.N {
		v, err := s.Q.Get(ctx)
		if err != nil {
			return err
		}
		if err := s.Back.Put(ctx, v); err != nil {
			return err
		}
	}
	return nil
})

// peers runs the peers of a benchmark that has taken its time for each item.
func peers(b *testing.B, cpython string, each time.Duration, channel, pipe func(n int)) {
	b.StopTimer()
	if b.N < 50 || os.Getenv("NOPEERS") != "" {
		return
	}
	for name, peer := range map[string]func(n int){"channel": channel, "pipe": pipe} {
		n := min(b.N, 200_000)
		begin := time.Now()
		peer(n)
		b.ReportMetric(float64(each)/(float64(time.Since(begin))/float64(n)), "x-of-"+name)
	}
	if theirs := pythonTime(b, processScript, cpython); theirs > 0 {
		b.ReportMetric(float64(each)/theirs, "x-of-cpython")
	}
}

// through has one goroutine write and another one read n items of some bytes.
func through(b *testing.B, n, size int) {
	r, w, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	go func() {
		defer w.Close()
		p := make([]byte, size)
		for i := range n {
			binary.LittleEndian.PutUint32(p, uint32(i))
			if _, err := w.Write(p); err != nil {
				return
			}
		}
	}()
	for i := range n {
		p := make([]byte, size)
		if _, err := io.ReadFull(r, p); err != nil || binary.LittleEndian.Uint32(p) != uint32(i) {
			b.Fatal(err, i)
		}
	}
}

// handed has one goroutine send and another one receive n items.
func handed(b *testing.B, n, size int) {
	c := make(chan []byte, 1000)
	go func() {
		src := make([]byte, size)
		for i := range n {
			p := append([]byte(nil), src...) // a process would have its own
			binary.LittleEndian.PutUint32(p, uint32(i))
			c <- p
		}
	}()
	for i := range n {
		if p := <-c; binary.LittleEndian.Uint32(p) != uint32(i) {
			b.Fatal(i)
		}
	}
}

// BenchmarkProcessSmall: one process puts numbers, this one gets them.
func BenchmarkProcessSmall(b *testing.B) {
	ctx := b.Context()
	q, err := queue.NewProcess[int](ctx, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer q.Close()
	p, err := streamInts.Start(ctx, stream{Q: q, N: b.N + 1})
	if err != nil {
		b.Fatal(err)
	}
	_, _ = q.Get(ctx)
	b.ResetTimer()
	for i := range b.N {
		if v, err := q.Get(ctx); err != nil || v != i+1 {
			b.Fatal(v, err)
		}
	}
	b.StopTimer()
	_ = p.Join(ctx)
	each := b.Elapsed() / time.Duration(b.N)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "M-items/s")
	peers(b, "small", max(each, 1), func(n int) { handed(b, n, 8) }, func(n int) { through(b, n, 8) })
}

// BenchmarkProcessSmallMany is that with a GetMany.
func BenchmarkProcessSmallMany(b *testing.B) {
	ctx := b.Context()
	q, err := queue.NewProcess[int](ctx, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer q.Close()
	p, err := streamInts.Start(ctx, stream{Q: q, N: b.N})
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for i := 0; i < b.N; {
		vs, err := q.GetMany(ctx, 1000)
		if err != nil {
			b.Fatal(err)
		}
		for _, v := range vs {
			if v != i {
				b.Fatal(v)
			}
			i++
		}
	}
	b.StopTimer()
	_ = p.Join(ctx)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "M-items/s")
}

// BenchmarkProcessLarge: one process puts a MiB each time. The one that gets has a heap
// of some size, as programs have.
func BenchmarkProcessLarge(b *testing.B) { large(b, 8, 64<<20) }

// BenchmarkProcessLargeUnbounded: the queue has no limit.
func BenchmarkProcessLargeUnbounded(b *testing.B) { large(b, 0, 64<<20) }

// BenchmarkProcessLargeNoHeap: the one that gets has nothing else. Go then collects
// garbage at every fourth item, and gives memory back to the system in between.
func BenchmarkProcessLargeNoHeap(b *testing.B) { large(b, 8, 0) }

func large(b *testing.B, maxsize, heap int) {
	ctx := b.Context()
	ballast := make([]byte, heap)
	defer runtime.KeepAlive(ballast)
	q, err := queue.NewProcess[[]byte](ctx, maxsize)
	if err != nil {
		b.Fatal(err)
	}
	defer q.Close()
	p, err := streamBytes.Start(ctx, stream{B: q, N: b.N + 1})
	if err != nil {
		b.Fatal(err)
	}
	_, _ = q.Get(ctx)
	b.SetBytes(1 << 20)
	b.ResetTimer()
	for i := range b.N {
		v, err := q.Get(ctx)
		if err != nil || len(v) != 1<<20 || v[0] != byte(i+1) || v[1<<20-1] != byte(i+1) {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	_ = p.Join(ctx)
	each := b.Elapsed() / time.Duration(b.N)
	few := func(n int) int { return min(n, 2000) }
	peers(b, "large", max(each, 1), func(n int) {
		for range n / few(n) {
			handed(b, few(n), 1<<20)
		}
	}, func(n int) {
		for range n / few(n) {
			through(b, few(n), 1<<20)
		}
	})
}

// BenchmarkProcessLatency: a number goes there and back between two processes that
// wait for it.
func BenchmarkProcessLatency(b *testing.B) {
	ctx := b.Context()
	q, err := queue.NewProcess[int](ctx, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer q.Close()
	back, err := queue.NewProcess[int](ctx, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer back.Close()
	p, err := echoInts.Start(ctx, stream{Q: q, Back: back, N: b.N + 1})
	if err != nil {
		b.Fatal(err)
	}
	_ = q.Put(ctx, 0)
	_, _ = back.Get(ctx)
	b.ResetTimer()
	for i := range b.N {
		_ = q.Put(ctx, i)
		if v, err := back.Get(ctx); err != nil || v != i {
			b.Fatal(v, err)
		}
	}
	b.StopTimer()
	_ = p.Join(ctx)
	each := b.Elapsed() / time.Duration(2*b.N)
	b.ReportMetric(float64(each)/1e3, "µs/message")
	peers(b, "latency", max(each, 1), func(n int) {
		there, back := make(chan int), make(chan int)
		go func() {
			for v := range there {
				back <- v
			}
		}()
		for i := range n / 2 {
			there <- i
			if v := <-back; v != i {
				b.Fatal(v)
			}
		}
		close(there)
	}, func(n int) { pingPong(b, n/2) })
}

// pingPong sends n numbers through a pipe and another one back.
func pingPong(b *testing.B, n int) {
	r, w, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	backR, backW, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	defer backR.Close()
	go func() {
		defer backW.Close()
		_, _ = io.CopyBuffer(struct{ io.Writer }{backW}, struct{ io.Reader }{r}, make([]byte, 8))
		_ = r.Close()
	}()
	var p [8]byte
	for i := range n {
		binary.LittleEndian.PutUint64(p[:], uint64(i))
		if _, err := w.Write(p[:]); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(backR, p[:]); err != nil || binary.LittleEndian.Uint64(p[:]) != uint64(i) {
			b.Fatal(err)
		}
	}
	_ = w.Close()
}
