package threading_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	search "github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
)

// forkWithThreads is the program that Python warns of: a process is forked while
// another thread holds a lock, which the child then wants.
func forkWithThreads(t *gil.Thread) {
	lock := &threading.Lock{Name: "log"}
	w := t.Go("w", func(t *gil.Thread) { lock.With(t, func() { t.Yield() }) })
	t.Tick(1) // of the many of Process.start
	c := t.Emulate("child", func(t *gil.Thread) { lock.With(t, func() {}) })
	w.Join(t)
	c.Join(t)
}

// A fork copies a lock as it is: one that another thread holds is held in the child
// for ever, by a thread that is not there. The explorer finds it. A child that
// begins with a fresh interpreter has no such lock, and is told so.
func TestForkWithAHeldLock(t *testing.T) {
	for _, p := range []gil.Profile{gil.AnyBytecode, gil.CPython313} {
		f := search.Find(forkWithThreads, search.WithProfile(p), search.WithSandbox(gil.WithStartMethod(gil.Fork)))
		require.NotNil(t, f, "%v", p)
		assert.Equal(t, search.Deadlock, f.Kind, "%v", p)
		assert.ErrorContains(t, f.Err, "MainThread of child waits for log held by w")
		again := search.Replay(forkWithThreads, f.Schedule, search.WithProfile(p), search.WithSandbox(gil.WithStartMethod(gil.Fork)), search.WithStrictReplay())
		assert.NotNil(t, again)
	}
	err := gil.NewMachine(2, gil.WithStartMethod(gil.Fork)).Run(gil.CPython313, func(t *gil.Thread) {
		lock := &threading.Lock{Name: "log"}
		held := &threading.Event{}
		w := t.Go("w", func(t *gil.Thread) {
			lock.With(t, func() {
				held.Set(t)
				t.IO(1e9)
			})
		})
		held.Wait(t)
		t.Emulate("child", func(t *gil.Thread) { lock.With(t, func() {}) }).Join(t)
		w.Join(t)
	})
	var d *gil.DeadlockError
	require.ErrorAs(t, err, &d)
	for _, method := range []gil.StartMethod{gil.Spawn, gil.ForkServer} {
		err := gil.NewMachine(2, gil.WithStartMethod(method), gil.WithExceptHook(func(*gil.Thread, *gil.UncaughtError) {})).Run(gil.CPython313, forkWithThreads)
		var r *gil.RuntimeError
		require.ErrorAs(t, err, &r)
	}
}

// Each process has its own: what the child does to a lock, an event, a semaphore or
// a variable, its parent does not see, and the other way round; grandchildren have
// what their parents had.
func TestForkCopies(t *testing.T) {
	for _, p := range []gil.Profile{gil.CPython27, gil.CPython39, gil.CPython313, gil.CPython313T} {
		require.NoError(t, gil.NewMachine(2, gil.WithStartMethod(gil.Fork)).Run(p, func(t *gil.Thread) {
			n := gil.NewVar("n", 1)
			unused := gil.NewVar("unused", 7)
			var lock, fresh threading.Lock
			var ev threading.Event
			sem := threading.NewSemaphore(3)
			n.Store(t, 2)
			lock.Acquire(t)
			ev.Set(t)
			sem.Acquire(t)
			c := t.Emulate("child", func(t *gil.Thread) {
				require.Equal(t, 2, n.Load(t))
				require.Equal(t, 7, unused.Load(t))
				n.Store(t, 10)
				unused.Store(t, 70)
				require.True(t, lock.Locked(t))
				lock.Release(t)
				lock.Acquire(t)
				require.True(t, ev.IsSet(t))
				ev.Clear(t)
				sem.Acquire(t)
				sem.Acquire(t)
				require.False(t, sem.TryAcquire(t))
				require.True(t, fresh.TryAcquire(t))
				g := t.Emulate("grandchild", func(t *gil.Thread) {
					require.Equal(t, 10, n.Load(t))
					require.Equal(t, 70, unused.Load(t))
					require.False(t, ev.IsSet(t))
					require.True(t, fresh.Locked(t))
					require.False(t, sem.TryAcquire(t))
					n.Store(t, 100)
				})
				for i := range 100 {
					gil.Add(t, n, 1)
					require.Equal(t, 11+i, n.Load(t))
				}
				g.Join(t)
				require.Equal(t, 110, n.Load(t))
			})
			for i := range 100 {
				gil.Add(t, n, 1)
				require.Equal(t, 3+i, n.Load(t))
			}
			c.Join(t)
			require.Equal(t, 102, n.Load(t))
			require.Equal(t, 7, unused.Load(t))
			require.True(t, ev.IsSet(t))
			require.True(t, sem.TryAcquire(t))
			require.True(t, fresh.TryAcquire(t))
			lock.Release(t)
		}), "%v", p)
	}
}

