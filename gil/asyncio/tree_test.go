package asyncio_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil/asyncio"
)

// TestTreeOfSharedTasks: what many tasks wait for is shown once, and what they wait
// for is seen through gathers and shields.
func TestTreeOfSharedTasks(t *testing.T) {
	inOne(t, func(co *asyncio.Co) error {
		end := asyncio.NewFuture[any](co.Loop())
		below := []asyncio.Awaiter[any]{end}
		const levels = 40 // a tree of 2⁴⁰ branches
		for i := range levels {
			on := below
			below = nil
			for _, n := range []string{"a", "b"} {
				below = append(below, asyncio.Go(co, n+strconv.Itoa(i), func(co *asyncio.Co) (any, error) {
					g, err := asyncio.GatherFutures(co, on...)
					if err != nil {
						return nil, err
					}
					s, err := asyncio.Shield(co, asyncio.Awaiter[[]any](g))
					if err != nil {
						return nil, err
					}
					return s.Await(co)
				}))
			}
		}
		for range levels {
			require.NoError(t, co.Sleep(0))
		}
		lines := strings.Split(strings.TrimSuffix(co.Loop().Tree(), "\n"), "\n")
		require.Len(t, lines, 1+2*(2*levels-1))
		require.Equal(t, "a39 waits for shield of gather", lines[1])
		require.Equal(t, "  a38 waits for shield of gather", lines[2])
		require.Equal(t, "b39 waits for shield of gather", lines[len(lines)-3])
		require.Equal(t, "  b38 waits for shield of gather (see above)", lines[len(lines)-1])
		require.Equal(t, []string{"a1", "b1"}, co.Loop().Tasks()[1].AwaitedBy)
		require.NoError(t, end.SetResult(nil))
		for _, top := range below {
			if _, err := top.Await(co); err != nil {
				return err
			}
		}
		return nil
	})
}

// TestTreeOfMany: a tree that nobody could read is cut, and it does not take long.
func TestTreeOfMany(t *testing.T) {
	inOne(t, func(co *asyncio.Co) error {
		end := asyncio.NewFuture[any](co.Loop())
		var on asyncio.Awaiter[any] = end
		for range 10_000 { // a chain
			below := on
			on = asyncio.Go(co, "", func(co *asyncio.Co) (any, error) { return below.Await(co) })
		}
		require.NoError(t, co.Sleep(0))
		tree := co.Loop().Tree()
		require.Equal(t, 501, strings.Count(tree, "\n"))
		require.True(t, strings.HasSuffix(tree, "… and 9501 more tasks\n"), tree[len(tree)-100:])
		require.Len(t, co.Loop().Tasks(), 10_001)
		require.NoError(t, end.SetResult(nil))
		_, err := on.Await(co)
		return err
	})
}
