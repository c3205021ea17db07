package explore_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
)

// impatient is a thread that waits for a lock a while, which another one holds for some
// operations, and a third that waits longer.
func impatient(t *gil.Thread) string {
	mu, n := &threading.Lock{Name: "mu"}, gil.NewVar("n", 0)
	mu.Acquire(t)
	got := [2]bool{}
	wait := func(i int) func(t *gil.Thread) {
		return func(t *gil.Thread) {
			if got[i] = mu.AcquireTimeout(t, time.Duration(1+i)*time.Second); got[i] {
				mu.Release(t)
			}
		}
	}
	a, b := t.Go("a", wait(0)), t.Go("b", wait(1))
	n.Store(t, 1)
	mu.Release(t)
	gil.JoinAll(t, a, b)
	switch {
	case got[0] && got[1]:
		return "both"
	case got[0]:
		return "a"
	case got[1]:
		return "b"
	}
	return "nobody"
}

// TestEarlyCovered: timers that may fire early are choices that every strategy that
// covers everything takes both ways, and schedules name them.
func TestEarlyCovered(t *testing.T) {
	slow(t)
	for _, s := range []func() explore.Strategy{
		explore.DFS, explore.DPOR, func() explore.Strategy { return explore.Preemptions(3) },
		func() explore.Strategy { return explore.Delays(4) }, func() explore.Strategy { return explore.Sampling(3) }, explore.Random,
	} {
		t.Run(s().Name(), func(t *testing.T) {
			for _, early := range []bool{false, true} {
				var r *explore.Report
				opts := []explore.Option{explore.WithStrategy(s()), explore.WithMaxSchedules(100_000), explore.Into(&r)}
				if s().Name() == "random" {
					opts = append(opts, explore.WithMaxSchedules(3000))
				}
				want := []string{"both"}
				if early {
					opts = append(opts, explore.WithEarlyTimers())
					want = []string{"a", "b", "both", "nobody"}
				}
				got := []string{}
				for _, o := range explore.Outcomes(impatient, opts...) {
					got = append(got, o.Value)
					again := explore.Outcomes(impatient, explore.WithStrategy(performed(o.Schedule)))
					require.Equal(t, o.Value, again[0].Value, "%v", o.Schedule)
				}
				slices.Sort(got)
				require.Equal(t, want, got)
				if s().Name() == "dfs" || s().Name() == "dpor" {
					require.True(t, r.Exhausted)
				}
			}
		})
	}
}

// TestEarlyFound: a timeout that comes too early is found by the default search, shrunk
// and replayed.
func TestEarlyFound(t *testing.T) {
	prog := func(t *gil.Thread) { require.Equal(t, "both", impatient(t)) }
	require.Nil(t, explore.Find(prog))
	for _, opt := range []explore.Option{explore.WithSeed(1), explore.WithStrategy(explore.DPOR())} {
		f := explore.Find(prog, explore.WithEarlyTimers(), opt)
		require.NotNil(t, f)
		require.Contains(t, f.Schedule.String(), ">~")
		again := explore.Replay(prog, f.Schedule, explore.WithStrictReplay())
		require.NotNil(t, again)
		require.Equal(t, f.Err.Error(), again.Err.Error())
	}
	r := explore.Run(func(t *gil.Thread) { impatient(t) }, explore.WithEarlyTimers(), explore.WithMaxSchedules(200_000))
	require.False(t, r.Failed())
	require.True(t, r.Exhausted)
}

// TestEarlyBlocked is what the documentation of DPOR says of schedules that turn out to
// be of a class that was had: there are some where timers may fire early, and where the
// fair filter holds a thread back. Each class comes to its end once all the same.
func TestEarlyBlocked(t *testing.T) {
	early := explore.Run(func(t *gil.Thread) { impatient(t) }, explore.WithStrategy(explore.DPOR()), explore.WithEarlyTimers(),
		explore.WithMaxSchedules(200_000), explore.Raw())
	fair := explore.Run(dekker(false), explore.WithStrategy(explore.DPOR()), explore.Raw())
	require.True(t, fair.Fair)
	for _, r := range []*explore.Report{early, fair} {
		t.Log(r, r.Blocked)
		require.True(t, r.Exhausted)
		require.Equal(t, r.Classes, r.Schedules-r.Blocked)
		require.Positive(t, r.Blocked)
	}
	every := explore.Run(func(t *gil.Thread) { impatient(t) }, explore.WithStrategy(explore.DFS()), explore.WithEarlyTimers(),
		explore.WithMaxSchedules(200_000), explore.Raw())
	require.Equal(t, every.Classes, early.Classes)
	require.Less(t, 5*early.Schedules, every.Schedules, "it is worth it even so")
	t.Log(every)
	plain := explore.Run(func(t *gil.Thread) { impatient(t) }, explore.WithStrategy(explore.DPOR()), explore.Raw())
	require.Equal(t, plain.Classes, plain.Schedules)
	require.Zero(t, plain.Blocked, "not where nothing of this happens")
}

// TestEarlyGenerated holds DPOR against the walk through everything on random programs
// with timers that fire early: the same outcomes and classes, each class once.
func TestEarlyGenerated(t *testing.T) {
	slow(t)
	programs := 200
	if testing.Short() {
		programs = 25
	}
	compared, all, reduced := 0, 0, 0
	for seed := uint64(0); compared < programs; seed++ {
		g := generate(seed)
		const most = 1500
		want, plain := covered(g, explore.DFS(), most, explore.WithEarlyTimers())
		if plain.Schedules == most || plain.Schedules < 10 {
			continue
		}
		got, r := covered(g, explore.DPOR(), most, explore.WithEarlyTimers())
		require.True(t, r.Exhausted, "program %d:%v", seed, g)
		require.Equal(t, want, got, "program %d:%v", seed, g)
		require.Equal(t, plain.Classes, r.Classes, "program %d:%v", seed, g)
		require.Equal(t, r.Classes, r.Schedules-r.Blocked, "program %d:%v", seed, g)
		compared++
		all, reduced = all+plain.Schedules, reduced+r.Schedules
	}
	t.Logf("%d programs: %d schedules of %d", compared, reduced, all)
	require.Less(t, 2*reduced, all)
}
