//go:build linux || darwin

package process_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/process"
)

// sleepers waits until n wait in a condition, in all processes.
func sleepers(t testing.TB, c *process.Condition, n int) {
	t.Helper()
	eventually(t, func() bool { return c.Sleepers() == n })
}

// CO-1, CO-2
func TestConditionMisuse(t *testing.T) {
	ctx := process.WithOwner(t.Context())
	c := newKit(t, 1).Cond
	raises(t, "must acquire() condition before using wait()", c.Wait(ctx))
	_, err := c.WaitTimeout(ctx, 0)
	raises(t, "must acquire() condition before using wait()", err)
	raises(t, "lock is not owned", c.Notify(ctx, 1))
	raises(t, "lock is not owned", c.NotifyAll(ctx))
	require.NoError(t, c.Acquire(ctx))
	raises(t, "lock is not owned", c.Notify(process.WithOwner(t.Context()), 1))
	require.NoError(t, c.Release(ctx))
	require.NoError(t, c.Close())
	require.ErrorIs(t, c.Wait(ctx), process.ErrClosed)
	require.ErrorIs(t, c.Acquire(ctx), process.ErrClosed, "its own lock is closed with it")
}

// The default lock is an RLock for who has an identity; all levels are released.
func TestConditionReleasesEveryLevel(t *testing.T) {
	ctx := process.WithOwner(t.Context())
	k := newKit(t, 1)
	c := k.Cond
	s := hire(t, k)
	require.IsType(t, &process.RLock{}, c.Lock())
	require.NoError(t, c.Acquire(ctx))
	require.NoError(t, c.Acquire(ctx))
	got := background(func() error { return c.Wait(ctx) })
	sleepers(t, c, 1)
	require.Equal(t, "ok", s.do("notify"))
	require.NoError(t, got())
	require.NoError(t, c.Release(ctx))
	require.True(t, c.Lock().(*process.RLock).Locked(ctx))
	require.NoError(t, c.Release(ctx))
	require.False(t, c.Lock().(*process.RLock).Locked(ctx))

	plain, err := process.NewCondition(t.Context(), nil)
	require.NoError(t, err)
	require.IsType(t, &process.Lock{}, plain.Lock())
	require.NoError(t, plain.Close())
}

// Notify(n) wakes n of those who wait, in whatever process; none is remembered.
func TestNotifyWakesSoMany(t *testing.T) {
	ctx := process.WithOwner(t.Context())
	k := newKit(t, 1)
	c := k.Cond
	notify := func(n int) {
		require.NoError(t, c.With(ctx, func() { require.NoError(t, c.Notify(ctx, n)) }))
	}
	notify(5) // nobody waits, nothing is remembered
	woken := make(chan int, 10)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			ctx := process.WithOwner(t.Context())
			assert.NoError(t, c.With(ctx, func() { assert.NoError(t, c.Wait(ctx)) }))
			woken <- i
		})
	}
	a, b := hire(t, k), hire(t, k)
	a.order("cwait")
	b.order("cwait")
	for _, s := range []*servant{a, b} {
		go func() {
			assert.Equal(t, "ok", s.answer())
			woken <- -1
		}()
	}
	sleepers(t, c, 6)
	for i, n := range []int{1, 2, 0} {
		notify(n)
		sleepers(t, c, []int{5, 3, 3}[i])
		for range n {
			<-woken
		}
		select {
		case <-woken:
			require.Fail(t, "one too many")
		case <-time.After(20 * time.Millisecond):
		}
	}
	require.NoError(t, c.With(ctx, func() { require.NoError(t, c.NotifyAll(ctx)) }))
	for range 3 {
		<-woken
	}
	wg.Wait()
	sleepers(t, c, 0)
}

func TestConditionWaitEnds(t *testing.T) {
	ctx := process.WithOwner(t.Context())
	c := newKit(t, 1).Cond
	require.NoError(t, c.Acquire(ctx))
	notified, err := c.WaitTimeout(ctx, time.Millisecond)
	require.NoError(t, err)
	require.False(t, notified)
	sleepers(t, c, 0)
	short, cancel := context.WithCancel(ctx)
	time.AfterFunc(time.Millisecond, cancel)
	require.ErrorIs(t, c.Wait(short), context.Canceled)
	require.NoError(t, c.Release(ctx), "it holds the lock again")
}

