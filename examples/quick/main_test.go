//go:build linux || darwin

package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/giltest"
	"github.com/pygil/pygil/gil/threading"
	"github.com/pygil/pygil/process"
)

func TestMain(m *testing.M) { process.TestMain(m) }

func Example() {
	main()
	// Output:
	// 7 squared is 49
}

func TestCounter(t *testing.T) {
	giltest.Check(t, func(t *gil.Thread) {
		n, lock := gil.NewVar("n", 0), threading.Lock{Name: "lock"}
		add := func(t *gil.Thread) {
			lock.With(t, func() { gil.Add(t, n, 1) })
		}
		gil.JoinAll(t, t.Go("a", add), t.Go("b", add))
		require.Equal(t, 2, n.Load(t))
	})
}

// Without the lock the test fails, and says what the README says.
func TestCounterWithoutLock(t *testing.T) {
	f := explore.Find(func(t *gil.Thread) {
		n := gil.NewVar("n", 0)
		add := func(t *gil.Thread) { gil.Add(t, n, 1) }
		gil.JoinAll(t, t.Go("a", add), t.Go("b", add))
		require.Equal(t, 2, n.Load(t))
	})
	require.NotNil(t, f)
	require.Equal(t, "lost update", f.Pattern)
	require.Len(t, f.Schedule.Deviations, 1)
}
