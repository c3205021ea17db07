//go:build linux || darwin

package queue_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/pygil/pygil/queue"
)

// Whatever is put and taken, no message of the annex gets memory that another one has,
// and one of any length finds room once the others are gone.
func TestPlaceOverlapsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const all = 2 * queue.AnnexSoft
		var used [][2]uint32
		most := rapid.SampledFrom([]uint32{8, 600, all}).Draw(t, "most pages")
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			if len(used) > 0 && rapid.Bool().Draw(t, "take") {
				used = used[1:]
				continue
			}
			n := rapid.Uint32Range(1, most).Draw(t, "pages")
			at, ok := queue.Place(used, n, all)
			if !ok {
				require.NotEmpty(t, used)
				continue
			}
			require.LessOrEqual(t, at+n, uint32(all))
			for _, s := range used {
				require.False(t, at < s[0]+s[1] && s[0] < at+n, "%d pages at %d, and %d at %d", n, at, s[1], s[0])
			}
			used = append(used, [2]uint32{at, n})
		}
	})
}

// Memory that was used is used again: as long as no more than some messages wait, they
// stay within what one more needs, and there is always room for the next one.
func TestPlaceStaysNear(t *testing.T) {
	const n = 257
	for waiting := 1; waiting < 60; waiting++ {
		var used [][2]uint32
		for range 300 {
			if len(used) == waiting {
				used = used[1:]
			}
			at, ok := queue.Place(used, n, queue.AnnexSoft)
			require.True(t, ok)
			require.LessOrEqual(t, at+n, uint32(waiting+1)*n)
			used = append(used, [2]uint32{at, n})
		}
	}
}

// Long messages wait in shared memory, not in that of the process that has put them,
// also when more and fewer wait by turns.
func TestLongMessagesNeedNoFeeder(t *testing.T) {
	ctx := t.Context()
	q, err := queue.NewProcess[[]byte](ctx, 8)
	require.NoError(t, err)
	defer q.Close()
	long := make([]byte, 300<<10)
	next, put := byte(0), byte(0)
	for round := range 6 {
		for q.QSize(ctx) < 8 {
			long[0], long[len(long)-1] = put, put
			put++
			require.NoError(t, q.Put(ctx, long))
			require.Equal(t, queue.Stats{Items: q.QSize(ctx)}, q.Stats(ctx))
		}
		for range 8 - round {
			v, err := q.Get(ctx)
			require.NoError(t, err)
			require.Len(t, v, len(long))
			require.True(t, v[0] == next && v[len(v)-1] == next)
			next++
		}
	}
}
