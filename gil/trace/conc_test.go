package trace_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
	"github.com/pygil/pygil/gil/trace"
)

// TestConcIsWhatHasBegun and not ended, whatever it does and whatever it waits for;
// the timeline says the same as the machine. A main thread that has others do the
// work is no worker, one that works is.
func TestConcIsWhatHasBegun(t *testing.T) {
	two := func(f func(t *gil.Thread)) func(t *gil.Thread) {
		return func(t *gil.Thread) { gil.JoinAll(t, t.Go("a", f), t.Go("b", f)) }
	}
	for _, c := range []struct {
		name string
		want int // of the machine; the timeline's, where anything takes time
		main func(t *gil.Thread)
	}{
		{"nothing", 0, func(*gil.Thread) {}},
		{"a main thread that starts nobody", 1, func(t *gil.Thread) { gil.NewVar("n", 0).Store(t, 1) }},
		{"two that compute", 2, two(func(t *gil.Thread) { t.Compute(20 * time.Millisecond) })},
		{"two that wait for an event", 2, func(t *gil.Thread) {
			var e threading.Event
			f := func(t *gil.Thread) { e.Wait(t) }
			a, b := t.Go("a", f), t.Go("b", f)
			e.Set(t)
			gil.JoinAll(t, a, b)
		}},
		{"one that waits for the lock of one that sleeps", 2, func(t *gil.Thread) {
			var l threading.Lock
			f := func(t *gil.Thread) { l.With(t, func() { t.Sleep(time.Millisecond) }) }
			gil.JoinAll(t, t.Go("a", f), t.Go("b", f))
		}},
		{"an update of a list", 1, two(func(t *gil.Thread) { gil.NewList[int]("l").Append(t, 1) })},
		{"a main thread that waits for two", 2, func(t *gil.Thread) {
			var done threading.Event
			n := 0
			f := func(t *gil.Thread) {
				t.Sleep(time.Millisecond)
				if n++; n == 2 {
					done.Set(t)
				}
			}
			t.Go("a", f)
			t.Go("b", f)
			done.Wait(t)
		}},
	} {
		r := trace.NewRecorder()
		m := gil.NewMachine(2, gil.WithObserver(r))
		require.NoError(t, m.Run(gil.CPython313, c.main), c.name)
		require.Equal(t, c.want, m.Conc(), c.name)
		if m.Now() > time.Microsecond {
			require.Equal(t, c.want, r.Trace().Timeline().Metrics().Conc, c.name)
		}
	}
}
