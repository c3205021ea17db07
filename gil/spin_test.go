package gil_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/kernel"
)

// A loop over a shared variable ends when another thread changes it, in every world
// and under every profile, although no profile sees the loop's jump.
func TestSpinningEnds(t *testing.T) {
	spin := func(th *gil.Thread) {
		flag := gil.NewVar("flag", false)
		w := th.Go("w", func(u *gil.Thread) {
			for !flag.Load(u) {
			}
		})
		flag.Store(th, true)
		w.Join(th)
	}
	walk, runs := kernel.NewRandomWalk(0), uint64(30)
	if raceDetector {
		runs = 3 // of a sandbox, which is one goroutine
	}
	for _, p := range gil.Profiles() {
		require.NoError(t, gil.NewMachine(1).Run(p, spin), p.Name())
		// On two cores that need no time to wake a thread the GIL of 2.7 starves it.
		require.NoError(t, gil.NewMachine(2, gil.Measured()).Run(p, spin), p.Name())
		require.NoError(t, gil.Live().Run(p, spin), p.Name())
		s := gil.NewSandbox(p, walk, 0)
		for n := range runs {
			walk.Reset(n << 20)
			require.NoError(t, s.Run(n, spin), p.Name())
		}
		s.Close()
	}
}

// Ticks in between are seen: a thread that looks whether to switch is never made to
// look elsewhere.
func TestTicksAreNoSpinning(t *testing.T) {
	for _, p := range []gil.Profile{gil.CPython312, gil.CPython313} {
		torn := 0
		require.NoError(t, gil.NewMachine(1).Run(p, func(th *gil.Thread) {
			x := gil.NewVar("x", 0)
			work := func(u *gil.Thread) {
				for range 300_000 {
					v := x.Load(u)
					x.Store(u, v+1)
					u.Tick(1)
				}
			}
			a, b := th.Go("a", work), th.Go("b", work)
			a.Join(th)
			b.Join(th)
			torn = 600_000 - x.Load(th)
		}))
		assert.Zero(t, torn, p.Name())
	}
}
