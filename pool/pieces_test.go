package pool_test

import (
	"context"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pool"
	"github.com/pygil/pygil/process"
)

var (
	decimal = process.Define("pool_test.decimal", func(_ context.Context, n int) (string, error) { return strconv.Itoa(n), nil })
	number  = process.Define("pool_test.number", func(_ context.Context, s string) (float64, error) { return strconv.ParseFloat(s, 64) })
	low     = process.Define("pool_test.low", func(_ context.Context, n int) (byte, error) { return byte(n), nil })
	// same reports whether an item is the one before it: within a chunk things keep their
	// identity, as in CPython.
	same = process.Define("pool_test.same", func(_ context.Context, p *int) (bool, error) {
		old := before
		before = p
		return p == old, nil
	})
	before *int
)

// Long chunks of numbers and strings are done in pieces: every result is in its place,
// whatever the chunk's length.
func TestLongChunks(t *testing.T) {
	for name, run := range map[string]func(fn func(ctx context.Context)){
		"live": func(fn func(ctx context.Context)) { fn(t.Context()) },
		"machine": func(fn func(ctx context.Context)) {
			require.NoError(t, gil.NewMachine(2).Run(gil.CPython313, func(th *gil.Thread) { fn(th) }))
		},
	} {
		t.Run(name, func(t *testing.T) {
			run(func(ctx context.Context) {
				p, err := pool.New(ctx, 2)
				require.NoError(t, err)
				defer func() {
					p.Terminate(ctx)
					assert.NoError(t, p.Join(ctx))
				}()
				piece := pool.PieceItems
				for _, size := range []int{piece - 1, piece, piece + 1, 2 * piece, 2*piece + 1, 5*piece - 1} {
					in := upTo(size + 10) // a long chunk and a short one
					chunked := pool.WithChunkSize(size)
					out, err := pool.Map(ctx, p, square, in, chunked)
					require.NoError(t, err)
					require.Equal(t, squares(len(in)), out)

					texts, err := pool.MapAsync(ctx, p, decimal, in, chunked).Get(ctx)
					require.NoError(t, err)
					floats, err := pool.Map(ctx, p, number, texts, chunked)
					require.NoError(t, err)
					bytes, err := pool.Map(ctx, p, low, in, chunked)
					require.NoError(t, err)
					for i := range in {
						require.Equal(t, strconv.Itoa(i), texts[i])
						require.Equal(t, float64(i), floats[i])
						require.Equal(t, byte(i), bytes[i])
					}
				}
			})
		})
	}
}

// The error of an item in a later piece is that of the chunk, as for a short one, and the
// other chunks have their results.
func TestLongChunkFails(t *testing.T) {
	ctx := t.Context()
	p, err := pool.New(ctx, 2)
	require.NoError(t, err)
	defer func() {
		p.Terminate(ctx)
		assert.NoError(t, p.Join(ctx))
	}()
	for _, at := range []int{0, pool.PieceItems, 3*pool.PieceItems + 7} {
		texts := slices.Repeat([]string{"7"}, 4*pool.PieceItems)
		texts[at] = "seven"
		_, err := pool.Map(ctx, p, number, texts, pool.WithChunkSize(len(texts)))
		require.ErrorContains(t, err, `parsing "seven"`)
		_, err = pool.Map(ctx, p, number, texts, pool.WithChunkSize(2*pool.PieceItems))
		require.ErrorContains(t, err, `parsing "seven"`)
	}
	// What has an identity keeps it within a chunk.
	out, err := pool.Map(ctx, p, same, slices.Repeat([]*int{new(int)}, 2*pool.PieceItems), pool.WithChunkSize(2*pool.PieceItems))
	require.NoError(t, err)
	require.False(t, out[0])
	require.NotContains(t, out[1:], false)
}
