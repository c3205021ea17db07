package preset_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The tasks of a preset, one after the other, take as long as their parts.
func TestOneAfterTheOther(t *testing.T) {
	for _, c := range []struct {
		preset preset.Preset
		name   string
		tasks  int
		takes  time.Duration
	}{
		{preset.CPU(), "nb-cpu", 4, 4 * 19_154_068_976},
		{preset.Write(), "nb-write", 4, 4 * 43_008 * 48_420},
		{preset.Wait(), "nb-wait", 4, 4 * 43_008 * 48_420},
		{preset.CSV(), "csv", 3, 3 * 100 * 24_134 * time.Microsecond},
		{preset.Sleeps(), "sleeps", 5, 17 * time.Second},
		{preset.API(), "api", 2, 7 * time.Second},
		{preset.Count(), "count", 3, 3 * time.Second},
		{preset.Images(), "images", 80, 6 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.name, c.preset.Name)
			assert.Len(t, c.preset.Tasks, c.tasks)
			m := c.preset.Machine(gil.WithSwitchCost(0))
			require.NoError(t, m.Run(gil.CPython313, func(t *gil.Thread) {
				for _, task := range c.preset.Tasks {
					task.Do(t)
				}
			}))
			assert.Equal(t, c.takes, m.Now())
			assert.Equal(t, preset.Cores, m.Cores())
			assert.Equal(t, 1, m.Conc())
		})
	}
}
