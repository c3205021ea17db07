package explore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
)

// TestReplayOfDetected performs schedules of failures that no thread notices: their
// kind says what to look for.
func TestReplayOfDetected(t *testing.T) {
	racy := func(t *gil.Thread) {
		n := gil.NewVar("n", 0)
		add := func(t *gil.Thread) { n.Update(t, func(v int) int { return v + 1 }) }
		pair(t, add, add)
	}
	race := explore.Find(racy, explore.WithRaces())
	require.NotNil(t, race)
	again := explore.Replay(racy, race.Schedule)
	require.NotNil(t, again)
	require.Equal(t, explore.Race, again.Kind)
	require.Equal(t, race.Table(), again.Table())

	r := explore.Run(racy)
	require.NotEmpty(t, r.Warnings)
	lost := explore.Replay(racy, r.Warnings[0].Schedule)
	require.NotNil(t, lost)
	require.Equal(t, explore.LostUpdate, lost.Kind)

	starving := func(t *gil.Thread) {
		stop := gil.NewVar("stop", false)
		a := t.Go("a", func(t *gil.Thread) {
			for !stop.Load(t) {
				continue
			}
		})
		stop.Store(t, true)
		a.Join(t)
	}
	starved := explore.Find(starving, explore.WithoutFairness(), explore.WithStrategy(explore.DFS()), explore.WithMaxSteps(2000))
	require.NotNil(t, starved)
	again = explore.Replay(starving, starved.Schedule, explore.WithMaxSteps(2000))
	require.NotNil(t, again)
	require.Equal(t, explore.Starvation, again.Kind)

	leaky := func(t *gil.Thread) { t.Go("a", func(t *gil.Thread) { t.Tick(1) }) }
	leak := explore.Find(leaky, explore.WithLeaks())
	require.NotNil(t, leak)
	again = explore.Replay(leaky, leak.Schedule)
	require.NotNil(t, again)
	require.Equal(t, explore.Leak, again.Kind)
}
