package explore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
)

// labelled is the lost update with its places named, and what n is in the end.
func labelled(n **gil.Var[int]) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		*n = gil.NewVar("n", 0)
		x := *n
		add := func(by int) func(t *gil.Thread) {
			return func(t *gil.Thread) {
				t.Label("begin")
				v := x.Load(t)
				t.Label("read")
				x.Store(t, v+by)
				t.Label("written")
			}
		}
		gil.JoinAll(t, t.Go("a", add(1)), t.Go("b", add(10)))
	}
}

func TestFollow(t *testing.T) {
	for _, c := range []struct {
		plan []string
		want int
	}{
		{[]string{"a@read", "b@end", "a"}, 1},
		{[]string{"b@read", "a@end", "b"}, 10},
		{[]string{"a@read", "b@read", "b@written", "a@end", "b"}, 1},
		{[]string{"a@read", "b@read", "a@end", "b@end"}, 10},
		{[]string{"a@end", "b@end"}, 11},
		{[]string{"b", "a"}, 11},
		{[]string{"#2@read", "#1", "#2"}, 10},
		{nil, 11},
	} {
		var n *gil.Var[int]
		r := explore.Run(labelled(&n), explore.WithStrategy(explore.Follow(c.plan...)))
		require.Empty(t, r.Failures, "%q", c.plan)
		require.Equal(t, 1, r.Schedules, "%q", c.plan)
		require.Equal(t, c.want, n.Peek(), "%q: whatever the search looks at besides, it ends with that", c.plan)
		var s explore.Schedule
		for _, o := range explore.Outcomes(func(t *gil.Thread) int {
			var n *gil.Var[int]
			labelled(&n)(t)
			return n.Peek()
		}, explore.WithStrategy(explore.Follow(c.plan...))) {
			require.Equal(t, c.want, o.Value, "%q", c.plan)
			s = o.Schedule
		}
		got := 0
		require.Nil(t, explore.Replay(func(t *gil.Thread) {
			var n *gil.Var[int]
			labelled(&n)(t)
			got = n.Peek()
		}, s, explore.WithStrictReplay()))
		require.Equal(t, c.want, got, "the schedule of a hand-written interleaving is that interleaving")
	}
}

// TestFollowFails finds the failure that the interleaving is about.
func TestFollowFails(t *testing.T) {
	program := func(t *gil.Thread) {
		var n *gil.Var[int]
		labelled(&n)(t)
		require.Equal(t, 11, n.Load(t))
	}
	f := explore.Find(program, explore.WithStrategy(explore.Follow("a@read", "b@end", "a")))
	require.NotNil(t, f)
	require.Equal(t, explore.Assertion, f.Kind)
	require.Equal(t, "lost update", f.Pattern)
	require.Nil(t, explore.Find(program, explore.WithStrategy(explore.Follow("a", "b"))))
}

// TestFollowLost has interleavings that the program does not have.
func TestFollowLost(t *testing.T) {
	var n *gil.Var[int]
	for plan, want := range map[string]string{
		"c@read":   `there is no thread of that name; there are MainThread, a and b`,
		"a@nobody": `the thread has ended without coming to that label`,
	} {
		f := explore.Find(labelled(&n), explore.WithStrategy(explore.Follow(plan)))
		require.NotNil(t, f, plan)
		require.Equal(t, explore.Assertion, f.Kind)
		require.ErrorContains(t, f, want)
	}
}

// TestFollowBlocked asks for a thread that must wait: the others run until it can.
func TestFollowBlocked(t *testing.T) {
	var order []string
	program := func(t *gil.Thread) {
		order = nil
		mu := new(threading.Lock)
		work := func(name string) func(t *gil.Thread) {
			return func(t *gil.Thread) {
				mu.Acquire(t)
				t.Label("in")
				order = append(order, name)
				mu.Release(t)
			}
		}
		gil.JoinAll(t, t.Go("a", work("a")), t.Go("b", work("b")))
	}
	r := explore.Run(func(t *gil.Thread) {
		program(t)
		require.Equal(t, []string{"a", "b"}, order)
	}, explore.WithStrategy(explore.Follow("a@in", "b@in", "b@end", "a@end")))
	require.Empty(t, r.Failures)
}

// TestFollowTwice passes a label in a loop.
func TestFollowTwice(t *testing.T) {
	program := func(t *gil.Thread) {
		n := gil.NewVar("n", 0)
		a := t.Go("a", func(t *gil.Thread) {
			for i := range 3 {
				n.Store(t, i)
				t.Label("stored")
			}
		})
		b := t.Go("b", func(t *gil.Thread) { require.Equal(t, 1, n.Load(t)) })
		gil.JoinAll(t, a, b)
	}
	require.Nil(t, explore.Find(program, explore.WithStrategy(explore.Follow("a@stored", "a@stored", "b", "a"))))
	require.NotNil(t, explore.Find(program, explore.WithStrategy(explore.Follow("a@stored", "b", "a"))))
}

// TestFollowLong follows two thousand labels: the program is run once for its outcome,
// and a search that allows one schedule has that one and ends with it.
func TestFollowLong(t *testing.T) {
	times := 1000
	if testing.Short() {
		times = 200
	}
	plan := []string{"a@read"}
	for range times - 1 {
		plan = append(plan, "b@wrote")
	}
	plan = append(plan, "a@wrote", "b@read", "a@end", "b@end")
	runs, left := 0, 0
	program := func(t *gil.Thread) int {
		runs++
		n := gil.NewVar("n", 0)
		add := func(t *gil.Thread) {
			for range times {
				v := n.Load(t)
				t.Label("read")
				n.Store(t, v+1)
				t.Label("wrote")
			}
		}
		gil.JoinAll(t, t.Go("a", add), t.Go("b", add))
		left = n.Peek()
		return left
	}
	all := explore.Outcomes(program, explore.WithStrategy(explore.Follow(plan...)), explore.WithMaxSchedules(1))
	require.Len(t, all, 1)
	require.Equal(t, 2, all[0].Value)
	require.Equal(t, 1, runs, "schedules and nothing else")
	r := explore.Run(func(t *gil.Thread) { program(t) }, explore.WithStrategy(explore.Follow(plan...)), explore.WithMaxSchedules(1))
	require.Empty(t, r.Failures)
	require.Equal(t, 1, r.Schedules)
	require.Equal(t, 2, left)
}
