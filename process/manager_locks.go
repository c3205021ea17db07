package process

import (
	"context"
	"errors"
	"reflect"
	"time"
)

// token is the number by which a manager knows who acts, beside the process.
func token(ctx context.Context, op string) (uint64, error) {
	if t := virtual(ctx); t != nil {
		return t.Ident(), nil
	}
	if t := threadOf(ctx); t != nil { // of one of several live worlds
		return uint64(reflect.ValueOf(t).Pointer()), nil
	}
	if n, ok := ctx.Value(ownerKey{}).(*int); ok {
		return uint64(reflect.ValueOf(n).Pointer()), nil
	}
	return 0, asserted("", "%s: this context is no owner: pass a *gil.Thread, or a context made by WithOwner", op)
}

// An RLockProxy stands for a reentrant lock of a manager; see [Manager.RLock]. Its
// owner is a thread, as that of an [RLock] is; what happens when its process ends is
// as with a [LockProxy]. Python: the proxy of manager.RLock().
type RLockProxy struct{ *proxy }

// RLock makes a reentrant lock. Python: manager.RLock().
func (m *Manager) RLock(ctx context.Context) (*RLockProxy, error) {
	p, err := m.create(ctx, "RLock")
	if err != nil {
		return nil, err
	}
	return &RLockProxy{p}, nil
}

func (p *proxy) acquireAs(ctx context.Context, wait time.Duration, method string) (acquired bool, err error) {
	who, err := token(ctx, p.kind+"Proxy.Acquire")
	if err != nil {
		return false, err
	}
	_, acquired, err = p.await(ctx, wait, method, who)
	return acquired, err
}

func (p *proxy) releaseAs(ctx context.Context) error {
	who, err := token(ctx, p.kind+"Proxy.Release")
	if err != nil {
		return err
	}
	return p.do(ctx, "release", who)
}

// Acquire waits until the caller owns the lock, at once if it does, then once more.
// An [*AssertionError] says that ctx is no owner. Python: rlock.acquire().
func (l *RLockProxy) Acquire(ctx context.Context) error {
	_, err := l.acquireAs(ctx, forever, "acquire")
	return err
}

// AcquireTimeout is Acquire that waits for at most d, and reports whether the caller
// owns the lock. Python: rlock.acquire(timeout=d).
func (l *RLockProxy) AcquireTimeout(ctx context.Context, d time.Duration) (acquired bool, err error) {
	return l.acquireAs(ctx, max(d, 0), "acquire")
}

// TryAcquire is Acquire that does not wait for the lock. Python:
// rlock.acquire(blocking=False).
func (l *RLockProxy) TryAcquire(ctx context.Context) (acquired bool, err error) {
	return l.AcquireTimeout(ctx, 0)
}

// Recover acquires the lock although the process that owned it has ended.
func (l *RLockProxy) Recover(ctx context.Context) error {
	_, err := l.acquireAs(ctx, forever, "recover")
	return err
}

// Release gives up one acquisition; the last one frees the lock. A [*ValueError]
// says that the caller does not own it. Python: rlock.release().
func (l *RLockProxy) Release(ctx context.Context) error { return l.releaseAs(ctx) }

// A SemaphoreProxy stands for a semaphore of a manager; see [Manager.Semaphore] and
// [Manager.BoundedSemaphore]. What was acquired belongs to nobody: when a process
// ends that has not released it, somebody else may. Python: the proxy of
// manager.Semaphore().
type SemaphoreProxy struct{ *proxy }

// Semaphore makes a semaphore with value n. Python: manager.Semaphore(n).
func (m *Manager) Semaphore(ctx context.Context, n int) (*SemaphoreProxy, error) {
	return m.semaphore(ctx, n, MaxSemaphore)
}

// BoundedSemaphore makes a semaphore whose value never exceeds n. Python:
// manager.BoundedSemaphore(n).
func (m *Manager) BoundedSemaphore(ctx context.Context, n int) (*SemaphoreProxy, error) {
	return m.semaphore(ctx, n, n)
}

func (m *Manager) semaphore(ctx context.Context, n, limit int) (*SemaphoreProxy, error) {
	if n < 0 || n > MaxSemaphore {
		return nil, invalid("semaphore initial value must be >= 0", "Manager.Semaphore: the value %d is not in the range 0 to %d", n, MaxSemaphore)
	}
	p, err := m.create(ctx, "Semaphore", n, limit)
	if err != nil {
		return nil, err
	}
	return &SemaphoreProxy{p}, nil
}

// Acquire waits until the value is above zero and takes one off. Python:
// semaphore.acquire().
func (s *SemaphoreProxy) Acquire(ctx context.Context) error {
	_, _, err := s.await(ctx, forever, "acquire")
	return err
}

