package pool_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pool"
	"github.com/pygil/pygil/process"
)

// cpuBound is 9⁹ turns of a loop of 49.44 ns.
var cpuBound = process.Define("pool_test.cpuBound", func(t *gil.Thread, n int) (int, error) {
	turns := 1
	for range n {
		turns *= n
	}
	t.Compute(time.Duration(turns) * 4944 / 100)
	return turns, nil
})

// Four tasks of nineteen seconds: one after the other, on four processes made by hand,
// and by Pool(4).map, on a simulated computer with four cores where a process takes
// 0.25 s to start.
func TestPoolMapInVirtualTime(t *testing.T) {
	took := func(run func(t *gil.Thread)) time.Duration {
		m := gil.NewMachine(4, gil.WithStartCost(250*time.Millisecond))
		require.NoError(t, m.Run(gil.CPython38, run))
		return m.Now()
	}
	nines := []int{9, 9, 9, 9}
	serial := took(func(th *gil.Thread) {
		for _, n := range nines {
			_, err := cpuBound.Run(th, n)
			assert.NoError(t, err)
		}
	})
	var out []int
	pooled := took(func(th *gil.Thread) {
		p := must(pool.New(th, 4))
		assert.NoError(t, p.With(th, func() {
			var err error
			out, err = pool.Map(th, p, cpuBound, nines)
			assert.NoError(t, err)
		}))
	})
	byHand := took(func(th *gil.Thread) {
		var ps []*process.Process
		for _, n := range nines {
			ps = append(ps, must(cpuBound.Start(th, n)))
		}
		for _, p := range ps {
			assert.NoError(t, p.Join(th))
		}
	})
	assert.Equal(t, []int{387420489, 387420489, 387420489, 387420489}, out)
	assert.InDelta(t, 76.62, serial.Seconds(), 0.01)
	assert.InDelta(t, 20.15, byHand.Seconds(), 0.2)
	ratio := pooled.Seconds() / serial.Seconds()
	t.Logf("serial %v, by hand %v, pool %v, ratio %.4f", serial, byHand, pooled, ratio)
	assert.GreaterOrEqual(t, ratio, 0.26)
	assert.LessOrEqual(t, ratio, 0.30)
}