// CO-3
func TestWaitFor(t *testing.T) {
	ctx := process.WithOwner(t.Context())
	k := newKit(t, 1)
	c := k.Cond
	s := hire(t, k)
	n := 0
	require.NoError(t, c.Acquire(ctx))
	got := background(func() error {
		return c.WaitFor(ctx, func() bool { n++; return n > 3 })
	})
	for i := 1; i <= 3; i++ {
		sleepers(t, c, 1)
		require.Equal(t, "ok", s.do("notify"))
	}
	require.NoError(t, got())
	ok, err := c.WaitForTimeout(ctx, time.Millisecond, func() bool { return false })
	require.NoError(t, err)
	require.False(t, ok)
	ok, err = c.WaitForTimeout(ctx, 0, func() bool { return true })
	require.NoError(t, err)
	require.True(t, ok)
	require.NoError(t, c.Release(ctx))
}

// CO-4 and pain 4: notify does not wait for the dead, and does not spend itself on
// them.
func TestNotifyPassesTheDead(t *testing.T) {
	ctx := process.WithOwner(t.Context())
	k := newKit(t, 1)
	c := k.Cond
	for range 3 {
		dead, alive := hire(t, k), hire(t, k)
		dead.order("cwait")
		sleepers(t, c, 1)
		alive.order("cwait")
		sleepers(t, c, 2)
		dead.kill()
		require.NoError(t, c.With(ctx, func() { require.NoError(t, c.Notify(ctx, 1)) }))
		require.Equal(t, "ok", alive.answer())
		sleepers(t, c, 0)
	}
}

// A notification whose receiver dies before it has the lock again goes to another.
func TestANotificationOutlivesItsReceiver(t *testing.T) {
	ctx := process.WithOwner(t.Context())
	k := newKit(t, 1)
	c := k.Cond
	first, second := hire(t, k), hire(t, k)
	first.order("cwait")
	sleepers(t, c, 1)
	require.NoError(t, c.Acquire(ctx))
	require.NoError(t, c.Notify(ctx, 1))
	sleepers(t, c, 0)
	require.NoError(t, c.Release(ctx))
	require.Equal(t, "ok", first.answer())

	first.order("cwait")
	second.order("cwait")
	sleepers(t, c, 2)
	require.NoError(t, c.Acquire(ctx))
	require.NoError(t, c.Notify(ctx, 1)) // one of the two, which cannot have the lock
	settle()
	one := first
	other := second
	if c.NotifiedIn() == 1 {
		one, other = second, first
	}
	one.kill()
	require.NoError(t, c.Release(ctx))
	require.Equal(t, "ok", other.answer())
	runtime.KeepAlive(k)
}

// What a process was notified of and got done is not passed on when it dies.
func TestANotificationThatDidItsWorkIsGone(t *testing.T) {
	ctx := process.WithOwner(t.Context())
	k := newKit(t, 1)
	c := k.Cond
	done, other := hire(t, k), hire(t, k)
	done.order("cwait")
	sleepers(t, c, 1)
	require.NoError(t, c.With(ctx, func() { require.NoError(t, c.Notify(ctx, 1)) }))
	require.Equal(t, "ok", done.answer())
	other.order("cwait")
	sleepers(t, c, 1)
	done.kill()
	c.Look()
	require.Zero(t, c.Remnants(), "who gets that place begins at nothing")
	require.Equal(t, 1, c.Sleepers())
	require.NoError(t, c.With(ctx, func() { require.NoError(t, c.Notify(ctx, 1)) }))
	require.Equal(t, "ok", other.answer())
}

// CO-1: who gives up in the moment in which a notification came for it has been notified,
// and neither it nor the notification is counted any more.
func TestGivingUpANotification(t *testing.T) {
	c := newKit(t, 1).Cond
	for _, after := range []bool{true, false, true} {
		notified, err := c.GiveUp(after)
		require.NoError(t, err)
		require.Equal(t, after, notified)
		require.Zero(t, c.Sleepers())
		require.Equal(t, -1, c.NotifiedIn())
	}
}

// A waiter whose lock's owner died does not hold it, and learns that.
func TestConditionOfADeadOwner(t *testing.T) {
	ctx := process.WithOwner(t.Context())
	k := newKit(t, 1)
	c := k.Cond
	s := hire(t, k)
	got := background(func() error {
		if err := c.Acquire(ctx); err != nil {
			return err
		}
		return c.Wait(ctx)
	})
	sleepers(t, c, 1)
	require.Equal(t, "ok", s.do("cacquire"))
	s.kill()
	other := process.WithOwner(t.Context())
	require.ErrorIs(t, c.Acquire(other), process.ErrOwnerDied)
	require.NoError(t, c.Recover(other))
	require.NoError(t, c.NotifyAll(other))
	require.NoError(t, c.Release(other))
	require.NoError(t, got())
	require.NoError(t, c.Release(ctx))
}
