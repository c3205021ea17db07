package pool

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/pygil/pygil/gil"
)

// forever is the time limit that is none.
const forever = gil.Forever

// virtual returns the thread behind ctx if it is one of a virtual world.
func virtual(ctx context.Context) *gil.Thread {
	t, ok := gil.Current(ctx)
	if !ok || t.Machine() == nil && !t.Explored() {
		return nil
	}
	return t
}

// acting returns the thread behind ctx, nil when there is none.
func acting(ctx context.Context) *gil.Thread {
	t, _ := gil.Current(ctx)
	return t
}

// lasting is ctx without its end: what is done on the way for others is not to end with it.
func lasting(ctx context.Context) context.Context {
	if _, isThread := ctx.(*gil.Thread); isThread || ctx.Done() == nil {
		return ctx
	}
	return context.WithoutCancel(ctx)
}

// A place is what operations in a virtual world are announced by: the explorer sees
// them there.
type place struct {
	gate   gil.Gate
	shared atomic.Bool // several interpreters use it: a sub-interpreter works for it
	bound  atomic.Bool
	obj    atomic.Uint64 // what observers know it by
}

func (p *place) announce(t *gil.Thread, k gil.OpKind, name string) {
	if !p.bound.Load() || !p.shared.Load() {
		p.gate.Init(t, 0, name)
		p.bound.Store(true)
	}
	if p.shared.Load() {
		order(t)
	}
	p.gate.Peek(t, k)
}

// order returns when no thread of another interpreter comes before t any more: what
// several share is seen by all of them in the order of the machine's time.
func order(t *gil.Thread) {
	if t.Machine() == nil {
		return
	}
	for at := time.Duration(-1); at != t.Now(); {
		at = t.Now()
		t.Compute(0)
	}
}

// A waiter is one wait of a thread or of a goroutine that is none.
type waiter struct {
	// asked, if there is one, is what whoever ends a future asks: is it time to wake?
	asked   func(s *state) bool
	t       *gil.Thread             // nil for a goroutine
	gate    gil.Gate                // of the thread
	c       chan struct{}           // of the goroutine
	patient bool                    // he would read the answer himself
	reader  bool                    // he does
	reads   atomic.Pointer[reading] // by which it waits, if it reads the answer itself
}

func newWaiter(ctx context.Context) *waiter {
	w := &waiter{t: acting(ctx)}
	if w.t == nil {
		w.c = make(chan struct{}, 1)
		return w
	}
	w.gate.Init(w.t, 0, "a future")
	w.gate.WaitFor(gil.WhyEvent)
	return w
}

// tell is called by whoever has ended s.
func (w *waiter) tell(ctx context.Context, s *state) {
	if w.asked == nil || w.asked(s) {
		w.wake(acting(ctx))
	}
}

// wake ends the wait, or the next one. The thread by acts, nil if none does.
func (w *waiter) wake(by *gil.Thread) {
	if w.t == nil {
		select {
		case w.c <- struct{}{}:
		default: // it is awake already
		}
		if r := w.reads.Load(); r != nil {
			r.cancel()
		}
		return
	}
	i := w.t.Interpreter()
	switch {
	case by != nil && by.Interpreter() == i:
		w.gate.OpenUpTo(by, gil.OpNotify, 1, 1)
	case w.t.Machine() == nil && !w.t.Explored():
		i.Post(&w.gate, 1)
	default:
		if by == nil {
			by = i.Acting()
		}
		if by != nil { // otherwise the world has ended
			w.gate.OpenUpTo(by, gil.OpNotify, 1, 1)
		}
	}
}

// wait waits until done holds, for at most d, with the GIL given up.
func (w *waiter) wait(ctx context.Context, op string, d time.Duration, done func() bool) error {
	if w.t == nil {
		return w.waitPlain(ctx, op, d, done)
	}
	due, err := gil.UntilOf(ctx)
	if err != nil {
		return err
	}
	if d != forever {
		if end := w.t.Now() + d; end > 0 && (due == forever || end < due) {
			due = end
		}
	}
	stop, err := w.onEnd(ctx)
	if err != nil {
		return err
	}
	defer stop()
	for !done() {
		if ctx.Err() != nil {
			return gone(ctx, op)
		}
		if due != forever && due <= w.t.Now() || w.gate.Pass(w.t, gil.OpWait, due) == gil.TimedOut {
			if done() {
				return nil
			}
			return &expired{op: op}
		}
	}
	return nil
}

func (w *waiter) waitPlain(ctx context.Context, op string, d time.Duration, done func() bool) error {
	var end <-chan time.Time
	if d != forever {
		timer := time.NewTimer(d)
		defer timer.Stop()
		end = timer.C
	}
	for !done() {
		select {
		case <-w.c:
		case <-ctx.Done():
			if done() {
				return nil
			}
			return gone(ctx, op)
		case <-end:
			if done() {
				return nil
			}
			return &expired{op: op}
		}
	}
	return nil
}

// onEnd has the thread woken when its context ends before the thread does.
func (w *waiter) onEnd(ctx context.Context) (stop func() bool, err error) {
	return onEnd(ctx, w.t, func() { w.wake(nil) })
}

// onEnd has fn called when ctx, which is of thread t, ends and t does not.
func onEnd(ctx context.Context, t *gil.Thread, fn func()) (stop func() bool, err error) {
	none := func() bool { return true }
	switch done := ctx.Done(); {
	case ctx == context.Context(t): // it unwinds when it is ended
		return none, nil
	case virtual(t) == nil:
		return context.AfterFunc(ctx, fn), nil
	case done == nil || done == t.Done():
		return none, nil
	}
	c, ok := ctx.(interface{ AfterFunc(func()) func() bool })
	if !ok {
		return none, misuse("", "a wait in a virtual world cannot be ended by a %T, whose end is told on another goroutine: use gil.WithCancel or gil.WithTimeout", ctx)
	}
	return c.AfterFunc(func() {
		if ctx.Err() != context.DeadlineExceeded { // nobody acts when a time is over; the gate knows it
			fn()
		}
	}), nil
}