// AcquireTimeout is Acquire that waits for at most d, and reports whether it took
// one off. Python: semaphore.acquire(timeout=d).
func (s *SemaphoreProxy) AcquireTimeout(ctx context.Context, d time.Duration) (acquired bool, err error) {
	_, acquired, err = s.await(ctx, max(d, 0), "acquire")
	return acquired, err
}

// TryAcquire is Acquire that does not wait. Python:
// semaphore.acquire(blocking=False).
func (s *SemaphoreProxy) TryAcquire(ctx context.Context) (acquired bool, err error) {
	return s.AcquireTimeout(ctx, 0)
}

// Release adds one. A [*ValueError] says that the value is its greatest already.
// Python: semaphore.release().
func (s *SemaphoreProxy) Release(ctx context.Context) error { return s.do(ctx, "release") }

// Value returns the value.
func (s *SemaphoreProxy) Value(ctx context.Context) (int, error) {
	return value[int](ctx, s.proxy, "value")
}

// A ConditionProxy stands for a condition of a manager, with a reentrant lock of its
// own; see [Manager.Condition]. A waiter whose process ends is never notified, and a
// notification that it did not live to see goes to another one. Python: the proxy of
// manager.Condition().
type ConditionProxy struct{ *proxy }

// Condition makes a condition. Python: manager.Condition().
func (m *Manager) Condition(ctx context.Context) (*ConditionProxy, error) {
	p, err := m.create(ctx, "Condition")
	if err != nil {
		return nil, err
	}
	return &ConditionProxy{p}, nil
}

// Acquire acquires the condition's lock; see [RLockProxy.Acquire]. Python:
// condition.acquire().
func (c *ConditionProxy) Acquire(ctx context.Context) error {
	_, err := c.acquireAs(ctx, forever, "acquire")
	return err
}

// TryAcquire acquires the condition's lock if it need not wait. Python:
// condition.acquire(blocking=False).
func (c *ConditionProxy) TryAcquire(ctx context.Context) (acquired bool, err error) {
	return c.acquireAs(ctx, 0, "acquire")
}

// Recover acquires the condition's lock although the process that owned it has
// ended.
func (c *ConditionProxy) Recover(ctx context.Context) error {
	_, err := c.acquireAs(ctx, forever, "recover")
	return err
}

// Release releases the condition's lock; see [RLockProxy.Release]. Python:
// condition.release().
func (c *ConditionProxy) Release(ctx context.Context) error { return c.releaseAs(ctx) }

// Wait releases the lock, waits until it is notified, and acquires the lock again,
// as often as the caller had. The end of ctx ends the waiting but not the
// acquiring. A [*ValueError] says that the lock was not held to begin with. Python:
// condition.wait().
func (c *ConditionProxy) Wait(ctx context.Context) error {
	_, err := c.sleep(ctx, forever)
	return err
}

// WaitTimeout is Wait that waits for at most d, and reports whether it was notified.
// Python: condition.wait(d).
func (c *ConditionProxy) WaitTimeout(ctx context.Context, d time.Duration) (notified bool, err error) {
	return c.sleep(ctx, max(d, 0))
}

