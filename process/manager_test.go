//go:build linux || darwin

package process_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/process"
)

func manager(t testing.TB) *process.Manager {
	t.Helper()
	m, err := process.NewManager(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Shutdown(context.Background())) })
	return m
}

type proxies struct {
	List  *process.ListProxy
	Dict  *process.DictProxy
	NS    *process.NamespaceProxy
	Value *process.ValueProxy
	Queue *process.QueueProxy
	Lock  *process.LockProxy
	Event *process.EventProxy
	Conn  *pipe.Conn
}

func newProxies(t testing.TB, m *process.Manager) (p proxies) {
	t.Helper()
	ctx := t.Context()
	var errs [7]error
	p.List, errs[0] = m.List(ctx, 1, "two", 3.0)
	p.Dict, errs[1] = m.Dict(ctx)
	p.NS, errs[2] = m.Namespace(ctx)
	p.Value, errs[3] = m.Value(ctx, 5)
	p.Queue, errs[4] = m.Queue(ctx, 2)
	p.Lock, errs[5] = m.Lock(ctx)
	p.Event, errs[6] = m.Event(ctx)
	require.NoError(t, errors.Join(errs[:]...))
	return p
}

// is requires a result without an error.
func is[T any](t testing.TB, want T) func(got T, err error) {
	t.Helper()
	return func(got T, err error) {
		t.Helper()
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestManagedList(t *testing.T) {
	ctx := t.Context()
	l, err := manager(t).List(ctx, 1, "two", 3.0)
	require.NoError(t, err)
	is(t, 3)(l.Len(ctx))
	is[any](t, "two")(l.Get(ctx, 1))
	is[any](t, 3.0)(l.Get(ctx, -1))
	_, err = l.Get(ctx, 3)
	raises(t, "list index out of range", err)
	raises(t, "list assignment index out of range", l.Set(ctx, -4, 0))
	require.NoError(t, l.Set(ctx, 0, nil))
	require.NoError(t, l.Append(ctx, []int{7}, "two"))
	require.NoError(t, l.Insert(ctx, -99, "first"))
	is(t, []any{"first", nil, "two", 3.0, []int{7}, "two"})(l.Copy(ctx))
	is(t, []any{"two", 3.0})(l.Slice(ctx, 2, -2))
	is(t, 2)(l.Count(ctx, "two"))
	is(t, 4)(l.Index(ctx, []int{7}))
	is(t, -1)(l.Index(ctx, "x"))
	is[any](t, "two")(l.Pop(ctx, -1))
	_, err = l.Pop(ctx, 9)
	raises(t, "pop index out of range", err)
	raises(t, "'<' not supported between instances of '<nil>' and 'string'", l.Sort(ctx))
	require.NoError(t, l.Remove(ctx, []int{7}))
	raises(t, "list.remove(x): x not in list", l.Remove(ctx, 8))
	require.NoError(t, l.Reverse(ctx))
	is(t, []any{3.0, "two", nil, "first"})(l.Copy(ctx))
	require.NoError(t, l.Clear(ctx))
	_, err = l.Pop(ctx, 0)
	raises(t, "pop from empty list", err)
	require.NoError(t, l.Append(ctx, 3, 1.5, 2))
	require.NoError(t, l.Sort(ctx))
	is(t, []any{1.5, 2, 3})(l.Copy(ctx))
}

func TestManagedDict(t *testing.T) {
	ctx := t.Context()
	m := manager(t)
	d, err := m.Dict(ctx)
	require.NoError(t, err)
	_, ok, err := d.Get(ctx, "x")
	require.NoError(t, err)
	require.False(t, ok)
	for i := range 20 {
		require.NoError(t, d.Set(ctx, i, i*i))
	}
	require.NoError(t, d.Set(ctx, 0, "zero"))
	keys, err := d.Keys(ctx)
	require.NoError(t, err)
	require.Len(t, keys, 20)
	require.Equal(t, []any{0, 1, 2}, keys[:3])
	v, ok, err := d.Pop(ctx, 19)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, 361, v)
	_, ok, _ = d.Pop(ctx, 19)
	require.False(t, ok)
	is[any](t, 1)(d.SetDefault(ctx, 1, 5))
	is[any](t, 5)(d.SetDefault(ctx, "new", 5))
	is(t, 20)(d.Len(ctx))
	require.NoError(t, d.Clear(ctx))
	require.NoError(t, d.Update(ctx, map[any]any{"a": nil, 2: []byte("b")}))
	is(t, map[any]any{"a": nil, 2: []byte("b")})(d.Copy(ctx))
	values, err := d.Values(ctx)
	require.NoError(t, err)
	require.ElementsMatch(t, []any{nil, []byte("b")}, values)
	raises(t, "unhashable type: '[]int'", d.Set(ctx, []int{1}, 0))

	// MA-8: a proxy can be an element, and results are copies.
	l, err := m.List(ctx)
	require.NoError(t, err)
	require.NoError(t, d.Set(ctx, "n", l))
	v, ok, err = d.Get(ctx, "n")
	require.NoError(t, err)
	require.True(t, ok)
	require.NoError(t, v.(*process.ListProxy).Append(ctx, "deep"))
	is(t, []any{"deep"})(l.Copy(ctx))
	require.NoError(t, l.Close())
	require.NoError(t, v.(*process.ListProxy).Close())
	v, _, err = d.Get(ctx, "n")
	require.NoError(t, err)
	is(t, []any{"deep"})(v.(*process.ListProxy).Copy(ctx))
	require.NoError(t, v.(*process.ListProxy).Close())
}

func TestManagedNamespaceAndValue(t *testing.T) {
	ctx := t.Context()
	p := newProxies(t, manager(t))
	require.NoError(t, p.NS.Set(ctx, "x", 1))
	is[any](t, 1)(p.NS.Get(ctx, "x"))
	require.NoError(t, p.NS.Delete(ctx, "x"))
	_, err := p.NS.Get(ctx, "x")
	raises(t, "'Namespace' object has no attribute 'x'", err)
	raises(t, "'Namespace' object has no attribute 'x'", p.NS.Delete(ctx, "x"))
	require.ErrorContains(t, p.NS.Set(ctx, "_x", 1), "underscore")
	is[any](t, 5)(p.Value.Get(ctx))
	require.NoError(t, p.Value.Set(ctx, map[string]int{"a": 1}))
	is[any](t, map[string]int{"a": 1})(p.Value.Get(ctx))
	require.Error(t, p.Value.Set(ctx, func() {}), "what cannot travel is refused here")
	is[any](t, map[string]int{"a": 1})(p.Value.Get(ctx))
	require.Regexp(t, `^<ValueProxy object at 0x`, p.Value.String())
}

func TestManagedQueue(t *testing.T) {
	ctx := t.Context()
	q := newProxies(t, manager(t)).Queue
	_, ok, err := q.TryGet(ctx)
	require.NoError(t, err)
	require.False(t, ok)
	_, ok, err = q.GetTimeout(ctx, time.Millisecond)
	require.NoError(t, err)
	require.False(t, ok)
	require.NoError(t, q.Put(ctx, "a"))
	is(t, true)(q.TryPut(ctx, "b"))
	is(t, false)(q.TryPut(ctx, "c"))
	is(t, false)(q.PutTimeout(ctx, time.Millisecond, "c"))
	is(t, true)(q.Full(ctx))
	is(t, 2)(q.QSize(ctx))
	put := background(func() error { return q.Put(ctx, "c") })
	settle()
	is[any](t, "a")(q.Get(ctx))
	require.NoError(t, put())
	is[any](t, "b")(q.Get(ctx))
	is[any](t, "c")(q.Get(ctx))
	is(t, true)(q.Empty(ctx))
	joining := background(func() error { return q.Join(ctx) })
	for range 3 {
		require.NoError(t, q.TaskDone(ctx))
	}
	require.NoError(t, joining())
	raises(t, "task_done() called too many times", q.TaskDone(ctx))

	// Giving up takes nothing.
	short, cancel := context.WithCancel(ctx)
	got := background(func() error { _, err := q.Get(short); return err })
	settle()
	cancel()
	require.ErrorIs(t, got(), context.Canceled)
	require.NoError(t, q.Put(ctx, "kept"))
	is[any](t, "kept")(q.Get(ctx))
}

func TestManagedLockAndEvent(t *testing.T) {
	ctx := t.Context()
	p := newProxies(t, manager(t))
	require.NoError(t, p.Lock.Acquire(ctx))
	is(t, false)(p.Lock.TryAcquire(ctx))
	is(t, false)(p.Lock.AcquireTimeout(ctx, time.Millisecond))
	is(t, true)(p.Lock.Locked(ctx))
	got := background(func() error { return p.Lock.Acquire(ctx) })
	settle()
	require.NoError(t, p.Lock.Release(ctx))
	require.NoError(t, got())
	require.NoError(t, p.Lock.Release(ctx))
	raises(t, "release unlocked lock", p.Lock.Release(ctx))

	is(t, false)(p.Event.IsSet(ctx))
	is(t, false)(p.Event.WaitTimeout(ctx, time.Millisecond))
	got = background(func() error { return p.Event.Wait(ctx) })
	settle()
	require.NoError(t, p.Event.Set(ctx))
	require.NoError(t, got())
	is(t, true)(p.Event.WaitTimeout(ctx, 0))
	require.NoError(t, p.Event.Clear(ctx))
	is(t, false)(p.Event.IsSet(ctx))
}

var managed = process.Define("test.managed", func(ctx context.Context, p proxies) (string, error) {
	n, err := p.List.Len(ctx)
	if err != nil {
		return "", err
	}
	if err := errors.Join(p.Dict.Set(ctx, "from", "child"), p.List.Append(ctx, 9), p.NS.Set(ctx, "n", n), p.Lock.Acquire(ctx), p.Event.Set(ctx)); err != nil {
		return "", err
	}
	if p.Conn != nil { // hold the lock until the parent kills us
		_, err = p.Conn.Recv(ctx)
		return "", err
	}
	return fmt.Sprint(n), p.Lock.Release(ctx)
})

// MA-9: proxies work where they arrive, and the manager lives on its own.
func TestProxiesTravel(t *testing.T) {
	ctx := t.Context()
	m := manager(t)
	p := newProxies(t, m)
	is(t, "3")(managed.Call(ctx, p))
	is(t, "4")(managed.Call(ctx, p))
	is[any](t, 4)(p.NS.Get(ctx, "n"))
	is[any](t, 9)(p.List.Get(ctx, -1))

	// Over a connection too, into the same process.
	a, b, err := pipe.New(ctx)
	require.NoError(t, err)
	closeAll(t, a, b)
	require.NoError(t, a.Send(ctx, p.List))
	other, err := pipe.Recv[*process.ListProxy](ctx, b)
	require.NoError(t, err)
	is(t, 5)(other.Len(ctx))
	require.NoError(t, p.List.Close())
	is(t, 5)(other.Len(ctx))
	require.NoError(t, other.Close())
	require.NoError(t, other.Close())
	_, err = other.Len(ctx)
	require.ErrorIs(t, err, process.ErrClosed)
	eventually(t, func() bool {
		n, err := m.NumberOfObjects(ctx)
		return assert.NoError(t, err) && n == 6
	})
}

// The lock of a process that was killed is an error, not a wait.
func TestManagedLockOfADeadOwner(t *testing.T) {
	ctx := t.Context()
	p := newProxies(t, manager(t))
	mine, its, err := pipe.New(ctx)
	require.NoError(t, err)
	closeAll(t, mine, its)
	p.Conn = its
	child, err := managed.Start(ctx, p)
	require.NoError(t, err)
	require.NoError(t, p.Event.Wait(ctx))
	waiter := background(func() error { return p.Lock.Acquire(ctx) })
	settle()
	require.NoError(t, child.Kill())
	require.NoError(t, child.Join(ctx))
	require.ErrorIs(t, waiter(), process.ErrOwnerDied)
	require.ErrorIs(t, p.Lock.Acquire(ctx), process.ErrOwnerDied)
	require.ErrorIs(t, p.Lock.Release(ctx), process.ErrOwnerDied)
	require.NoError(t, p.Lock.Recover(ctx))
	require.NoError(t, p.Lock.Release(ctx))
}

// MA-9: an object goes with its last proxy, closed or forgotten.
func TestForgottenProxiesAreDropped(t *testing.T) {
	ctx := t.Context()
	m := manager(t)
	newProxies(t, m)
	eventually(t, func() bool {
		runtime.GC()
		n, err := m.NumberOfObjects(ctx)
		return assert.NoError(t, err) && n == 0
	})
}

// MA-1: an interrupt is for those who use the manager.
func TestAManagerIgnoresInterrupts(t *testing.T) {
	ctx := t.Context()
	m := manager(t)
	p := newProxies(t, m)
	for range 2 {
		require.NoError(t, syscall.Kill(m.Process().PID(), syscall.SIGINT))
		settle()
		require.NoError(t, p.List.Append(ctx, 1))
	}
	require.True(t, m.Process().IsAlive(ctx))
}

// One connection serves any number of goroutines, some of which give up.
func TestProxiesAreForManyGoroutines(t *testing.T) {
	ctx := t.Context()
	p := newProxies(t, manager(t))
	var wg sync.WaitGroup
	const each = 50
	for i := range 8 {
		wg.Go(func() {
			for j := range each {
				assert.NoError(t, p.Dict.Set(ctx, i*each+j, j))
				v, ok, err := p.Dict.Get(ctx, i*each+j)
				assert.NoError(t, err)
				assert.True(t, ok)
				assert.Equal(t, j, v)
				if j%10 == 0 {
					short, cancel := context.WithTimeout(ctx, time.Duration(i)*50*time.Microsecond)
					_, err := p.Queue.Get(short)
					assert.ErrorIs(t, err, context.DeadlineExceeded)
					cancel()
				}
			}
		})
	}
	wg.Wait()
	is(t, 8*each)(p.Dict.Len(ctx))
}

// Short and long messages, and those with live objects, go different ways and do
// not get into each other's.
func TestLongMessagesOfAManager(t *testing.T) {
	ctx := t.Context()
	m := manager(t)
	p := newProxies(t, m)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j, size := range []int{10, 1 << 20, 16_000, 17_000, 0, 65_000} {
				text := strings.Repeat(string(rune('a'+j)), size)
				assert.NoError(t, p.Dict.Set(ctx, i, text))
				v, ok, err := p.Dict.Get(ctx, i)
				assert.NoError(t, err)
				assert.True(t, ok)
				assert.True(t, v == text, "a text of %d bytes", size)
				assert.NoError(t, p.Dict.Set(ctx, fmt.Sprint("list", i), p.List))
				assert.Error(t, p.Dict.Set(ctx, i, func() {}))
			}
		})
	}
	// More than the ring holds, before anybody can have read it.
	for i := range 2000 {
		wg.Go(func() { assert.NoError(t, p.Dict.Set(ctx, 100+i, strings.Repeat("x", 200))) })
	}
	wg.Wait()
	is(t, 2008)(p.Dict.Len(ctx))
}

