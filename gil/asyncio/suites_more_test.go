package asyncio_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/asyncio"
)

func TestConditionWaitFor(t *testing.T) {
	virtually(t, func(co *asyncio.Co) error {
		var c asyncio.Condition
		n := 0
		waiter := asyncio.Go(co, "", func(co *asyncio.Co) (any, error) {
			return nil, c.With(co, func() error { return c.WaitFor(co, func() bool { return n == 3 }) })
		})
		for range 3 {
			require.NoError(t, co.Sleep(time.Second))
			require.False(t, waiter.Done())
			require.NoError(t, c.With(co, func() error { n++; c.NotifyAll(); return nil }))
		}
		_, err := waiter.Await(co)
		require.NoError(t, err)
		require.False(t, c.Locked())
		require.ErrorAs(t, c.WaitFor(co, func() bool { return false }), new(*gil.RuntimeError))
		return nil
	})
}

func TestConditionSharedLock(t *testing.T) {
	virtually(t, func(co *asyncio.Co) error {
		var m asyncio.Lock
		a, b := asyncio.NewCondition(&m), asyncio.NewCondition(&m)
		require.NoError(t, a.Acquire(co))
		require.True(t, b.Locked())
		b.Notify(1) // the lock is held, whoever holds it
		a.Release()
		require.False(t, m.Locked())
		return nil
	})
}

// TestBarrierHalfDrained: a round that is being let out ends well whatever happens
// to the barrier, and those that came for the next one are told.
func TestBarrierHalfDrained(t *testing.T) {
	for name, end := range map[string]func(b *asyncio.Barrier, co *asyncio.Co) error{
		"reset": (*asyncio.Barrier).Reset, "abort": (*asyncio.Barrier).Abort,
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(co *asyncio.Co) error {
				b := asyncio.NewBarrier(3)
				ts := barrier(co, b, 3)
				late := asyncio.Go(co, "", b.Wait)
				require.NoError(t, end(b, co))
				whole, told := 0, 0
				for _, x := range ts {
					if _, err := x.Await(co); errors.Is(err, asyncio.ErrBrokenBarrier) {
						told++
					} else {
						require.NoError(t, err)
						whole++
					}
				}
				require.Equal(t, 3, whole+told)
				require.Positive(t, whole)
				require.NoError(t, co.Sleep(time.Second))
				if name == "abort" {
					_, err := late.Await(co)
					require.ErrorIs(t, err, asyncio.ErrBrokenBarrier)
					require.True(t, b.Broken())
					return nil
				}
				require.Equal(t, 1, b.NWaiting())
				for range 2 {
					asyncio.Go(co, "", b.Wait)
				}
				_, err := late.Await(co)
				return err
			})
		})
	}
}

func TestLeftoverError(t *testing.T) {
	var said []asyncio.ExceptionContext
	err := gil.NewMachine(1).Run(gil.CPython313, func(th *gil.Thread) {
		_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) {
			asyncio.Go(co, "bg", func(co *asyncio.Co) (any, error) {
				_ = co.Sleep(time.Hour)
				return nil, errors.New("in cleanup")
			})
			return nil, co.Sleep(0)
		}, asyncio.WithExceptionHandler(func(_ *asyncio.Loop, c asyncio.ExceptionContext) { said = append(said, c) }))
		require.NoError(th, err)
	})
	require.NoError(t, err)
	require.Len(t, said, 1)
	require.Equal(t, "unhandled exception during asyncio.run() shutdown", said[0].Message)
	require.Equal(t, "bg", said[0].Task)
	require.EqualError(t, said[0].Err, "in cleanup")
}

// TestShieldGather: cancelling the gather of shields leaves the work alone;
// cancelling the shield of a gather leaves the gather alone.
func TestShieldGather(t *testing.T) {
	virtually(t, func(co *asyncio.Co) error {
		work := func() *asyncio.Task[any] {
			return asyncio.Go(co, "", func(co *asyncio.Co) (any, error) { return 1, co.Sleep(2 * time.Second) })
		}
		a, b := work(), work()
		sa, err := asyncio.Shield(co, asyncio.Awaiter[any](a))
		require.NoError(t, err)
		sb, err := asyncio.Shield(co, asyncio.Awaiter[any](b))
		require.NoError(t, err)
		g, err := asyncio.GatherFutures(co, sa, sb)
		require.NoError(t, err)
		_, err = asyncio.WaitFor(co, time.Second, asyncio.Awaiter[[]any](g))
		require.ErrorIs(t, err, asyncio.ErrTimeout)
		require.False(t, a.Done() || a.Cancelled() || b.Done())

		inner, err := asyncio.GatherFutures(co, asyncio.Awaiter[any](a), b)
		require.NoError(t, err)
		s, err := asyncio.Shield(co, asyncio.Awaiter[[]any](inner))
		require.NoError(t, err)
		_, err = asyncio.WaitFor(co, time.Second/2, s)
		require.ErrorIs(t, err, asyncio.ErrTimeout)
		vs, err := inner.Await(co)
		require.NoError(t, err)
		require.Equal(t, []any{1, 1}, vs)
		return nil
	})
}
