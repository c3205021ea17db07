package explore_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
)

// TestWorkers compares the reports of one worker and of several: they are the same
// to the last step, also when a failure ends the search.
func TestWorkers(t *testing.T) {
	const waits = "one schedule in a few waits"
	for name, prog := range map[string]func(t *gil.Thread){
		"nothing is found": losing(3), "reorder_5": reorder(4, 1, true), "account": account(true), "twostage": twoStage(19, true),
		waits: rarely(func(t *gil.Thread, stop *gil.Var[bool]) {
			for !stop.Load(t) {
				t.Yield()
			}
		}),
		"one schedule in a few looks at the threads": rarely(func(t *gil.Thread, _ *gil.Var[bool]) { t.Interpreter().ActiveCount(t) }),
	} {
		for _, failures := range []int{0, 1} {
			report := func(workers int) explore.Report {
				r := *explore.Run(prog, explore.WithStrategy(explore.Portfolio()), explore.WithMaxSchedules(1000), explore.WithSeed(3),
					explore.WithMaxFailures(failures), explore.WithWorkers(workers), explore.Raw())
				r.Elapsed = 0
				return r
			}
			one := report(1)
			require.Equal(t, name == waits, one.Fair, name)
			for _, n := range []int{2, 4} {
				many := report(n)
				require.Len(t, many.Failures, len(one.Failures), name)
				for i, f := range one.Failures {
					require.Equal(t, f.Schedule, many.Failures[i].Schedule, name)
					require.Equal(t, f.Schedules, many.Failures[i].Schedules, name)
				}
				many.Failures = one.Failures
				require.Equal(t, one, many, name)
			}
		}
	}
}

// rarely does something where one thread comes just between two stores of another one.
func rarely(do func(t *gil.Thread, stop *gil.Var[bool])) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		n, stop := gil.NewVar("n", 0), gil.NewVar("stop", false)
		a := t.Go("a", func(t *gil.Thread) {
			if n.Load(t) == 117 {
				do(t, stop)
			}
		})
		for i := range 200 {
			n.Store(t, i)
		}
		together(t, crowd(3, func(t *gil.Thread, _ int) { n.Load(t) })...)
		stop.Store(t, true)
		a.Join(t)
	}
}

// TestSameSeedSameSearch runs every strategy twice.
func TestSameSeedSameSearch(t *testing.T) {
	for _, s := range []func() explore.Strategy{
		explore.Random, func() explore.Strategy { return explore.PCT(0) }, explore.POS, explore.URW, explore.SURW, explore.DFS, explore.DPOR,
		func() explore.Strategy { return explore.Preemptions(-1) }, func() explore.Strategy { return explore.Delays(-1) },
		func() explore.Strategy { return explore.Sampling(-1) }, func() explore.Strategy { return explore.Portfolio() }, func() explore.Strategy { return nil },
	} {
		search := func(seed uint64) explore.Report {
			opts := []explore.Option{explore.WithMaxSchedules(300), explore.WithSeed(seed), explore.Raw()}
			if s := s(); s != nil {
				opts = append(opts, explore.WithStrategy(s))
			}
			r := *explore.Run(reorder(4, 1, true), opts...)
			r.Elapsed, r.Failures = 0, nil
			return r
		}
		require.Equal(t, search(5), search(5))
	}
	first := func(seed uint64) int {
		return explore.Find(reorder(9, 1, true), explore.WithStrategy(explore.SURW()), explore.WithSeed(seed), explore.Raw()).Schedules
	}
	at := map[int]bool{}
	for seed := range uint64(8) {
		at[first(seed)] = true
	}
	require.Greater(t, len(at), 3, "other seeds are other searches")
}

