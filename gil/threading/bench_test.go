package threading_test

import (
	_ "embed"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
	"github.com/pygil/pygil/internal/kernel"
	"github.com/pygil/pygil/internal/yardstick"
)

// Each benchmark times peers that do the same work in the same run: what Go programs
// use for it, and CPython when there is one. Ours compares as the metric x-of-<peer>;
// of-limit is the part taken of a limit that is a time, see package yardstick.

//go:embed testdata/bench.py
var benchScript string

// benched runs body on the main thread of a live interpreter, then the peers.
func benched(b *testing.B, cpython string, body func(t *gil.Thread), peers map[string]func(n int)) {
	b.Helper()
	b.ReportAllocs()
	if err := gil.Live().Run(gil.CPython313, func(t *gil.Thread) {
		b.ResetTimer()
		body(t)
		b.StopTimer()
	}); err != nil {
		b.Fatal(err)
	}
	ours := b.Elapsed()
	for name, peer := range peers {
		begin := time.Now()
		peer(b.N)
		if took := time.Since(begin); took > 0 {
			b.ReportMetric(float64(ours)/float64(took), "x-of-"+name)
		}
	}
	if b.N > 100 {
		if theirs := cpythonTime(b, cpython); theirs > 0 {
			b.ReportMetric(float64(ours.Nanoseconds())/float64(b.N)/theirs, "x-of-cpython")
		}
	}
}

var (
	pythonOnce sync.Once
	pythonPath string
	pythonTime sync.Map // operation → nanoseconds
)

// cpythonTime is what CPython takes for an operation, 0 when there is none.
func cpythonTime(b *testing.B, operation string) float64 {
	pythonOnce.Do(func() {
		for _, version := range []string{"3.13", "3.12", "3.14"} {
			if pythonPath == "" {
				pythonPath = findPython(version)
			}
		}
	})
	if pythonPath == "" {
		return 0
	}
	if ns, ok := pythonTime.Load(operation); ok {
		return ns.(float64)
	}
	cmd := exec.Command(pythonPath, "-", operation)
	cmd.Stdin = strings.NewReader(benchScript)
	out, err := cmd.Output()
	if err != nil {
		b.Fatal(err)
	}
	ns, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		b.Fatal(err)
	}
	pythonTime.Store(operation, ns)
	return ns
}

func BenchmarkLock(b *testing.B) {
	var l threading.Lock
	var m sync.Mutex
	benched(b, "lock", func(t *gil.Thread) {
		for range b.N {
			l.Acquire(t)
			l.Release(t)
		}
	}, map[string]func(int){"mutex": func(n int) {
		for range n {
			m.Lock()
			//lint:ignore SA2001 the pair is what is measured
			m.Unlock()
		}
	}})
	b.ReportMetric(yardstick.Part(b.Elapsed(), b.N, 20*time.Nanosecond), "of-limit")
}

func BenchmarkRLock(b *testing.B) {
	var l threading.RLock
	var m sync.Mutex
	benched(b, "rlock", func(t *gil.Thread) {
		for range b.N {
			l.Acquire(t)
			l.Release(t)
		}
	}, map[string]func(int){"mutex": func(n int) {
		for range n {
			m.Lock()
			//lint:ignore SA2001 the pair is what is measured
			m.Unlock()
		}
	}})
}

func BenchmarkSemaphore(b *testing.B) {
	s := threading.NewSemaphore(2)
	benched(b, "semaphore", func(t *gil.Thread) {
		for range b.N {
			s.Acquire(t)
			s.Release(t)
		}
	}, map[string]func(int){"chan": tokens})
}

func BenchmarkBoundedSemaphore(b *testing.B) {
	s := threading.NewBoundedSemaphore(2)
	benched(b, "bounded", func(t *gil.Thread) {
		for range b.N {
			s.Acquire(t)
			s.Release(t)
		}
	}, map[string]func(int){"chan": tokens})
}

// tokens is a semaphore of two units as a channel.
func tokens(n int) {
	c := make(chan struct{}, 2)
	for range n {
		c <- struct{}{}
		<-c
	}
}

// BenchmarkConditionNotify notifies nobody.
func BenchmarkConditionNotify(b *testing.B) {
	c := threading.NewCondition(new(threading.Lock))
	var m sync.Mutex
	cond := sync.NewCond(&m)
	benched(b, "condition", func(t *gil.Thread) {
		for range b.N {
			c.Acquire(t)
			c.Notify(t, 1)
			c.Release(t)
		}
	}, map[string]func(int){"cond": func(n int) {
		for range n {
			m.Lock()
			cond.Signal()
			m.Unlock()
		}
	}})
}

func BenchmarkEventSetClear(b *testing.B) {
	var e threading.Event
	benched(b, "event", func(t *gil.Thread) {
		for range b.N {
			e.Set(t)
			e.Clear(t)
		}
	}, nil)
}

func BenchmarkLocal(b *testing.B) {
	var l threading.Local[int]
	benched(b, "local", func(t *gil.Thread) {
		l.Set(t, 1)
		sum := 0
		for range b.N {
			sum += l.Get(t)
		}
		if sum != b.N {
			b.Error(sum)
		}
	}, nil)
}

