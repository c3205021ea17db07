package explore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
)

// observed is the events of those kinds of a replay.
func observed(t *testing.T, prog func(t *gil.Thread), s explore.Schedule, kinds ...gil.EventKind) (events []gil.Event) {
	t.Helper()
	watch := gil.ObserverFunc(func(e gil.Event) {
		for _, k := range kinds {
			if e.Kind == k {
				events = append(events, e)
			}
		}
	})
	require.NotNil(t, explore.Replay(prog, s, explore.WithMaxSteps(2000), explore.WithSandbox(gil.WithObserver(watch))))
	return events
}

// TestEventsOfChoices: an observer is told who was chosen among whom, what was drawn,
// and which assertion failed.
func TestEventsOfChoices(t *testing.T) {
	f := explore.Find(unlucky)
	require.NotNil(t, f)
	events := observed(t, unlucky, f.Schedule, gil.EvChoice, gil.EvAssert)
	byName := map[string]int{}
	for _, e := range events {
		if e.Kind == gil.EvChoice {
			require.Less(t, e.A, e.B)
			require.GreaterOrEqual(t, e.A, int64(0))
			require.Greater(t, e.B, int64(1))
			byName[e.Name]++
		}
	}
	require.Positive(t, byName["a"])
	require.Positive(t, byName["b"])
	require.Equal(t, 1, byName["choose 0 of 2"])
	require.Equal(t, 1, byName["choose 2 of 5"])
	last := events[len(events)-1]
	require.Equal(t, gil.EvAssert, last.Kind)
	require.Equal(t, uint32(1), last.TID)
	require.Contains(t, last.Name, "Not equal: expected: 11 actual : 1")
	require.NotContains(t, last.Name, "\n")
}

// TestEventsOfEndlessRuns: of a livelock and of a starvation too, and only in the run
// that is one.
func TestEventsOfEndlessRuns(t *testing.T) {
	spin := func(t *gil.Thread) {
		stop := gil.NewVar("stop", false)
		a := t.Go("a", func(t *gil.Thread) {
			for !stop.Load(t) {
				t.Yield()
			}
		})
		a.Join(t)
		stop.Store(t, true)
	}
	f := explore.Find(spin, explore.WithMaxSteps(2000))
	require.NotNil(t, f)
	require.Equal(t, explore.Livelock, f.Kind)
	events := observed(t, spin, f.Schedule, gil.EvLivelock, gil.EvStarvation)
	require.Len(t, events, 1)
	require.Equal(t, gil.EvLivelock, events[0].Kind)
	require.Contains(t, events[0].Name, "a goes round for ever")
	require.Equal(t, uint32(2), events[0].TID)

	starve := func(t *gil.Thread) {
		stop := gil.NewVar("stop", false)
		a := t.Go("a", func(t *gil.Thread) {
			for !stop.Load(t) {
				continue
			}
		})
		stop.Store(t, true)
		a.Join(t)
	}
	f = explore.Find(starve, explore.WithoutFairness(), explore.WithStrategy(explore.DFS()), explore.WithMaxSteps(2000))
	require.NotNil(t, f)
	require.Equal(t, explore.Starvation, f.Kind)
	events = observed(t, starve, f.Schedule, gil.EvLivelock, gil.EvStarvation)
	require.Len(t, events, 1)
	require.Equal(t, gil.EvStarvation, events[0].Kind)
	require.Contains(t, events[0].Name, "MainThread could run all the time and never did")
}

// TestPassedOver: the report says how long a thread had to wait although it could run.
func TestPassedOver(t *testing.T) {
	long := func(t *gil.Thread) {
		n := gil.NewVar("n", 0)
		a := t.Go("busy", func(t *gil.Thread) {
			for range 30 {
				n.Store(t, 1)
			}
		})
		b := t.Go("quick", func(t *gil.Thread) { n.Load(t) })
		gil.JoinAll(t, a, b)
	}
	// The base order: quick waits while main starts it and joins, and busy does all it has.
	r := explore.Run(long, explore.WithStrategy(explore.Preemptions(0)), explore.WithMaxSchedules(1))
	require.Equal(t, "quick", r.Waiting)
	require.Equal(t, 32, r.PassedOver, "30 stores, the end, and the join of it")
	one := explore.Run(long, explore.WithMaxSchedules(500), explore.WithStrategy(explore.Random()))
	three := explore.Run(long, explore.WithMaxSchedules(500), explore.WithStrategy(explore.Random()), explore.WithWorkers(3))
	require.Equal(t, one.PassedOver, three.PassedOver)
	require.Equal(t, one.Waiting, three.Waiting)
	require.Positive(t, one.PassedOver)
}
