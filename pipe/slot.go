package pipe

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pygil/pygil/internal/blocking"
)

// A slot is a lock that waits with a context. Taking and giving a free one is an
// atomic operation each; whoever has to wait does so on a channel of its own, and
// gets the slot in the order of arrival. The zero slot is free.
type slot struct {
	state atomic.Int32 // free, held, or held and wanted

	mu    sync.Mutex
	queue []chan struct{} // in the order of arrival
}

const (
	free int32 = iota
	held
	wanted // held, and the queue may not be empty
)

// try takes the slot if it is free.
func (l *slot) try() bool { return l.state.CompareAndSwap(free, held) }

// wait queues up.
func (l *slot) wait(ctx context.Context, d direction, closed <-chan struct{}) (err error) {
	l.mu.Lock()
	// With mu held nobody but a holder that sees no queue can change the state.
	for !l.state.CompareAndSwap(held, wanted) && l.state.Load() != wanted {
		if l.try() {
			l.mu.Unlock()
			return nil
		}
	}
	mine := make(chan struct{})
	l.queue = append(l.queue, mine)
	l.mu.Unlock()
	returned := false
	defer func() {
		// A thread that is ended while it waits does not return.
		if (err != nil || !returned) && !l.leave(mine) {
			l.give() // it was handed over at the same moment
		}
	}()
	blocking.Do(ctx, d.String(), func() {
		select {
		case <-mine:
		case <-ctx.Done():
			err = ended(ctx, d.op())
		case <-closed:
			err = ErrClosed
		}
	})
	returned = true
	return err
}

// leave takes a waiter out of the queue. It reports false when that got the slot
// before.
func (l *slot) leave(mine chan struct{}) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.queue, mine)
	if i >= 0 {
		l.queue = slices.Delete(l.queue, i, i+1)
	}
	return i >= 0
}

// give frees the slot, or hands it to the first in the queue.
func (l *slot) give() {
	if l.state.CompareAndSwap(held, free) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == 0 {
		l.state.Store(free)
		return
	}
	next := l.queue[0]
	l.queue = slices.Delete(l.queue, 0, 1)
	close(next)
}

// A cutoff ends a blocked read or write when a context ends, by moving the
// deadline of the descriptor into the past. It belongs to the holder of a slot.
//
// To watch a context costs more than to send a message. So the watch on a context
// that waits a second time in a row is kept, until an operation comes with another
// one or the stream is closed.
type cutoff struct {
	set   func(t time.Time) error
	done  <-chan struct{} // of the context that is watched, or that waited last
	stop  func() bool     // nil: no watch
	fired chan struct{}   // closed when the deadline has been moved
	kept  bool
}

// enter is called before an operation: the end of another context must not end
// it.
func (w *cutoff) enter(ctx context.Context) {
	if w.stop != nil && ctx.Done() != w.done {
		w.end()
	}
}

// begin is called by an operation that has to wait.
func (w *cutoff) begin(ctx context.Context) {
	done := ctx.Done()
	if w.stop != nil || done == nil {
		return
	}
	w.kept = done == w.done
	w.done = done
	fired := make(chan struct{})
	w.fired = fired
	w.stop = context.AfterFunc(ctx, func() {
		_ = w.set(time.Unix(1, 0))
		close(fired)
	})
}

// leave is called after an operation.
func (w *cutoff) leave() {
	if w.stop != nil && !w.kept {
		w.end()
	}
}

// end stops the watch. A deadline that was moved, or is being moved, is back
// when it returns.
func (w *cutoff) end() {
	if w.stop != nil && !w.stop() {
		<-w.fired
		_ = w.set(time.Time{})
	}
	w.stop, w.fired = nil, nil
}

// A turn is one direction of a stream: who may use it, and what ends his wait.
type turn struct {
	slot
	watch  cutoff
	closed <-chan struct{} // the stream's
}

// enter takes the direction.
func (t *turn) enter(ctx context.Context, d direction, wait bool) error {
	switch {
	case t.try():
		return nil
	case !wait:
		return ErrWouldBlock
	}
	err := t.wait(ctx, d, t.closed)
	if err != nil && over(t.closed) {
		t.abandon()
	}
	return err
}

// leave gives the direction up. The watch that was kept does not outlive the
// stream: when this comes after its close, nobody else is going to end it.
func (t *turn) leave() {
	t.give()
	if over(t.closed) {
		t.abandon()
	}
}

// abandon ends the watch of a closed stream, unless somebody has the turn still,
// or is getting it; then he does it when he leaves.
func (t *turn) abandon() {
	if t.try() {
		t.watch.end()
		t.give()
	}
}

// over reports whether a channel that stands for an event is closed.
func over(event <-chan struct{}) bool {
	select {
	case <-event:
		return true
	default:
		return false
	}
}
