package gil_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/kernel"
)

// explorer is a world that runs a program in explored runs, once per seed of a
// random walk.
type explorer struct{ seeds int }

// Run implements gil.World. It returns the first error.
func (e explorer) Run(p gil.Profile, main func(t *gil.Thread)) error {
	walk := kernel.NewRandomWalk(0)
	s := gil.NewSandbox(p, walk, 100_000)
	defer s.Close()
	for seed := range uint64(e.seeds) {
		walk.Reset(seed << 20)
		if err := s.Run(seed, main); err != nil {
			return fmt.Errorf("seed %d: %w", seed, err)
		}
	}
	return nil
}

// worlds are where a program runs.
func worlds() map[string]gil.World {
	return map[string]gil.World{
		"live":     gil.Live(),
		"ideal":    gil.NewMachine(4),
		"one core": gil.NewMachine(1),
		"measured": gil.NewMachine(2, gil.Measured()),
		"explored": explorer{seeds: 20},
	}
}

// kinds are one profile per kind of lock and of check points.
var kinds = []gil.Profile{
	gil.CPython27, gil.CPython36, gil.CPython39, gil.CPython312, gil.CPython314, gil.CPython313T, gil.AnyBytecode,
}

// inBothWorlds runs a program in every world under every kind of profile.
func inBothWorlds(t *testing.T, main func(t *gil.Thread)) {
	t.Helper()
	for name, w := range worlds() {
		for _, p := range kinds {
			require.NoError(t, w.Run(p, main), "%v %s", p, name)
		}
	}
}

// misused returns what f panics with, which must be a *gil.RuntimeError.
func misused(t require.TestingT, f func()) *gil.RuntimeError {
	v := panicked(f)
	err, ok := v.(*gil.RuntimeError)
	if !ok {
		t.Errorf("want a *gil.RuntimeError, got %T: %v", v, v)
		t.FailNow()
	}
	return err
}

// badValue returns what f panics with, which must be a *gil.ValueError.
func badValue(t require.TestingT, f func()) *gil.ValueError {
	v := panicked(f)
	err, ok := v.(*gil.ValueError)
	if !ok {
		t.Errorf("want a *gil.ValueError, got %T: %v", v, v)
		t.FailNow()
	}
	return err
}
