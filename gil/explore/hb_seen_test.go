package explore_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil/explore"
)

// TestSeen holds the set of classes against a map, up to where it stops counting.
func TestSeen(t *testing.T) {
	var s explore.Seen
	r := rand.New(rand.NewPCG(1, 2))
	have := map[uint64]bool{}
	for range 20_000 {
		h := r.Uint64N(8000) * 0x9e3779b97f4a7c15 // hashes, 0 among them
		require.Equal(t, !have[h], s.Add(h), "%d", h)
		have[h] = true
	}
	n, more := s.Count()
	require.Equal(t, len(have), n)
	require.False(t, more)

	hash := func(i int) uint64 { return uint64(8000+i) * 0x9e3779b97f4a7c15 }
	for i := range explore.SeenLimit - n {
		if !s.Add(hash(i)) {
			require.Fail(t, "a new class was had before", "%d", i)
		}
	}
	_, more = s.Count()
	require.False(t, more)
	require.False(t, s.Add(hash(-1e6)))
	require.False(t, s.Add(hash(0)), "one that was counted")
	n, more = s.Count()
	require.Equal(t, explore.SeenLimit, n)
	require.True(t, more)
}
