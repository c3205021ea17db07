package explore_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
)

// TestBlockMutants breaks what it does where a switch is possible at few places only.
func TestBlockMutants(t *testing.T) {
	for _, s := range []func() explore.Strategy{explore.DPORGlued, explore.DPORLockless} {
		noticed := false
		for seed := uint64(100_500); seed < 100_600 && !noticed; seed++ {
			wrong, _, _ := compareUnder(gil.CPython312, generate(seed), s())
			noticed = wrong != ""
		}
		require.True(t, noticed)
	}
}

// TestMutants breaks DPOR in two ways: the programs that hold it to the walk through
// everything must notice both.
func TestMutants(t *testing.T) {
	for _, m := range []struct {
		name     string
		strategy func() explore.Strategy
		wrong    string // what is noticed first or last
	}{
		{"without sleep sets", explore.DPORAwake, "schedules for"},
		{"without reversing races for locks", explore.DPORLockless, "outcomes"},
	} {
		t.Run(m.name, func(t *testing.T) {
			for seed := range uint64(300) {
				g := generate(seed)
				if wrong, _ := compare(g, m.strategy(), 500); strings.Contains(wrong, m.wrong) {
					t.Logf("program %d: %s", seed, wrong)
					return
				}
			}
			require.Fail(t, "nobody noticed")
		})
	}
}
