package peers_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
)

// with runs fn on a thread of the profile, among contestants that are ended afterwards.
func with(p gil.Profile, fn func(all []contestant)) error {
	var failed error
	err := gil.Live().Run(p, func(t *gil.Thread) {
		all, err := contestants(t)
		if err != nil {
			failed = err
			return
		}
		fn(all)
		for _, c := range all {
			if err := c.end(); err != nil {
				failed = fmt.Errorf("%s: %w", c.name, err)
			}
		}
	})
	if err != nil {
		return err
	}
	return failed
}

// wrong is the first number whose square is missing or is another's, -1 if all are right.
// It clears them for the next round.
func wrong(out []int) int {
	first := -1
	for i, v := range out {
		if v != i*i && first < 0 {
			first = i
		}
		out[i] = -1
	}
	return first
}

// Everybody does the work that is compared, all of it, also a second time.
func TestEverybodySquares(t *testing.T) {
	for _, p := range []gil.Profile{gil.CPython313, gil.CPython313T} {
		var names []string
		require.NoError(t, with(p, func(all []contestant) {
			out := make([]int, round)
			wrong(out)
			for range 2 {
				for _, c := range all {
					assert.NoError(t, c.square(out), c.name)
					assert.Equal(t, -1, wrong(out), c.name)
				}
			}
			for _, c := range all {
				names = append(names, c.name)
			}
		}))
		assert.Equal(t, []string{"pool", "errgroup", "ants", "pond", "pond-go", "goroutines", "goroutines-future"}, names)
	}
}