// A process that was not forked has none of its parent's variables.
func TestSpawnHasNoVariables(t *testing.T) {
	for _, method := range []gil.StartMethod{gil.Spawn, gil.ForkServer} {
		err := gil.NewMachine(2, gil.WithStartMethod(method), gil.WithExceptHook(func(*gil.Thread, *gil.UncaughtError) {})).Run(gil.CPython313, func(t *gil.Thread) {
			n := gil.NewVar("event", 1)
			n.Store(t, 2)
			t.Emulate("child", func(t *gil.Thread) { n.Load(t) }).Join(t)
		})
		var r *gil.RuntimeError
		require.ErrorAs(t, err, &r)
		require.Equal(t, "name 'event' is not defined", r.PythonText())
	}
}

// forkWithThreadsAndRLock is forkWithThreads with a lock that knows its owner.
func forkWithThreadsAndRLock(t *gil.Thread) {
	lock := &threading.RLock{Name: "log"}
	w := t.Go("w", func(t *gil.Thread) { lock.With(t, func() { t.Yield() }) })
	t.Tick(1)
	c := t.Emulate("child", func(t *gil.Thread) { lock.With(t, func() {}) })
	w.Join(t)
	c.Join(t)
}

// A reentrant lock that another thread holds is held in the child for ever; what its
// owner does about it in the parent is nothing to the child.
func TestForkWithAHeldRLock(t *testing.T) {
	for _, p := range []gil.Profile{gil.AnyBytecode, gil.CPython313} {
		f := search.Find(forkWithThreadsAndRLock, search.WithProfile(p), search.WithSandbox(gil.WithStartMethod(gil.Fork)))
		require.NotNil(t, f, "%v", p)
		assert.Equal(t, search.Deadlock, f.Kind, "%v", p)
		assert.ErrorContains(t, f.Err, "MainThread of child waits for log held by w")
	}
}

// A reentrant lock that the forking thread holds is held by the child's main thread,
// as often; each releases its own.
func TestForkWithAnRLockOfOnesOwn(t *testing.T) {
	for _, p := range []gil.Profile{gil.CPython27, gil.CPython39, gil.CPython313, gil.CPython313T} {
		require.NoError(t, gil.NewMachine(2, gil.WithStartMethod(gil.Fork)).Run(p, func(t *gil.Thread) {
			var lock, other threading.RLock
			lock.Acquire(t)
			lock.Acquire(t)
			c := t.Emulate("child", func(t *gil.Thread) {
				require.Equal(t, 2, lock.Levels(t))
				lock.Acquire(t)
				for range 3 {
					lock.Release(t)
				}
				require.False(t, lock.Locked(t))
				require.Panics(t, func() { lock.Release(t) })
				other.Acquire(t)
				g := t.Emulate("grandchild", func(t *gil.Thread) {
					require.Equal(t, 1, other.Levels(t))
					other.Release(t)
					lock.With(t, func() {})
				})
				g.Join(t)
				other.Release(t)
			})
			require.Equal(t, 2, lock.Levels(t))
			lock.Release(t)
			lock.Release(t)
			other.With(t, func() {})
			c.Join(t)
			require.False(t, lock.Locked(t))
		}), "%v", p)
	}
}

