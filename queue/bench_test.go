package queue_test

import (
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/queue"
)

// Each benchmark runs its peers in the same run: a Go channel, and CPython when there
// is one. Ours compares as the metric x-of-<peer>. An operation is one item put and
// taken, and every item is checked.

//go:embed testdata/bench.py
var benchScript string

func benched(b *testing.B, cpython string, p gil.Profile, body func(t *gil.Thread), channel func()) {
	b.Helper()
	b.ReportAllocs()
	if err := gil.Live().Run(p, func(t *gil.Thread) {
		b.ResetTimer()
		body(t)
		b.StopTimer()
	}); err != nil {
		b.Fatal(err)
	}
	if b.N < 100 {
		return
	}
	begin := time.Now()
	channel()
	if took := time.Since(begin); took > 0 {
		b.ReportMetric(float64(b.Elapsed())/float64(took), "x-of-channel")
	}
	if theirs := cpythonTime(b, cpython); theirs > 0 {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/theirs, "x-of-cpython")
	}
}

var cpythonTimes = map[string]float64{}

func cpythonTime(b *testing.B, operation string) float64 {
	return pythonTime(b, benchScript, operation)
}

// pythonTime is what CPython takes for an item in nanoseconds, 0 when there is none.
func pythonTime(b *testing.B, script, operation string) float64 {
	if ns, ok := cpythonTimes[operation]; ok {
		return ns
	}
	root := os.Getenv("PYENV_ROOT")
	if home, err := os.UserHomeDir(); root == "" && err == nil {
		root = filepath.Join(home, ".pyenv")
	}
	found, _ := filepath.Glob(filepath.Join(root, "versions", "3.13.*", "bin", "python"))
	for _, python := range append(found, "python3.13") {
		cmd := exec.Command(python, "-", operation)
		cmd.Stdin = strings.NewReader(script)
		out, err := cmd.Output()
		if err != nil {
			continue
		}
		ns, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
		if err != nil {
			b.Fatal(err)
		}
		cpythonTimes[operation] = ns
		return ns
	}
	cpythonTimes[operation] = 0
	return 0
}

// alone puts and takes one item at a time.
func alone(b *testing.B, cpython string, q common) {
	benched(b, cpython, gil.CPython313, func(t *gil.Thread) {
		for i := range b.N {
			_ = q.Put(t, i)
			if v, err := q.Get(t); err != nil || v != i {
				b.Fatal(v, err)
			}
		}
	}, func() {
		c := make(chan int, 1)
		for i := range b.N {
			c <- i
			if v := <-c; v != i {
				b.Fatal(v)
			}
		}
	})
}

func BenchmarkQueue(b *testing.B)         { alone(b, "queue", queue.New[int](0)) }
func BenchmarkLifoQueue(b *testing.B)     { alone(b, "lifo", queue.NewLifo[int](0)) }
func BenchmarkPriorityQueue(b *testing.B) { alone(b, "priority", queue.NewPriority(0, lessInt)) }
func BenchmarkSimpleQueue(b *testing.B)   { alone(b, "simple", queue.NewSimple[int]()) }

// pair has one thread put and another one take.
func pair(b *testing.B, cpython string, p gil.Profile, q common) {
	const room = 1000 // but a SimpleQueue has no limit
	benched(b, cpython, p, func(t *gil.Thread) {
		producer := t.Go("producer", func(t *gil.Thread) {
			for i := range b.N {
				_ = q.Put(t, i)
			}
		})
		for i := range b.N {
			if v, err := q.Get(t); err != nil || v != i {
				b.Fatal(v, err)
			}
		}
		producer.Join(t)
	}, func() {
		c := make(chan int, room)
		go func() {
			for i := range b.N {
				c <- i
			}
		}()
		for i := range b.N {
			if v := <-c; v != i {
				b.Fatal(v)
			}
		}
	})
}

func BenchmarkQueueTwoThreads(b *testing.B) {
	pair(b, "pair", gil.CPython313, queue.New[int](1000))
}

func BenchmarkQueueTwoThreadsFree(b *testing.B) {
	pair(b, "pair", gil.CPython313T, queue.New[int](1000))
}

func BenchmarkSimpleQueueTwoThreads(b *testing.B) {
	pair(b, "pair", gil.CPython313, queue.NewSimple[int]())
}
