//go:build linux && !portable

package process_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/internal/futex"
	"github.com/pygil/pygil/process"
)

// sleepLong lets waiters sleep at once, and until they are woken.
func sleepLong(t *testing.T) {
	first, last, soon := futex.FirstLook, futex.LastLook, futex.Soon
	t.Cleanup(func() { futex.FirstLook, futex.LastLook, futex.Soon = first, last, soon })
	futex.FirstLook, futex.LastLook, futex.Soon = time.Hour, time.Hour, 0
}

// Sleepers look for themselves now and then, because of the dead. Among the living
// nobody needs that: here it would take an hour.
func TestNobodyNeedsToLook(t *testing.T) {
	sleepLong(t)

	ctx := t.Context()
	k := newKit(t, 4)
	require.NoError(t, k.Sem.Release(ctx))
	var wg sync.WaitGroup
	const rounds = 300
	for range 4 {
		wg.Go(func() {
			own := process.WithOwner(ctx)
			for range rounds {
				assert.NoError(t, k.Lock.With(ctx, func() { settleABit() }))
				assert.NoError(t, k.RLock.With(own, func() { settleABit() }))
				assert.NoError(t, k.Sem.With(ctx, func() { settleABit() }))
				_, err := k.Barrier.Wait(ctx)
				assert.NoError(t, err)
			}
		})
	}
	wg.Wait()

	for range rounds {
		k.Event.Hush()
		woken := background(func() error { return k.Event.Wait(ctx) })
		eventually(t, func() bool { listening, _ := k.Event.Asleep(); return listening })
		require.NoError(t, k.Event.Set(ctx))
		require.NoError(t, woken())
		require.NoError(t, k.Event.Clear(ctx))
	}

	own := process.WithOwner(ctx)
	for range rounds {
		woken := background(func() error {
			own := process.WithOwner(ctx)
			return k.Cond.With(own, func() { assert.NoError(t, k.Cond.Wait(own)) })
		})
		sleepers(t, k.Cond, 1)
		require.NoError(t, k.Cond.With(own, func() { require.NoError(t, k.Cond.Notify(own, 1)) }))
		require.NoError(t, woken())
	}
}

// Notify finds out by itself that a waiter is dead: nobody has to look for it.
func TestNotifySkipsTheDeadAtOnce(t *testing.T) {
	sleepLong(t)

	own := process.WithOwner(t.Context())
	k := newKit(t, 1)
	for range 2 { // the row that notify begins with is another one each time
		s := hire(t, k)
		s.order("cwait")
		sleepers(t, k.Cond, 1)
		woken := background(func() error {
			own := process.WithOwner(t.Context())
			return k.Cond.With(own, func() { assert.NoError(t, k.Cond.Wait(own)) })
		})
		sleepers(t, k.Cond, 2)
		s.kill()
		require.NoError(t, k.Cond.With(own, func() { require.NoError(t, k.Cond.Notify(own, 1)) }))
		require.Zero(t, k.Cond.Sleepers())
		require.NoError(t, woken())
	}
}

// CO-4: whom notify finds dead it has not notified, and what a dead process was notified
// of and did nothing with goes to others by the same call.
func TestNotifyPassesOnWhatTheDeadHad(t *testing.T) {
	sleepLong(t)

	own := process.WithOwner(t.Context())
	k := newKit(t, 1)
	var woken []func() error
	for range 3 {
		woken = append(woken, background(func() error {
			own := process.WithOwner(t.Context())
			return k.Cond.With(own, func() { assert.NoError(t, k.Cond.Wait(own)) })
		}))
	}
	sleepers(t, k.Cond, 3)
	s := hire(t, k)
	s.order("cwait by two")
	sleepers(t, k.Cond, 5)
	require.NoError(t, k.Cond.Acquire(own))
	require.NoError(t, k.Cond.Notify(own, 1))
	require.Equal(t, 1, k.Cond.NotifiedIn(), "one of the servant's two, who cannot have the lock")
	s.kill()
	require.NoError(t, k.Cond.Notify(own, 1))
	require.NoError(t, k.Cond.Notify(own, 1)) // one of the two calls begins with the dead
	require.Zero(t, k.Cond.Sleepers(), "three notifications, and three who live")
	require.NoError(t, k.Cond.Release(own))
	for _, err := range woken {
		require.NoError(t, err())
	}
}

// SM-1: of many releases in a row none is forgotten by those who sleep in different
// processes: here they would look in an hour.
func TestReleasesWakeProcesses(t *testing.T) {
	k := newKit(t, 1)
	servants := []*servant{hire(t, k), hire(t, k), hire(t, k)}
	for _, s := range servants {
		require.Equal(t, "ok", s.do("rarely"))
	}
	for range 20 {
		for _, s := range servants {
			s.order("down")
		}
		settle()
		for range servants {
			require.NoError(t, k.Sem.Release(t.Context()))
		}
		for _, s := range servants {
			require.Equal(t, "ok", s.answer())
		}
	}
}

// settleABit holds something long enough for others to wait for it.
func settleABit() {
	for begin := time.Now(); time.Since(begin) < 2*time.Microsecond; {
	}
}
