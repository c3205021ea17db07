package threading_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
)

func timerCases() []testCase {
	return []testCase{
		// TimerTests.test_init_immutable_default_args starts two timers one after the
		// other; what it says about default arguments has no meaning here.
		{name: "Timer/Twice", timed: true, body: func(t *gil.Thread) {
			var calls tally[time.Duration]
			for range 2 {
				began := t.Now()
				m := threading.NewTimer(10*time.Millisecond, func(t *gil.Thread) { calls.add(t.Now() - began) })
				m.Start(t)
				m.Join(t)
				require.True(t, m.Finished(t))
			}
			require.Equal(t, repeat(10*time.Millisecond, 2), calls.all())
		}},
		{name: "Timer/CancelWhileWaiting", timed: true, body: func(t *gil.Thread) {
			m := threading.NewTimer(time.Hour, func(t *gil.Thread) { t.Errorf("called") })
			m.Start(t)
			require.True(t, m.IsAlive(t))
			require.False(t, m.JoinTimeout(t, time.Second))
			m.Cancel(t)
			require.LessOrEqual(t, took(t, func() { m.Join(t) }), 50*time.Millisecond)
			require.False(t, m.IsAlive(t))
			require.True(t, m.Finished(t))
		}},
		{name: "Timer/CancelBeforeStart", timed: true, body: func(t *gil.Thread) {
			m := threading.NewTimer(time.Hour, func(t *gil.Thread) { t.Errorf("called") })
			require.False(t, m.IsAlive(t))
			m.Cancel(t)
			m.Start(t)
			require.Zero(t, took(t, func() { m.Join(t) }))
		}},
		{name: "Timer/CancelTooLate", timed: true, body: func(t *gil.Thread) {
			var calls tally[bool]
			m := threading.NewTimer(time.Second, func(t *gil.Thread) {
				t.Sleep(time.Second)
				calls.add(true)
			})
			m.Start(t)
			t.Sleep(1500 * time.Millisecond)
			require.False(t, m.Finished(t))
			m.Cancel(t)
			m.Join(t)
			require.Len(t, calls.all(), 1)
		}},
		{name: "Timer/AtOnce", timed: true, body: func(t *gil.Thread) {
			for _, d := range []time.Duration{0, -time.Second} {
				called := false
				m := threading.NewTimer(d, func(t *gil.Thread) { called = true })
				m.Start(t)
				require.Zero(t, took(t, func() { m.Join(t) }))
				require.True(t, called)
			}
		}},
		{name: "Timer/Misuse", body: func(t *gil.Thread) {
			m := threading.NewTimer(0, func(t *gil.Thread) {})
			require.Equal(t, "cannot join thread before it is started", pythonText(t, func() { m.Join(t) }))
			m.Start(t)
			require.Equal(t, "threads can only be started once", pythonText(t, func() { m.Start(t) }))
			m.Join(t)
			require.Equal(t, "threads can only be started once", pythonText(t, func() { m.Start(t) }))
			require.Contains(t, pythonText(t, func() { threading.NewTimer(0, nil) }), "function is nil")
		}},
		{name: "Timer/Thread", body: func(t *gil.Thread) {
			m := threading.NewTimer(0, func(t *gil.Thread) {
				require.Equal(t, "alarm", t.Name())
				require.True(t, t.Daemon())
			}, gil.WithDaemon(true))
			m.Name = "alarm"
			require.Nil(t, m.Thread())
			m.Start(t)
			m.Join(t)
			require.Equal(t, "alarm", m.Thread().Name())
		}},
	}
}

func TestTimer(t *testing.T) { runCases(t, timerCases()) }

// TestTimerKeepsTheInterpreterAlive: a timer is a thread like any other, main ends
// before it and the run after it; a daemon timer is left behind.
func TestTimerKeepsTheInterpreterAlive(t *testing.T) {
	for _, daemon := range []bool{false, true} {
		everywhere(t, gil.CPython313, func(t *gil.Thread) {
			threading.NewTimer(time.Second, func(t *gil.Thread) {
				if daemon {
					t.Errorf("called")
				}
				require.Equal(t, time.Second, t.Now())
			}, gil.WithDaemon(daemon)).Start(t)
		})
	}
}
