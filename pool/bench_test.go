package pool_test

import (
	"context"
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pool"
	"github.com/pygil/pygil/process"
)

// Each benchmark runs its peers in the same run: CPython, if there is one, and for
// threads an errgroup, and goroutines that take from a bare channel. Ours compares as the
// metric x-of-<peer>. An operation is one item or task, and every result is checked. The
// pools of others are in the module peers, below.

//go:embed testdata/bench.py
var benchScript string

// cpython reports ours in terms of CPython's time for an operation.
func cpython(b *testing.B, operation string) {
	b.Helper()
	root := os.Getenv("PYENV_ROOT")
	if home, err := os.UserHomeDir(); root == "" && err == nil {
		root = filepath.Join(home, ".pyenv")
	}
	found, _ := filepath.Glob(filepath.Join(root, "versions", "3.13.*", "bin", "python"))
	for _, python := range append(found, "python3.13") {
		cmd := exec.Command(python, "-", operation)
		cmd.Stdin = strings.NewReader(benchScript)
		out, err := cmd.Output()
		if err != nil {
			continue
		}
		theirs, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/theirs, "x-of-cpython")
		return
	}
}

func rate(b *testing.B) {
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "items/s")
}

func mapped(b *testing.B, opts ...pool.Option) {
	ctx := context.Background()
	p, err := pool.New(ctx, 2)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := pool.Map(ctx, p, square, upTo(1000)); err != nil { // both are there
		b.Fatal(err)
	}
	in := upTo(b.N)
	b.ReportAllocs()
	b.ResetTimer()
	out, err := pool.Map(ctx, p, square, in, opts...)
	b.StopTimer()
	if err != nil || len(out) != b.N {
		b.Fatal(err)
	}
	for i, v := range out {
		if v != i*i {
			b.Fatal(i, v)
		}
	}
	rate(b)
	_ = p.Close(ctx)
	if err := p.Join(ctx); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkPoolMapChunk1(b *testing.B) {
	mapped(b, pool.WithChunkSize(1))
	cpython(b, "pool map 1")
}

func BenchmarkPoolMap(b *testing.B) {
	mapped(b)
	cpython(b, "pool map")
}

func withProcesses(b *testing.B, fn func(ctx context.Context, ex *pool.ProcessExecutor)) {
	ctx := context.Background()
	ex, err := pool.NewProcessExecutor(ctx, 2)
	if err != nil {
		b.Fatal(err)
	}
	for range 10 {
		if err := pool.Submit(ctx, ex, square, 1).Exception(ctx); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	fn(ctx, ex)
	b.StopTimer()
	rate(b)
	if err := ex.Shutdown(ctx); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkProcessExecutorMapChunk1(b *testing.B) {
	in := upTo(b.N)
	withProcesses(b, func(ctx context.Context, ex *pool.ProcessExecutor) {
		i := 0
		for v, err := range pool.MapOn(ctx, ex, square, in) {
			if err != nil || v != i*i {
				b.Fatal(i, v, err)
			}
			i++
		}
	})
	cpython(b, "executor map 1")
}

// echo answers every message with the same, as the quickest worker would.
var echo = process.Define("pool_test.echo", func(ctx context.Context, c *pipe.Conn) (int, error) {
	for {
		m, err := c.RecvBytes(ctx)
		if err != nil {
			return 0, nil
		}
		if err := c.SendBytes(ctx, m); err != nil {
			return 0, err
		}
	}
})

// A task and its result, beside a message and its answer over a bare connection to a
// process, which is what the operating system needs for it. They take turns, so that
// both have the same machine.
func BenchmarkProcessExecutorRoundTrip(b *testing.B) {
	mine, theirs, err := pipe.New(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	child, err := echo.Start(b.Context(), theirs)
	if err != nil {
		b.Fatal(err)
	}
	_ = theirs.Close()
	var bare time.Duration
	message := make([]byte, 20)
	withProcesses(b, func(ctx context.Context, ex *pool.ProcessExecutor) {
		for i := 0; i < b.N; {
			end := min(b.N, i+500)
			b.StopTimer()
			began := time.Now()
			for range end - i {
				if err := mine.SendBytes(ctx, message); err != nil {
					b.Fatal(err)
				}
				if m, err := mine.RecvBytes(ctx); err != nil || len(m) != len(message) {
					b.Fatal(m, err)
				}
			}
			bare += time.Since(began)
			b.StartTimer()
			for ; i < end; i++ {
				if v, err := pool.Submit(ctx, ex, square, i).Result(ctx); err != nil || v != i*i {
					b.Fatal(v, err)
				}
			}
		}
	})
	_ = mine.Close()
	if err := child.Join(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.Elapsed())/float64(bare), "x-of-pipe")
	cpython(b, "executor round trip")
}

// round is how many tasks are submitted before their results are taken, by us and by each
// peer in turn: all have the same machine then, and the same heap.
const round = 2000

func threads(b *testing.B, p gil.Profile) {
	sq := pool.Func(func(_ *gil.Thread, n int) (int, error) { return n * n, nil })
	type job struct {
		n    int
		done chan int
	}
	jobs := make(chan job, 1024)
	defer close(jobs)
	for range 2 {
		go func() {
			for j := range jobs {
				j.done <- j.n * j.n
			}
		}()
	}
	fs, results, out := make([]*pool.Future[int], round), make([]chan int, round), make([]int, round)
	peers := map[string]func(n int){
		"errgroup": func(n int) {
			var g errgroup.Group
			g.SetLimit(2)
			for i := range n {
				g.Go(func() error { out[i] = i * i; return nil })
			}
			_ = g.Wait()
		},
		"channelpool": func(n int) {
			for i := range n {
				results[i] = make(chan int, 1)
				jobs <- job{i, results[i]}
			}
			for i, c := range results[:n] {
				if v := <-c; v != i*i || out[i] != v {
					b.Error(v)
				}
			}
		},
	}
	took := map[string]time.Duration{}
	b.ReportAllocs()
	if err := gil.Live().Run(p, func(t *gil.Thread) {
		ex := pool.NewThreadExecutor(t, 2)
		b.ResetTimer()
		for done := 0; done < b.N; done += round {
			n := min(round, b.N-done)
			for i := range n {
				fs[i] = pool.Submit(t, ex, sq, i)
			}
			for i, f := range fs[:n] {
				if v, err := f.Result(t); err != nil || v != i*i {
					b.Error(v, err)
				}
			}
			b.StopTimer()
			for _, name := range []string{"errgroup", "channelpool"} {
				began := time.Now()
				peers[name](n)
				took[name] += time.Since(began)
			}
			b.StartTimer()
		}
		b.StopTimer()
		_ = ex.Shutdown(t)
	}); err != nil {
		b.Fatal(err)
	}
	rate(b)
	for name, d := range took {
		b.ReportMetric(float64(b.Elapsed())/float64(d), "x-of-"+name)
	}
	cpython(b, "thread submit")
}

func BenchmarkThreadExecutorSubmit(b *testing.B)     { threads(b, gil.CPython313) }
func BenchmarkThreadExecutorSubmitFree(b *testing.B) { threads(b, gil.CPython313T) }
