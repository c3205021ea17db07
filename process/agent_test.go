//go:build linux || darwin

package process_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/internal/futex"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/process"
)

// A kit is one of each object that processes share.
type kit struct {
	Lock    *process.Lock
	RLock   *process.RLock
	Sem     *process.Semaphore
	Bounded *process.BoundedSemaphore
	Event   *process.Event
	Cond    *process.Condition
	Barrier *process.Barrier
	Value   *process.Value[int]
	Array   *process.Array[int32]
}

type orders struct {
	Conn *pipe.Conn
	Kit  kit
}

// agent obeys its parent, one word after the other. A blocking order blocks it.
var agent = process.DefineTarget("test.agent", func(ctx context.Context, o orders) error {
	owner := process.WithOwner(ctx)
	for {
		order, err := pipe.Recv[string](ctx, o.Conn)
		if err != nil {
			return nil
		}
		if err := o.Conn.Send(ctx, obey(owner, o.Kit, order)); err != nil {
			return err
		}
	}
})

func obey(ctx context.Context, k kit, order string) string {
	say := func(v any, err error) string {
		switch {
		case errors.Is(err, process.ErrOwnerDied):
			return "owner died"
		case errors.Is(err, process.ErrBrokenBarrier):
			return "broken"
		case err != nil:
			return err.Error()
		}
		return fmt.Sprint(v)
	}
	done := func(err error) string { return say("ok", err) }
	switch order {
	case "acquire":
		return done(k.Lock.Acquire(ctx))
	case "try":
		return say(k.Lock.TryAcquire(ctx))
	case "release":
		return done(k.Lock.Release(ctx))
	case "recover":
		return done(k.Lock.Recover(ctx))
	case "close":
		return done(k.Lock.Close())
	case "racquire":
		return done(k.RLock.Acquire(ctx))
	case "rtry":
		return say(k.RLock.TryAcquire(ctx))
	case "rrelease":
		return done(k.RLock.Release(ctx))
	case "down":
		return done(k.Sem.Acquire(ctx))
	case "rarely":
		futex.FirstLook, futex.LastLook, futex.Soon = time.Hour, time.Hour, 0
		return "ok"
	case "up":
		return done(k.Sem.Release(ctx))
	case "event":
		return done(k.Event.Wait(ctx))
	case "set":
		return done(k.Event.Set(ctx))
	case "cacquire":
		return done(k.Cond.Acquire(ctx))
	case "crelease":
		return done(k.Cond.Release(ctx))
	case "cwait":
		return done(errors.Join(k.Cond.Acquire(ctx), k.Cond.Wait(ctx), k.Cond.Release(ctx)))
	case "cwait by two":
		both := make(chan error)
		for range 2 {
			go func() {
				own := process.WithOwner(ctx)
				both <- errors.Join(k.Cond.Acquire(own), k.Cond.Wait(own), k.Cond.Release(own))
			}()
		}
		return done(errors.Join(<-both, <-both))
	case "notify":
		return done(errors.Join(k.Cond.Acquire(ctx), k.Cond.Notify(ctx, 1), k.Cond.Release(ctx)))
	case "barrier":
		return say(k.Barrier.Wait(ctx))
	case "vacquire":
		return done(k.Value.Lock().Acquire(ctx))
	case "add":
		return say(process.Add(ctx, k.Value, 1))
	case "kit":
		return fmt.Sprint(k.Lock, k.RLock, k.Sem, k.Bounded, k.Barrier, k.Value, k.Array)
	}
	return "what?"
}

