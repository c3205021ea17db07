package explore_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
)

// dice is two threads that draw, a second time if the first was not 0, and write the
// sum; the main thread draws before everything and after everything.
func dice(t *gil.Thread) string {
	n := gil.NewVar("n", 0)
	first := t.Choose(2)
	roll := func(t *gil.Thread) {
		v := t.Choose(2)
		if v > 0 {
			v += 10 * t.Choose(2)
		}
		n.Store(t, v)
	}
	a, b := t.Go("a", roll), t.Go("b", roll)
	gil.JoinAll(t, a, b)
	return fmt.Sprint(first, n.Load(t), t.Choose(2))
}

// unlucky loses an update when b draws 2 or more, the second time, and adds between
// a's read and write.
func unlucky(t *gil.Thread) {
	n := gil.NewVar("n", 0)
	want := 1
	a := t.Go("a", func(t *gil.Thread) {
		v := n.Load(t)
		t.Label("read")
		n.Store(t, v+1)
	})
	b := t.Go("b", func(t *gil.Thread) {
		t.Label("begins")
		t.Choose(2)
		if t.Choose(5) >= 2 {
			want = 11
			n.Store(t, n.Load(t)+10)
		}
	})
	gil.JoinAll(t, a, b)
	require.Equal(t, want, n.Load(t))
}

// TestDrawsCovered: every strategy that covers everything draws every number, DPOR
// none of them twice.
func TestDrawsCovered(t *testing.T) {
	slow(t)
	want := map[string]bool{}
	for first := range 2 {
		for last := range 2 {
			for _, n := range []int{0, 1, 11} {
				want[fmt.Sprint(first, n, last)] = true
			}
		}
	}
	for _, s := range []explore.Strategy{explore.DFS(), explore.DPOR(), explore.Preemptions(-1), explore.Delays(-1), explore.Sampling(-1)} {
		t.Run(s.Name(), func(t *testing.T) {
			var r *explore.Report
			got := map[string]bool{}
			for _, o := range explore.Outcomes(dice, explore.WithStrategy(s), explore.WithMaxSchedules(1_000_000), explore.Into(&r)) {
				got[o.Value] = true
				v := explore.Outcomes(dice, explore.WithStrategy(performed(o.Schedule)))
				require.Equal(t, o.Value, v[0].Value, "%v", o.Schedule)
			}
			require.Equal(t, want, got)
			require.True(t, r.Exhausted)
			// Three ways to draw for each of two threads, four for the main thread, and two
			// orders of the writes.
			require.Equal(t, 3*3*4*2, r.Classes)
			if s.Name() == "dpor" {
				require.Equal(t, r.Classes, r.Schedules)
				require.Zero(t, r.Blocked)
			}
		})
	}
}

// performed is a strategy that performs a schedule, by its text.
func performed(s explore.Schedule) explore.Strategy {
	s, err := explore.ParseSchedule(s.String())
	if err != nil {
		panic(err)
	}
	return explore.Performing(s)
}

// TestDrawsRandom: strategies that do not take draws have them drawn, the same ones
// for the same seed.
func TestDrawsRandom(t *testing.T) {
	seen := func(seed uint64) (values []string) {
		for _, o := range explore.Outcomes(dice, explore.WithStrategy(explore.SURW()), explore.WithSeed(seed), explore.WithMaxSchedules(400)) {
			values = append(values, fmt.Sprint(o.Value, o.Count))
		}
		return values
	}
	require.Len(t, seen(1), 12)
	require.Equal(t, seen(1), seen(1))
	require.NotEqual(t, seen(1), seen(2))
}

// TestDrawsGenerated holds DPOR against the walk through everything on random
// programs that draw.
func TestDrawsGenerated(t *testing.T) {
	slow(t)
	programs := 300
	if testing.Short() {
		programs = 60
	}
	compared, classes, schedules := 0, 0, 0
	for seed := uint64(0); compared < programs; seed++ {
		g := generate(seed).drawing(seed)
		wrong, all := compare(g, explore.DPOR(), 800)
		require.Empty(t, wrong, "program %d:%v", seed, g)
		if all != nil {
			compared++
			classes += all.Classes
			schedules += all.Schedules
		}
	}
	t.Logf("%d programs, %d classes of %d schedules", compared, classes, schedules)
}

