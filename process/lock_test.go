//go:build linux || darwin

package process_test

import (
	"context"
	"runtime"
	"runtime/pprof"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/process"
)

// LK-1, LK-2, LK-3: a lock is a semaphore of 1 that anybody may release.
func TestLock(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, 1)
	l := k.Lock
	s := hire(t, k)

	require.Equal(t, "<Lock(owner=None)>", l.String())
	require.NoError(t, l.Acquire(ctx))
	require.Equal(t, "<Lock(owner=MainProcess)>", l.String())
	require.True(t, l.Locked(ctx))
	require.Equal(t, "false", s.do("try"))
	ok, err := l.TryAcquire(ctx)
	require.NoError(t, err)
	require.False(t, ok, "a second acquire by the holder waits")
	for _, d := range []time.Duration{-1, 0, time.Millisecond} {
		ok, err = l.AcquireTimeout(ctx, d)
		require.NoError(t, err)
		require.False(t, ok)
	}
	require.Equal(t, "ok", s.do("release"), "any process may release it")
	raises(t, "semaphore or lock released too many times", l.Release(ctx))
	require.False(t, l.Locked(ctx))

	require.Equal(t, "ok", s.do("acquire"))
	require.Equal(t, "<Lock(owner=SomeOtherProcess)>", l.String())
	got := background(func() error { return l.Acquire(ctx) })
	settle()
	require.Equal(t, "ok", s.do("release"))
	require.NoError(t, got())
	require.NoError(t, l.Release(ctx))

	ran := false
	require.NoError(t, l.With(ctx, func() { ran = l.Locked(ctx) }))
	require.True(t, ran)
	require.Panics(t, func() { _ = l.With(ctx, func() { panic("x") }) })
	require.False(t, l.Locked(ctx))
}

// LK-6 and pain 3: nobody waits for a dead owner.
func TestADeadOwnerIsAnError(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, 1)
	l := k.Lock
	s, other := hire(t, k), hire(t, k)
	require.Equal(t, "ok", s.do("acquire"))
	pid := s.p.PID()
	waiting := background(func() error { return l.Acquire(ctx) })
	limited := background(func() error {
		ok, err := l.AcquireTimeout(ctx, time.Minute)
		assert.False(t, ok)
		return err
	})
	other.order("acquire")
	settle()
	s.kill()
	for _, err := range []error{waiting(), limited()} {
		var died *process.OwnerDiedError
		require.ErrorAs(t, err, &died)
		require.Equal(t, process.OwnerDiedError{Object: "Lock", PID: pid}, *died)
	}
	require.Equal(t, "owner died", other.answer())
	require.ErrorIs(t, l.Acquire(ctx), process.ErrOwnerDied)
	ok, err := l.TryAcquire(ctx)
	require.ErrorIs(t, err, process.ErrOwnerDied)
	require.False(t, ok)
	require.ErrorIs(t, l.Release(ctx), process.ErrOwnerDied, "what nobody recovered cannot be released")
	require.ErrorIs(t, l.With(ctx, func() { t.Error("called") }), process.ErrOwnerDied)
	require.True(t, l.Locked(ctx))

	require.NoError(t, l.Recover(ctx))
	second := background(func() error { return l.Recover(ctx) })
	require.Equal(t, "false", other.do("try"), "who recovered holds it")
	require.NoError(t, l.Release(ctx))
	require.NoError(t, second(), "of two that recover each gets it")
	require.NoError(t, l.Release(ctx))
	require.Equal(t, "true", other.do("try"))
	require.Equal(t, "ok", other.do("release"))
}

// TryAcquire alone finds out too.
func TestTryAcquireSeesADeadOwner(t *testing.T) {
	k := newKit(t, 1)
	s := hire(t, k)
	require.Equal(t, "ok", s.do("acquire"))
	s.kill()
	_, err := k.Lock.TryAcquire(t.Context())
	require.ErrorIs(t, err, process.ErrOwnerDied)
	require.NoError(t, k.Lock.Recover(t.Context()))
}

// Recover of a lock that somebody alive holds waits like Acquire.
func TestRecoverTakesNothingFromTheLiving(t *testing.T) {
	k := newKit(t, 1)
	s := hire(t, k)
	require.Equal(t, "ok", s.do("acquire"))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := k.Lock.Recover(ctx)
	require.ErrorIs(t, err, process.ErrTimeout)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, "ok", s.do("release"))
	require.NoError(t, k.Lock.Recover(t.Context()))
}

// A waiter that was killed is no obstacle, whether it was woken or not.
func TestADeadWaiterIsNoObstacle(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, 1)
	require.NoError(t, k.Lock.Acquire(ctx))
	first, second := hire(t, k), hire(t, k)
	first.order("acquire")
	second.order("acquire")
	settle()
	first.kill()
	require.NoError(t, k.Lock.Release(ctx))
	require.Equal(t, "ok", second.answer())
}

// A holder that dies between freeing the lock and waking somebody leaves nobody
// asleep.
func TestALockIsHadWithoutARing(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, 1)
	require.NoError(t, k.Lock.Acquire(ctx))
	s := hire(t, k)
	s.order("acquire")
	settle()
	k.Lock.Abandon()
	require.Equal(t, "ok", s.answer())
}

