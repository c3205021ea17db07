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

// settleABit holds something long enough for others to wait for it.
func settleABit() {
	for begin := time.Now(); time.Since(begin) < 2*time.Microsecond; {
	}
}
