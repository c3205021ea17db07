package explore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil/explore"
)

// TestZooCounts holds the class counts of the zoo's small programs against a walk
// through all their interleavings that knows nothing of conflicts.
func TestZooCounts(t *testing.T) {
	slow(t)
	most, counted := 60_000, 0
	if testing.Short() {
		most = 3000
	}
	for _, e := range zoo {
		if e.classes == 0 || e.classes > 60 {
			continue
		}
		r := explore.Run(e.bad, explore.WithStrategy(&everySchedule{eager: true}), explore.WithMaxSchedules(most), explore.WithMaxSteps(500),
			explore.WithoutFairness(), explore.Raw())
		if r.Schedules == most {
			continue
		}
		counted++
		require.Equal(t, e.classes, r.Classes, e.name)
	}
	t.Logf("%d programs", counted)
	require.Greater(t, counted, 10)
}
