package threading_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
)

// TestNotificationsAreObserved: also one that finds nobody, which is how a wake-up
// gets lost.
func TestNotificationsAreObserved(t *testing.T) {
	var woke []int64
	m := gil.NewMachine(1, gil.WithObserver(gil.ObserverFunc(func(e gil.Event) {
		if e.Kind == gil.EvNotify {
			require.Equal(t, "ready", e.Name)
			woke = append(woke, e.A)
		}
	})))
	require.NoError(t, m.Run(gil.CPython313, func(m *gil.Thread) {
		c := threading.Condition{Name: "ready"}
		c.With(m, func() { c.Notify(m, 1) })
		w := func(t *gil.Thread) { c.With(t, func() { c.Wait(t) }) }
		a, b := m.Go("a", w), m.Go("b", w)
		m.Sleep(time.Millisecond)
		c.With(m, func() { c.NotifyAll(m) })
		gil.JoinAll(m, a, b)
	}))
	require.Equal(t, []int64{0, 2}, woke)
}
