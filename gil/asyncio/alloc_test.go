package asyncio_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil/asyncio"
)

// TestSleepAllocates: neither Sleep(0) nor another Sleep allocates once the loop
// has warmed up.
func TestSleepAllocates(t *testing.T) {
	inLoop(t, func(t *testing.T, co *asyncio.Co) error {
		if strings.HasSuffix(t.Name(), "/checked") {
			return nil // the checks allocate
		}
		for range 100 {
			_ = co.Sleep(0)
			_ = co.Sleep(time.Microsecond)
		}
		require.Zero(t, testing.AllocsPerRun(100, func() { _ = co.Sleep(0) }))
		if raceEnabled {
			return nil // the detector's own bookkeeping counts
		}
		require.LessOrEqual(t, testing.AllocsPerRun(100, func() { _ = co.Sleep(time.Microsecond) }), 0.5)
		return nil
	})
}
