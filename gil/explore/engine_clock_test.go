package explore_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
)

// TestEarlyTimers: a wait of a second for work that takes no time never runs out,
// unless timers may fire early. The schedule says when one did.
func TestEarlyTimers(t *testing.T) {
	prog := func(t *gil.Thread) {
		done := &threading.Event{Name: "done"}
		together(t,
			func(t *gil.Thread) { must(t, done.WaitTimeout(t, time.Second), "timed out") },
			func(t *gil.Thread) { t.Yield(); t.Yield(); done.Set(t) })
	}
	r := explore.Run(prog)
	require.Empty(t, r.Failures)
	require.True(t, r.Exhausted)

	f := explore.Find(prog, explore.WithEarlyTimers(), explore.Raw())
	require.NotNil(t, f)
	text := f.Schedule.String()
	require.Contains(t, text, explore.Clock)
	s, err := explore.ParseSchedule(text)
	require.NoError(t, err)
	again := explore.Replay(prog, s, explore.WithStrictReplay(), explore.Raw())
	require.NotNil(t, again)
	require.Equal(t, explore.Assertion, again.Kind, "%v", again.Err)
	require.Equal(t, f.Schedule, again.Schedule)

	require.NotNil(t, explore.Find(prog, explore.WithEarlyTimers()), "also when it is shrunk")
}

// TestTimersKeepTheirTime: early means before others have run, not before the time.
func TestTimersKeepTheirTime(t *testing.T) {
	r := explore.Run(func(t *gil.Thread) {
		sleep := func(t *gil.Thread, d time.Duration) {
			end := t.Now() + d
			t.Sleep(d)
			must(t, t.Now() >= end, "woken at %v, not at %v", t.Now(), end)
		}
		together(t,
			func(t *gil.Thread) { sleep(t, 2*time.Second) },
			func(t *gil.Thread) { sleep(t, time.Second); sleep(t, time.Second) },
			func(t *gil.Thread) {
				for range 4 {
					t.Yield()
				}
			})
	}, explore.WithEarlyTimers(), explore.WithMaxSchedules(500))
	require.Empty(t, r.Failures)
	require.False(t, r.Exhausted)
}