func TestOutcomes(t *testing.T) {
	prog := func(t *gil.Thread) int {
		x := gil.NewVar("x", 0)
		together(t, crowd(3, func(t *gil.Thread, _ int) { gil.Add(t, x, 1) })...)
		return x.Load(t)
	}
	out := explore.Outcomes(prog, explore.WithStrategy(explore.DPOR()))
	counts := map[int]int{}
	for _, o := range out {
		counts[o.Value] = o.Count
		again := explore.Outcomes(prog, explore.WithStrategy(replaying{o.Schedule}), explore.WithMaxSchedules(1))
		require.Len(t, again, 1)
		require.Equal(t, o.Value, again[0].Value, "the witness")
	}
	require.Equal(t, 36, counts[1]+counts[2]+counts[3])
	require.Len(t, counts, 3)
	require.Equal(t, 6, counts[3], "3! orders lose nothing")

	some := explore.Outcomes(func(t *gil.Thread) int {
		n := prog(t)
		must(t, n == 3, "lost")
		return n
	}, explore.WithStrategy(explore.DPOR()), explore.Raw())
	require.Len(t, some, 1, "runs that fail have no outcome")
	require.Equal(t, 6, some[0].Count)
}

// replaying is a strategy of a user's: it follows a schedule.
type replaying struct{ s explore.Schedule }

func (replaying) Name() string           { return "replaying" }
func (replaying) Start(int, uint64) bool { return true }
func (r replaying) Choose(p *explore.Point) int {
	for _, d := range r.s.Deviations {
		if d.Thread == p.Path(p.Base()) && d.Op == p.Done(p.Base())+1 {
			for i := range p.Len() {
				if p.Path(p.Nth(i)) == d.Instead {
					return p.Nth(i)
				}
			}
		}
	}
	return p.Base()
}

func TestContextEndsTheSearch(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	r := explore.Run(func(t *gil.Thread) {
		if n++; n == 10 {
			cancel()
		}
	}, explore.WithContext(ctx), explore.WithStrategy(explore.Random()), explore.Raw())
	require.Equal(t, 10, r.Schedules)
}

func TestReport(t *testing.T) {
	r := explore.Run(lockLoop(3, 2), explore.WithStrategy(explore.DPOR()))
	require.Equal(t, "dpor: 90 schedules, 1 980 steps, all 90 classes explored", r.String())
	require.Equal(t, 22, r.MaxSteps)

	r = explore.Run(lockLoop(3, 2), explore.WithStrategy(explore.Random()), explore.WithMaxSchedules(20_000))
	require.Equal(t, 90, r.Classes)
	require.Zero(t, r.Fresh, "nothing new is found any more: saturation")
	require.False(t, r.Exhausted)

	if raceDetector {
		return
	}
	// Half way through, the estimate is about right.
	r = explore.Run(lockLoop(7, 1), explore.WithStrategy(explore.DPOR()), explore.WithMaxSchedules(2500))
	require.False(t, r.Exhausted)
	assert.InEpsilon(t, 5040, r.Estimate, 0.3)
	r = explore.Run(losing(3), explore.WithStrategy(explore.DFS()), explore.WithMaxSchedules(12_000))
	assert.InEpsilon(t, 25_424, r.Estimate, 0.5)
}

// TestDefaultExhausts has the default search say when it has covered everything.
func TestDefaultExhausts(t *testing.T) {
	r := explore.Run(lockLoop(3, 2))
	require.True(t, r.Exhausted)
	require.Equal(t, 90, r.Classes)
	r = explore.Run(reorder(10, 10, false), explore.WithMaxSchedules(1000))
	require.False(t, r.Exhausted)
	require.Equal(t, 1000, r.Schedules)
}