// WaitFor waits until pred, which is called with the lock held, returns true.
// Python: condition.wait_for(pred).
func (c *ConditionProxy) WaitFor(ctx context.Context, pred func() bool) error {
	for !pred() {
		if err := c.Wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (c *ConditionProxy) sleep(ctx context.Context, d time.Duration) (notified bool, err error) {
	who, err := token(ctx, "ConditionProxy.Wait")
	if err != nil {
		return false, err
	}
	place, err := c.ask(ctx, "sleep", who)
	if err != nil {
		return false, err
	}
	ticket, levels := place[0], place[1]
	_, notified, err = c.await(ctx, d, "resume", who, ticket, levels)
	if notified || err != nil && !gaveUp(err) {
		return notified, err
	}
	out, _, e := c.await(patient(ctx), forever, "give_up", who, ticket, levels)
	switch {
	case e != nil:
		return false, e
	case out[0].(bool): // it came while the lock was taken
		return true, nil
	}
	return false, err
}

// gaveUp reports whether it was the caller whose time or patience was over.
func gaveUp(err error) bool {
	return errors.Is(err, ErrTimeout) || errors.Is(err, context.Canceled)
}

// Notify wakes n of those who wait, those that have waited longest; they go on when
// the lock is free. A [*ValueError] says that the caller does not hold it. Python:
// condition.notify(n).
func (c *ConditionProxy) Notify(ctx context.Context, n int) error {
	who, err := token(ctx, "ConditionProxy.Notify")
	if err != nil {
		return err
	}
	return c.do(ctx, "notify", who, n)
}

// NotifyAll is Notify for everybody who waits. Python: condition.notify_all().
func (c *ConditionProxy) NotifyAll(ctx context.Context) error { return c.Notify(ctx, MaxSemaphore) }

// A BarrierProxy stands for a barrier of a manager; see [Manager.Barrier]. When a
// process ends that waits at it, the barrier breaks. Python: the proxy of
// manager.Barrier().
type BarrierProxy struct{ *proxy }

// Barrier makes a barrier for n parties. It has no action: the manager's process
// could not run one. Python: manager.Barrier(n).
func (m *Manager) Barrier(ctx context.Context, n int) (*BarrierProxy, error) {
	if n < 1 {
		return nil, invalid("parties must be > 0", "Manager.Barrier: %d parties: there must be at least one", n)
	}
	p, err := m.create(ctx, "Barrier", n)
	if err != nil {
		return nil, err
	}
	return &BarrierProxy{p}, nil
}

// Wait waits until all parties have come and returns the caller's place among them,
// from 0. The error matches [ErrBrokenBarrier] when the barrier is broken; the end of
// ctx breaks it. Python: barrier.wait().
func (b *BarrierProxy) Wait(ctx context.Context) (index int, err error) { return b.meet(ctx, forever) }

// WaitTimeout is Wait that breaks the barrier after d. Python: barrier.wait(d).
func (b *BarrierProxy) WaitTimeout(ctx context.Context, d time.Duration) (index int, err error) {
	return b.meet(ctx, max(d, 0))
}

func (b *BarrierProxy) meet(ctx context.Context, d time.Duration) (int, error) {
	place, err := b.ask(ctx, "arrive")
	if err != nil {
		return -1, err
	}
	_, passed, err := b.await(ctx, d, "pass", place[1])
	if err == nil && !passed || err != nil && gaveUp(err) {
		_, e := b.ask(patient(ctx), "give_up", place[1])
		switch {
		case e == nil: // the others came in the last moment
			err = nil
		case err == nil:
			err = e
		default:
			err = errors.Join(e, err)
		}
	}
	if err != nil {
		return -1, err
	}
	return place[0].(int), nil
}

// Abort breaks the barrier: all who wait or come get an error. Python:
// barrier.abort().
func (b *BarrierProxy) Abort(ctx context.Context) error { return b.do(ctx, "abort") }

// Reset makes the barrier empty and whole; those who wait get an error. Python:
// barrier.reset().
func (b *BarrierProxy) Reset(ctx context.Context) error { return b.do(ctx, "reset") }

// Parties returns how many have to come. Python: barrier.parties.
func (b *BarrierProxy) Parties(ctx context.Context) (int, error) {
	return value[int](ctx, b.proxy, "parties")
}

// NWaiting returns how many wait. Python: barrier.n_waiting.
func (b *BarrierProxy) NWaiting(ctx context.Context) (int, error) {
	return value[int](ctx, b.proxy, "waiting")
}

// Broken reports whether the barrier is broken. Python: barrier.broken.
func (b *BarrierProxy) Broken(ctx context.Context) (bool, error) {
	return value[bool](ctx, b.proxy, "broken")
}

// An ArrayProxy stands for an array of a manager; see [Manager.Array]. Python:
// multiprocessing.managers.ArrayProxy.
type ArrayProxy struct{ *proxy }

// Array makes an array of values of one type. Python: manager.Array(type, values).
func (m *Manager) Array(ctx context.Context, values ...any) (*ArrayProxy, error) {
	if err := alike(values); err != nil {
		return nil, err
	}
	p, err := m.create(ctx, "Array", values...)
	if err != nil {
		return nil, err
	}
	return &ArrayProxy{p}, nil
}

// Get returns element i, from the end if i is negative. One that is out of range is
// a [*ValueError]. Python: a[i].
func (a *ArrayProxy) Get(ctx context.Context, i int) (any, error) {
	return value[any](ctx, a.proxy, "get", i)
}

// Set sets element i. A [*ValueError] says that it is out of range, or that v is of
// another type. Python: a[i] = v.
func (a *ArrayProxy) Set(ctx context.Context, i int, v any) error { return a.do(ctx, "set", i, v) }

// Len returns the number of elements. Python: len(a).
func (a *ArrayProxy) Len(ctx context.Context) (int, error) {
	return value[int](ctx, a.proxy, "len")
}

// Slice returns a copy of the elements from lo up to hi, cut to the array. Python:
// a[lo:hi].
func (a *ArrayProxy) Slice(ctx context.Context, lo, hi int) ([]any, error) {
	return a.ask(ctx, "slice", lo, hi)
}

func init() {
	registerProxy("RLock", func(p *proxy) *RLockProxy { return &RLockProxy{p} })
	registerProxy("Semaphore", func(p *proxy) *SemaphoreProxy { return &SemaphoreProxy{p} })
	registerProxy("Condition", func(p *proxy) *ConditionProxy { return &ConditionProxy{p} })
	registerProxy("Barrier", func(p *proxy) *BarrierProxy { return &BarrierProxy{p} })
	registerProxy("Array", func(p *proxy) *ArrayProxy { return &ArrayProxy{p} })
}
