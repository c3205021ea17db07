package gil_test

import (
	"errors"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
)

// TestLend: a coroutine that is lent its thread acts for it, in every world and
// with a coroutine in the coroutine; one that is not is found out by WithChecks.
func TestLend(t *testing.T) {
	lends := func(m *gil.Thread) {
		inner := func(yield func(int) bool) {
			back := m.Lend()
			m.Sleep(0)
			back()
			yield(2)
		}
		next, stop := iter.Pull(func(yield func(int) bool) {
			back := m.Lend()
			m.Sleep(0)
			next, stop := iter.Pull(inner)
			defer stop()
			v, _ := next()
			m.Tick(1)
			m.Sleep(0)
			back()
			yield(1 + v)
			back = m.Lend()
			m.Sleep(0)
			back()
			yield(10)
		})
		defer stop()
		v, _ := next()
		require.Equal(m, 3, v)
		m.Sleep(0) // the thread is its own again
		v, _ = next()
		require.Equal(m, 10, v)
		m.Sleep(0)
	}
	inBothWorlds(t, lends)
	for _, p := range []gil.Profile{gil.CPython313, gil.CPython313T} {
		require.NoError(t, gil.Live(gil.WithChecks()).Run(p, lends))
	}
	require.NoError(t, gil.Live(gil.WithChecks()).Run(gil.CPython313, func(m *gil.Thread) {
		next, stop := iter.Pull(func(yield func(int) bool) {
			require.Contains(m, misused(m, func() { m.Sleep(0) }).Error(), "see Thread.Lend")
			yield(1)
		})
		defer stop()
		next()
	}))
	require.Panics(t, func() { (*gil.Thread)(nil).Lend() })
}

// TestUnwinding: the panics of package gil are told from those of a program.
func TestUnwinding(t *testing.T) {
	for _, v := range []any{nil, 1, "x", errors.New("x"), new(gil.RuntimeError), struct{}{}} {
		require.False(t, gil.Unwinding(v), "%v", v)
	}
	var seen []bool
	err := gil.NewMachine(1).Run(gil.CPython313, func(m *gil.Thread) {
		again := func() {
			if v := recover(); v != nil {
				seen = append(seen, gil.Unwinding(v))
				panic(v)
			}
		}
		m.Go("fails", func(th *gil.Thread) {
			defer again()
			th.FailNow()
		}).Join(m)
		m.Go("daemon", func(th *gil.Thread) {
			defer again()
			for {
				th.Sleep(1)
			}
		}, gil.WithDaemon(true))
		m.Sleep(10)
	})
	require.ErrorAs(t, err, new(*gil.AssertionError))
	require.Equal(t, []bool{true, true}, seen)
}
