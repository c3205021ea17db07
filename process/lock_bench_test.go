//go:build linux

package process_test

import (
	"context"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pygil/pygil/process"
)

// against reports how many times as long as Python we take. The program prints the
// nanoseconds of one operation.
func against(b *testing.B, ours float64, program string) {
	exe := python()
	if exe == "" {
		return
	}
	out, err := exec.Command(exe, "-c", program).CombinedOutput()
	require.NoError(b, err, string(out))
	ns, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	require.NoError(b, err)
	b.ReportMetric(ns, "ns-of-cpython")
	b.ReportMetric(ours/ns, "x-of-cpython")
}

func perOp(b *testing.B) float64 { return float64(b.Elapsed().Nanoseconds()) / float64(b.N) }

const timing = `
import multiprocessing as mp, time, threading
def measure(n, f):
    best = 1e9
    for _ in range(5):
        t = time.perf_counter_ns(); f(n); best = min(best, (time.perf_counter_ns() - t) / n)
    print(best)
`

func BenchmarkLockPair(b *testing.B) {
	l, err := process.NewLock(b.Context())
	require.NoError(b, err)
	defer l.Close()
	ctx := b.Context()
	for b.Loop() {
		if l.Acquire(ctx) != nil || l.Release(ctx) != nil {
			b.Fatal("lost")
		}
	}
	ours := perOp(b)
	// The raw peer: a compare-and-swap and a swap on memory that nobody shares.
	word := new(uint32)
	begin := time.Now()
	for range b.N {
		if !atomic.CompareAndSwapUint32(word, 0, 1) || !atomic.CompareAndSwapUint32(word, 1, 0) {
			b.Fatal("lost")
		}
	}
	b.ReportMetric(ours/(float64(time.Since(begin).Nanoseconds())/float64(b.N)), "x-of-raw")
	against(b, ours, timing+`
l = mp.Lock()
def f(n):
    a, r = l.acquire, l.release
    for _ in range(n): a(); r()
measure(200000, f)`)
}

type pairs struct {
	Lock  *process.Lock
	Count *process.Value[int]
	Stop  *process.Event
	Ready *process.Semaphore
}

// lockPairs acquires and releases until it is told to stop, and counts.
var lockPairs = process.DefineTarget("bench.pairs", func(ctx context.Context, p pairs) error {
	if err := p.Ready.Release(ctx); err != nil {
		return err
	}
	for !p.Stop.IsSet(ctx) {
		for range 100 {
			if err := p.Lock.Acquire(ctx); err != nil {
				return err
			}
			if err := p.Count.With(ctx, func(n *int) { *n++ }); err != nil {
				return err
			}
			if err := p.Lock.Release(ctx); err != nil {
				return err
			}
		}
	}
	return nil
})

func init() { elsewhere = append(elsewhere, "bench.pairs", "bench.pong", "bench.adder") }

// Two processes take the same lock as fast as they can.
func BenchmarkLockPairOfTwoProcesses(b *testing.B) {
	ctx := b.Context()
	l, err := process.NewLock(ctx)
	require.NoError(b, err)
	defer l.Close()
	// The count is the other's alone: its lock is never contended.
	count, err := process.NewValue(ctx, 0)
	require.NoError(b, err)
	stop, err := process.NewEvent(ctx)
	require.NoError(b, err)
	ready, err := process.NewSemaphore(ctx, 0)
	require.NoError(b, err)
	p, err := lockPairs.Start(ctx, pairs{l, count, stop, ready})
	require.NoError(b, err)
	require.NoError(b, ready.Acquire(ctx))
	before, err := count.Load(ctx)
	require.NoError(b, err)
	for b.Loop() {
		if l.Acquire(ctx) != nil || l.Release(ctx) != nil {
			b.Fatal("lost")
		}
	}
	after, err := count.Load(ctx)
	require.NoError(b, err)
	require.NoError(b, stop.Set(ctx))
	require.NoError(b, p.Join(ctx))
	ours := float64(b.Elapsed().Nanoseconds()) / float64(b.N+after-before)
	b.ReportMetric(ours, "ns/pair")
	b.ReportMetric(float64(after-before)/float64(b.N), "other-per-own")
	against(b, ours, timing+`
mp.set_start_method("fork")
def work(l, t, out):
    n = 0; end = time.perf_counter() + t; a, r = l.acquire, l.release
    while time.perf_counter() < end:
        for _ in range(100): a(); r()
        n += 100
    out.value = n
l = mp.Lock(); x, y = mp.RawValue("l"), mp.RawValue("l")
t = 0.5
p = mp.Process(target=work, args=(l, t, x)); p.start(); work(l, t, y); p.join()
print(t * 1e9 / (x.value + y.value))`)
}

type pongs struct{ Ping, Pong *process.Event }

