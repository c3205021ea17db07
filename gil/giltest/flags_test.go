package giltest_test

import (
	"flag"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/giltest"
)

// set gives a flag a value for the time of the test.
func set(t *testing.T, name, value string) {
	t.Helper()
	old := flag.Lookup(name).Value.String()
	require.NoError(t, flag.Set(name, value))
	t.Cleanup(func() { require.NoError(t, flag.Set(name, old)) })
}

func TestFlags(t *testing.T) {
	for _, c := range []struct {
		name, value string
		want        func(t *testing.T, r *explore.Report)
	}{
		{"schedules", "7", func(t *testing.T, r *explore.Report) { require.Equal(t, 7, r.Schedules) }},
		{"strategy", "dfs", func(t *testing.T, r *explore.Report) { require.Equal(t, "dfs", r.Strategy) }},
		{"strategy", "pct:3", func(t *testing.T, r *explore.Report) { require.Contains(t, r.Strategy, "pct") }},
		{"seed", "0x10", func(t *testing.T, r *explore.Report) { require.Equal(t, 30, r.Schedules) }},
		{"timeout", "5s", func(t *testing.T, r *explore.Report) { require.Equal(t, 30, r.Schedules) }},
	} {
		options := []explore.Option{explore.WithMaxSchedules(30), explore.WithStrategy(explore.Random())}
		t.Run("flag "+c.name+" "+c.value, func(t *testing.T) {
			quiet(t)
			set(t, "giltest."+c.name, c.value)
			c.want(t, giltest.Check(t, counting(true), options...))
		})
		t.Run("variable "+c.name+" "+c.value, func(t *testing.T) {
			quiet(t)
			t.Setenv("GILTEST_"+upper(c.name), c.value)
			c.want(t, giltest.Check(t, counting(true), options...))
		})
	}
}

func upper(name string) string {
	b := []byte(name)
	for i := range b {
		b[i] -= 'a' - 'A'
	}
	return string(b)
}

// TestSeed finds the same failure with the same seed, whatever the test says, and
// others with others.
func TestSeed(t *testing.T) {
	quiet(t)
	found := map[int]bool{}
	seeds := []string{"1", "2", "3", "4", "5", "6", "7", "8"}
	if raceDetector {
		seeds = seeds[:3]
	}
	for _, seed := range seeds {
		set(t, "giltest.seed", seed)
		a := giltest.MustFail(t, counting(false), explore.Assertion, explore.WithStrategy(explore.Random()))
		b := giltest.MustFail(t, counting(false), explore.Assertion, explore.WithStrategy(explore.Random()), explore.WithSeed(99))
		require.Equal(t, a.Schedules, b.Schedules)
		require.Equal(t, a.Found, b.Found)
		found[a.Schedules] = true
	}
	require.True(t, len(found) > 1 || raceDetector)
}

func TestBadFlags(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"seed", "abc", "want a number"},
		{"schedules", "0", "want a number from 1"},
		{"timeout", "soon", "want a duration"},
		{"strategy", "luck", "want one of"},
		{"strategy", "dfs:3", "takes no number"},
		{"strategy", "pct:x", "is not a number"},
		{"replay", "gil9", "is no schedule"},
	} {
		t.Run(c.name+" "+c.value, func(t *testing.T) {
			quiet(t)
			set(t, "giltest."+c.name, c.value)
			s := &spy{name: "TestCounter"}
			require.Nil(t, giltest.Check(s, counting(true)))
			require.True(t, s.failed())
			require.Contains(t, s.text(), c.want)
			require.Contains(t, s.text(), "-giltest."+c.name)
		})
	}
}

// TestReplayFlag performs one schedule instead of a search.
func TestReplayFlag(t *testing.T) {
	quiet(t)
	f := giltest.MustFail(t, counting(false), explore.Assertion)
	set(t, "giltest.replay", f.Schedule.String())
	s := &spy{name: "TestCounter"}
	r := giltest.Check(s, counting(false))
	require.True(t, s.failed())
	require.Equal(t, "replay", r.Strategy)
	fixed := &spy{name: "TestCounter"}
	giltest.Check(fixed, counting(true))
	require.Empty(t, fixed.errors)
	require.Contains(t, fixed.text(), "does not fail")
}
