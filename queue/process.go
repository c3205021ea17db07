package queue

import (
	"context"
	"iter"
	"runtime"
	"sync"
	"time"

	"github.com/pygil/pygil/pipe/pickle"
)

// ProcessQueue hands items from processes to processes, the oldest first: items of
// one producer arrive in the order in which it put them. It is made by [NewProcess]
// and reaches other processes as, or inside, an argument or a message; each process
// has a handle of its own, which all its goroutines may use.
//
// A Put returns at once: the item is published in shared memory, or, when there is no
// room, left to a feeder that publishes it later. Of a process that dies, what was
// published is delivered, once, and what was not is lost and counted; nobody waits
// for it. Package queue's documentation has the rules. Python: multiprocessing.Queue.
type ProcessQueue[T any] struct {
	// Handle is this process's hold on the queue: what travels to other processes.
	Handle *Handle
}

// NewProcess makes a queue for at most maxsize items, any number when maxsize is zero
// or less. The context says in which world: with a thread of a virtual one it is made
// for the emulated processes there. Items are encoded by package pickle; T is
// registered with it. It does not block. Python: multiprocessing.Queue(maxsize).
// Options: [WithName], [WithRing], [WithFlushTimeout].
func NewProcess[T any](ctx context.Context, maxsize int, opts ...ProcessOption) (*ProcessQueue[T], error) {
	h, err := newHandle[T](ctx, traits{kind: "ProcessQueue", Max: max(0, maxsize)}, opts)
	if err != nil {
		return nil, err
	}
	return &ProcessQueue[T]{h}, nil
}

// Put adds an item, waiting for a slot while maxsize items are in the queue. The
// error is that of package pickle for an item that cannot leave its process, a
// *gil.ValueError after Close, [ErrShutDown], or says that ctx ended, and then matches
// [ErrFull] when that was a deadline; then nothing was put. The GIL is given up while
// it waits. Python: q.put(item).
func (q *ProcessQueue[T]) Put(ctx context.Context, v T) error {
	return put(ctx, q.Handle, v, patience{})
}

// PutTimeout is Put that waits for at most d, all in all; then its error matches
// [ErrFull] and context.DeadlineExceeded. Zero and negative times do not wait. Python:
// q.put(item, timeout=d).
func (q *ProcessQueue[T]) PutTimeout(ctx context.Context, v T, d time.Duration) error {
	return put(ctx, q.Handle, v, patience{method: "PutTimeout", limit: d})
}

// TryPut is Put that never waits for a slot but returns [ErrFull]. Python:
// q.put_nowait(item).
func (q *ProcessQueue[T]) TryPut(ctx context.Context, v T) error {
	return put(ctx, q.Handle, v, patience{try: true})
}

// Get takes the oldest item, waiting while there is none. The error is that of package
// pickle for an item that cannot be decoded here, which is then gone, a
// *gil.ValueError after Close, [ErrShutDown] when the queue was shut down and nothing
// can come any more, or says that ctx ended, and then matches [ErrEmpty] when that was
// a deadline. The GIL is given up while it waits. Python: q.get().
func (q *ProcessQueue[T]) Get(ctx context.Context) (T, error) {
	return get[T](ctx, q.Handle, patience{})
}

// GetTimeout is Get that waits for at most d, all in all; then its error matches
// [ErrEmpty] and context.DeadlineExceeded. Zero and negative times do not wait.
// Python: q.get(timeout=d).
func (q *ProcessQueue[T]) GetTimeout(ctx context.Context, d time.Duration) (T, error) {
	return get[T](ctx, q.Handle, patience{method: "GetTimeout", limit: d})
}

// TryGet is Get that never waits for an item but returns [ErrEmpty]. Python:
// q.get_nowait().
func (q *ProcessQueue[T]) TryGet(ctx context.Context) (T, error) {
	return get[T](ctx, q.Handle, patience{try: true})
}

// GetMany is Get that takes all the items there are, at most most of them, in one
// step: what a process that dies in it had taken is taken. When one cannot be decoded
// the error is that one's, and comes with the others.
func (q *ProcessQueue[T]) GetMany(ctx context.Context, most int) ([]T, error) {
	if most <= 0 {
		return nil, badValue("", "GetMany(%d): there must be at least one item to get", most)
	}
	return getMany[T](ctx, q.Handle, most)
}

// All gets items until the queue is shut down and nothing can come any more, or the
// loop ends. It panics with any other error of Get, the context's included. Python: a
// loop over q.get().
func (q *ProcessQueue[T]) All(ctx context.Context) iter.Seq[T] {
	return untilShutDown(func() (T, error) { return q.Get(ctx) })
}

// QSize is the number of items that were put and not taken, those that a feeder still
// has included. Python: q.qsize(), which macOS does not have.
func (q *ProcessQueue[T]) QSize(ctx context.Context) int { return q.Handle.size(ctx) }

