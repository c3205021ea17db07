package trace_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
	"github.com/pygil/pygil/gil/trace"
)

// TestNothingIsPaidWithoutAnObserver: whatever emits events allocates nothing when
// nobody wants them, and with a ring that is full.
func TestNothingIsPaidWithoutAnObserver(t *testing.T) {
	ring := trace.NewRecorder(trace.WithRing(500))
	for name, opts := range map[string][]gil.Option{"nobody": nil, "a full ring": {gil.WithObserver(ring)}} {
		require.NoError(t, gil.Live(opts...).Run(gil.CPython313, func(m *gil.Thread) {
			var lock threading.Lock
			var event threading.Event
			n := gil.NewVar("n", 0)
			program := func() {
				lock.Acquire(m)
				gil.Add(m, n, 1)
				lock.Release(m)
				event.Set(m)
				event.IsSet(m)
				m.Tick(10)
				m.Label("here")
				m.Emit(gil.Event{Kind: gil.EvQueuePut, Obj: 1, A: 1})
			}
			for range 200 {
				program()
			}
			require.Zero(m, testing.AllocsPerRun(500, program), name)
		}))
	}
	require.NotZero(t, ring.Dropped())
}

// BenchmarkUnobserved is a lock whose operations are events that nobody wants, beside
// a sync.Mutex, which has none.
func BenchmarkUnobserved(b *testing.B) {
	b.ReportAllocs()
	err := gil.Live().Run(gil.CPython313, func(m *gil.Thread) {
		var lock threading.Lock
		n := 0
		lock.Acquire(m)
		lock.Release(m)
		b.ResetTimer()
		for range b.N {
			lock.Acquire(m)
			n++
			lock.Release(m)
		}
		ours := b.Elapsed()
		b.StopTimer()
		var mu sync.Mutex
		begin, peers := time.Now(), 0
		for range b.N {
			mu.Lock()
			peers++
			mu.Unlock()
		}
		if n != peers {
			b.Errorf("%d and %d", n, peers)
		}
		b.ReportMetric(float64(ours)/float64(time.Since(begin)), "x-of-sync.Mutex")
	})
	if err != nil {
		b.Fatal(err)
	}
}
