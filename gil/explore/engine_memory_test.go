package explore_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil/explore"
)

// TestMemoryFlat: a search keeps nothing of its schedules but their classes. A word a
// schedule would be 400 kB more after the second search than after the first.
// BenchmarkMemory runs ten million.
func TestMemoryFlat(t *testing.T) {
	if raceDetector {
		t.Skip("many schedules for what the race detector has no say in")
	}
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC() // what pools keep is kept for one collection more
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	for _, s := range []func() explore.Strategy{explore.Random, explore.SURW, func() explore.Strategy { return explore.Portfolio() }} {
		during := func(schedules int) (grown int64) {
			before := heap()
			explore.Run(losing(2), explore.WithMaxSchedules(schedules), explore.Raw(),
				explore.WithStrategy(&looking{Strategy: s(), at: schedules - 1, look: func() { grown = heap() - before }}))
			return grown
		}
		during(100) // what the first search makes for all
		flat := false
		for try := 0; try < 5 && !flat; try++ { // what an earlier test has left may go at any time
			few, many := during(1000), during(51_000)
			t.Log(s().Name(), few, many)
			flat = many-few < 200_000
		}
		require.True(t, flat, s().Name())
	}
}

// looking is a strategy that has a look when a schedule begins.
type looking struct {
	explore.Strategy
	at   int
	look func()
}

func (l *looking) Start(n int, seed uint64) bool {
	if n == l.at {
		l.look()
	}
	return l.Strategy.Start(n, seed)
}
