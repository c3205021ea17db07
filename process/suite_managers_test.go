package process_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/process"
)

// A lending is what a child of the cases about managers is given.
type lending struct {
	Part  string
	List  *process.ListProxy
	Dict  *process.DictProxy
	NS    *process.NamespaceProxy
	Value *process.ValueProxy
	Queue *process.QueueProxy
	Lock  *process.LockProxy
	Event *process.EventProxy
}

var borrower = process.DefineTarget("suite.borrower", func(t *gil.Thread, in lending) error {
	return borrows[in.Part](t, in)
})

// borrows are the parts that such children can play.
var borrows = map[string]func(t *gil.Thread, in lending) error{
	"all": func(t *gil.Thread, in lending) error {
		err := in.List.Append(t, "child")
		err = errors.Join(err, in.Dict.Set(t, "child", 1))
		err = errors.Join(err, in.NS.Set(t, "who", "child"))
		err = errors.Join(err, in.Value.Set(t, 2.5))
		err = errors.Join(err, in.Queue.Put(t, "from the child"))
		free, e := in.Lock.TryAcquire(t)
		if err = errors.Join(err, e); free {
			err = errors.Join(err, errors.New("the lock is free"))
		}
		return errors.Join(err, in.Event.Set(t))
	},
	"counts": func(t *gil.Thread, in lending) error {
		if err := in.Lock.Acquire(t); err != nil {
			return err
		}
		v, err := in.Value.Get(t)
		if err == nil {
			err = in.Value.Set(t, v.(int)+1)
		}
		return errors.Join(err, in.Lock.Release(t))
	},
	"holds": func(t *gil.Thread, in lending) error {
		err := errors.Join(in.Lock.Acquire(t), in.Event.Set(t))
		_, e := in.Queue.Get(t) // nothing ever comes
		return errors.Join(err, e)
	},
	"queues up": func(t *gil.Thread, in lending) error {
		return errors.Join(in.Event.Set(t), in.Lock.Acquire(t))
	},
	"echoes": func(t *gil.Thread, in lending) error {
		v, ok, err := in.Dict.Get(t, "inner")
		inner, is := v.(*process.ListProxy)
		if !ok || !is {
			return errors.Join(err, fmt.Errorf("%T in the dict", v))
		}
		return inner.Append(t, "by the child")
	},
}

func lend(t *gil.Thread, m *process.Manager, part string) lending {
	return lending{
		Part:  part,
		List:  got[*process.ListProxy](t)(m.List(t, 1, "two")),
		Dict:  got[*process.DictProxy](t)(m.Dict(t)),
		NS:    got[*process.NamespaceProxy](t)(m.Namespace(t)),
		Value: got[*process.ValueProxy](t)(m.Value(t, 0)),
		Queue: got[*process.QueueProxy](t)(m.Queue(t, 1)),
		Lock:  got[*process.LockProxy](t)(m.Lock(t)),
		Event: got[*process.EventProxy](t)(m.Event(t)),
	}
}

func borrow(t *gil.Thread, in lending) *process.Process {
	return got[*process.Process](t)(borrower.Start(t, in))
}

// lockers are what a child of the cases about locks of managers is given, some of it.
type lockers struct {
	RLock   *process.RLockProxy
	Sem     *process.SemaphoreProxy
	Cond    *process.ConditionProxy
	Barrier *process.BarrierProxy
	Value   *process.ValueProxy
	Event   *process.EventProxy
}

var locker = process.DefineTarget("suite.locker", func(t *gil.Thread, in lockers) error {
	switch {
	case in.RLock != nil: // and dies with it
		return errors.Join(in.RLock.Acquire(t), in.RLock.Acquire(t), in.RLock.Release(t))
	case in.Sem != nil:
		return in.Sem.Acquire(t)
	case in.Cond != nil && in.Event != nil: // waits, and says when it is about to
		return errors.Join(in.Cond.Acquire(t), in.Event.Set(t), in.Cond.Wait(t))
	case in.Cond != nil:
		err := errors.Join(in.Cond.Acquire(t), in.Value.Set(t, 1), in.Cond.Notify(t, 1))
		err = errors.Join(err, in.Cond.WaitFor(t, func() bool { return got[any](t)(in.Value.Get(t)) == 2 }))
		return errors.Join(err, in.Value.Set(t, 3), in.Cond.Release(t))
	default:
		return errors.Join(second(in.Barrier.Wait(t)), second(in.Barrier.Wait(t)))
	}
})

