package pool_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/pool"
	"github.com/pygil/pygil/process"
)

// exitThenSleep ends the first worker, and has the next ones sleep for an hour. Setup counts
// the workers.
var exitThenSleep = process.Define("pool_test.exitThenSleep", func(t *gil.Thread, _ int) (int, error) {
	n, err := counter.Load(t)
	if n == 1 {
		process.Exit(t, 3)
	}
	t.Sleep(time.Hour)
	return 0, err
})

// A task's context ends about when its worker dies and it is to be done again, on whatever side
// of that: it does not run for as long as it likes then, and nobody waits for ever.
func TestContextEndsWithTheWorker(t *testing.T) {
	for _, strategy := range []explore.Strategy{explore.DPOR(), explore.Random()} {
		r := explore.Run(func(t *gil.Thread) {
			started, err := process.NewValue[int64](t, 0)
			require.NoError(t, err)
			p, err := pool.New(t, 1, pool.WithInitializer(setup, started))
			require.NoError(t, err)
			end, cancel := gil.WithCancel(t)
			f := pool.Submit(end, p, exitThenSleep, 0, pool.WithRetries(1))
			cancel()
			require.Error(t, f.Exception(t))
			require.Less(t, t.Now(), time.Hour)
			require.NoError(t, p.Close(t))
			require.NoError(t, p.Join(t))
			require.NoError(t, started.Close())
		}, explore.WithStrategy(strategy), explore.WithMaxSchedules(3000))
		require.Empty(t, r.Failures)
	}
}
