package process_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/process"
)

func init() {
	parts["holds"] = func(t *gil.Thread, in props) error { // and keeps it
		l := process.Locker(in.Lock)
		if in.RLock != nil {
			l = in.RLock
		}
		if err := l.Acquire(t); err != nil {
			return err
		}
		return in.arrive(t)
	}
	parts["gets"] = func(t *gil.Thread, in props) error {
		if err := in.Ready.Set(t); err != nil {
			return err
		}
		if err := in.Lock.Acquire(t); err != nil {
			return err
		}
		_, _ = process.Add(t, in.N, 1)
		return in.Lock.Release(t)
	}
	parts["releases"] = func(t *gil.Thread, in props) error { return in.Lock.Release(t) }
	parts["foreign rlock"] = func(t *gil.Thread, in props) error {
		if ok, err := in.RLock.TryAcquire(t); ok || err != nil {
			return errors.Join(errors.New("acquired"), err)
		}
		var a *process.AssertionError
		if err := in.RLock.Release(t); !errors.As(err, &a) || a.PythonText() != "attempt to release recursive lock not owned by thread" {
			return errors.Join(errors.New("released"), err)
		}
		if s := in.RLock.String(); s != "<RLock(SomeOtherProcess, nonzero)>" {
			return errors.New(s)
		}
		return nil
	}
	parts["takes and stays"] = func(t *gil.Thread, in props) error {
		if err := in.Sem.Acquire(t); err != nil {
			return err
		}
		return in.arrive(t)
	}
	parts["takes"] = func(t *gil.Thread, in props) error {
		if err := in.Sem.Acquire(t); err != nil {
			return err
		}
		_, err := process.Add(t, in.N, 1)
		return err
	}
	parts["waits"] = func(t *gil.Thread, in props) error {
		if err := in.Cond.Acquire(t); err != nil {
			return err
		}
		if _, err := process.Add(t, in.N, 1); err != nil {
			return err
		}
		if err := in.Cond.Wait(t); err != nil {
			return err
		}
		if _, err := process.Add(t, in.N, 100); err != nil {
			return err
		}
		return in.Cond.Release(t)
	}
	parts["event"] = func(t *gil.Thread, in props) error {
		if err := in.Ready.Set(t); err != nil {
			return err
		}
		if err := in.Go.Wait(t); err != nil {
			return err
		}
		_, err := process.Add(t, in.N, 1)
		return err
	}
	parts["meets"] = func(t *gil.Thread, in props) error {
		for range in.Int {
			i, err := in.Barrier.Wait(t)
			if err != nil {
				if !errors.Is(err, process.ErrBrokenBarrier) {
					return err
				}
				_, err = process.Add(t, in.N, 1000)
				return err
			}
			if _, err := process.AddAt(t, in.All, i, 1); err != nil {
				return err
			}
		}
		return nil
	}
}

// reaches waits until the value is n.
func reaches(t *gil.Thread, v *process.Value[int], n int) {
	for got[int](t)(v.Load(t)) != n {
		t.Sleep(time.Millisecond)
	}
}

func newLock(t *gil.Thread) *process.Lock { return got[*process.Lock](t)(process.NewLock(t)) }