// fails requires an error with Python's text.
func fails(t require.TestingT, text string, err error) {
	var e interface{ PythonText() string }
	require.ErrorAs(t, err, &e)
	require.Equal(t, text, e.PythonText())
}

func init() {
	process.SetManagerPatience(soon) // that managers end by themselves is checked, not how quickly
}

// withManager runs a case with a manager, which is shut down afterwards.
func withManager(run func(t *gil.Thread, m *process.Manager)) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		m := got[*process.Manager](t)(process.NewManager(t))
		run(t, m)
		require.NoError(t, m.Shutdown(t))
	}
}

var managerCases = []suiteCase{
	{name: "MA-1 interrupts", run: withManager(func(t *gil.Thread, m *process.Manager) {
		l := got[*process.ListProxy](t)(m.List(t)) // it is at work
		for range 2 {
			require.NoError(t, m.Process().Interrupt())
			require.NoError(t, l.Append(t, 1))
		}
		require.NoError(t, l.Close())
	})},
	{name: "MA-1 MA-2 life", run: func(t *gil.Thread) {
		m := got[*process.Manager](t)(process.NewManager(t))
		require.Equal(t, "SyncManager", m.Process().Name())
		require.True(t, m.Process().Daemon())
		require.True(t, m.Process().IsAlive(t))
		l := got[*process.ListProxy](t)(m.List(t))
		require.Equal(t, 1, got[int](t)(m.NumberOfObjects(t)))
		require.NoError(t, l.Close())
		require.NoError(t, l.Close())
		require.ErrorIs(t, l.Append(t, 1), process.ErrClosed)
		require.Zero(t, got[int](t)(m.NumberOfObjects(t)))
		require.NoError(t, m.Shutdown(t))
		require.NoError(t, m.Shutdown(t))
		ends(t, m.Process(), 0)
		_, err := m.List(t)
		require.ErrorIs(t, err, process.ErrManagerEnded)
	}},
	{name: "MA-5 errors are the caller's", run: withManager(func(t *gil.Thread, m *process.Manager) {
		l, d := got[*process.ListProxy](t)(m.List(t)), got[*process.DictProxy](t)(m.Dict(t))
		fails(t, "pop from empty list", second(l.Pop(t, -1)))
		fails(t, "unhashable type: '[]int'", d.Set(t, []int{1}, 1))
		require.Error(t, l.Append(t, func() {}), "it cannot travel")
		require.NoError(t, l.Append(t, 1), "nothing was lost by that")
		require.Equal(t, 1, got[int](t)(l.Len(t)))
		require.NoError(t, errors.Join(l.Close(), d.Close()))
	})},
	{name: "MA-6 MA-7 from two processes", run: withManager(func(t *gil.Thread, m *process.Manager) {
		in := lend(t, m, "all")
		require.NoError(t, in.Lock.Acquire(t))
		p := borrow(t, in)
		require.NoError(t, in.Event.Wait(t))
		ends(t, p, 0)
		require.Equal(t, []any{1, "two", "child"}, got[[]any](t)(in.List.Copy(t)))
		v, ok, err := in.Dict.Get(t, "child")
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, 1, v)
		require.Equal(t, "child", got[any](t)(in.NS.Get(t, "who")))
		require.Equal(t, 2.5, got[any](t)(in.Value.Get(t)))
		require.Equal(t, "from the child", got[any](t)(in.Queue.Get(t)))
		require.NoError(t, in.Lock.Release(t))
		var e *process.ValueError
		require.ErrorAs(t, in.Lock.Release(t), &e)
		require.Equal(t, "release unlocked lock", e.PythonText())
		_, err = in.NS.Get(t, "nobody")
		require.ErrorAs(t, err, &e)
		require.Equal(t, "'Namespace' object has no attribute 'nobody'", e.PythonText())
	})},
	{name: "MA-8 copies and proxies in proxies", run: withManager(func(t *gil.Thread, m *process.Manager) {
		in := lending{Part: "echoes", Dict: got[*process.DictProxy](t)(m.Dict(t))}
		inner := got[*process.ListProxy](t)(m.List(t, "first"))
		require.NoError(t, in.Dict.Set(t, "plain", []any{1}))
		plain, _, err := in.Dict.Get(t, "plain")
		require.NoError(t, err)
		plain.([]any)[0] = 2
		plain, _, err = in.Dict.Get(t, "plain")
		require.NoError(t, err)
		require.Equal(t, []any{1}, plain)
		require.NoError(t, in.Dict.Set(t, "inner", inner))
		ends(t, borrow(t, in), 0)
		require.Equal(t, []any{"first", "by the child"}, got[[]any](t)(inner.Copy(t)))
	})},
	{name: "MA-9 one connection for all threads", run: withManager(func(t *gil.Thread, m *process.Manager) {
		q := got[*process.QueueProxy](t)(m.Queue(t, 0))
		l := got[*process.ListProxy](t)(m.List(t))
		getter := t.Go("getter", func(t *gil.Thread) {
			_ = l.Append(t, got[any](t)(q.Get(t)))
		})
		adder := t.Go("adder", func(t *gil.Thread) { _ = l.Append(t, "added") })
		adder.Join(t) // although the other one waits on the same connection
		require.NoError(t, q.Put(t, "got"))
		getter.Join(t)
		require.Equal(t, []any{"added", "got"}, got[[]any](t)(l.Copy(t)))
	})},
	{name: "MA-10 a lock orders processes", run: withManager(func(t *gil.Thread, m *process.Manager) {
		in := lend(t, m, "counts")
		p, q := borrow(t, in), borrow(t, in)
		ends(t, p, 0)
		ends(t, q, 0)
		require.Equal(t, 2, got[any](t)(in.Value.Get(t)))
	})},
	{name: "MA-6 times", run: withManager(func(t *gil.Thread, m *process.Manager) {
		in := lend(t, m, "")
		_, ok, err := in.Queue.GetTimeout(t, time.Millisecond)
		require.NoError(t, err)
		require.False(t, ok)
		require.True(t, got[bool](t)(in.Queue.TryPut(t, 1)))
		require.False(t, got[bool](t)(in.Queue.PutTimeout(t, time.Millisecond, 2)))
		require.True(t, got[bool](t)(in.Lock.TryAcquire(t)))
		require.False(t, got[bool](t)(in.Lock.AcquireTimeout(t, time.Millisecond)))
		require.False(t, got[bool](t)(in.Event.WaitTimeout(t, time.Millisecond)))
		ctx, cancel := gil.WithTimeout(t, time.Millisecond)
		require.ErrorIs(t, in.Event.Wait(ctx), process.ErrTimeout)
		cancel()
		require.Equal(t, 1, got[any](t)(in.Queue.Get(t)), "and the connection is whole")
		require.NoError(t, in.Queue.TaskDone(t))
		require.NoError(t, in.Queue.Join(t))
	})},
	{name: "pain 3 a lock's owner dies", run: withManager(func(t *gil.Thread, m *process.Manager) {
		in := lend(t, m, "holds")
		p := borrow(t, in)
		require.NoError(t, in.Event.Wait(t))
		require.NoError(t, p.Kill())
		ends(t, p, -9)
		require.ErrorIs(t, in.Lock.Acquire(t), process.ErrOwnerDied)
		require.NoError(t, in.Lock.Recover(t))
		require.NoError(t, in.Lock.Release(t))
	})},
	{name: "pain 3 a lock's waiter dies", run: withManager(func(t *gil.Thread, m *process.Manager) {
		in := lend(t, m, "queues up")
		require.NoError(t, in.Lock.Acquire(t))
		p := borrow(t, in)
		require.NoError(t, in.Event.Wait(t))
		t.Sleep(10 * time.Millisecond) // it waits, or is about to
		require.NoError(t, p.Kill())
		ends(t, p, -9)
		t.Sleep(10 * time.Millisecond) // the manager has noticed, or is about to
		require.NoError(t, in.Lock.Release(t))
		ok, err := in.Lock.AcquireTimeout(t, soon)
		if errors.Is(err, process.ErrOwnerDied) { // it got the lock before that
			err = in.Lock.Recover(t)
			ok = err == nil
		}
		require.NoError(t, err)
		require.True(t, ok, "nobody who is dead gets it")
		require.NoError(t, in.Lock.Release(t))
	})},
	{name: "MA-6 an event for many", run: withManager(func(t *gil.Thread, m *process.Manager) {
		e := got[*process.EventProxy](t)(m.Event(t))
		waits := func(t *gil.Thread) { require.NoError(t, e.Wait(t)) }
		v, w := t.Go("v", waits), t.Go("w", waits)
		t.Sleep(10 * time.Millisecond) // they wait, or are about to
		require.NoError(t, e.Set(t))
		gil.JoinAll(t, v, w)
	})},
	{name: "MA-6 reentrant lock", run: withManager(func(t *gil.Thread, m *process.Manager) {
		l := got[*process.RLockProxy](t)(m.RLock(t))
		require.NoError(t, l.Acquire(t))
		require.True(t, got[bool](t)(l.TryAcquire(t)))
		t.Go("other", func(t *gil.Thread) {
			require.False(t, got[bool](t)(l.TryAcquire(t)))
			require.False(t, got[bool](t)(l.AcquireTimeout(t, time.Millisecond)))
			fails(t, "cannot release un-acquired lock", l.Release(t))
		}).Join(t)
		p := got[*process.Process](t)(locker.Start(t, lockers{RLock: l}))
		require.NoError(t, l.Release(t))
		require.NoError(t, l.Release(t))
		fails(t, "cannot release un-acquired lock", l.Release(t))
		ends(t, p, 0)
		require.ErrorIs(t, l.Acquire(t), process.ErrOwnerDied)
		require.NoError(t, l.Recover(t))
		require.NoError(t, l.Release(t))
	})},
	{name: "MA-6 semaphores", run: withManager(func(t *gil.Thread, m *process.Manager) {
		s := got[*process.SemaphoreProxy](t)(m.Semaphore(t, 1))
		p := got[*process.Process](t)(locker.Start(t, lockers{Sem: s}))
		ends(t, p, 0)
		require.Equal(t, 0, got[int](t)(s.Value(t)), "what it had taken belongs to nobody")
		require.False(t, got[bool](t)(s.TryAcquire(t)))
		require.NoError(t, s.Release(t))
		require.NoError(t, s.Release(t))
		require.NoError(t, s.Acquire(t))
		b := got[*process.SemaphoreProxy](t)(m.BoundedSemaphore(t, 1))
		fails(t, "Semaphore released too many times", b.Release(t))
		fails(t, "semaphore initial value must be >= 0", second(m.Semaphore(t, -1)))
	})},
	{name: "MA-6 condition", run: withManager(func(t *gil.Thread, m *process.Manager) {
		c := got[*process.ConditionProxy](t)(m.Condition(t))
		v := got[*process.ValueProxy](t)(m.Value(t, 0))
		fails(t, "cannot notify on un-acquired lock", c.NotifyAll(t))
		fails(t, "cannot wait on un-acquired lock", c.Wait(t))
		require.NoError(t, c.Acquire(t))
		require.False(t, got[bool](t)(c.WaitTimeout(t, time.Millisecond)))
		require.NoError(t, c.Acquire(t)) // twice now
		p := got[*process.Process](t)(locker.Start(t, lockers{Cond: c, Value: v}))
		require.NoError(t, c.WaitFor(t, func() bool { return got[any](t)(v.Get(t)) == 1 }))
		require.NoError(t, v.Set(t, 2))
		require.NoError(t, c.Notify(t, 1))
		require.NoError(t, c.Release(t))
		require.NoError(t, c.Release(t))
		ends(t, p, 0)
		require.Equal(t, 3, got[any](t)(v.Get(t)))
	})},
	{name: "pain 4 a condition's waiter dies", run: withManager(func(t *gil.Thread, m *process.Manager) {
		c, e := got[*process.ConditionProxy](t)(m.Condition(t)), got[*process.EventProxy](t)(m.Event(t))
		p := got[*process.Process](t)(locker.Start(t, lockers{Cond: c, Event: e}))
		require.NoError(t, e.Wait(t))
		require.NoError(t, c.Acquire(t)) // it waits now
		require.NoError(t, p.Kill())
		ends(t, p, -9)
		require.NoError(t, c.NotifyAll(t))
		require.NoError(t, c.Release(t))
	})},
	{name: "MA-6 barrier", run: withManager(func(t *gil.Thread, m *process.Manager) {
		b := got[*process.BarrierProxy](t)(m.Barrier(t, 2))
		p := got[*process.Process](t)(locker.Start(t, lockers{Barrier: b}))
		indices := 0
		for range 2 {
			indices += 1 + got[int](t)(b.Wait(t))
		}
		ends(t, p, 0)
		require.GreaterOrEqual(t, indices, 2)
		require.Equal(t, 2, got[int](t)(b.Parties(t)))
		require.Zero(t, got[int](t)(b.NWaiting(t)))
		require.ErrorIs(t, second(b.WaitTimeout(t, time.Millisecond)), process.ErrBrokenBarrier)
		require.True(t, got[bool](t)(b.Broken(t)))
		require.ErrorIs(t, second(b.Wait(t)), process.ErrBrokenBarrier)
		require.NoError(t, b.Reset(t))
		require.False(t, got[bool](t)(b.Broken(t)))
		w := t.Go("w", func(t *gil.Thread) { require.ErrorIs(t, second(b.Wait(t)), process.ErrBrokenBarrier) })
		require.NoError(t, b.Abort(t))
		w.Join(t)
		require.NoError(t, b.Reset(t))
		p = got[*process.Process](t)(locker.Start(t, lockers{Barrier: b}))
		require.NoError(t, p.Kill()) // whether it has come or not: nobody waits for ever
		ends(t, p, -9)
		require.NoError(t, b.Abort(t))
		fails(t, "parties must be > 0", second(m.Barrier(t, 0)))
	})},
	{name: "MA-6 array", run: withManager(func(t *gil.Thread, m *process.Manager) {
		a := got[*process.ArrayProxy](t)(m.Array(t, 1, 2, 3))
		require.NoError(t, a.Set(t, -1, 30))
		require.Equal(t, 30, got[any](t)(a.Get(t, 2)))
		require.Equal(t, 3, got[int](t)(a.Len(t)))
		require.Equal(t, []any{2, 30}, got[[]any](t)(a.Slice(t, 1, 9)))
		fails(t, "array assignment index out of range", a.Set(t, 3, 1))
		require.ErrorContains(t, a.Set(t, 0, "text"), "of one type")
		require.ErrorContains(t, second(m.Array(t, 1, 2.5)), "of one type")
	})},
	{name: "MA-11 the manager dies", run: func(t *gil.Thread) {
		m := got[*process.Manager](t)(process.NewManager(t))
		e := got[*process.EventProxy](t)(m.Event(t))
		waiter := t.Go("waiter", func(t *gil.Thread) { require.ErrorIs(t, e.Wait(t), process.ErrManagerEnded) })
		require.NoError(t, m.Process().Kill())
		ends(t, m.Process(), -9)
		waiter.Join(t)
		require.ErrorIs(t, e.Set(t), process.ErrManagerEnded)
		require.NoError(t, m.Shutdown(t))
	}},
}

// Every line of section 8 that has a meaning in both worlds.
func TestSuiteManagers(t *testing.T) { runSuite(t, managerCases) }
