package explore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
)

// spinning programs wait for another thread in a loop.
var spinning = map[string]func(t *gil.Thread){
	"yield": func(t *gil.Thread) {
		flag := gil.NewVar("flag", false)
		together(t,
			func(t *gil.Thread) {
				for !flag.Load(t) {
					t.Yield()
				}
			},
			func(t *gil.Thread) { flag.Store(t, true) })
	},
	"poll": func(t *gil.Thread) {
		flag := gil.NewVar("flag", false)
		together(t,
			func(t *gil.Thread) {
				for !flag.Load(t) {
				}
			},
			func(t *gil.Thread) { flag.Store(t, true) })
	},
	"try": func(t *gil.Thread) {
		lock := &threading.Lock{Name: "lock"}
		work := func(t *gil.Thread) {
			for !lock.TryAcquire(t) {
			}
			lock.Release(t)
		}
		together(t, work, work, work)
	},
	"two that wait for one": func(t *gil.Thread) {
		flag := gil.NewVar("flag", 0)
		wait := func(t *gil.Thread) {
			for flag.Load(t) != 2 {
				t.Yield()
			}
		}
		together(t, wait, wait,
			func(t *gil.Thread) { gil.Add(t, flag, 1); gil.Add(t, flag, 1) })
	},
}

// TestFair has programs that spin end under every strategy, and without the filter
// not under all.
func TestFair(t *testing.T) {
	most := 6000
	if raceDetector {
		most = 200
	}
	for name, prog := range spinning {
		t.Run(name, func(t *testing.T) {
			for _, s := range []func() explore.Strategy{
				explore.Random, func() explore.Strategy { return explore.PCT(3) }, explore.POS, explore.URW, explore.SURW,
				explore.DFS, explore.DPOR, func() explore.Strategy { return explore.Preemptions(2) },
				func() explore.Strategy { return explore.Delays(2) }, func() explore.Strategy { return explore.Sampling(2) },
			} {
				r := explore.Run(prog, explore.WithStrategy(s()), explore.WithMaxSchedules(most), explore.WithMaxSteps(500), explore.Raw())
				require.Empty(t, r.Failures, r.Strategy)
				if r.Strategy == "dpor" && !raceDetector {
					require.True(t, r.Exhausted, r)
					t.Log(r)
				}
			}
		})
	}
	f := explore.Run(spinning["poll"], explore.WithStrategy(explore.DFS()), explore.WithMaxSteps(500), explore.WithoutFairness(),
		explore.WithMaxSchedules(10), explore.Raw())
	require.True(t, f.Failed(), "the filter is what makes it end")
}

// TestFairnessForgets: what the filter does in a schedule does not depend on the
// schedule before, so workers that take them in other orders come to the same end.
func TestFairnessForgets(t *testing.T) {
	// The first operation at which a thread waits comes at once, and what was enabled
	// before it is not what was enabled at the end of the run before.
	prog := func(t *gil.Thread) {
		lock, flag := &threading.Lock{Name: "lock"}, gil.NewVar("flag", 0)
		spin := func(t *gil.Thread) {
			for flag.Load(t) < 2 {
				t.Yield()
			}
		}
		set := func(t *gil.Thread) { lock.With(t, func() { gil.Add(t, flag, 1) }) }
		together(t, spin, set, spin, set)
	}
	most := 3000
	if raceDetector {
		most = 300
	}
	search := func(workers int) *explore.Report {
		return explore.Run(prog, explore.WithStrategy(explore.Random()), explore.WithMaxSchedules(most), explore.WithWorkers(workers), explore.Raw())
	}
	one, three := search(1), search(3)
	require.True(t, one.Fair)
	require.Equal(t, one.Steps, three.Steps)
	require.Equal(t, one.Classes, three.Classes)
}