// TestDrawsLate has a profile under which several operations come between two
// switches, so that what they are depends on draws between them. DPOR then covers
// everything too, some of it more than once.
func TestDrawsLate(t *testing.T) {
	slow(t)
	// What a does after its first operation depends on what it draws: it comes between
	// the others only if they are known to conflict with it.
	between := func(t *gil.Thread) string {
		own, x := gil.NewVar("own", 0), gil.NewVar("x", 0)
		var saw [2]int
		a := t.Go("a", func(t *gil.Thread) {
			own.Load(t)
			if t.Choose(2) == 0 {
				x.Store(t, 1)
			}
		})
		b := t.Go("b", func(t *gil.Thread) { saw[0] = x.Load(t) })
		c := t.Go("c", func(t *gil.Thread) { saw[1] = x.Load(t) })
		gil.JoinAll(t, a, b, c)
		return fmt.Sprint(saw)
	}
	seen := map[string]bool{}
	for _, o := range explore.Outcomes(between, explore.WithProfile(gil.CPython310), explore.WithStrategy(explore.DPOR())) {
		seen[o.Value] = true
	}
	require.Equal(t, map[string]bool{"[0 0]": true, "[0 1]": true, "[1 0]": true, "[1 1]": true}, seen)

	programs, late, least := 100, 0, 1
	if testing.Short() {
		programs, least = 20, 0
	}
	for seed := uint64(0); programs > 0; seed++ {
		g := generate(seed).drawing(seed)
		want, all := covered(g, &everySchedule{}, 3000, explore.WithProfile(gil.CPython310))
		if all.Schedules == 3000 {
			continue
		}
		programs--
		got, by := covered(g, explore.DPOR(), 20_000, explore.WithProfile(gil.CPython310))
		require.True(t, by.Exhausted, "program %d:%v", seed, g)
		require.Equal(t, want, got, "program %d:%v", seed, g)
		require.Equal(t, all.Classes, by.Classes, "program %d:%v", seed, g)
		if by.Schedules > by.Classes {
			late++
		}
	}
	require.GreaterOrEqual(t, late, least)
}

// TestDrawsShrink finds a failure that needs a draw, and shrinks it to one switch and
// the least number that will do.
func TestDrawsShrink(t *testing.T) {
	slow(t)
	texts := map[string]bool{}
	for seed := range uint64(10) {
		f := explore.Find(unlucky, explore.WithSeed(seed))
		require.NotNil(t, f)
		text := f.Schedule.String()
		texts[text] = true
		require.True(t, strings.HasPrefix(text, "gil2:"), text)
		require.Len(t, f.Schedule.Deviations, 2, "%v", text)
		require.Contains(t, text, ">2#2")
		require.Contains(t, f.Table(), "choose 2 of 5  draw_test.go:")
		s, err := explore.ParseSchedule(text)
		require.NoError(t, err)
		for _, opts := range [][]explore.Option{nil, {explore.WithStrictReplay()}} {
			again := explore.Replay(unlucky, s, opts...)
			require.NotNil(t, again)
			require.Equal(t, f.Err.Error(), again.Err.Error())
		}
	}
	require.Len(t, texts, 1, "%v", texts)
}

// TestDrawsNearby: a schedule finds its failure again in a program that draws once more
// or less before, or does more.
func TestDrawsNearby(t *testing.T) {
	program := func(draws, loads int) func(t *gil.Thread) {
		return func(t *gil.Thread) {
			n := gil.NewVar("n", 0)
			a := t.Go("a", func(t *gil.Thread) {
				for range loads {
					n.Load(t)
				}
				for range draws {
					t.Choose(2)
				}
				require.NotEqual(t, 7, t.Choose(9))
			})
			a.Join(t)
		}
	}
	f := explore.Find(program(2, 1))
	require.NotNil(t, f)
	require.Contains(t, f.Schedule.String(), "gil2:1@2>3#7/")
	for _, edit := range [][2]int{{2, 1}, {1, 1}, {3, 1}, {2, 3}, {3, 2}, {1, 0}} {
		again := explore.Replay(program(edit[0], edit[1]), f.Schedule, explore.WithNearby(500))
		require.NotNil(t, again, "%v", edit)
		require.Equal(t, f.Kind, again.Kind)
	}
}

