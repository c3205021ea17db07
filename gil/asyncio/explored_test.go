package asyncio_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/asyncio"
	"github.com/pygil/pygil/internal/kernel"
)

// TestExplored: a loop works where an explorer decides who runs next, beside a
// thread that sends it work, and ends the same way under every schedule.
func TestExplored(t *testing.T) {
	for _, p := range []gil.Profile{gil.AnyBytecode, gil.CPython39, gil.CPython313, gil.CPython313T} {
		t.Run(p.Name(), func(t *testing.T) {
			s := gil.NewSandbox(p, kernel.NewRandomWalk(1), 10_000)
			defer s.Close()
			orders := map[string]int{}
			for seed := range uint64(300) {
				out := ""
				err := s.Run(seed, func(th *gil.Thread) {
					_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) {
						var over asyncio.Event
						l := co.Loop()
						other := th.Go("other", func(th *gil.Thread) {
							require.NoError(th, l.CallSoonThreadsafe(th, func() { out += "t"; over.Set() }))
						})
						for range 3 {
							require.NoError(th, co.Sleep(0))
							out += "s"
						}
						require.NoError(th, over.Wait(co))
						other.Join(th)
						return nil, nil
					})
					require.NoError(th, err)
				})
				require.NoError(t, err)
				require.Len(t, out, 4)
				orders[out]++
			}
			require.Greater(t, len(orders), 1, "%v", orders) // the other thread came at different times
		})
	}
}

// TestExploredDeadlock: the loop's own report of a deadlock works there, too, with
// and without a GIL, and also for a loop that was to run for ever.
func TestExploredDeadlock(t *testing.T) {
	for _, p := range []gil.Profile{gil.AnyBytecode, gil.CPython313T} {
		s := gil.NewSandbox(p, kernel.NewRandomWalk(1), 10_000)
		defer s.Close()
		err := s.Run(1, func(th *gil.Thread) {
			_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) {
				return asyncio.NewFuture[any](co.Loop()).Await(co)
			})
			require.ErrorIs(th, err, asyncio.ErrDeadlock)
			r, err := asyncio.NewRunner(th)
			require.NoError(th, err)
			require.ErrorIs(th, r.Loop().RunForever(), asyncio.ErrDeadlock)
			require.NoError(th, r.Close())
		})
		require.NoError(t, err)
	}
}

// TestFreeThreaded: two loops on two threads that really run in parallel.
func TestFreeThreaded(t *testing.T) {
	for name, w := range worlds() {
		t.Run(name, func(t *testing.T) {
			err := w.Run(gil.CPython313T, func(th *gil.Thread) {
				loop := func(th *gil.Thread) {
					n := 0
					_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) {
						count := func(co *asyncio.Co) error {
							for range 100 {
								n++
								if err := co.Sleep(0); err != nil {
									return err
								}
							}
							_, err := asyncio.ToThread(co, func(*gil.Thread) (any, error) { return nil, nil })
							return err
						}
						return nil, asyncio.GatherAll(co, count, count)
					})
					require.NoError(th, err)
					require.Equal(th, 200, n)
				}
				a, b := th.Go("a", loop), th.Go("b", loop)
				gil.JoinAll(th, a, b)
			})
			require.NoError(t, err)
		})
	}
}