// Empty reports whether there is nothing to take at this moment, which can be true
// just after a Put. After Close it panics with a *gil.RuntimeError. Python: q.empty().
func (q *ProcessQueue[T]) Empty(ctx context.Context) bool {
	yes, err := q.Handle.empty(ctx)
	if err != nil {
		panic(err)
	}
	return yes
}

// Full reports whether there is no slot. A queue without a limit is never full.
// Python: q.full().
func (q *ProcessQueue[T]) Full(ctx context.Context) bool {
	return q.Handle.Max > 0 && q.Handle.size(ctx) >= q.Handle.Max
}

// MaxSize is the limit, zero for none.
func (q *ProcessQueue[T]) MaxSize() int { return q.Handle.Max }

// Stats tells what is in the queue and what was lost. It looks for dead processes.
func (q *ProcessQueue[T]) Stats(ctx context.Context) Stats { return q.Handle.stats(ctx) }

// Shutdown makes every Put, of all processes, fail with [ErrShutDown] from now on, and
// every Get once nothing can come any more; those that wait are woken. If immediate,
// the items are thrown away. It may be called again. Python's queues between processes
// have none.
func (q *ProcessQueue[T]) Shutdown(ctx context.Context, immediate bool) error {
	return q.Handle.shutdown(ctx, immediate)
}

// IsShutdown reports whether Shutdown was called, by whatever process.
func (q *ProcessQueue[T]) IsShutdown(ctx context.Context) bool { return q.Handle.isDown(ctx) }

// Close says that this process will neither put nor get any more; what it has put is
// still sent. Calls that wait here return. Other processes keep the queue. It may be
// called again. Python: q.close().
func (q *ProcessQueue[T]) Close() error { return q.Handle.close() }

// JoinThread waits, after Close, until what this process has put is sent: until there
// was room for it, not until it was taken. Before Close it is a *gil.RuntimeError. The
// GIL is given up while it waits. Python: q.join_thread().
func (q *ProcessQueue[T]) JoinThread(ctx context.Context) error { return q.Handle.joinThread(ctx) }

// CancelJoinThread lets this process end without waiting until what it has put is
// sent; the rest is then lost. Python: q.cancel_join_thread().
func (q *ProcessQueue[T]) CancelJoinThread() { q.Handle.cancelJoinThread() }

// String names the queue.
func (q *ProcessQueue[T]) String() string { return q.Handle.repr() }

// JoinableQueue is a [ProcessQueue] that knows when all is done. It is made by
// [NewJoinable]. Python: multiprocessing.JoinableQueue.
type JoinableQueue[T any] struct{ ProcessQueue[T] }

// NewJoinable makes a JoinableQueue; see [NewProcess]. Python:
// multiprocessing.JoinableQueue(maxsize).
func NewJoinable[T any](ctx context.Context, maxsize int, opts ...ProcessOption) (*JoinableQueue[T], error) {
	h, err := newHandle[T](ctx, traits{kind: "JoinableQueue", Max: max(0, maxsize), Tasks: true}, opts)
	if err != nil {
		return nil, err
	}
	return &JoinableQueue[T]{ProcessQueue[T]{h}}, nil
}

// TaskDone says that the work on an item that was taken is finished. Once more than
// items were put is a *gil.ValueError and changes nothing. Python: q.task_done().
func (q *JoinableQueue[T]) TaskDone(ctx context.Context) error { return q.Handle.taskDone(ctx) }

// Join waits until TaskDone was called for every item that was put. Items that were
// lost or thrown away count as done. When only tasks are left whose takers have died
// without TaskDone, it is an [*AbandonedError]; when a deadline of ctx passed, its
// error matches [ErrUnfinished]. The GIL is given up while it waits. Python: q.join().
func (q *JoinableQueue[T]) Join(ctx context.Context) error {
	return q.Handle.join(ctx, patience{})
}

// JoinTimeout is Join that waits for at most d; then its error matches [ErrUnfinished]
// and context.DeadlineExceeded. Python's has no timeout.
func (q *JoinableQueue[T]) JoinTimeout(ctx context.Context, d time.Duration) error {
	return q.Handle.join(ctx, patience{method: "JoinTimeout", limit: d})
}

// Unfinished is the number of items that were put and are neither done nor lost nor
// thrown away.
func (q *JoinableQueue[T]) Unfinished(ctx context.Context) int { return q.Handle.unfinished(ctx) }

// SimpleProcessQueue hands items from processes to processes without a feeder: a Put
// waits while there is no room in shared memory, and when it returns the item is
// there. It is made by [NewSimpleProcess]. Python: multiprocessing.SimpleQueue.
type SimpleProcessQueue[T any] struct {
	// Handle is this process's hold on the queue: what travels to other processes.
	Handle *Handle
}

