package gil_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
)

// crowd starts n threads that all wait at one gate, opens it, and returns how many
// went through and the memory that each took while it waited, in bytes.
func crowd(t testing.TB, w gil.World, n int) (passed int, each float64) {
	t.Helper()
	require.NoError(t, w.Run(gil.CPython313, func(m *gil.Thread) {
		var gate gil.Gate
		gate.Init(m, 0, "gate")
		body := func(u *gil.Thread) {
			gate.Pass(u, gil.OpWait, gil.Forever)
			passed++
		}
		before := used()
		threads := make([]*gil.Thread, n)
		for i := range threads {
			threads[i] = m.Go("w", body)
		}
		for gate.Waiters(m) < n {
			m.Yield()
		}
		each = (used() - before) / float64(n)
		gate.Open(m, gil.OpSet, gil.All)
		gil.JoinAll(m, threads...)
	}))
	return passed, each
}

// used is the memory of heap and stacks.
func used() float64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return float64(s.HeapInuse + s.StackInuse)
}

// TestCrowds: ten thousand live threads, a hundred thousand virtual ones.
func TestCrowds(t *testing.T) {
	live, virtual := 10_000, 100_000
	if testing.Short() {
		live, virtual = 1_000, 10_000
	}
	passed, each := crowd(t, gil.Live(), live)
	require.Equal(t, live, passed)
	t.Logf("a live thread that waits takes %.0f bytes", each)
	passed, each = crowd(t, gil.NewMachine(4), virtual)
	require.Equal(t, virtual, passed)
	t.Logf("a virtual thread that waits takes %.0f bytes", each)
}

// BenchmarkCrowd reports the memory of a thread that waits.
func BenchmarkCrowd(b *testing.B) {
	for name, w := range map[string]gil.World{"live": gil.Live(), "virtual": gil.NewMachine(4)} {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				_, each := crowd(b, w, 10_000)
				b.ReportMetric(each, "B/thread")
			}
		})
	}
}
