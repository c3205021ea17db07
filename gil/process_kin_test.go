package gil_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/kernel"
)

// What an object keeps ends with the run, although a sandbox has one world.
func TestKinBeginsAnew(t *testing.T) {
	s := gil.NewSandbox(gil.AnyBytecode, kernel.NewRandomWalk(1), 0)
	defer s.Close()
	var k gil.Kin[int]
	for range 3 {
		require.NoError(t, s.Run(1, func(t *gil.Thread) {
			fork := func(to, from *int, _, _ *gil.Thread) { *to = *from }
			if got := *k.Of(t, fork); got != 0 {
				panic(got)
			}
			*k.Of(t, fork) = 7
			if got := *k.Own(t); got != 7 {
				panic(got)
			}
		}))
	}
}
