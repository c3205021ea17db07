//go:build linux || darwin

package process_test

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/process"
)

// SM-1
func TestSemaphore(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, 1)
	s := hire(t, k)
	sem := k.Sem
	ok, err := sem.TryAcquire(ctx)
	require.NoError(t, err)
	require.False(t, ok)
	ok, err = sem.AcquireTimeout(ctx, time.Millisecond)
	require.NoError(t, err)
	require.False(t, ok)
	require.Equal(t, "ok", s.do("up"))
	require.Equal(t, "ok", s.do("up"), "beyond the start value")
	require.Equal(t, 2, sem.Value(ctx))
	require.NoError(t, sem.Acquire(ctx))
	require.NoError(t, sem.With(ctx, func() { require.Zero(t, sem.Value(ctx)) }))
	require.NoError(t, sem.Acquire(ctx))
	s.order("down")
	got := background(func() error { return sem.Acquire(ctx) })
	settle()
	require.NoError(t, sem.Release(ctx))
	require.NoError(t, sem.Release(ctx))
	require.NoError(t, got())
	require.Equal(t, "ok", s.answer())
	require.Equal(t, "<Semaphore(value=0)>", sem.String())
}

func TestSemaphoreMisuse(t *testing.T) {
	ctx := t.Context()
	_, err := process.NewSemaphore(ctx, -1)
	require.EqualError(t, err, "process: NewSemaphore: the value -1 is negative; give 0 or more")
	raises(t, "[Errno 22] Invalid argument", err)
	if most := process.MaxSemaphore; most < math.MaxInt {
		_, err = process.NewSemaphore(ctx, most+1)
		raises(t, "Python int too large to convert to C int", err)
	}
	top, err := process.NewSemaphore(ctx, process.MaxSemaphore)
	require.NoError(t, err)
	raises(t, "semaphore or lock released too many times", top.Release(ctx))
	require.NoError(t, top.Close())
	require.ErrorIs(t, top.Acquire(ctx), process.ErrClosed)
	require.ErrorIs(t, top.Release(ctx), process.ErrClosed)

	// SM-2
	b := newKit(t, 1).Bounded
	raises(t, "semaphore or lock released too many times", b.Release(ctx))
	require.NoError(t, b.Acquire(ctx))
	require.NoError(t, b.Release(ctx))
	require.Equal(t, "<BoundedSemaphore(value=2, maxvalue=2)>", b.String())
}

// Whoever was woken and killed at once does not keep what it was woken for.
func TestADeadWaiterOfASemaphoreIsNoObstacle(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, 1)
	for range 5 {
		dead, alive := hire(t, k), hire(t, k)
		dead.order("down")
		alive.order("down")
		settle()
		dead.p.Kill()
		require.NoError(t, k.Sem.Release(ctx))
		require.NoError(t, dead.p.Join(ctx))
		// Either the dead one took it, and died later, or the other gets it.
		if k.Sem.Value(ctx) == 0 {
			require.NoError(t, k.Sem.Release(ctx))
		}
		require.Equal(t, "ok", alive.answer())
		for ok := true; ok; ok, _ = k.Sem.TryAcquire(ctx) {
		}
	}
}

// EV-1, EV-3
func TestEvent(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, 1)
	e := k.Event
	require.False(t, e.IsSet(ctx))
	require.Regexp(t, `^<Event at 0x[0-9a-f]+ unset>$`, e.String())
	for _, d := range []time.Duration{-1, 0, time.Millisecond} {
		set, err := e.WaitTimeout(ctx, d)
		require.NoError(t, err)
		require.False(t, set)
	}
	s, dead := hire(t, k), hire(t, k)
	s.order("event")
	dead.order("event")
	mine := background(func() error { return e.Wait(ctx) })
	settle()
	dead.kill()
	require.NoError(t, e.Set(ctx))
	require.NoError(t, e.Set(ctx))
	require.NoError(t, mine())
	require.Equal(t, "ok", s.answer())
	require.True(t, e.IsSet(ctx))
	require.Regexp(t, ` set>$`, e.String())
	require.NoError(t, e.Wait(ctx))
	require.NoError(t, e.Clear(ctx))
	require.NoError(t, e.Clear(ctx))
	require.False(t, e.IsSet(ctx))

	waiting := background(func() error { return e.Wait(ctx) })
	settle()
	require.NoError(t, e.Close())
	require.ErrorIs(t, waiting(), process.ErrClosed)
	require.ErrorIs(t, e.Set(ctx), process.ErrClosed)
	require.ErrorIs(t, e.Clear(ctx), process.ErrClosed)
	require.ErrorIs(t, e.Wait(ctx), process.ErrClosed)
}

// EV-2 and pain 20: whoever waited when it was set is woken, however soon it is
// cleared again.
func TestEventWaitNeverMissesASet(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, 1)
	s := hire(t, k)
	pulse := func(followers int) {
		eventually(t, func() bool {
			listening, n := k.Event.Asleep()
			return listening && n == followers
		})
		require.NoError(t, k.Event.Set(ctx))
		require.NoError(t, k.Event.Clear(ctx))
	}
	for range 100 {
		k.Event.Hush()
		s.order("event")
		pulse(0)
		require.Equal(t, "ok", s.answer())
		k.Event.Hush()
		var waits []func() error
		for range 3 {
			waits = append(waits, background(func() error { return k.Event.Wait(ctx) }))
		}
		pulse(2)
		for _, wait := range waits {
			require.NoError(t, wait())
		}
	}
}

// A process that dies after it has set the flag and before it wakes anybody leaves
// nobody asleep.
func TestEventIsNoticedWithoutARing(t *testing.T) {
	k := newKit(t, 1)
	s := hire(t, k)
	s.order("event")
	mine := background(func() error { return k.Event.Wait(t.Context()) })
	eventually(t, func() bool { listening, _ := k.Event.Asleep(); return listening })
	settle()
	k.Event.Abandon()
	require.NoError(t, mine())
	require.Equal(t, "ok", s.answer())
}

func TestEventWaitEndsWithTheContext(t *testing.T) {
	k := newKit(t, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err := k.Event.Wait(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorIs(t, err, process.ErrTimeout)
}