// MA-11: after its end everything says so, and nothing waits.
func TestManagerEnds(t *testing.T) {
	ctx := t.Context()
	m := manager(t)
	p := newProxies(t, m)
	waiting := background(func() error { _, err := p.Queue.Get(ctx); return err })
	another := background(func() error { return p.Event.Wait(ctx) })
	settle()
	require.NoError(t, m.Process().Kill())
	for _, err := range []error{waiting(), another(), p.List.Append(ctx, 1), p.Event.Set(ctx)} {
		require.ErrorIs(t, err, process.ErrManagerEnded)
	}
	_, err := m.List(ctx)
	require.ErrorIs(t, err, process.ErrManagerEnded)

	m = manager(t)
	p = newProxies(t, m)
	require.NoError(t, m.Shutdown(ctx))
	require.NoError(t, m.Shutdown(ctx))
	code, ended := m.Process().ExitCode()
	require.True(t, ended)
	require.Zero(t, code, "it ended by itself")
	raises(t, "Manager has shut down", errors.Unwrap(errUnwrap(p.List.Append(ctx, 1))))
}

// errUnwrap makes errors.Unwrap find the first of several.
func errUnwrap(err error) error {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		return fmt.Errorf("%w", many.Unwrap()[0])
	}
	return err
}

// The GIL is given up while a thread waits for a manager.
func TestAManagersAnswerNeedsNoGIL(t *testing.T) {
	p := newProxies(t, manager(t))
	err := gil.Live().Run(gil.CPython312, func(th *gil.Thread) {
		waiter := th.Go("waiter", func(th *gil.Thread) {
			v, err := p.Queue.Get(th)
			assert.NoError(th, err)
			assert.Equal(th, "x", v)
		})
		th.Sleep(5 * time.Millisecond)
		assert.NoError(th, p.Queue.Put(th, "x"))
		waiter.Join(th)
	})
	require.NoError(t, err)
}

// MA-4: a manager that does not get to its end, here since it stands still, is killed,
// and Shutdown does not wait for its answer. What it kept is removed all the same.
func TestManagerIsKilled(t *testing.T) {
	process.SetManagerPatience(10 * time.Millisecond)
	defer process.SetManagerPatience(soon)
	ctx := t.Context()
	m, err := process.NewManager(ctx)
	require.NoError(t, err)
	s, err := process.NewSharedMemoryManager(ctx)
	require.NoError(t, err)
	b, err := s.SharedMemory(ctx, 8)
	require.NoError(t, err)
	require.NoError(t, b.Close())
	for p, shutdown := range map[*process.Process]func(context.Context) error{m.Process(): m.Shutdown, s.Process(): s.Shutdown} {
		require.NoError(t, syscall.Kill(p.PID(), syscall.SIGSTOP))
		stopped(t, p.PID())
		require.NoError(t, shutdown(ctx))
		require.Equal(t, -9, joined(t, p))
	}
	_, err = process.OpenSharedMemory(ctx, b.Name())
	require.ErrorIs(t, err, fs.ErrNotExist)
}
