package pipe_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/kernel"
	"github.com/pygil/pygil/pipe"
)

// A program is text that behaves alike in every world. It fails by the require and
// assert functions, with its thread.
type program struct {
	name string
	run  func(t *gil.Thread)
}

// profiles are one Python of each kind of GIL.
var profiles = []gil.Profile{gil.CPython27, gil.CPython38, gil.CPython313, gil.CPython313T}

// everywhere runs a program in the live world, on machines of one core and of two
// (ideal and measured), and in explored ones.
func everywhere(t *testing.T, p program) {
	for _, profile := range profiles {
		t.Run("live/"+profile.Name(), func(t *testing.T) {
			require.NoError(t, gil.Live().Run(profile, p.run))
		})
		for name, m := range map[string]*gil.Machine{
			"one core": gil.NewMachine(1),
			"ideal":    gil.NewMachine(2),
			"measured": gil.NewMachine(2, gil.Measured()),
		} {
			t.Run(name+"/"+profile.Name(), func(t *testing.T) {
				require.NoError(t, m.Run(profile, p.run))
			})
		}
	}
	for _, profile := range append(profiles, gil.AnyBytecode) {
		t.Run("explored/"+profile.Name(), func(t *testing.T) {
			n := uint64(30)
			if testing.Short() {
				n = 4
			}
			for seed := uint64(1); seed <= n; seed++ {
				require.NoError(t, walk(profile, seed, p.run), "seed %d", seed)
			}
		})
	}
}

// walk runs a program once under a random schedule.
func walk(p gil.Profile, seed uint64, main func(t *gil.Thread)) error {
	s := gil.NewSandbox(p, kernel.NewRandomWalk(seed), 100_000)
	defer s.Close()
	return s.Run(seed, main)
}

// every is an explorer that takes every choice in turn.
type every struct {
	path []struct{ choice, of int }
	at   int
}

func (e *every) Choose(_ *kernel.Explored, _ int, enabled *kernel.Set) int {
	if e.at == len(e.path) {
		e.path = append(e.path, struct{ choice, of int }{0, enabled.Len()})
	}
	c := e.path[e.at]
	e.at++
	return enabled.Nth(c.choice)
}

// next turns to the next schedule and reports whether there is one.
func (e *every) next() bool {
	e.at = 0
	for n := len(e.path) - 1; n >= 0; n-- {
		if e.path[n].choice++; e.path[n].choice < e.path[n].of {
			e.path = e.path[:n+1]
			return true
		}
	}
	return false
}

// exhaust runs a program under every schedule there is, and returns how often each
// outcome came and how many schedules there were.
func exhaust(t *testing.T, p gil.Profile, prog func(t *gil.Thread) string) (outcomes map[string]int, schedules int) {
	t.Helper()
	e := &every{}
	s := gil.NewSandbox(p, e, 10_000)
	defer s.Close()
	outcomes = map[string]int{}
	for {
		var got string
		err := s.Run(1, func(t *gil.Thread) { got = prog(t) })
		if err != nil {
			got = err.Error()
		}
		outcomes[got]++
		if schedules++; schedules > 200_000 {
			require.Fail(t, "too many schedules", fmt.Sprint(outcomes))
		}
		if !e.next() {
			return outcomes, schedules
		}
	}
}

// newPair makes a pair of the thread's world.
func newPair(t *gil.Thread, opts ...pipe.Option) (a, b *pipe.Conn) {
	a, b, err := pipe.New(t, opts...)
	require.NoError(t, err)
	return a, b
}

// newOneWay is newPair in one direction.
func newOneWay(t *gil.Thread, opts ...pipe.Option) (r, w *pipe.Conn) {
	r, w, err := pipe.OneWay(t, opts...)
	require.NoError(t, err)
	return r, w
}

// settle lets the other threads get as far as they can.
func settle(t *gil.Thread) { t.Sleep(5 * time.Millisecond) }

// got returns v and fails the thread when there is an error.
func got[T any](t *gil.Thread) func(v T, err error) T {
	return func(v T, err error) T {
		require.NoError(t, err)
		return v
	}
}
