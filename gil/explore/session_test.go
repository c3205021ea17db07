package explore_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
)

// pick chooses the thread of that name, until its next operation.
func pick(t *testing.T, s *explore.Session, name string) {
	t.Helper()
	for i, c := range s.Enabled() {
		if c.Thread == name {
			require.NoError(t, s.Choose(i))
			return
		}
	}
	require.Fail(t, "nobody of that name", "%s at step %d: %v", name, s.Step(), s.Enabled())
}

// TestSessionDeadlock leads two threads into a deadlock by hand.
func TestSessionDeadlock(t *testing.T) {
	s := explore.NewSession(failLockOrder)
	defer s.Close()
	require.Len(t, s.Enabled(), 1)
	require.Equal(t, "MainThread", s.Enabled()[0].Thread)
	require.Equal(t, 0, s.State().Operations)
	pick(t, s, "MainThread")
	pick(t, s, "MainThread")
	pick(t, s, "a")
	choices := s.Enabled()
	require.Equal(t, "acquire y", choices[0].Op)
	require.Contains(t, choices[0].Site, "failure_kinds_test.go:")
	require.Equal(t, "end of a", choices[2].BlockedBy)
	require.ErrorContains(t, s.Choose(2), "blocked by end of a")
	require.ErrorContains(t, s.Choose(9), "no choice 9")

	st := s.State()
	require.Equal(t, "a: acquire x", st.Last)
	require.Equal(t, []explore.LockState{{Name: "x", Holder: "a"}, {Name: "y"}}, st.Locks)
	_, ended := s.Result()
	require.False(t, ended)

	pick(t, s, "b")
	f, ended := s.Result()
	require.True(t, ended)
	require.Empty(t, s.Enabled())
	require.Equal(t, explore.Deadlock, f.Kind)
	require.Contains(t, f.Pattern, "lock-order deadlock")
	require.Equal(t, []string{"b"}, s.State().Locks[0].Queue)
	require.Equal(t, explore.Deadlock, explore.Replay(failLockOrder, s.Schedule()).Kind)
}

// TestSessionTimeTravel goes back and forth and finds every state as it was.
func TestSessionTimeTravel(t *testing.T) {
	s := explore.NewSession(failLostUpdate)
	defer s.Close()
	states := []string{fmt.Sprintf("%+v", s.State())}
	for _, name := range []string{"MainThread", "MainThread", "a", "b", "b", "a", "a", "b", "MainThread", "MainThread", "MainThread"} {
		pick(t, s, name)
		states = append(states, fmt.Sprintf("%+v", s.State()))
	}
	require.Contains(t, states[5], "{Name:n Value:1}")
	for step := len(states) - 1; step >= 0; step-- {
		require.NoError(t, s.Goto(step))
		require.Equal(t, states[step], fmt.Sprintf("%+v", s.State()))
	}
	require.Error(t, s.Undo())
	require.NoError(t, s.Goto(8))
	require.NoError(t, s.Undo())
	require.Equal(t, states[7], fmt.Sprintf("%+v", s.State()))
	require.Equal(t, len(states)-1, s.Steps(), "what was taken back is still known")
	require.Error(t, s.Goto(99))
	require.NoError(t, s.Goto(s.Steps()))

	// Another choice forgets it.
	require.NoError(t, s.Goto(3))
	pick(t, s, "a")
	require.Equal(t, 4, s.Steps())
	for len(s.Enabled()) > 0 {
		require.NoError(t, s.Choose(0))
	}
	f, ended := s.Result()
	require.True(t, ended)
	require.Nil(t, f, "one after the other is right")
	require.Nil(t, explore.Replay(failLostUpdate, s.Schedule(), explore.WithStrictReplay()))
	s.Close()
	require.ErrorContains(t, s.Choose(0), "closed")
	require.ErrorContains(t, s.Goto(0), "closed")
}

// TestSessionLost loses an update by hand.
func TestSessionLost(t *testing.T) {
	s := explore.NewSession(failLostUpdate)
	defer s.Close()
	for _, name := range []string{"MainThread", "MainThread", "a", "b", "b", "a"} {
		pick(t, s, name)
	}
	for len(s.Enabled()) > 0 {
		require.NoError(t, s.Choose(0))
	}
	f, _ := s.Result()
	require.Equal(t, explore.Assertion, f.Kind)
	require.Equal(t, "lost update", f.Pattern)
	require.NotEmpty(t, f.Table())
}

// TestSessionNondeterminism has a program that remembers.
func TestSessionNondeterminism(t *testing.T) {
	runs := 0
	s := explore.NewSession(func(t *gil.Thread) {
		runs++
		n := gil.NewVar("n", 0)
		n.Store(t, runs)
		n.Load(t)
		n.Load(t)
	})
	defer s.Close()
	require.NoError(t, s.Choose(0))
	require.NoError(t, s.Choose(0))
	require.ErrorContains(t, s.Undo(), "not deterministic")
}

// TestSessionProfile has steps of several operations where no switch can come
// between them.
func TestSessionProfile(t *testing.T) {
	program := func(t *gil.Thread) {
		n := gil.NewVar("n", 0)
		gil.Add(t, n, 1)
		t.Go("a", func(t *gil.Thread) { gil.Add(t, n, 1) }).Join(t)
	}
	count := func(p gil.Profile) int {
		s := explore.NewSession(program, explore.WithProfile(p))
		defer s.Close()
		for len(s.Enabled()) > 0 {
			require.NoError(t, s.Choose(0))
		}
		require.NoError(t, s.Goto(0))
		require.NoError(t, s.Goto(s.Steps()))
		return s.Steps()
	}
	require.Less(t, count(gil.CPython310), count(gil.CPython39))
}

// TestSessionWaits has a thread that sleeps, and prints.
func TestSessionWaits(t *testing.T) {
	s := explore.NewSession(func(t *gil.Thread) {
		a := t.Go("a", func(t *gil.Thread) { t.Sleep(1) })
		t.Print("hello")
		a.Join(t)
	})
	defer s.Close()
	pick(t, s, "MainThread")
	require.Equal(t, "time", s.Enabled()[1].BlockedBy)
	pick(t, s, "MainThread")
	require.Equal(t, []string{"hello"}, s.State().Output)
	pick(t, s, "MainThread") // the newline is a write of its own
	require.Equal(t, "a", s.Enabled()[0].Thread, "nobody else can run, so time has passed")
}
