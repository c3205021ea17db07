package explore_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil/explore"
)

// unguarded are programs of the zoo whose right half has plain variables that only the
// GIL orders too, which the race detector would rightly report.
var unguarded = map[string]bool{
	"din_phil2": true, "din_phil3": true, "din_phil7": true, // they count without a lock
}

// TestZooApart performs the zoo with the race detector looking at the programs' plain
// variables: nothing is reported of the right ones, nor anything of this module's own,
// and they pass as ever.
func TestZooApart(t *testing.T) {
	if !raceDetector {
		t.Skip("needs the race detector")
	}
	schedules := 5
	if os.Getenv("CI_SOAK") == "1" {
		schedules = 500
	}
	for _, e := range zoo {
		if unguarded[e.name] || e.within > 60 && schedules == 5 {
			continue // the large ones show nothing that the small ones do not
		}
		t.Run(e.name, func(t *testing.T) {
			r := explore.Run(e.good, explore.WithPlainRaces(true), explore.WithMaxSchedules(schedules), explore.WithSeed(7), explore.Raw())
			require.Empty(t, r.Failures)
			require.Empty(t, r.Plain)
		})
	}
}