// hops times b.N changes of turn between two threads; the peer hands a token over
// between two goroutines through channels of capacity 1.
func hops(b *testing.B, cpython string, prepare func(t *gil.Thread), this, other func(t *gil.Thread, n int)) {
	n := (b.N + 1) / 2
	benched(b, cpython, func(t *gil.Thread) {
		prepare(t)
		w := t.Go("other", func(t *gil.Thread) { other(t, n) })
		this(t, n)
		w.Join(t)
	}, map[string]func(int){"chan": func(int) {
		ping, pong := make(chan int, 1), make(chan int, 1)
		go func() {
			for v := range ping {
				pong <- v
			}
			close(pong)
		}()
		sum := 0
		for i := range n {
			ping <- i
			sum += <-pong
		}
		close(ping)
		<-pong
		if sum != n*(n-1)/2 {
			b.Error(sum)
		}
	}})
}

func nothing(*gil.Thread) {}

func BenchmarkEventHop(b *testing.B) {
	var ping, pong threading.Event
	turns := 0
	hops(b, "event hop", nothing, func(t *gil.Thread, n int) {
		for range n {
			ping.Set(t)
			pong.Wait(t)
			pong.Clear(t)
			turns++
		}
	}, func(t *gil.Thread, n int) {
		for range n {
			ping.Wait(t)
			ping.Clear(t)
			turns++
			pong.Set(t)
		}
	})
	b.ReportMetric(yardstick.Part(b.Elapsed(), b.N, 500*time.Nanosecond), "of-limit")
	if want := (b.N + 1) / 2 * 2; turns != want {
		b.Fatalf("%d turns instead of %d", turns, want)
	}
}

func BenchmarkLockHop(b *testing.B) {
	var ping, pong threading.Lock
	turns := 0
	hops(b, "lock hop", func(t *gil.Thread) {
		ping.Acquire(t)
		pong.Acquire(t)
	}, func(t *gil.Thread, n int) {
		for range n {
			ping.Release(t)
			pong.Acquire(t)
			turns++
		}
	}, func(t *gil.Thread, n int) {
		for range n {
			ping.Acquire(t)
			turns++
			pong.Release(t)
		}
	})
	if want := (b.N + 1) / 2 * 2; turns != want {
		b.Fatalf("%d turns instead of %d", turns, want)
	}
}

func BenchmarkSemaphoreHop(b *testing.B) {
	ping, pong := threading.NewSemaphore(0), threading.NewSemaphore(0)
	turns := 0
	hops(b, "semaphore hop", nothing, func(t *gil.Thread, n int) {
		for range n {
			ping.Release(t)
			pong.Acquire(t)
			turns++
		}
	}, func(t *gil.Thread, n int) {
		for range n {
			ping.Acquire(t)
			turns++
			pong.Release(t)
		}
	})
	if want := (b.N + 1) / 2 * 2; turns != want {
		b.Fatalf("%d turns instead of %d", turns, want)
	}
}

func BenchmarkConditionHop(b *testing.B) {
	c := threading.NewCondition(new(threading.Lock))
	turn, turns := 0, 0
	take := func(mine int) func(t *gil.Thread, n int) {
		return func(t *gil.Thread, n int) {
			for range n {
				c.Acquire(t)
				for turn != mine {
					c.Wait(t)
				}
				turn = 1 - mine
				turns++
				c.Notify(t, 1)
				c.Release(t)
			}
		}
	}
	hops(b, "condition hop", nothing, take(0), take(1))
	if want := (b.N + 1) / 2 * 2; turns != want {
		b.Fatalf("%d turns instead of %d", turns, want)
	}
}

// BenchmarkExplored runs a program of two threads that acquire a lock once, in an
// explored world: how fast an explorer walks through a primitive. The peer resumes a
// coroutine and comes back as often as an operation is performed.
func BenchmarkExplored(b *testing.B) {
	walk := kernel.NewRandomWalk(1)
	s := gil.NewSandbox(gil.AnyBytecode, walk, 0)
	defer s.Close()
	work := func(l *threading.Lock) func(t *gil.Thread) {
		return func(t *gil.Thread) {
			l.Acquire(t)
			l.Release(t)
		}
	}
	steps := 0
	b.ReportAllocs()
	for i := range b.N {
		if err := s.Run(uint64(i), func(t *gil.Thread) {
			l := new(threading.Lock)
			x, y := t.Go("a", work(l)), t.Go("b", work(l))
			x.Join(t)
			y.Join(t)
		}); err != nil {
			b.Fatal(err)
		}
		steps += s.Kernel().Steps()
	}
	b.StopTimer()
	ours := b.Elapsed()
	begin := time.Now()
	yardstick.Pull(steps)
	b.ReportMetric(float64(ours)/float64(time.Since(begin)), "x-of-iter.Pull")
	b.ReportMetric(float64(ours.Nanoseconds())/float64(steps), "ns/step")
}
