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
