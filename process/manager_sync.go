package process

import (
	"context"
	"time"
)

// A QueueProxy stands for a queue of a manager; see [Manager.Queue]. It is slower
// than a queue in shared memory, and needs no more than a connection. Python: the
// proxy of manager.Queue().
type QueueProxy struct{ *proxy }

// Queue makes a queue for at most maxsize items; 0 or less is no limit. It is a
// JoinableQueue too. Python: manager.Queue(maxsize).
func (m *Manager) Queue(ctx context.Context, maxsize int) (*QueueProxy, error) {
	p, err := m.create(ctx, "Queue", maxsize)
	if err != nil {
		return nil, err
	}
	return &QueueProxy{p}, nil
}

// Put adds an item, and waits until there is room. Giving up has added nothing.
// Python: q.put(v).
func (q *QueueProxy) Put(ctx context.Context, v any) error {
	_, _, err := q.await(ctx, forever, "put", v)
	return err
}

// PutTimeout is Put that waits for at most d, and reports whether it added the
// item. Python: q.put(v, timeout=d).
func (q *QueueProxy) PutTimeout(ctx context.Context, d time.Duration, v any) (ok bool, err error) {
	_, ok, err = q.await(ctx, max(d, 0), "put", v)
	return ok, err
}

// TryPut is Put that does not wait. Python: q.put_nowait(v).
func (q *QueueProxy) TryPut(ctx context.Context, v any) (ok bool, err error) {
	return q.PutTimeout(ctx, 0, v)
}

// Get takes the oldest item, and waits until there is one. Giving up has taken
// nothing. Python: q.get().
func (q *QueueProxy) Get(ctx context.Context) (any, error) {
	out, _, err := q.await(ctx, forever, "get")
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// GetTimeout is Get that waits for at most d, and reports whether it took an item.
// Python: q.get(timeout=d).
func (q *QueueProxy) GetTimeout(ctx context.Context, d time.Duration) (v any, ok bool, err error) {
	out, ok, err := q.await(ctx, max(d, 0), "get")
	if !ok || err != nil {
		return nil, false, err
	}
	return out[0], true, nil
}

// TryGet is Get that does not wait. Python: q.get_nowait().
func (q *QueueProxy) TryGet(ctx context.Context) (v any, ok bool, err error) {
	return q.GetTimeout(ctx, 0)
}

// QSize returns the number of items. Python: q.qsize().
func (q *QueueProxy) QSize(ctx context.Context) (int, error) {
	return value[int](ctx, q.proxy, "qsize")
}

// Empty reports whether there is no item. Python: q.empty().
func (q *QueueProxy) Empty(ctx context.Context) (bool, error) {
	n, err := q.QSize(ctx)
	return n == 0 && err == nil, err
}

// Full reports whether there is no room. Python: q.full().
func (q *QueueProxy) Full(ctx context.Context) (bool, error) {
	return value[bool](ctx, q.proxy, "full")
}

// TaskDone says that an item that was got is done with. A [*ValueError] says that
// it was called too often. Python: q.task_done().
func (q *QueueProxy) TaskDone(ctx context.Context) error { return q.do(ctx, "task_done") }

// Join waits until TaskDone was called for every item. Python: q.join().
func (q *QueueProxy) Join(ctx context.Context) error {
	_, _, err := q.await(ctx, forever, "join")
	return err
}

// A LockProxy stands for a lock of a manager; see [Manager.Lock]. When the process
// that holds it ends, the answer is an [*OwnerDiedError] until somebody calls
// Recover. Python: the proxy of manager.Lock().
type LockProxy struct{ *proxy }

// Lock makes a lock. Python: manager.Lock().
func (m *Manager) Lock(ctx context.Context) (*LockProxy, error) {
	p, err := m.create(ctx, "Lock")
	if err != nil {
		return nil, err
	}
	return &LockProxy{p}, nil
}

// Acquire waits until it holds the lock. Python: lock.acquire().
func (l *LockProxy) Acquire(ctx context.Context) error {
	_, _, err := l.await(ctx, forever, "acquire")
	return err
}

// AcquireTimeout is Acquire that waits for at most d, and reports whether it holds
// the lock. Python: lock.acquire(timeout=d).
func (l *LockProxy) AcquireTimeout(ctx context.Context, d time.Duration) (acquired bool, err error) {
	_, acquired, err = l.await(ctx, max(d, 0), "acquire")
	return acquired, err
}

// TryAcquire is Acquire that does not wait for the lock. Python:
// lock.acquire(blocking=False).
func (l *LockProxy) TryAcquire(ctx context.Context) (acquired bool, err error) {
	return l.AcquireTimeout(ctx, 0)
}

// Recover acquires the lock although the process that held it has ended.
func (l *LockProxy) Recover(ctx context.Context) error {
	_, _, err := l.await(ctx, forever, "recover")
	return err
}

// Release frees the lock, whoever holds it. A [*ValueError] says that nobody does.
// Python: lock.release().
func (l *LockProxy) Release(ctx context.Context) error { return l.do(ctx, "release") }

// Locked reports whether the lock is held. Python: lock.locked(), from 3.14 on.
func (l *LockProxy) Locked(ctx context.Context) (bool, error) {
	return value[bool](ctx, l.proxy, "locked")
}

// An EventProxy stands for an event of a manager; see [Manager.Event]. Python:
// multiprocessing.managers.EventProxy.
type EventProxy struct{ *proxy }

// Event makes an event that is not set. Python: manager.Event().
func (m *Manager) Event(ctx context.Context) (*EventProxy, error) {
	p, err := m.create(ctx, "Event")
	if err != nil {
		return nil, err
	}
	return &EventProxy{p}, nil
}

// Set sets the flag and wakes everybody who waits. Python: event.set().
func (e *EventProxy) Set(ctx context.Context) error { return e.do(ctx, "set") }

// Clear resets the flag. Python: event.clear().
func (e *EventProxy) Clear(ctx context.Context) error { return e.do(ctx, "clear") }

// IsSet reports whether the flag is set. Python: event.is_set().
func (e *EventProxy) IsSet(ctx context.Context) (bool, error) {
	return value[bool](ctx, e.proxy, "is_set")
}

// Wait waits until the flag is set, or was set while it waited. Python:
// event.wait().
func (e *EventProxy) Wait(ctx context.Context) error {
	_, err := e.wait(ctx, forever)
	return err
}

// WaitTimeout is Wait that waits for at most d, and reports whether the flag was
// set. Python: event.wait(d).
func (e *EventProxy) WaitTimeout(ctx context.Context, d time.Duration) (set bool, err error) {
	return e.wait(ctx, max(d, 0))
}

func (e *EventProxy) wait(ctx context.Context, d time.Duration) (bool, error) {
	out, err := e.ask(ctx, "is_set")
	if err != nil || out[0].(bool) {
		return err == nil, err
	}
	_, set, err := e.await(ctx, d, "wait", out[1])
	return set, err
}