// TestProfiles explores real Pythons: the update is torn up to 3.9 and whole after,
// and what is announced without a choice is part of the operation before.
func TestProfiles(t *testing.T) {
	for _, p := range gil.Profiles() {
		plain := explore.Run(lostUpdate(2), explore.WithProfile(p), explore.WithStrategy(&everySchedule{}), explore.WithMaxSchedules(5000), explore.WithoutFairness(), explore.Raw())
		r := explore.Run(lostUpdate(2), explore.WithProfile(p), explore.WithStrategy(explore.DPOR()), explore.WithoutFairness(), explore.Raw())
		require.True(t, r.Exhausted, p.Name())
		require.Equal(t, plain.Classes, r.Classes, p.Name())
		require.Equal(t, r.Classes, r.Schedules, p.Name())
		require.Equal(t, plain.Failed(), r.Failed(), p.Name())
	}
}

// TestDaemons: how far a daemon has come when the program ends is a matter of the
// schedule, and every way is covered.
func TestDaemons(t *testing.T) {
	prog := func(t *gil.Thread) string {
		x := gil.NewVar("x", 0)
		n := 0
		t.Go("daemon", func(t *gil.Thread) {
			for range 3 {
				x.Store(t, 1)
				n++
			}
		}, gil.WithDaemon(true))
		x.Load(t)
		return string(rune('0' + n))
	}
	values := func(s explore.Strategy) map[string]bool {
		m := map[string]bool{}
		for _, o := range explore.Outcomes(prog, explore.WithStrategy(s), explore.Raw()) {
			m[o.Value] = true
		}
		return m
	}
	require.Equal(t, values(explore.DFS()), values(explore.DPOR()))
	require.Len(t, values(explore.DPOR()), 4)
	count := func(s explore.Strategy) *explore.Report {
		return explore.Run(func(t *gil.Thread) { prog(t) }, explore.WithStrategy(s), explore.Raw())
	}
	require.Equal(t, count(explore.DFS()).Classes, count(explore.DPOR()).Classes)
	require.Equal(t, count(explore.DPOR()).Classes, count(explore.DPOR()).Schedules)
}

// TestConditionsAgree covers a program of conditions in both ways.
func TestConditionsAgree(t *testing.T) {
	prog := func(t *gil.Thread) {
		c := threading.NewCondition(&threading.Lock{Name: "lock"})
		ready := false
		together(t,
			func(t *gil.Thread) { c.With(t, func() { c.WaitFor(t, func() bool { return ready }) }) },
			func(t *gil.Thread) { c.With(t, func() { ready = true; c.Notify(t, 1) }) })
	}
	every := explore.Run(prog, explore.WithStrategy(explore.DFS()), explore.Raw())
	r := explore.Run(prog, explore.WithStrategy(explore.DPOR()), explore.Raw())
	require.True(t, every.Exhausted)
	require.True(t, r.Exhausted)
	require.Equal(t, 2, r.Schedules)
	require.Equal(t, every.Classes, r.Classes)
}

// wild chooses threads that cannot run.
type wild struct{}

func (wild) Name() string              { return "wild" }
func (wild) Start(int, uint64) bool    { return true }
func (wild) Choose(*explore.Point) int { return 1000 }

// TestHugeNumbers has more workers than there are schedules, and more places to change
// priorities than a run has operations.
func TestHugeNumbers(t *testing.T) {
	for _, s := range []func() explore.Strategy{explore.Random, func() explore.Strategy { return explore.PCT(1 << 30) }} {
		search := func(workers int) explore.Report {
			r := *explore.Run(reorder(3, 1, true), explore.WithStrategy(s()), explore.WithMaxSchedules(200), explore.WithWorkers(workers), explore.Raw())
			r.Elapsed, r.Failures = 0, nil
			return r
		}
		require.Equal(t, search(1), search(1<<30))
		require.Equal(t, search(1), search(-1))
	}
	var none context.Context
	require.PanicsWithValue(t, "explore: WithContext: the context is nil; leave the option out, or give context.Background()", func() {
		explore.WithContext(none)
	})
}

func TestStrategyThatChoosesNobody(t *testing.T) {
	defer func() { require.Contains(t, recover(), "explore: strategy wild chose thread 1000, which cannot run") }()
	explore.Run(losing(2), explore.WithStrategy(wild{}), explore.Raw())
}
