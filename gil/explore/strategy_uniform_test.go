package explore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
)

// TestUniform counts the interleavings of threads that write one variable: where
// nothing blocks URW draws all alike, and so does SURW those on its object. The
// random walk, the counter-example, does not.
func TestUniform(t *testing.T) {
	if raceDetector {
		t.Skip("many schedules for what the race detector has no say in")
	}
	prog := func(t *gil.Thread) string {
		x := gil.NewVar("x", 0)
		log := ""
		together(t, crowd(3, func(t *gil.Thread, i int) {
			for range 1 + i%2 {
				x.Store(t, i)
				log += string(rune('a' + i))
			}
		})...)
		return log
	}
	const classes, each = 12, 1000 // 4!/2! orders
	spread := func(s explore.Strategy) (low, high int) {
		out := explore.Outcomes(prog, explore.WithStrategy(s), explore.WithMaxSchedules(classes*each))
		require.Len(t, out, classes)
		low = each * classes
		for _, o := range out {
			low, high = min(low, o.Count), max(high, o.Count)
		}
		return low, high
	}
	for _, s := range []explore.Strategy{explore.URW(), explore.SURW()} {
		low, high := spread(s)
		t.Log(s.Name(), low, high)
		require.Greater(t, low, each*8/10, s.Name())
		require.Less(t, high, each*12/10, s.Name())
	}
	low, high := spread(explore.Random())
	t.Log("random", low, high)
	require.Greater(t, high, 2*low)
}
