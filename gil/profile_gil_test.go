package gil_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
)

// Facts 3.4 and 5.3: a build without a GIL, with the GIL turned on again, and a switch
// interval where there is no GIL.

// TestWithGIL: only the free-threaded builds of CPython have a GIL to turn on.
func TestWithGIL(t *testing.T) {
	for _, p := range gil.Profiles() {
		q := p.WithGIL()
		switch p.Name() {
		case "3.13t", "3.14t":
			assert.Equal(t, p.Name()+"+gil", q.Name())
			assert.False(t, q.FreeThreaded())
			assert.Equal(t, "Interval(5ms)", q.Rule().String())
			assert.True(t, p.FreeThreaded(), "p itself has not changed")
			found, err := gil.LookupProfile(q.Name())
			require.NoError(t, err)
			assert.Equal(t, q, found)
			assert.Equal(t, q, q.WithGIL())
			require.NoError(t, gil.NewMachine(2).Run(q, func(m *gil.Thread) { require.NotNil(m, m.Interpreter().GIL()) }))
		default:
			assert.Equal(t, p, q, "%v", p)
		}
	}
	for _, bad := range []string{"3.13+gil", "jvm+gil", "+gil", "3.13t+gil+gil"} {
		_, err := gil.LookupProfile(bad)
		assert.ErrorContains(t, err, "there are 2.7,", bad)
	}
}

// losing returns which of the two programs lose updates: `g += 1`, and `g = g + len(t)`,
// whose call 3.13t does not specialise and 3.14t does.
func losing(p gil.Profile) (plain, call bool) {
	total := func(add func(t *gil.Thread, g *gil.Var[int])) func(t *gil.Thread) int {
		return func(t *gil.Thread) int {
			g := gil.NewVar("g", 0)
			work := func(t *gil.Thread) {
				for range gil.Range(t, 2) {
					add(t, g)
				}
			}
			gil.JoinAll(t, t.Go("a", work), t.Go("b", work))
			return g.Peek()
		}
	}
	loses := func(add func(t *gil.Thread, g *gil.Var[int])) bool {
		for _, o := range explore.Outcomes(total(add), explore.WithProfile(p), explore.WithStrategy(explore.DFS()), explore.WithMaxSchedules(20_000)) {
			if o.Value != 4 {
				return true
			}
		}
		return false
	}
	plain = loses(func(t *gil.Thread, g *gil.Var[int]) { gil.Add(t, g, 1) })
	call = loses(func(t *gil.Thread, g *gil.Var[int]) {
		l := gil.NewList("t", 1)
		v := g.Load(t)
		g.Store(t, v+l.Len(t))
	})
	return plain, call
}

// TestRacesWithGIL is the last sentence of the facts' table of 3.13t: without its GIL it
// loses everything, with it `g += 1` is whole and `g = g + len(t)` is not.
func TestRacesWithGIL(t *testing.T) {
	for p, want := range map[gil.Profile][2]bool{
		gil.CPython313:            {false, false},
		gil.CPython313T:           {true, true},
		gil.CPython313T.WithGIL(): {false, true},
		gil.CPython314T:           {true, true},
		gil.CPython314T.WithGIL(): {false, false},
	} {
		plain, call := losing(p)
		assert.Equal(t, want, [2]bool{plain, call}, "%v", p)
	}
}

// TestOneAtATimeWithGIL: its threads do not run in parallel, and share the processor
// after the interval.
func TestOneAtATimeWithGIL(t *testing.T) {
	for p, want := range map[gil.Profile]int{gil.CPython313T: 2, gil.CPython313T.WithGIL(): 1} {
		m := gil.NewMachine(2)
		require.NoError(t, m.Run(p, func(t *gil.Thread) {
			work := func(t *gil.Thread) { t.Compute(50 * time.Millisecond) }
			gil.JoinAll(t, t.Go("a", work), t.Go("b", work))
		}))
		assert.Equal(t, want, m.Par(), "%v", p)
	}
}

// TestIntervalWithoutGIL: it reads back what was set, as Python does, and nothing
// happens sooner or later for it.
func TestIntervalWithoutGIL(t *testing.T) {
	var ends []time.Duration
	for _, d := range []time.Duration{time.Microsecond, 5 * time.Millisecond, time.Second} {
		m := gil.NewMachine(2, gil.Measured(), gil.WithSeed(7))
		require.NoError(t, m.Run(gil.CPython314T, func(t *gil.Thread) {
			i := t.Interpreter()
			require.Equal(t, 5*time.Millisecond, i.SwitchInterval())
			require.NoError(t, i.SetSwitchInterval(d))
			work := func(t *gil.Thread) {
				for range 100 {
					t.Compute(300 * time.Microsecond)
					t.IO(50 * time.Microsecond)
				}
			}
			gil.JoinAll(t, t.Go("a", work), t.Go("b", work), t.Go("c", work))
		}))
		ends = append(ends, m.Now())
	}
	assert.Equal(t, []time.Duration{ends[0], ends[0], ends[0]}, ends)

	readsBack := func(t *gil.Thread) {
		i := t.Interpreter()
		require.NoError(t, i.SetSwitchInterval(1900*time.Nanosecond))
		require.Equal(t, time.Microsecond, i.SwitchInterval())
		require.NoError(t, i.SetSwitchInterval(1))
		require.Zero(t, i.SwitchInterval())
		var v *gil.ValueError
		require.ErrorAs(t, i.SetSwitchInterval(0), &v)
		require.Zero(t, i.SwitchInterval())
	}
	require.NoError(t, gil.Live().Run(gil.CPython313T, readsBack))
	require.Empty(t, explore.Run(readsBack, explore.WithProfile(gil.CPython312), explore.WithMaxSchedules(5)).Failures)
}