// Who waits at a condition in the parent is not there in the child, but in line: the
// child's first notification is lost on it. What the child notifies wakes nobody of
// the parent's.
func TestForkCopiesConditions(t *testing.T) {
	require.NoError(t, gil.NewMachine(2, gil.WithStartMethod(gil.Fork)).Run(gil.CPython313, func(t *gil.Thread) {
		var c threading.Condition
		woken := false
		waiter := t.Go("waiter", func(t *gil.Thread) {
			c.With(t, func() { c.Wait(t) })
			woken = true
		})
		for c.Waiting(t) == 0 {
			t.Sleep(1e6)
		}
		child := t.Emulate("child", func(t *gil.Thread) {
			require.Equal(t, 1, c.Waiting(t))
			mine := t.Go("mine", func(t *gil.Thread) { c.With(t, func() { c.Wait(t) }) })
			for c.Waiting(t) == 1 {
				t.Sleep(1e6)
			}
			c.With(t, func() { c.Notify(t, 1) })
			t.Sleep(1e9)
			require.Equal(t, 1, c.Waiting(t), "the first in line was the parent's")
			c.With(t, func() { c.Notify(t, 1) })
			mine.Join(t)
		})
		child.Join(t)
		require.False(t, woken)
		c.With(t, func() { c.NotifyAll(t) })
		waiter.Join(t)
	}))
}

// A list and a dict that the child changes are unchanged in the parent, and the
// other way round.
func TestForkCopiesListsAndDicts(t *testing.T) {
	for _, p := range []gil.Profile{gil.CPython27, gil.CPython39, gil.CPython313, gil.CPython313T} {
		require.NoError(t, gil.NewMachine(2, gil.WithStartMethod(gil.Fork)).Run(p, func(t *gil.Thread) {
			l, unused := gil.NewList("l", 1, 2), gil.NewList("unused", 7)
			d := gil.NewDict("d", gil.Item[string, int]{Key: "a", Value: 1})
			v := gil.NewVar[error]("v", nil)
			l.Append(t, 3)
			d.Set(t, "b", 2)
			v.Store(t, nil)
			c := t.Emulate("child", func(t *gil.Thread) {
				require.Equal(t, 7, first(unused.Index(t, 0)))
				unused.Append(t, 8)
				for i := range 100 {
					require.Equal(t, 3+i, l.Len(t))
					l.Append(t, i)
					require.NoError(t, l.SetIndex(t, 0, -1))
					d.Set(t, "a", i)
					require.Equal(t, i, first(d.Index(t, "a")))
				}
				_, err := d.Pop(t, "b")
				require.NoError(t, err)
				v.Store(t, err)
			})
			for i := range 100 {
				require.Equal(t, 3+i, l.Len(t))
				l.Append(t, i)
				require.Equal(t, 1, first(l.Index(t, 0)))
				require.Equal(t, 1, first(d.Index(t, "a")))
			}
			c.Join(t)
			require.Equal(t, 2, first(d.Index(t, "b")))
			require.Equal(t, 1, unused.Len(t))
		}), "%v", p)
	}
	// The explorer, too, has them apart, whatever comes between.
	r := search.Run(func(t *gil.Thread) {
		l := gil.NewList("l", 0)
		l.Append(t, 1)
		c := t.Emulate("child", func(t *gil.Thread) {
			l.Append(t, 2)
			require.Equal(t, 3, l.Len(t))
		})
		require.NoError(t, l.SetIndex(t, 0, 5))
		require.Equal(t, 2, l.Len(t))
		c.Join(t)
		require.Equal(t, 5, first(l.Index(t, 0)))
	}, search.WithSandbox(gil.WithStartMethod(gil.Fork)))
	require.False(t, r.Failed(), "%v", r)
	require.True(t, r.Exhausted)
}

func first[T any](v T, _ error) T { return v }

// A barrier that some wait at in the parent has them in the child for ever.
func TestForkCopiesBarriers(t *testing.T) {
	require.NoError(t, gil.NewMachine(2, gil.WithStartMethod(gil.Fork)).Run(gil.CPython313, func(t *gil.Thread) {
		b := threading.NewBarrier(2, nil)
		w := t.Go("w", func(t *gil.Thread) {
			_, err := b.Wait(t)
			require.NoError(t, err)
		})
		for b.NWaiting(t) == 0 {
			t.Sleep(1e6)
		}
		t.Emulate("child", func(t *gil.Thread) {
			require.Equal(t, 1, b.NWaiting(t))
			b.Abort(t)
			require.True(t, b.Broken(t))
		}).Join(t)
		require.False(t, b.Broken(t))
		_, err := b.Wait(t)
		require.NoError(t, err)
		w.Join(t)
	}))
}

