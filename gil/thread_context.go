package gil

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/pygil/pygil/internal/blocking"
	"github.com/pygil/pygil/internal/kernel"
)

// A Thread is a context, so whatever takes one gets the thread with it: a call
// that blocks gives the GIL up, and ends when the thread is ended.
var _ context.Context = (*Thread)(nil)

// errEnded is why a thread's context is done.
var errEnded = context.Canceled

// threadContext is the context side of a thread or of a context derived from one.
type threadContext struct {
	mu    sync.Mutex
	done  chan struct{}
	err   error
	next  int
	after map[int]func()
}

// channel returns the done channel, making it when first asked for.
func (c *threadContext) channel() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done == nil {
		c.done = make(chan struct{})
		if c.err != nil {
			close(c.done)
		}
	}
	return c.done
}

func (c *threadContext) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// end cancels the context and runs what waits for that.
func (c *threadContext) end() { c.endWith(errEnded) }

func (c *threadContext) endWith(err error) {
	for _, f := range c.ending(err) {
		f()
	}
}

// ending cancels the context and returns what waits for that, in the order in which
// it was registered: what a run does must not depend on the order of a map.
func (c *threadContext) ending(err error) []func() {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return nil
	}
	c.err = err
	if c.done != nil {
		close(c.done)
	}
	if len(c.after) == 0 { // hardly ever anything waits: no defer up to here
		c.mu.Unlock()
		return nil
	}
	defer c.mu.Unlock()
	after := make([]func(), 0, len(c.after))
	for _, n := range slices.Sorted(maps.Keys(c.after)) {
		after = append(after, c.after[n])
	}
	c.after = nil
	return after
}

// endContext cancels the thread's context at its end. What waits for that is called
// on the thread, and a panic there is one of the thread's.
func (t *Thread) endContext() {
	if c := &t.ctx; t.x != nil && !raceKernel && c.done == nil && c.after == nil {
		c.err = errEnded // nobody has asked for it
		return
	}
	for _, f := range t.ctx.ending(errEnded) {
		t.calls(func() { t.callOut(f) })
	}
}

func (t *Thread) calls(f func()) {
	defer func() {
		if v := recover(); v != nil {
			t.recovered(v)
		}
	}()
	f()
}

// onEnd registers f and returns the function that takes it back.
func (c *threadContext) onEnd(f func()) (stop func() bool) {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		f()
		return func() bool { return false }
	}
	defer c.mu.Unlock()
	if c.after == nil {
		c.after = make(map[int]func())
	}
	c.next++
	n := c.next
	c.after[n] = f
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		_, there := c.after[n]
		delete(c.after, n)
		return there
	}
}

// threadKey finds the thread in a context.
type threadKey struct{}

// Deadline reports that a thread has none.
func (t *Thread) Deadline() (deadline time.Time, ok bool) { return time.Time{}, false }

// Done is closed when the thread has ended or is being ended.
func (t *Thread) Done() <-chan struct{} {
	if raceKernel && t.apart() {
		return within(t, t.Done)
	}
	return t.ctx.channel()
}

// Err is context.Canceled once Done is closed.
func (t *Thread) Err() error {
	if raceKernel && t.apart() {
		return within(t, t.Err)
	}
	return t.ctx.failure()
}

// Value answers the keys by which packages find the thread behind a context.
func (t *Thread) Value(key any) any {
	switch key.(type) {
	case threadKey:
		return t
	case blocking.Key:
		return hook{t}
	}
	return nil
}

// AfterFunc arranges that f is called, on whatever goroutine ends the thread,
// once Done is closed, after those that were given before it; a panic in it is the
// thread's uncaught one. Package context uses it, so that deriving a context from a
// thread starts no goroutine. It panics with a *ValueError when f is nil.
func (t *Thread) AfterFunc(f func()) (stop func() bool) {
	callable("AfterFunc", f != nil)
	if raceKernel && t.apart() {
		return within(t, func() func() bool { return t.ctx.onEnd(f) })
	}
	return t.ctx.onEnd(f)
}