func newKit(t testing.TB, parties int) (k kit) {
	t.Helper()
	ctx := process.WithOwner(t.Context())
	var err error
	k.Lock, err = process.NewLock(ctx)
	require.NoError(t, err)
	k.RLock, err = process.NewRLock(ctx)
	require.NoError(t, err)
	k.Sem, err = process.NewSemaphore(ctx, 0)
	require.NoError(t, err)
	k.Bounded, err = process.NewBoundedSemaphore(ctx, 2)
	require.NoError(t, err)
	k.Event, err = process.NewEvent(ctx)
	require.NoError(t, err)
	k.Cond, err = process.NewCondition(ctx, nil)
	require.NoError(t, err)
	k.Barrier, err = process.NewBarrier(ctx, parties)
	require.NoError(t, err)
	k.Value, err = process.NewValue(ctx, 0)
	require.NoError(t, err)
	k.Array, err = process.NewArray[int32](ctx, 10)
	require.NoError(t, err)
	closeAll(t, k.Lock, k.RLock, k.Sem, k.Bounded, k.Event, k.Cond, k.Barrier, k.Value, k.Array)
	return k
}

func closeAll(t testing.TB, closers ...interface{ Close() error }) {
	t.Cleanup(func() {
		for _, c := range closers {
			require.NoError(t, c.Close())
		}
	})
}

// A servant is an agent as its parent has it.
type servant struct {
	t    testing.TB
	p    *process.Process
	conn *pipe.Conn
}

func hire(t testing.TB, k kit) *servant {
	t.Helper()
	mine, its, err := pipe.New(t.Context())
	require.NoError(t, err)
	p, err := agent.Start(t.Context(), orders{its, k})
	require.NoError(t, err)
	require.NoError(t, its.Close())
	s := &servant{t, p, mine}
	t.Cleanup(func() {
		_ = mine.Close()
		require.NoError(t, p.Join(context.Background()))
	})
	return s
}

// order gives an order whose answer is fetched later.
func (s *servant) order(order string) {
	s.t.Helper()
	require.NoError(s.t, s.conn.Send(s.t.Context(), order))
}

func (s *servant) answer() string {
	s.t.Helper()
	answer, err := pipe.Recv[string](s.t.Context(), s.conn)
	require.NoError(s.t, err)
	return answer
}

// do gives an order and returns the answer.
func (s *servant) do(order string) string {
	s.t.Helper()
	s.order(order)
	return s.answer()
}

// kill ends the servant at once and waits for its end.
func (s *servant) kill() {
	s.t.Helper()
	s.p.Kill()
	require.NoError(s.t, s.p.Join(s.t.Context()))
}

// settle gives somebody time to go to sleep in the kernel. Nothing depends on it:
// without it a test tests less.
func settle() { time.Sleep(5 * time.Millisecond) }

// background runs fn and returns what waits for its error.
func background(fn func() error) func() error {
	c := make(chan error, 1)
	go func() { c <- fn() }()
	return func() error { return <-c }
}

func TestEveryObjectTravels(t *testing.T) {
	k := newKit(t, 3)
	s := hire(t, k)
	require.Equal(t, "<Lock(owner=None)> <RLock(None, 0)> <Semaphore(value=0)> <BoundedSemaphore(value=2, maxvalue=2)> "+
		"<Barrier parties=3 filling> <Synchronized wrapper for int(0)> <SynchronizedArray wrapper for int32_Array_10>", s.do("kit"))
	runtime.KeepAlive(k)
}

// A lock also travels later, over a connection, and is the same lock.
func TestALockTravelsOverAConnection(t *testing.T) {
	ctx := t.Context()
	a, b, err := pipe.New(ctx)
	require.NoError(t, err)
	closeAll(t, a, b)
	l := newKit(t, 1).Lock
	require.NoError(t, a.Send(ctx, l))
	other, err := pipe.Recv[*process.Lock](ctx, b)
	require.NoError(t, err)
	require.NoError(t, other.Acquire(ctx))
	require.True(t, l.Locked(ctx))
	ok, err := l.TryAcquire(ctx)
	require.NoError(t, err)
	require.False(t, ok)
	require.NoError(t, other.Close())
	require.ErrorIs(t, l.Acquire(ctx), process.ErrOwnerDied, "closing is dying, for a holder")
	require.NoError(t, l.Recover(ctx))
	require.NoError(t, l.Release(ctx))
}
