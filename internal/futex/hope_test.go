package futex_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/internal/futex"
)

// hopes sets how long leaders look before they sleep.
func hopes(t *testing.T, soon time.Duration) {
	old := futex.Soon
	t.Cleanup(func() { futex.Soon = old })
	futex.Soon = soon
}

// slept waits in a room for what is there at the look after the first, and reports
// whether the bell was listened to.
func slept(t *testing.T, r *futex.Room) bool {
	var b futex.Bell
	looks := 0
	try := func() bool { looks++; return looks > 1 }
	require.NoError(t, r.Wait(t.Context(), &futex.Quest{Bell: &b, Try: try}))
	return b.Listening()
}

func processors(t *testing.T, n int) {
	old := runtime.GOMAXPROCS(n)
	t.Cleanup(func() { runtime.GOMAXPROCS(old) })
}

// What comes soon comes without a flag, and whoever brings it makes no system call.
func TestWhatComesSoonIsMet(t *testing.T) {
	processors(t, 2)
	hopes(t, time.Hour)
	var r futex.Room
	for range 3 {
		require.False(t, slept(t, &r))
	}
	// With one processor whoever brings it could not run meanwhile.
	runtime.GOMAXPROCS(1)
	require.True(t, slept(t, &r))
}

// The more often looking was in vain, the more waits go without it; and the other way.
func TestHopeIsLearned(t *testing.T) {
	processors(t, 2)
	var r futex.Room
	without := func() (n int) {
		hopes(t, time.Hour)
		for slept(t, &r) {
			n++
		}
		return n
	}
	vain := func() int {
		hopes(t, 0)
		require.True(t, slept(t, &r))
		return without()
	}
	require.Equal(t, 0, vain()) // met once, which takes it back
	for _, want := range []int{0, 1, 3, 7} {
		hopes(t, 0)
		require.True(t, slept(t, &r))
		hopes(t, time.Hour)
		for range want {
			require.True(t, slept(t, &r))
		}
	}
	require.Zero(t, without()) // 4 in vain, met once
	require.Equal(t, 7, vain())
	for range 3 {
		require.Zero(t, without())
	}
	require.Equal(t, 0, vain())
	for range 12 {
		hopes(t, 0)
		for range 256 {
			require.True(t, slept(t, &r))
		}
	}
	require.LessOrEqual(t, without(), 255)
}
