package trace_test

import (
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
	"github.com/pygil/pygil/gil/trace"
)

// TestLocations: with WithLocations an event knows the line of the program it comes
// from, in every world; without it none does.
func TestLocations(t *testing.T) {
	_, _, line, _ := runtime.Caller(0)
	program := func(m *gil.Thread) {
		var mu threading.Lock
		n := gil.NewVar("n", 0)
		mu.With(m, func() { // line + 4
			gil.Add(m, n, 1) // line + 5
		})
		m.Print("done") // line + 7
	}
	want := map[gil.EventKind]int{
		gil.EvLockAcquire: line + 4, gil.EvRead: line + 5, gil.EvWrite: line + 5, gil.EvLockRelease: line + 4, gil.EvPrint: line + 7,
	}
	for name, world := range map[string]func(opts ...gil.Option) gil.World{
		"live":    gil.Live,
		"machine": func(opts ...gil.Option) gil.World { return gil.NewMachine(2, opts...) },
	} {
		for _, opts := range [][]gil.Option{nil, {gil.WithLocations()}} {
			r := trace.NewRecorder()
			require.NoError(t, world(append(opts, gil.WithObserver(r), gil.WithStdout(devNull{}))...).Run(gil.CPython313, program))
			var seen []gil.EventKind
			tr := r.Trace()
			for _, e := range tr.Events {
				if opts == nil {
					require.Empty(t, tr.Site(e), "%s: %v", name, e.Kind)
				} else if want[e.Kind] != 0 {
					require.Equal(t, fmt.Sprintf("location_test.go:%d", want[e.Kind]), tr.Site(e), "%s: %v", name, e.Kind)
					seen = append(seen, e.Kind)
				}
			}
			for k := range want {
				require.Equal(t, opts != nil, slices.Contains(seen, k), "%s: %v", name, k)
			}
		}
	}
}

type devNull struct{}

func (devNull) Write(p []byte) (int, error) { return len(p), nil }