// TestDrawsStrict: where a number cannot be drawn, or nothing is drawn, a strict
// replay says so, and a lenient one goes on.
func TestDrawsStrict(t *testing.T) {
	for text, want := range map[string]string{
		"gil2:2@2>#2":  "2 numbers from 0",
		"gil2:2@2>2#5": "5 numbers from 0",
		"gil2:2@2>3#1": "ended before deviation 2@2>3#1",
		"gil2:1@1>#1":  "ended before deviation 1@1>#1",
	} {
		s, err := explore.ParseSchedule(text)
		require.NoError(t, err)
		require.Equal(t, text, s.String())
		require.Nil(t, explore.Replay(unlucky, s))
		f := explore.Replay(unlucky, s, explore.WithStrictReplay())
		require.NotNil(t, f, text)
		require.Equal(t, explore.Nondeterminism, f.Kind)
		require.ErrorContains(t, f.Err, want)
	}
}

// TestDrawsFollowed writes the failure down by hand.
func TestDrawsFollowed(t *testing.T) {
	f := explore.Find(unlucky, explore.WithStrategy(explore.Follow("a@read", "b@begins", "b@#0", "b@#3", "b", "a")))
	require.NotNil(t, f)
	require.ErrorContains(t, f.Err, "expected: 11")
	require.Nil(t, explore.Find(unlucky, explore.WithStrategy(explore.Follow("a@read", "b", "a"))), "what is not said is 0")
	f = explore.Find(unlucky, explore.WithStrategy(explore.Follow("b@#7")))
	require.ErrorContains(t, f.Err, "there are 2 numbers from 0 to be drawn from")
	f = explore.Find(unlucky, explore.WithStrategy(explore.Follow("b@#1", "b@#1", "b@#1")))
	require.ErrorContains(t, f.Err, "the thread has ended without drawing once more")
}

// TestDrawsSession offers the numbers as choices.
func TestDrawsSession(t *testing.T) {
	s := explore.NewSession(unlucky)
	defer s.Close()
	for _, name := range []string{"MainThread", "MainThread", "a", "a", "b"} {
		pick(t, s, name)
	}
	require.Len(t, s.Enabled(), 2)
	require.NoError(t, s.Choose(1))
	require.Len(t, s.Enabled(), 5)
	c := s.Enabled()[3]
	require.Equal(t, "choose 3 of 5", c.Op)
	require.Equal(t, "b", c.Thread)
	require.Contains(t, c.Site, "draw_test.go:")
	require.Equal(t, "choose of 5", s.State().Threads[2].Next)
	before := fmt.Sprintf("%+v", s.State())
	require.NoError(t, s.Choose(4))
	pick(t, s, "b")
	pick(t, s, "b")
	require.Contains(t, fmt.Sprintf("%+v", s.State()), "{Name:n Value:10}")
	require.NoError(t, s.Goto(6))
	require.Equal(t, before, fmt.Sprintf("%+v", s.State()))
	require.NoError(t, s.Goto(s.Steps()))
	for len(s.Enabled()) > 0 {
		require.NoError(t, s.Choose(0))
	}
	f, ended := s.Result()
	require.True(t, ended)
	require.NotNil(t, f)
	require.Contains(t, s.Schedule().String(), ">#1,")
	require.Contains(t, s.Schedule().String(), ">2#4")
	again := explore.Replay(unlucky, s.Schedule())
	require.NotNil(t, again)
	require.Equal(t, f.Err.Error(), again.Err.Error())
	require.NoError(t, s.Goto(5))
	require.NoError(t, s.Choose(0))
	require.NoError(t, s.Choose(0))
	for len(s.Enabled()) > 0 {
		require.NoError(t, s.Choose(0))
	}
	f, _ = s.Result()
	require.Nil(t, f)
}

// badDraw draws what is not there.
type badDraw struct{ explore.Strategy }

func (badDraw) Draw(*explore.Point, int, int) int { return 9 }

// TestDrawWrong: a strategy that draws what there is not is told so.
func TestDrawWrong(t *testing.T) {
	require.PanicsWithError(t, "explore: strategy random drew 9 where 2 numbers from 0 are to be drawn from", func() {
		defer func() {
			if v := recover(); v != nil {
				text := fmt.Sprint(v)
				text = strings.TrimPrefix(text[:strings.IndexByte(text, '\n')], "explore: the search panicked: ")
				panic(errors.New(text))
			}
		}()
		explore.Run(dice2, explore.WithStrategy(badDraw{explore.Random()}))
	})
}

func dice2(t *gil.Thread) { dice(t) }
