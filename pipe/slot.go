package pipe

import (
	"context"
	"time"

	"github.com/pygil/pygil/internal/blocking"
)

// A slot is a lock that waits with a context: a channel of capacity 1 that is
// full while it is held.
type slot chan struct{}

func (l slot) take(ctx context.Context, d direction, wait bool, closed <-chan struct{}) error {
	select {
	case l <- struct{}{}:
		return nil
	default:
	}
	if !wait {
		return ErrWouldBlock
	}
	return l.queue(ctx, d, closed)
}

// queue waits until the slot is free.
func (l slot) queue(ctx context.Context, d direction, closed <-chan struct{}) (err error) {
	blocking.Do(ctx, d.String(), func() {
		select {
		case l <- struct{}{}:
		case <-ctx.Done():
			err = ended(ctx, d.op())
		case <-closed:
			err = ErrClosed
		}
	})
	return err
}

func (l slot) give() { <-l }

// A cutoff ends a blocked read or write when a context ends, by moving the
// deadline of the descriptor into the past.
type cutoff struct {
	set   func(t time.Time) error
	stop  func() bool
	fired chan struct{}
}

// begin starts the watch unless it is on, or the context has no end.
func (w *cutoff) begin(ctx context.Context) {
	if w.stop != nil || ctx.Done() == nil {
		return
	}
	fired := make(chan struct{})
	w.fired = fired
	w.stop = context.AfterFunc(ctx, func() {
		_ = w.set(time.Unix(1, 0))
		close(fired)
	})
}

// end stops the watch. A deadline that was moved, or is being moved, is back
// when it returns: the next call must not meet it.
func (w *cutoff) end() {
	if w.stop == nil {
		return
	}
	if !w.stop() {
		<-w.fired
		_ = w.set(time.Time{})
	}
	w.stop, w.fired = nil, nil
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
