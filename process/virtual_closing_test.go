package process_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/process"
)

// exitsWhenTold ends its process when something has come.
var exitsWhenTold = process.DefineTarget("process_test.exitsWhenTold", func(t *gil.Thread, c *pipe.Conn) error {
	if _, err := c.RecvBytes(t); err != nil {
		return err
	}
	process.Exit(t, 3)
	return nil
})

// An emulated process that is killed while it ends, and tells those who wait for its end: all
// of them get to know of it, whatever they wait with.
func TestKilledWhileItEnds(t *testing.T) {
	r := explore.Run(func(t *gil.Thread) {
		mine, theirs, err := pipe.New(t)
		require.NoError(t, err)
		p, err := exitsWhenTold.Start(t, theirs)
		require.NoError(t, err)
		require.NoError(t, theirs.Close())
		waits := t.Go("waits", func(t *gil.Thread) {
			_, err := pipe.Wait(t, mine, p.Sentinel())
			require.NoError(t, err)
			require.NoError(t, p.Join(t))
		})
		require.NoError(t, mine.SendBytes(t, []byte("go")))
		require.NoError(t, p.Kill())
		waits.Join(t)
	}, explore.WithMaxSchedules(3000))
	require.Empty(t, r.Failures)
}