// NewSimpleProcess makes a SimpleProcessQueue; see [NewProcess]. Python:
// multiprocessing.SimpleQueue().
func NewSimpleProcess[T any](ctx context.Context, opts ...ProcessOption) (*SimpleProcessQueue[T], error) {
	h, err := newHandle[T](ctx, traits{kind: "SimpleProcessQueue", Direct: true}, opts)
	if err != nil {
		return nil, err
	}
	return &SimpleProcessQueue[T]{h}, nil
}

// Put adds an item; see [ProcessQueue.Put]. Python: q.put(item).
func (q *SimpleProcessQueue[T]) Put(ctx context.Context, v T) error {
	return put(ctx, q.Handle, v, patience{})
}

// Get takes the oldest item; see [ProcessQueue.Get]. Python: q.get().
func (q *SimpleProcessQueue[T]) Get(ctx context.Context) (T, error) {
	return get[T](ctx, q.Handle, patience{})
}

// Empty reports whether there is nothing to take. After Close it is an error that
// matches pipe.ErrClosed. Python: q.empty().
func (q *SimpleProcessQueue[T]) Empty(ctx context.Context) (bool, error) {
	return q.Handle.empty(ctx)
}

// Close gives this process's handle up: Put, Get and Empty are then errors that match
// pipe.ErrClosed, also those that wait. Other processes keep the queue. It may be
// called again. Python: q.close().
func (q *SimpleProcessQueue[T]) Close() error { return q.Handle.close() }

// String names the queue.
func (q *SimpleProcessQueue[T]) String() string { return q.Handle.repr() }

// put encodes an item and hands it over.
func put[T any](ctx context.Context, h *Handle, v T, p patience) (err error) {
	defer runtime.KeepAlive(h)
	if err := known[T](h); err != nil {
		return err
	}
	m := messages.Get().(*message)
	defer m.free()
	if body, ok := any(v).([]byte); ok && len(body) > 0 {
		m.head, m.body = pickle.AppendHead(m.head, body), body
	} else if h.Carries {
		return putWithHandles(ctx, h, m, v, p)
	} else if m.head, err = pickle.Append(m.head, v); err != nil {
		return err
	}
	return h.put(ctx, m, p)
}

// putWithHandles is put of an item in which there may be live objects.
func putWithHandles(ctx context.Context, h *Handle, m *message, v any, p patience) (err error) {
	with := newParcel(ctx, nil)
	m.head, err = pickle.Append(m.head, v, pickle.WithHandles(&with.handles))
	m.handles = with.handles.All()
	if err == nil {
		err = h.put(ctx, m, p)
	}
	with.done(err == nil)
	release(m.handles) // unless somebody has kept them
	return err
}

func (m *message) free() {
	m.handles = nil
	if m.body = nil; cap(m.head) <= keptBuffer {
		m.head = m.head[:0]
		messages.Put(m)
	}
}

// keptBuffer is the length of the longest message whose memory is used again.
const keptBuffer = 64 << 10

var messages = sync.Pool{New: func() any { return new(message) }}

// baskets have room for one short message.
var baskets = sync.Pool{New: func() any { return &basket{scratch: make([]byte, aliasMin)} }}

func (b *basket) free() {
	clear(b.items)
	b.items, b.used = b.items[:0], 0
	if cap(b.items) <= 16 {
		baskets.Put(b)
	}
}

// get takes an item and decodes it.
func get[T any](ctx context.Context, h *Handle, p patience) (v T, err error) {
	defer runtime.KeepAlive(h)
	if err := known[T](h); err != nil {
		return v, err
	}
	b := baskets.Get().(*basket)
	defer b.free()
	if err := h.get(ctx, b, 1, p); err != nil {
		return v, err
	}
	err = b.items[0].decode(ctx, &v)
	return v, err
}

func getMany[T any](ctx context.Context, h *Handle, most int) (vs []T, err error) {
	defer runtime.KeepAlive(h)
	if err := known[T](h); err != nil {
		return nil, err
	}
	b := baskets.Get().(*basket)
	defer b.free()
	if err := h.get(ctx, b, most, patience{}); err != nil {
		return nil, err
	}
	vs = make([]T, 0, len(b.items))
	for i := range b.items {
		var v T
		if failed := b.items[i].decode(ctx, &v); failed != nil {
			if err == nil {
				err = failed
			}
			continue
		}
		vs = append(vs, v)
	}
	return vs, err
}

// decode makes the value of a message.
func (a *arrival) decode(ctx context.Context, ptr any) error {
	if a.handles != nil {
		with := newParcel(ctx, a.handles)
		defer func() { release(with.handles.Rest()) }()
		return pickle.UnmarshalInto(a.data, ptr, pickle.WithHandles(&with.handles))
	}
	if a.fresh && len(a.data) >= aliasMin {
		return pickle.UnmarshalInto(a.data, ptr, pickle.WithAliasing())
	}
	return pickle.UnmarshalInto(a.data, ptr)
}
