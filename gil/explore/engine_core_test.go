package explore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
)

// lostUpdate is n threads that add one to a variable, as a load and a store.
func lostUpdate(n int) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		x := gil.NewVar("x", 0)
		ts := make([]*gil.Thread, n)
		for i := range ts {
			ts[i] = t.Go("", func(t *gil.Thread) { gil.Add(t, x, 1) })
		}
		gil.JoinAll(t, ts...)
		require.Equal(t, n, x.Load(t))
	}
}

func TestFindReplay(t *testing.T) {
	for _, s := range []explore.Strategy{explore.Random(), explore.DFS()} {
		f := explore.Find(lostUpdate(2), explore.WithStrategy(s))
		require.NotNil(t, f)
		require.Equal(t, explore.Assertion, f.Kind)
		text := f.Schedule.String()
		back, err := explore.ParseSchedule(text)
		require.NoError(t, err)
		require.Equal(t, f.Schedule, back)
		again := explore.Replay(lostUpdate(2), back, explore.WithStrictReplay())
		require.NotNil(t, again)
		require.Equal(t, f.Err.Error(), again.Err.Error())
		require.Equal(t, f.Schedule, again.Schedule)
	}
}

func TestDFS(t *testing.T) {
	r := explore.Run(lostUpdate(2), explore.WithStrategy(explore.DFS()))
	t.Log(r)
	require.True(t, r.Exhausted)
	require.Equal(t, 4, r.Classes)
}