// Who waits for an event in the parent is not there in the child: that sets its own.
func TestForkCopiesEvents(t *testing.T) {
	for _, p := range []gil.Profile{gil.CPython27, gil.CPython39, gil.CPython313, gil.CPython313T} {
		require.NoError(t, gil.NewMachine(2, gil.WithStartMethod(gil.Fork)).Run(p, func(t *gil.Thread) {
			var e threading.Event
			woken := false
			waiter := t.Go("waiter", func(t *gil.Thread) {
				woken = e.Wait(t)
			})
			t.Sleep(1e9) // it waits
			t.Emulate("child", func(t *gil.Thread) {
				mine := t.Go("mine", func(t *gil.Thread) { require.True(t, e.Wait(t)) })
				t.Sleep(1e9)
				e.Set(t)
				mine.Join(t)
			}).Join(t)
			require.False(t, woken)
			require.False(t, e.IsSet(t))
			e.Set(t)
			waiter.Join(t)
			require.True(t, woken)
		}), "%v", p)
	}
	r := search.Run(func(t *gil.Thread) {
		var e threading.Event
		waiter := t.Go("waiter", func(t *gil.Thread) { e.Wait(t) })
		child := t.Emulate("child", func(t *gil.Thread) { e.Set(t) })
		e.Set(t)
		waiter.Join(t)
		child.Join(t)
	}, search.WithSandbox(gil.WithStartMethod(gil.Fork)), search.WithStrategy(search.DPOR()))
	require.False(t, r.Failed(), "%v", r)
	require.True(t, r.Exhausted)
}

// A timer that nobody had started when the process was forked runs in each that starts
// it. One that was started was started in the child too, where its thread is not.
func TestForkCopiesTimers(t *testing.T) {
	require.NoError(t, gil.NewMachine(2, gil.WithStartMethod(gil.Fork)).Run(gil.CPython313, func(t *gil.Thread) {
		calls := gil.NewVar("calls", 0)
		m := threading.NewTimer(1e9, func(t *gil.Thread) { gil.Add(t, calls, 1) })
		once := threading.NewTimer(1e9, func(t *gil.Thread) { gil.Add(t, calls, 10) })
		require.False(t, m.IsAlive(t))
		once.Start(t)
		c := t.Emulate("child", func(t *gil.Thread) {
			require.False(t, m.IsAlive(t))
			require.Panics(t, func() { once.Start(t) })
			m.Start(t)
			m.Join(t)
			require.Equal(t, 1, calls.Load(t))
			require.True(t, m.Finished(t))
		})
		require.False(t, m.IsAlive(t))
		m.Start(t)
		require.True(t, m.IsAlive(t))
		m.Join(t)
		once.Join(t)
		require.Equal(t, 11, calls.Load(t))
		c.Join(t)
	}))
}

// Variables, lists and dicts that nobody has made are copied like any other, also those
// that the child uses first.
func TestForkCopiesZeroValues(t *testing.T) {
	require.NoError(t, gil.NewMachine(2, gil.WithStartMethod(gil.Fork)).Run(gil.CPython313, func(t *gil.Thread) {
		var v, late gil.Var[int]
		var l gil.List[int]
		var d gil.Dict[string, int]
		v.Store(t, 1)
		l.Append(t, 1)
		d.Set(t, "a", 1)
		c := t.Emulate("child", func(t *gil.Thread) {
			require.Equal(t, 1, v.Load(t))
			require.Equal(t, []int{1}, l.Snapshot(t))
			require.Equal(t, 1, first(d.Index(t, "a")))
			v.Store(t, 2)
			l.Append(t, 2)
			d.Set(t, "a", 2)
			late.Store(t, 2)
		})
		c.Join(t)
		require.Equal(t, 0, late.Load(t))
		require.Equal(t, 1, v.Load(t))
		require.Equal(t, []int{1}, l.Snapshot(t))
		require.Equal(t, 1, first(d.Index(t, "a")))
	}))
}

// A lock that the forking thread holds is held by the child's main thread, reports say.
func TestForkCopiesOwners(t *testing.T) {
	err := gil.NewMachine(2, gil.WithStartMethod(gil.Fork)).Run(gil.CPython313, func(t *gil.Thread) {
		lock := &threading.Lock{Name: "log"}
		lock.Acquire(t)
		t.Emulate("child", func(t *gil.Thread) {
			t.Go("w", func(t *gil.Thread) { lock.Acquire(t) }).Join(t)
		}).Join(t)
	})
	var d *gil.DeadlockError
	require.ErrorAs(t, err, &d)
	require.ErrorContains(t, err, "w of child waits for log held by MainThread of child")
}
