package threading_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/kernel"
)

// The suite runs every case in four kinds of run and under five kinds of lock.
//
//   - live: goroutines and the wall clock, for the cases that no clock decides.
//   - bubble: the live world in a testing/synctest bubble, so that no real time
//     passes and times are exact.
//   - timed: a Machine.
//   - explored: a Sandbox, once for each of many seeds.
//
// A case sleeps to let everybody else get as far as they can: in a bubble, on a
// Machine and in an explored run a thread that sleeps runs again when all others
// wait.

// profiles are one of each kind: a GIL that counts ticks and waits that poll, a GIL
// with an interval, the same with fair locks, none, and a switch anywhere.
var profiles = []gil.Profile{gil.CPython27, gil.CPython312, gil.CPython313, gil.CPython314, gil.CPython313T, gil.AnyBytecode}

// A testCase is one program of the suite.
type testCase struct {
	name  string
	timed bool // sleeps or runs out of time, so that it needs a clock of its own
	body  func(t *gil.Thread)
}

// seeds is how many schedules of a case an explored run walks.
func seeds() int {
	switch {
	case testing.Short():
		return 20
	case raceEnabled:
		return 60
	}
	return 300
}

// runCases runs cases in all worlds under all profiles.
func runCases(t *testing.T, cases []testCase) {
	t.Helper()
	for _, p := range profiles {
		t.Run(p.Name(), func(t *testing.T) {
			for _, c := range cases {
				t.Run(c.name, func(t *testing.T) { runCase(t, p, c) })
			}
		})
	}
}

func runCase(t *testing.T, p gil.Profile, c testCase) {
	if !c.timed {
		t.Run("live", func(t *testing.T) {
			for range 5 {
				require.NoError(t, gil.Live().Run(p, c.body))
			}
		})
	}
	t.Run("bubble", func(t *testing.T) { bubble(t, p, c.body) })
	t.Run("timed", func(t *testing.T) {
		for cores := 1; cores <= 2; cores++ {
			for seed := range uint64(3) {
				require.NoError(t, gil.NewMachine(cores, gil.WithSeed(seed)).Run(p, c.body), "%d cores, seed %d", cores, seed)
			}
		}
	})
	t.Run("explored", func(t *testing.T) { explore(t, p, seeds(), c.body) })
}

// bubble runs main in the live world in a bubble.
func bubble(t *testing.T, p gil.Profile, main func(t *gil.Thread)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		require.NoError(t, gil.Live().Run(p, main))
	})
}

// timed runs main on a machine with two cores.
func timed(t *testing.T, p gil.Profile, main func(t *gil.Thread)) {
	t.Helper()
	require.NoError(t, gil.NewMachine(2).Run(p, main))
}

// explore runs main once for each seed in a random order.
func explore(t *testing.T, p gil.Profile, n int, main func(t *gil.Thread)) {
	t.Helper()
	walk := kernel.NewRandomWalk(0)
	s := gil.NewSandbox(p, walk, 100_000)
	defer s.Close()
	for seed := range uint64(n) {
		walk.Reset(seed)
		require.NoError(t, s.Run(seed, main), "seed %d", seed)
	}
}

// everywhere runs main once in each world that has a clock of its own.
func everywhere(t *testing.T, p gil.Profile, main func(t *gil.Thread)) {
	t.Helper()
	t.Run("bubble", func(t *testing.T) { bubble(t, p, main) })
	t.Run("timed", func(t *testing.T) { timed(t, p, main) })
	t.Run("explored", func(t *testing.T) { explore(t, p, seeds(), main) })
}

// settle lets everybody else go on until they wait or have ended.
func settle(t *gil.Thread) { t.Sleep(10 * time.Millisecond) }

// tally is a slice that threads append to, also without a GIL.
type tally[T any] struct {
	mu sync.Mutex
	v  []T
}

func (l *tally[T]) add(v T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.v = append(l.v, v)
}

func (l *tally[T]) all() []T {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.v)
}

func (l *tally[T]) len() int { return len(l.all()) }

func (l *tally[T]) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.v = nil
}

// bunch starts n threads that run fn and returns what joins them.
func bunch(t *gil.Thread, n int, fn func(t *gil.Thread)) (join func()) {
	ts := make([]*gil.Thread, n)
	for i := range ts {
		ts[i] = t.Go(fmt.Sprintf("w%d", i), fn)
	}
	return func() { gil.JoinAll(t, ts...) }
}

// took is how long fn takes on the clock of t's world.
func took(t *gil.Thread, fn func()) time.Duration {
	begin := t.Now()
	fn()
	return t.Now() - begin
}

// repeat is n times v.
func repeat[T any](v T, n int) []T {
	out := make([]T, n)
	for i := range out {
		out[i] = v
	}
	return out
}

// pythonText runs fn, which must panic with misuse, and returns Python's text.
func pythonText(t require.TestingT, fn func()) (text string) {
	defer func() {
		switch e := recover().(type) {
		case *gil.RuntimeError:
			require.Regexp(t, "^threading: ", e.Error())
			text = e.PythonText()
		case *gil.ValueError:
			require.Regexp(t, "^threading: ", e.Error())
			text = e.PythonText()
		case nil:
			require.Fail(t, "did not panic")
		default:
			panic(e)
		}
	}()
	fn()
	return ""
}