// Current returns the thread behind ctx: ctx itself, or the thread it was derived
// from.
func Current(ctx context.Context) (*Thread, bool) {
	if t, ok := ctx.(*Thread); ok {
		return t, true
	}
	t, ok := ctx.Value(threadKey{}).(*Thread)
	return t, ok
}

// derived is a context made by WithCancel or WithTimeout.
type derived struct {
	threadContext
	t   *Thread
	due time.Duration // on the world's clock, Forever for none
}

// WithCancel returns a context of the thread that can be cancelled earlier than
// the thread ends. In the virtual world it is ended by its cancel function only
// from the machine's own threads.
func WithCancel(t *Thread) (context.Context, context.CancelFunc) {
	d := &derived{t: t, due: Forever}
	stop := t.AfterFunc(d.end)
	return d, func() {
		stop()
		d.end()
	}
}

// WithTimeout returns a context of the thread that ends with
// context.DeadlineExceeded after d of the world's clock, virtual or real; at once if d
// is zero or less. A context.WithTimeout of the standard library measures real time,
// which means nothing in a virtual world: calls there refuse it and name this function.
func WithTimeout(t *Thread, d time.Duration) (context.Context, context.CancelFunc) {
	if raceKernel && t.apart() {
		// What waits for the deadline is called inside, where time passes.
		return within2(t, func() (context.Context, context.CancelFunc) {
			t.box.order()
			return WithTimeout(t, d)
		})
	}
	at := t.kern.Now(&t.k).After(max(d, 0))
	if at == kernel.Never {
		return WithCancel(t)
	}
	c := &derived{t: t, due: time.Duration(at)}
	if d <= 0 { // as in the standard library, it is over before anything can happen
		c.endWith(context.DeadlineExceeded)
		return c, func() {}
	}
	stop := t.AfterFunc(c.end)
	timer := t.kern.After(&t.k, at, func() { c.endWith(context.DeadlineExceeded) })
	return c, func() {
		stop()
		timer.Stop()
		c.end()
	}
}

// Deadline is the deadline as a moment of real time in the live world. A virtual
// clock has none; ask RemainingTime.
func (c *derived) Deadline() (time.Time, bool) {
	if c.due == Forever || !c.t.interp.w.live() {
		return time.Time{}, false
	}
	return time.Now().Add(c.due - c.t.Now()), true
}

func (c *derived) Done() <-chan struct{} { return c.channel() }
func (c *derived) Err() error            { return c.failure() }

func (c *derived) AfterFunc(f func()) (stop func() bool) {
	callable("AfterFunc", f != nil)
	return c.onEnd(f)
}

func (c *derived) Value(key any) any {
	if _, ok := key.(deadlineKey); ok && c.due != Forever {
		return c.due
	}
	return c.t.Value(key)
}

type deadlineKey struct{}

// UntilOf returns the moment of the world's clock at which ctx ends, for
// primitives that take a context: Forever when it has no deadline. In a virtual
// world a deadline of real time is refused with an error that names the right
// call.
func UntilOf(ctx context.Context) (time.Duration, error) {
	if due, ok := ctx.Value(deadlineKey{}).(time.Duration); ok {
		return due, nil
	}
	real, ok := ctx.Deadline()
	if !ok {
		return Forever, nil
	}
	t, in := Current(ctx)
	if in && !t.interp.w.live() {
		return 0, errRealDeadline
	}
	if in {
		return t.Now() + max(0, time.Until(real)), nil
	}
	return 0, errNoThread
}

var (
	errRealDeadline = errors.New("gil: a deadline of real time in a virtual world: use gil.WithTimeout(t, d) instead of context.WithTimeout")
	errNoThread     = errors.New("gil: no thread behind the context: pass a *gil.Thread or a context derived from one")
)