var lockCases = []suiteCase{
	{name: "LK-1 LK-2 LK-3 lock", run: func(t *gil.Thread) {
		l := newLock(t)
		require.NoError(t, l.Acquire(t))
		require.False(t, got[bool](t)(l.TryAcquire(t)), "its owner waits like any other")
		require.False(t, got[bool](t)(l.AcquireTimeout(t, time.Millisecond)))
		require.False(t, got[bool](t)(l.AcquireTimeout(t, -1)))
		require.True(t, l.Locked(t))
		require.NoError(t, l.Release(t))
		err := l.Release(t)
		var v *process.ValueError
		require.ErrorAs(t, err, &v)
		require.Equal(t, "semaphore or lock released too many times", v.PythonText())
		require.NoError(t, l.With(t, func() { require.True(t, l.Locked(t)) }))
		require.NoError(t, l.Acquire(t))
		t.Go("w", func(t *gil.Thread) { require.NoError(t, l.Release(t)) }).Join(t)
		require.NoError(t, l.Acquire(t))
		ends(t, enact(t, props{Part: "releases", Lock: l}), 0)
		require.False(t, l.Locked(t), "another process has released it")
		require.NoError(t, l.Close())
		require.ErrorIs(t, l.Acquire(t), process.ErrClosed)
	}},
	{name: "LK-4 repr", run: func(t *gil.Thread) {
		l, in := newLock(t), stage(t, "holds")
		defer in.close()
		in.Lock = l
		require.Equal(t, "<Lock(owner=None)>", l.String())
		require.NoError(t, l.With(t, func() { require.Equal(t, "<Lock(owner=MainProcess)>", l.String()) }))
		p := enact(t, in)
		require.NoError(t, in.Ready.Wait(t))
		require.Equal(t, "<Lock(owner=SomeOtherProcess)>", l.String())
		require.NoError(t, l.Release(t))
		require.NoError(t, in.Go.Set(t))
		ends(t, p, 0)
	}},
	{name: "LK-3 waiters", run: func(t *gil.Thread) {
		l, in := newLock(t), stage(t, "gets")
		defer in.close()
		in.Lock = l
		require.NoError(t, l.Acquire(t))
		p, q := enact(t, in), enact(t, in)
		require.NoError(t, in.Ready.Wait(t))
		require.Zero(t, got[int](t)(in.N.Load(t)))
		require.NoError(t, l.Release(t))
		ends(t, p, 0)
		ends(t, q, 0)
		require.Equal(t, 2, got[int](t)(in.N.Load(t)))
	}},
	{name: "LK-5 rlock", run: func(t *gil.Thread) {
		r := got[*process.RLock](t)(process.NewRLock(t))
		require.Equal(t, "<RLock(None, 0)>", r.String())
		require.NoError(t, r.Acquire(t))
		require.True(t, got[bool](t)(r.TryAcquire(t)))
		require.Equal(t, "<RLock(MainProcess, 2)>", r.String())
		ends(t, enact(t, props{Part: "foreign rlock", RLock: r}), 0)
		t.Go("w", func(t *gil.Thread) { require.False(t, got[bool](t)(r.TryAcquire(t))) }).Join(t)
		require.NoError(t, r.Release(t))
		require.True(t, r.Locked(t))
		require.NoError(t, r.Release(t))
		require.False(t, r.Locked(t))
		var a *process.AssertionError
		require.ErrorAs(t, r.Release(t), &a)
	}},
	{name: "LK-6 the owner is killed", run: func(t *gil.Thread) {
		for _, reentrant := range []bool{false, true} {
			in := stage(t, "holds")
			var l process.Locker
			if reentrant {
				in.RLock = got[*process.RLock](t)(process.NewRLock(t))
				l = in.RLock
			} else {
				in.Lock = newLock(t)
				l = in.Lock
			}
			p := enact(t, in)
			require.NoError(t, in.Ready.Wait(t))
			w := t.Go("w", func(t *gil.Thread) { // it waits already
				var died *process.OwnerDiedError
				require.ErrorAs(t, l.Acquire(t), &died)
				require.Equal(t, p.PID(), died.PID)
			})
			require.NoError(t, p.Kill())
			ends(t, p, -9)
			w.Join(t)
			require.ErrorIs(t, l.Acquire(t), process.ErrOwnerDied)
			ok, err := l.TryAcquire(t)
			require.False(t, ok)
			require.ErrorIs(t, err, process.ErrOwnerDied)
			ok, err = l.AcquireTimeout(t, soon)
			require.False(t, ok)
			require.ErrorIs(t, err, process.ErrOwnerDied)
			require.NoError(t, l.Recover(t))
			require.NoError(t, l.Release(t))
			require.NoError(t, l.Acquire(t))
			require.NoError(t, l.Release(t))
			in.close()
		}
	}},
	{name: "LK-6 the owner ends", run: func(t *gil.Thread) {
		in := stage(t, "holds")
		defer in.close()
		in.Lock = newLock(t)
		require.NoError(t, in.Go.Set(t))
		ends(t, enact(t, in), 0)
		require.ErrorIs(t, in.Lock.Acquire(t), process.ErrOwnerDied)
		require.NoError(t, in.Lock.Recover(t))
	}},
	{name: "SM-1 a permit's taker is killed", run: func(t *gil.Thread) {
		// A permit has no owner: it stays taken until anybody gives it back, and who
		// waits for it waits no longer than he wants to.
		in := stage(t, "takes and stays")
		defer in.close()
		in.Sem = got[*process.Semaphore](t)(process.NewSemaphore(t, 1))
		p := enact(t, in)
		require.NoError(t, in.Ready.Wait(t))
		require.NoError(t, p.Kill())
		ends(t, p, -9)
		require.Zero(t, in.Sem.Value(t))
		require.False(t, got[bool](t)(in.Sem.AcquireTimeout(t, time.Millisecond)))
		require.NoError(t, in.Sem.Release(t))
		require.NoError(t, in.Sem.Acquire(t))
		require.NoError(t, in.Sem.Close())
	}},
	{name: "SM-1 semaphore", run: func(t *gil.Thread) {
		s := got[*process.Semaphore](t)(process.NewSemaphore(t, 1))
		require.Equal(t, "<Semaphore(value=1)>", s.String())
		require.NoError(t, s.Acquire(t))
		require.Zero(t, s.Value(t))
		require.False(t, got[bool](t)(s.TryAcquire(t)))
		require.False(t, got[bool](t)(s.AcquireTimeout(t, time.Millisecond)))
		in := stage(t, "takes")
		defer in.close()
		in.Sem = s
		p, q := enact(t, in), enact(t, in)
		require.NoError(t, s.Release(t))
		require.NoError(t, s.Release(t))
		ends(t, p, 0)
		ends(t, q, 0)
		require.Equal(t, 2, got[int](t)(in.N.Load(t)))
		require.NoError(t, s.Release(t))
		require.NoError(t, s.Release(t), "above its first value")
		require.Equal(t, 2, s.Value(t))
		_, err := process.NewSemaphore(t, -1)
		require.Error(t, err)
		_, err = process.NewSemaphore(t, process.MaxSemaphore)
		require.NoError(t, err)
	}},
	{name: "SM-2 bounded semaphore", run: func(t *gil.Thread) {
		s := got[*process.BoundedSemaphore](t)(process.NewBoundedSemaphore(t, 2))
		require.Equal(t, "<BoundedSemaphore(value=2, maxvalue=2)>", s.String())
		var v *process.ValueError
		require.ErrorAs(t, s.Release(t), &v)
		require.Equal(t, "semaphore or lock released too many times", v.PythonText())
		require.NoError(t, s.With(t, func() { require.Equal(t, 1, s.Value(t)) }))
	}},
	{name: "CO-1 CO-2 condition", alone: true, run: func(t *gil.Thread) {
		c := got[*process.Condition](t)(process.NewCondition(t, nil))
		var a *process.AssertionError
		require.ErrorAs(t, c.Wait(t), &a)
		require.Equal(t, "must acquire() condition before using wait()", a.PythonText())
		require.ErrorAs(t, c.Notify(t, 1), &a)
		require.Equal(t, "lock is not owned", a.PythonText())
		require.NoError(t, c.Acquire(t))
		require.NoError(t, c.Acquire(t))
		require.NoError(t, c.NotifyAll(t), "nobody waits, and nothing is remembered")
		require.False(t, got[bool](t)(c.WaitTimeout(t, time.Millisecond)))
		require.NoError(t, c.Release(t), "every level was restored")
		require.NoError(t, c.Release(t))
		in := stage(t, "waits")
		defer in.close()
		in.Cond = c
		ps := []*process.Process{enact(t, in), enact(t, in), enact(t, in)}
		reaches(t, in.N, 3)
		require.NoError(t, c.With(t, func() { require.NoError(t, c.Notify(t, 2)) }))
		reaches(t, in.N, 203)
		require.NoError(t, c.With(t, func() { require.NoError(t, c.NotifyAll(t)) }))
		for _, p := range ps {
			ends(t, p, 0)
		}
		require.Equal(t, 303, got[int](t)(in.N.Load(t)))
	}},
	{name: "CO-2 a notification", run: func(t *gil.Thread) {
		in := stage(t, "waits")
		defer in.close()
		in.Cond = got[*process.Condition](t)(process.NewCondition(t, nil))
		p := enact(t, in)
		require.NoError(t, in.Cond.With(t, func() {
			for got[int](t)(in.N.Load(t)) != 1 { // who has counted holds the lock until he waits
				require.False(t, got[bool](t)(in.Cond.WaitTimeout(t, time.Millisecond)))
			}
			require.NoError(t, in.Cond.Notify(t, 1))
		}))
		ends(t, p, 0)
		require.Equal(t, 101, got[int](t)(in.N.Load(t)))
	}},
	{name: "CO-3 wait for", run: func(t *gil.Thread) {
		c := got[*process.Condition](t)(process.NewCondition(t, nil))
		n := 0
		require.NoError(t, c.With(t, func() {
			require.False(t, got[bool](t)(c.WaitForTimeout(t, time.Millisecond, func() bool { n++; return false })))
			require.Equal(t, 2, n)
			require.NoError(t, c.WaitFor(t, func() bool { return true }))
		}))
	}},
	{name: "CO-4 a waiter is killed", alone: true, run: func(t *gil.Thread) {
		in := stage(t, "waits")
		defer in.close()
		in.Cond = got[*process.Condition](t)(process.NewCondition(t, nil))
		p := enact(t, in)
		reaches(t, in.N, 1)
		require.NoError(t, in.Cond.With(t, func() {})) // it waits
		require.NoError(t, p.Kill())
		ends(t, p, -9)
		q := enact(t, in)
		reaches(t, in.N, 2)
		require.NoError(t, in.Cond.With(t, func() { require.NoError(t, in.Cond.Notify(t, 1)) }))
		ends(t, q, 0)
		require.Equal(t, 102, got[int](t)(in.N.Load(t)), "the notification went to the living")
	}},
	{name: "EV-1 event", run: func(t *gil.Thread) {
		e := got[*process.Event](t)(process.NewEvent(t))
		require.Regexp(t, `^<Event at 0x[0-9a-f]+ unset>$`, e.String())
		require.False(t, e.IsSet(t))
		require.False(t, got[bool](t)(e.WaitTimeout(t, 0)))
		require.False(t, got[bool](t)(e.WaitTimeout(t, time.Millisecond)))
		require.NoError(t, e.Set(t))
		require.NoError(t, e.Set(t))
		require.True(t, e.IsSet(t))
		require.True(t, got[bool](t)(e.WaitTimeout(t, 0)))
		require.NoError(t, e.Wait(t))
		require.NoError(t, e.Clear(t))
		require.False(t, got[bool](t)(e.WaitTimeout(t, -1)))
		require.Regexp(t, `unset>$`, e.String())
	}},
	{name: "EV-2 set and cleared", run: func(t *gil.Thread) {
		e := got[*process.Event](t)(process.NewEvent(t))
		w := t.Go("w", func(t *gil.Thread) { require.True(t, got[bool](t)(e.WaitTimeout(t, soon))) })
		for w.IsAlive(t) {
			require.NoError(t, e.Set(t))
			require.NoError(t, e.Clear(t))
			t.Sleep(time.Millisecond)
		}
		w.Join(t)
	}},
	{name: "EV-3 a waiter is killed", run: func(t *gil.Thread) {
		in := stage(t, "event")
		defer in.close()
		p, q := enact(t, in), enact(t, in)
		require.NoError(t, in.Ready.Wait(t))
		require.NoError(t, p.Kill())
		ends(t, p, -9)
		require.NoError(t, in.Go.Set(t))
		ends(t, q, 0)
		require.Equal(t, 1, got[int](t)(in.N.Load(t)))
	}},
	{name: "BA-1 BA-3 barrier", alone: true, run: func(t *gil.Thread) {
		_, err := process.NewBarrier(t, 0)
		var v *process.ValueError
		require.ErrorAs(t, err, &v)
		require.Equal(t, "parties must be > 0", v.PythonText())
		one := got[*process.Barrier](t)(process.NewBarrier(t, 1))
		require.Zero(t, got[int](t)(one.Wait(t)))
		in := stage(t, "meets")
		defer in.close()
		in.Barrier, in.Int = got[*process.Barrier](t)(process.NewBarrier(t, 3)), 4
		in.All = got[*process.Array[int]](t)(process.NewArray[int](t, 3))
		require.Equal(t, 3, in.Barrier.Parties())
		p, q := enact(t, in), enact(t, in)
		actions := 0
		for range in.Int {
			i, err := in.Barrier.WaitDo(t, func() error { actions++; return nil })
			require.NoError(t, err)
			_, err = process.AddAt(t, in.All, i, 1)
			require.NoError(t, err)
		}
		ends(t, p, 0)
		ends(t, q, 0)
		require.Equal(t, []int{4, 4, 4}, got[[]int](t)(in.All.Slice(t, 0, 3)), "each index once a round")
		require.Zero(t, in.Barrier.NWaiting(t))
		require.False(t, in.Barrier.Broken(t))
		require.LessOrEqual(t, actions, in.Int)
	}},
	{name: "BA-2 a broken barrier", run: func(t *gil.Thread) {
		b := got[*process.Barrier](t)(process.NewBarrier(t, 2))
		_, err := b.WaitTimeout(t, time.Millisecond)
		require.ErrorIs(t, err, process.ErrBrokenBarrier)
		require.ErrorIs(t, err, process.ErrTimeout)
		require.True(t, b.Broken(t))
		_, err = b.Wait(t)
		require.ErrorIs(t, err, process.ErrBrokenBarrier)
		require.NoError(t, b.Reset(t))
		require.False(t, b.Broken(t))
		in := stage(t, "meets")
		defer in.close()
		in.Barrier, in.Int = b, 1
		p := enact(t, in)
		require.NoError(t, b.Abort(t))
		ends(t, p, 0)
		require.Equal(t, 1000, got[int](t)(in.N.Load(t)))
		require.NoError(t, b.Reset(t))
		one := got[*process.Barrier](t)(process.NewBarrier(t, 1))
		failed := errors.New("of the action")
		_, err = one.WaitDo(t, func() error { return failed })
		require.ErrorIs(t, err, failed)
		require.True(t, one.Broken(t))
	}},
	{name: "BA-2 a waiter is killed", alone: true, run: func(t *gil.Thread) {
		in := stage(t, "meets")
		defer in.close()
		in.Barrier, in.Int = got[*process.Barrier](t)(process.NewBarrier(t, 3)), 1
		p := enact(t, in)
		w := t.Go("w", func(t *gil.Thread) {
			_, err := in.Barrier.Wait(t)
			require.ErrorIs(t, err, process.ErrBrokenBarrier)
		})
		for in.Barrier.NWaiting(t) != 2 {
			t.Sleep(time.Millisecond)
		}
		require.NoError(t, p.Kill())
		ends(t, p, -9)
		w.Join(t)
	}},
}

// Every line of section 6 that has a meaning in both worlds.
func TestSuiteLocks(t *testing.T) { runSuite(t, lockCases) }