var pong = process.DefineTarget("bench.pong", func(ctx context.Context, e pongs) error {
	for {
		if err := e.Ping.Wait(ctx); err != nil {
			return err
		}
		if err := e.Ping.Clear(ctx); err != nil {
			return err
		}
		if err := e.Pong.Set(ctx); err != nil {
			return err
		}
	}
})

func BenchmarkEventRoundTrip(b *testing.B) {
	ctx := b.Context()
	ping, err := process.NewEvent(ctx)
	require.NoError(b, err)
	pongE, err := process.NewEvent(ctx)
	require.NoError(b, err)
	p, err := pong.Start(ctx, pongs{ping, pongE})
	require.NoError(b, err)
	for b.Loop() {
		if ping.Set(ctx) != nil || pongE.Wait(ctx) != nil || pongE.Clear(ctx) != nil {
			b.Fatal("lost")
		}
	}
	p.Kill()
	require.NoError(b, p.Join(ctx))
	against(b, perOp(b), timing+`
mp.set_start_method("fork")
def other(a, c):
    while True: a.wait(); a.clear(); c.set()
a, c = mp.Event(), mp.Event()
p = mp.Process(target=other, args=(a, c), daemon=True); p.start()
def f(n):
    for _ in range(n): a.set(); c.wait(); c.clear()
measure(3000, f); p.kill()`)
}

func BenchmarkValueAdd(b *testing.B) {
	ctx := b.Context()
	v, err := process.NewValue(ctx, 0)
	require.NoError(b, err)
	defer v.Close()
	b.Run("atomic", func(b *testing.B) {
		for b.Loop() {
			if _, err := process.Add(ctx, v, 1); err != nil {
				b.Fatal(err)
			}
		}
		ours := perOp(b)
		n := new(int64)
		begin := time.Now()
		for range b.N {
			atomic.AddInt64(n, 1)
		}
		b.ReportMetric(ours/(float64(time.Since(begin).Nanoseconds())/float64(b.N)), "x-of-raw")
	})
	b.Run("locked", func(b *testing.B) {
		for b.Loop() {
			if err := v.With(ctx, func(n *int) { *n++ }); err != nil {
				b.Fatal(err)
			}
		}
		against(b, perOp(b), timing+`
v = mp.Value("l")
def f(n):
    for _ in range(n):
        with v.get_lock(): v.value += 1
measure(50000, f)`)
	})
}

// The raw peer of an event: two futex words and nothing else.
func BenchmarkRawFutexRoundTrip(b *testing.B) {
	const wait, wake = 0 | 128, 1 | 128
	words := new([64]uint32)
	sleep := func(i int, v uint32) {
		for atomic.LoadUint32(&words[i]) == v {
			_, _, _ = unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&words[i])), wait, uintptr(v), 0, 0, 0)
		}
	}
	ring := func(i int) {
		atomic.AddUint32(&words[i], 1)
		_, _, _ = unix.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&words[i])), wake, 1, 0, 0, 0)
	}
	n := 0
	done := make(chan struct{})
	var stop atomic.Bool
	go func() {
		runtime.LockOSThread()
		defer close(done)
		for v := uint32(0); ; v++ {
			sleep(0, v)
			if stop.Load() {
				return
			}
			ring(32)
		}
	}()
	for b.Loop() {
		v := atomic.LoadUint32(&words[32])
		ring(0)
		sleep(32, v)
		n++
	}
	stop.Store(true)
	ring(0)
	<-done
}

func BenchmarkSharedMemoryCreateUnlink(b *testing.B) {
	ctx := b.Context()
	for b.Loop() {
		m, err := process.NewSharedMemory(ctx, "", 4096)
		if err != nil {
			b.Fatal(err)
		}
		if m.Close() != nil || m.Unlink() != nil {
			b.Fatal("lost")
		}
	}
	ours := perOp(b)
	begin := time.Now()
	for range b.N {
		fd, err := unix.Open("/dev/shm/pygil-raw", unix.O_RDWR|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0o600)
		if err != nil {
			b.Fatal(err)
		}
		mem, err := unix.Mmap(fd, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
		if err != nil || unix.Ftruncate(fd, 4096) != nil || unix.Munmap(mem) != nil || unix.Close(fd) != nil || unix.Unlink("/dev/shm/pygil-raw") != nil {
			b.Fatal("lost")
		}
	}
	b.ReportMetric(ours/(float64(time.Since(begin).Nanoseconds())/float64(b.N)), "x-of-raw")
	against(b, ours, timing+`
from multiprocessing.shared_memory import SharedMemory
def f(n):
    for _ in range(n):
        m = SharedMemory(create=True, size=4096); m.close(); m.unlink()
measure(1000, f)`)
}

func BenchmarkNewLock(b *testing.B) {
	ctx := b.Context()
	for b.Loop() {
		l, err := process.NewLock(ctx)
		if err != nil {
			b.Fatal(err)
		}
		_ = l.Close()
	}
	against(b, perOp(b), timing+`
mp.set_start_method("spawn")
def f(n):
    for _ in range(n): mp.Lock()
measure(1000, f)`)
}
