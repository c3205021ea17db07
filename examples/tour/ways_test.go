//go:build linux || darwin

package main

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/examples/internal/models"
	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
)

var byName = map[string]models.Model{
	"serial": models.Serial, "threads": models.Threads, "asyncio": models.Coroutines, "processes": models.Processes,
}

// known are the accounts that a test has asked for.
var known = map[string]account{}

// accountOf runs a preset under Python 3.13, once for all tests.
func accountOf(t *testing.T, p preset.Preset, model string) account {
	t.Helper()
	key := p.Name + "/" + model
	if _, ok := known[key]; !ok {
		a, err := run(gil.CPython313, p, byName[model])
		require.NoError(t, err)
		known[key] = a
	}
	return known[key]
}

// The presets were made to reproduce these times; those of coroutines are those of
// threads where tasks wait, and of no threads where they compute.
func TestTimes(t *testing.T) {
	for _, c := range []struct {
		preset                              preset.Preset
		serial, threads, asyncio, processes string
	}{
		{preset.CPU(), "76.62", "76.69", "76.62", "20.15"},
		{preset.Write(), "8.33", "7.47", "7.47", "3.08"},
		{preset.Wait(), "8.33", "2.08", "2.08", "3.08"},
		{preset.CSV(), "7.24", "5.19", "5.19", "3.16"},
		{preset.Sleeps(), "17.00", "5.00", "5.00", "5.04"},
	} {
		for model, want := range map[string]string{"serial": c.serial, "threads": c.threads, "asyncio": c.asyncio, "processes": c.processes} {
			t.Run(c.preset.Name+"/"+model, func(t *testing.T) {
				a := accountOf(t, c.preset, model)
				assert.Equal(t, want, fmt.Sprintf("%.2f", a.seconds()))
				assert.Len(t, a.order, len(c.preset.Tasks))
			})
		}
	}
}

// Concurrency is how many tasks have begun and not ended, parallelism how many
// compute at one instant.
func TestConcurrencyAndParallelism(t *testing.T) {
	for _, p := range []preset.Preset{preset.CPU(), preset.Write(), preset.CSV()} {
		n := len(p.Tasks)
		for model, want := range map[string][2]int{"serial": {1, 1}, "threads": {n, 1}, "processes": {n, n}} {
			t.Run(p.Name+"/"+model, func(t *testing.T) {
				a := accountOf(t, p, model)
				assert.Equal(t, want, [2]int{a.conc, a.par})
			})
		}
	}
	t.Run("without a GIL", func(t *testing.T) {
		a, err := run(gil.CPython313T, preset.CPU(), models.Threads)
		require.NoError(t, err)
		assert.Equal(t, [2]int{4, 4}, [2]int{a.conc, a.par})
	})
}

// A thread that computes is asked every 5 ms: 76.62 s are 15 323 switches, and a
// few more to start and to join.
func TestSwitches(t *testing.T) {
	a := accountOf(t, preset.CPU(), "threads")
	assert.GreaterOrEqual(t, a.switches, int64(15_323))
	assert.Less(t, a.switches, int64(15_323+30))
}

// Tiny writes are computing in disguise: the GIL is held for 89.6 % of the time by
// one thread, all of it by four.
func TestTinyWritesCompute(t *testing.T) {
	alone, four := accountOf(t, preset.Write(), "serial"), accountOf(t, preset.Write(), "threads")
	assert.Equal(t, "89.6", fmt.Sprintf("%.1f", 100*alone.busy))
	assert.Equal(t, "100.0", fmt.Sprintf("%.1f", 100*four.busy))
}

// Tasks end when they are done, whatever the order in which they were begun.
func TestOrder(t *testing.T) {
	assert.Equal(t, []int{3, 1, 2, 0, 4}, accountOf(t, preset.Sleeps(), "processes").order)
}