func TestWaitingForALockEndsWithTheContext(t *testing.T) {
	k := newKit(t, 1)
	require.NoError(t, k.Lock.Acquire(t.Context()))
	ctx, cancel := context.WithCancel(t.Context())
	var waits []func() error
	for range 3 {
		waits = append(waits, background(func() error { return k.Lock.Acquire(ctx) }))
	}
	settle()
	cancel()
	for _, wait := range waits {
		err := wait()
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, context.DeadlineExceeded)
	}
	require.NoError(t, k.Lock.Release(t.Context()))
	require.NoError(t, k.Lock.Acquire(ctx), "what is free is taken")
}

func TestAClosedLock(t *testing.T) {
	ctx := process.WithOwner(t.Context())
	k := newKit(t, 1)
	l := k.Lock
	require.NoError(t, l.Acquire(ctx))
	waiting := background(func() error { return l.Acquire(ctx) })
	settle()
	require.NoError(t, l.Close())
	require.ErrorIs(t, waiting(), process.ErrClosed)
	for _, err := range []error{l.Acquire(ctx), l.Release(ctx), l.Recover(ctx), l.With(ctx, nil)} {
		require.ErrorIs(t, err, process.ErrClosed)
		raises(t, "handle is closed", err)
	}
	_, err := l.TryAcquire(ctx)
	require.ErrorIs(t, err, process.ErrClosed)
	_, err = agent.Start(ctx, orders{Kit: k})
	require.ErrorIs(t, err, process.ErrClosed)
	require.NoError(t, k.RLock.Close())
	require.ErrorIs(t, k.RLock.Acquire(ctx), process.ErrClosed)
	require.ErrorIs(t, k.RLock.Release(ctx), process.ErrClosed)
}

// LK-5: an RLock belongs to a thread, and counts.
func TestRLock(t *testing.T) {
	k := newKit(t, 1)
	r := k.RLock
	s := hire(t, k)
	me, you := process.WithOwner(t.Context()), process.WithOwner(t.Context())
	require.Equal(t, "<RLock(None, 0)>", r.String())
	require.NoError(t, r.Acquire(me))
	derived, cancel := context.WithCancel(me)
	defer cancel()
	require.NoError(t, r.Acquire(derived))
	require.Equal(t, "<RLock(MainProcess, 2)>", r.String())
	ok, err := r.TryAcquire(me)
	require.NoError(t, err)
	require.True(t, ok)
	ok, err = r.TryAcquire(you)
	require.NoError(t, err)
	require.False(t, ok)
	ok, err = r.AcquireTimeout(you, time.Millisecond)
	require.NoError(t, err)
	require.False(t, ok)
	require.Equal(t, "false", s.do("rtry"))
	const notOwned = "attempt to release recursive lock not owned by thread"
	raises(t, notOwned, r.Release(you))
	raises(t, notOwned, r.Release(t.Context()))
	for range 3 {
		require.True(t, r.Locked(me))
		require.NoError(t, r.Release(me))
	}
	raises(t, notOwned, r.Release(me))
	require.Equal(t, "true", s.do("rtry"))
	require.Equal(t, "<RLock(SomeOtherProcess, nonzero)>", r.String())
	s.kill()
	require.ErrorIs(t, r.Acquire(me), process.ErrOwnerDied)
	require.NoError(t, r.Recover(me))
	require.NoError(t, r.With(me, func() { require.Equal(t, "<RLock(MainProcess, 2)>", r.String()) }))
	require.NoError(t, r.Release(me))

	var unknown *process.AssertionError
	require.ErrorAs(t, r.Acquire(t.Context()), &unknown)
	require.Contains(t, unknown.Error(), "WithOwner")
}

// Ten thousand waiters in one process, and no thread for each.
func TestTenThousandWaiters(t *testing.T) {
	ctx := t.Context()
	l := newKit(t, 1).Lock
	require.NoError(t, l.Acquire(ctx))
	threads := pprof.Lookup("threadcreate").Count()
	n, waiters := 0, 10_000
	if testing.Short() {
		waiters = 2000
	}
	var wg sync.WaitGroup
	for range waiters {
		wg.Go(func() {
			if assert.NoError(t, l.Acquire(ctx)) {
				n++ // the race detector sees that the lock orders this
				assert.NoError(t, l.Release(ctx))
			}
		})
	}
	settle()
	require.NoError(t, l.Release(ctx))
	wg.Wait()
	require.NoError(t, l.Acquire(ctx))
	require.Equal(t, waiters, n)
	require.Less(t, pprof.Lookup("threadcreate").Count()-threads, 50)
}

// The GIL is given up while a thread waits, and only then.
func TestWaitingGivesTheGILUp(t *testing.T) {
	k := newKit(t, 1)
	err := gil.Live().Run(gil.CPython312, func(th *gil.Thread) {
		assert.NoError(th, k.Lock.Acquire(th))
		waiter := th.Go("waiter", func(th *gil.Thread) {
			assert.NoError(th, k.Lock.Acquire(th))
			assert.NoError(th, k.Lock.Release(th))
			assert.NoError(th, k.RLock.Acquire(th))
			assert.NoError(th, k.RLock.Acquire(th), "a thread is an owner")
		})
		// Without the GIL given up the waiter would keep us from ever releasing.
		th.Sleep(10 * time.Millisecond)
		assert.NoError(th, k.Lock.Release(th))
		waiter.Join(th)
		assert.True(th, k.RLock.Locked(th))
		ok, err := k.RLock.TryAcquire(th)
		assert.NoError(th, err)
		assert.False(th, ok, "another thread's")
	})
	require.NoError(t, err)
	runtime.KeepAlive(k)
}
