package explore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
)

// schedules notes every schedule that a strategy runs.
func schedules(t *testing.T, prog func(t *gil.Thread), s explore.Strategy, most int) (texts []string, r *explore.Report) {
	t.Helper()
	seen := map[string]bool{}
	n := 0
	for _, o := range explore.Outcomes(func(t *gil.Thread) int {
		prog(t)
		n++
		return n
	}, explore.WithStrategy(s), explore.WithMaxSchedules(most), explore.WithoutFairness(), explore.Raw(), explore.Into(&r)) {
		text := o.Schedule.String()
		require.False(t, seen[text], "twice: %s", text)
		seen[text] = true
		texts = append(texts, text)
	}
	return texts, r
}

// TestBounded has the bounded strategies run every schedule once, those that cost
// less first.
func TestBounded(t *testing.T) {
	all, _ := schedules(t, losing(2), explore.DFS(), 1000)
	require.Len(t, all, 69)
	for _, s := range []explore.Strategy{explore.Preemptions(-1), explore.Delays(-1), explore.Sampling(-1)} {
		every, r := schedules(t, losing(2), s, 1000)
		require.ElementsMatch(t, all, every, s.Name())
		require.True(t, r.Exhausted, s.Name())
	}
	for _, s := range []func(int) explore.Strategy{explore.Preemptions, explore.Sampling, explore.Delays} {
		before := 0
		for bound := range 4 {
			some, r := schedules(t, losing(2), s(bound), 1000)
			require.Greater(t, len(some), before, "%s", r.Strategy)
			before = len(some)
			require.Equal(t, bound, r.Bound, r.Strategy)
			require.False(t, r.Exhausted, r.Strategy)
		}
	}
	// With no preemption the update is never lost, with one it is.
	require.Nil(t, explore.Find(lostUpdate(2), explore.WithStrategy(explore.Preemptions(0))))
	require.NotNil(t, explore.Find(lostUpdate(2), explore.WithStrategy(explore.Preemptions(1))))
	// One delay is less than one preemption.
	one, _ := schedules(t, losing(3), explore.Preemptions(1), 10_000)
	delayed, _ := schedules(t, losing(3), explore.Delays(1), 10_000)
	require.Less(t, len(delayed), len(one))
}

func TestPortfolioRefuses(t *testing.T) {
	require.PanicsWithError(t, "explore: Portfolio: the schedules of dfs build on each other, so it cannot take turns; run it alone",
		func() { explore.Portfolio(explore.Share{Strategy: explore.DFS(), Weight: 1}) })
	require.Panics(t, func() { explore.Portfolio(explore.Share{Strategy: explore.Random()}) })
	require.Equal(t, "portfolio(pos, random)", explore.Portfolio(explore.Share{explore.POS(), 2}, explore.Share{explore.Random(), 1}).Name())
}
