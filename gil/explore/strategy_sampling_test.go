package explore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
)

// TestSamplingNeverRepeats has the strategies that build on their own schedules run none
// twice, whatever a choice is about: threads, numbers that the program draws, timers
// that fire early; also in a profile under which several operations, and draws between
// them, come between two places for a switch. Sampling and Preemptions come to the same
// schedules, and to all that DFS comes to.
func TestSamplingNeverRepeats(t *testing.T) {
	slow(t)
	programs := 24
	if testing.Short() {
		programs = 6
	}
	const most = 1500
	draws, whole := 0, 0
	for _, mode := range []struct {
		name    string
		options []explore.Option
	}{
		{"any bytecode", nil},
		{"CPython 3.10", []explore.Option{explore.WithProfile(gil.CPython310)}},
		{"early timers", []explore.Option{explore.WithEarlyTimers()}},
	} {
		for seed := range uint64(programs) {
			g := generate(seed).drawing(seed)
			texts := func(s explore.Strategy, options ...explore.Option) (list []string, exhausted bool) {
				var r *explore.Report
				seen := map[string]bool{}
				n := 0
				options = append(append(options, mode.options...), explore.WithStrategy(s), explore.WithMaxSchedules(most),
					explore.WithoutFairness(), explore.Raw(), explore.Into(&r), explore.WithSeed(seed))
				for _, o := range explore.Outcomes(func(t *gil.Thread) int { g.run(t); n++; return n }, options...) {
					text := o.Schedule.String()
					require.False(t, seen[text], "%s, program %d, %s: twice %s%v", mode.name, seed, r.Strategy, text, g)
					seen[text] = true
					list = append(list, text)
					for _, d := range o.Schedule.Deviations {
						if len(d.Instead) > 1 && d.Instead[len(d.Instead)-2] == '#' {
							draws++
							break
						}
					}
				}
				return list, r.Exhausted
			}
			some, _ := texts(explore.Sampling(1))
			same, _ := texts(explore.Preemptions(1))
			if len(some) < most/2 { // not where the budget has ended the one before the other
				require.ElementsMatch(t, same, some, "%s, program %d%v", mode.name, seed, g)
			}
			all, exhausted := texts(explore.DFS())
			sampled, too := texts(explore.Sampling(-1))
			require.Equal(t, exhausted, too, "%s, program %d%v", mode.name, seed, g)
			if exhausted {
				whole++
				require.ElementsMatch(t, all, sampled, "%s, program %d%v", mode.name, seed, g)
			}
		}
	}
	t.Logf("%d schedules with draws, %d programs sampled to their end", draws, whole)
	require.Positive(t, draws)
	require.Positive(t, whole)
}
