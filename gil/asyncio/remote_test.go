package asyncio_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/asyncio"
	"github.com/pygil/pygil/internal/kernel"
)

// TestRemote: results, cancellations and misuse across threads.
func TestRemote(t *testing.T) {
	for name, w := range worlds() {
		t.Run(name, func(t *testing.T) {
			err := w.Run(gil.CPython313, func(th *gil.Thread) {
				_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) {
					var over asyncio.Event
					l := co.Loop()
					other := th.Go("other", func(t *gil.Thread) {
						f, err := asyncio.RunCoroutineThreadsafe(t, l, func(co *asyncio.Co) (any, error) {
							return nil, co.Sleep(time.Hour)
						})
						require.NoError(t, err)
						_, err = f.ResultTimeout(t, time.Millisecond)
						require.ErrorIs(t, err, asyncio.ErrTimeout)
						require.NoError(t, f.Cancel(t))
						_, err = f.Result(t)
						require.ErrorIs(t, err, asyncio.ErrCancelled)
						require.NoError(t, l.CallSoonThreadsafe(t, over.Set))
					})
					f, err := asyncio.RunCoroutineThreadsafe(th, l, sleepless)
					require.NoError(th, err)
					_, err = f.Result(th)
					require.ErrorAs(th, err, new(*gil.RuntimeError))
					require.NoError(th, over.Wait(co))
					other.Join(th)
					return nil, nil
				})
				require.NoError(th, err)
			})
			require.NoError(t, err)
		})
	}
}

// never is a coroutine that ends only by a cancellation.
func never(co *asyncio.Co) (any, error) { return asyncio.NewFuture[any](co.Loop()).Await(co) }

// TestRemoteOfAnEndedLoop: whoever waits for a coroutine of another loop does not
// wait for ever when that loop ends, however it does.
func TestRemoteOfAnEndedLoop(t *testing.T) {
	lost := "asyncio: the loop of thread loop has ended before the coroutine did"
	for name, c := range map[string]struct {
		fn  func(co *asyncio.Co) (any, error)
		run func(r *asyncio.Runner) error
		err string
	}{
		"cancelled at the end": {never, func(r *asyncio.Runner) error {
			_, err := asyncio.RunIn(r, func(co *asyncio.Co) (any, error) { return nil, co.Sleep(time.Millisecond) })
			return err
		}, "asyncio: cancelled"},
		"it refuses to end": {func(co *asyncio.Co) (any, error) { _, _ = never(co); return never(co) }, func(r *asyncio.Runner) error {
			_, err := asyncio.RunIn(r, func(co *asyncio.Co) (any, error) { return nil, co.Sleep(time.Millisecond) })
			return err
		}, lost},
		"it never began": {never, func(*asyncio.Runner) error { return nil }, lost},
	} {
		for world, w := range worlds() {
			t.Run(name+"/"+world, func(t *testing.T) {
				err := w.Run(gil.CPython313, func(m *gil.Thread) {
					var there, asked gil.Gate
					there.Init(m, 0, "there")
					asked.Init(m, 0, "asked")
					var l *asyncio.Loop
					th := m.Go("loop", func(th *gil.Thread) {
						r, err := asyncio.NewRunner(th, asyncio.WithLog(func(string) {}))
						require.NoError(th, err)
						l = r.Loop()
						there.Open(th, gil.OpSet, gil.All)
						asked.Pass(th, gil.OpWait, gil.Forever)
						require.NoError(th, c.run(r))
						_ = r.Close()
					})
					there.Pass(m, gil.OpWait, gil.Forever)
					f, err := asyncio.RunCoroutineThreadsafe(m, l, c.fn)
					require.NoError(m, err)
					asked.Open(m, gil.OpSet, gil.All)
					_, err = f.Result(m)
					require.EqualError(m, err, c.err)
					th.Join(m)
					_, err = f.ResultTimeout(m, 0)
					require.EqualError(m, err, c.err)
					_, err = asyncio.RunCoroutineThreadsafe(m, l, c.fn)
					require.ErrorAs(m, err, new(*gil.RuntimeError))
				})
				require.NoError(t, err)
			})
		}
	}
}

// TestRemoteDeadlock: a loop and a thread that wait for each other are a deadlock,
// in the live world too, and the report has the tree.
func TestRemoteDeadlock(t *testing.T) {
	for world, w := range map[string]gil.World{"live": gil.Live(), "free-threaded": gil.Live()} {
		t.Run(world, func(t *testing.T) {
			p := map[string]gil.Profile{"live": gil.CPython313, "free-threaded": gil.CPython313T}[world]
			for range 50 { // the thread comes before the loop is idle, or after
				err := w.Run(p, func(m *gil.Thread) {
					_, err := asyncio.Run(m, func(co *asyncio.Co) (any, error) {
						l := co.Loop()
						m.Go("other", func(th *gil.Thread) {
							f, err := asyncio.RunCoroutineThreadsafe(th, l, sleepless)
							require.NoError(th, err)
							_, err = f.Result(th)
							require.NoError(th, err)
							f, err = asyncio.RunCoroutineThreadsafe(th, l, never)
							require.NoError(th, err)
							_, err = f.Result(th)
							require.ErrorIs(th, err, asyncio.ErrCancelled)
						})
						return never(co)
					})
					require.ErrorIs(m, err, asyncio.ErrDeadlock)
					require.ErrorContains(m, err, "Task-1 waits for future\nTask-3 waits for future")
				})
				require.NoError(t, err)
			}
		})
	}
}

// TestRemoteExplored: no schedule makes a thread wait in vain.
func TestRemoteExplored(t *testing.T) {
	s := gil.NewSandbox(gil.AnyBytecode, kernel.NewRandomWalk(1), 10_000)
	defer s.Close()
	how := map[string]int{}
	for seed := range uint64(300) {
		err := s.Run(seed, func(m *gil.Thread) {
			_, err := asyncio.Run(m, func(co *asyncio.Co) (any, error) {
				l := co.Loop()
				m.Go("other", func(th *gil.Thread) {
					f, err := asyncio.RunCoroutineThreadsafe(th, l, func(co *asyncio.Co) (any, error) { return nil, co.Sleep(0) })
					if err != nil {
						how["too late"]++
						return
					}
					if _, err = f.Result(th); err == nil {
						how["in time"]++
					} else {
						how[err.Error()]++
					}
				})
				for range seed % 6 {
					if err := co.Sleep(0); err != nil {
						return nil, err
					}
				}
				return nil, nil
			})
			require.NoError(m, err)
		})
		require.NoError(t, err)
	}
	require.Greater(t, len(how), 2, "%v", how)
}
