package pipe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A Waiter waits like [Wait] for a set of items that is kept from call to call. A
// call takes time for the items that are ready, and none for those that are not:
// it is for thousands of connections, of which a few are ready at a time. (On
// Linux. Elsewhere, and in a virtual world, a Waiter is as quick as Wait.)
//
// An item that was closed makes every call an error until it is removed. A Waiter
// may be used by several goroutines; calls that wait take turns. The zero Waiter
// is of no use. Python: selectors.DefaultSelector, as connection.wait uses it.
type Waiter struct {
	poll *poller // nil where there is none

	mu      sync.Mutex
	members map[Waitable]*member
	byID    map[int64]*member
	apart   int   // members that only Wait can wait for
	last    int64 // id given out
	closed  bool
	done    chan struct{}
	turn    slot // of the calls that wait

	marks   sync.Mutex // below; held last
	marked  map[*member]struct{}
	changes map[*func()]struct{} // called by Add and Close
	version atomic.Int64         // counts those
}

// A member is an item of a Waiter.
type member struct {
	entry
	id   int64 // in the order of Add
	stop func()
}

// NewWaiter returns a Waiter for some items, more of which may be added. Close it
// after use; the items stay open. Errors as for [Waiter.Add].
func NewWaiter(items ...Waitable) (*Waiter, error) {
	w := &Waiter{
		members: make(map[Waitable]*member),
		byID:    make(map[int64]*member),
		done:    make(chan struct{}),
		marked:  make(map[*member]struct{}),
		changes: make(map[*func()]struct{}),
	}
	var err error
	if w.poll, err = newPoller(); err != nil {
		return nil, fmt.Errorf("pipe: Waiter: %w", err)
	}
	if err := w.Add(items...); err != nil {
		_ = w.Close()
		return nil, err
	}
	return w, nil
}

// Add adds items, or none of them: it is an error when one is closed, cannot be
// waited for, or is there already. A call that is waiting waits for them too.
// Python: selector.register.
func (w *Waiter) Add(items ...Waitable) error {
	entries, err := register(items)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return ErrClosed
	}
	for n, e := range entries {
		if err = w.add(e); err != nil {
			for _, e := range entries[:n] {
				w.remove(w.members[e.item])
			}
			return err
		}
	}
	w.change()
	return nil
}

// add adds one item; mu is held.
func (w *Waiter) add(e entry) error {
	if w.members[e.item] != nil {
		text := fmt.Sprintf("%T (FD %d) is already registered", e.item, int(e.fd))
		return &ValueError{text: text + ": add each item once", python: text}
	}
	w.last++
	m := &member{entry: e, id: w.last}
	if m.pollable() && w.poll != nil {
		if err := w.poll.add(m); err != nil {
			return fmt.Errorf("pipe: Waiter: %w", err)
		}
	}
	w.members[e.item], w.byID[m.id] = m, m
	switch {
	case m.note != nil:
		m.stop = m.note.Notify(func() { w.mark(m) })
	case m.conn != nil:
		m.stop = m.conn.watch(func() { w.mark(m) })
	}
	if !m.pollable() && m.note == nil {
		w.apart++
	}
	w.mark(m)
	return nil
}

// pollable reports whether the operating system is asked about the member.
func (m *member) pollable() bool { return m.note == nil && m.fd != noFd }

// Remove takes items out. Items that are not there are an error, the others are
// removed all the same. Python: selector.unregister.
func (w *Waiter) Remove(items ...Waitable) (err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, item := range items {
		if m := w.members[item]; m != nil {
			w.remove(m)
		} else {
			err = invalidf("a %T is not registered with this Waiter", item)
		}
	}
	return err
}

// remove takes a member out; mu is held.
func (w *Waiter) remove(m *member) {
	delete(w.members, m.item)
	delete(w.byID, m.id)
	if m.stop != nil {
		m.stop()
	}
	switch {
	case m.pollable() && w.poll != nil:
		// The number of a descriptor that was closed may be another one's by now.
		if m.conn == nil || !m.conn.Closed() {
			w.poll.remove(m)
		}
	case !m.pollable() && m.note == nil:
		w.apart--
	}
	w.marks.Lock()
	defer w.marks.Unlock()
	delete(w.marked, m)
}

// mark has a member asked itself, by the call that is waiting or by the next.
func (w *Waiter) mark(m *member) {
	w.marks.Lock()
	w.marked[m] = struct{}{}
	w.marks.Unlock()
	if w.poll != nil {
		w.poll.wake()
	}
}

// change wakes the calls that wait by Wait.
func (w *Waiter) change() {
	w.version.Add(1)
	w.marks.Lock()
	var wakes []func()
	for wake := range w.changes {
		wakes = append(wakes, *wake)
	}
	w.marks.Unlock()
	for _, wake := range wakes {
		wake()
	}
}

// Len returns the number of items.
func (w *Waiter) Len() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.members)
}

// Close ends the Waiter, and every call that waits with [ErrClosed].
func (w *Waiter) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil
	}
	w.closed = true
	close(w.done)
	for _, m := range w.members {
		w.remove(m)
	}
	w.change()
	if w.poll != nil {
		w.poll.close()
	}
	return nil
}

// Wait is [Wait] for the items of the Waiter: it waits until at least one is
// ready, with the GIL given up, and returns those that are, in the order in which
// they were added. An item that stays ready is returned again.
func (w *Waiter) Wait(ctx context.Context) ([]Waitable, error) { return w.wait(ctx, true) }

// TryWait is Wait that returns the items that are ready now and never waits.
func (w *Waiter) TryWait(ctx context.Context) ([]Waitable, error) { return w.wait(ctx, false) }

// WaitTimeout is Wait that waits at most d and then returns no items and no error.
func (w *Waiter) WaitTimeout(ctx context.Context, d time.Duration) ([]Waitable, error) {
	if d <= 0 {
		return w.wait(ctx, false)
	}
	bounded, cancel := bound(ctx, d, w.items())
	defer cancel()
	ready, err := w.wait(bounded, true)
	if errors.Is(err, ErrTimeout) && ctx.Err() == nil {
		err = nil // the limit was d
	}
	return ready, err
}

func (w *Waiter) wait(ctx context.Context, block bool) ([]Waitable, error) {
	if ctx.Err() != nil {
		return nil, ended(ctx, "wait")
	}
	if w.poll == nil || w.linear() || virtualActor(ctx) != nil {
		return w.waitAll(ctx, block)
	}
	ready, err := w.collect(ctx)
	if err != nil || len(ready) > 0 || !block {
		return ready, err
	}
	if !w.turn.try() {
		if err := w.turn.wait(ctx, receiving, w.done); err != nil {
			return nil, err
		}
	}
	defer w.turn.give()
	defer context.AfterFunc(ctx, w.poll.wake)()
	for {
		ready, err := w.collect(ctx)
		switch {
		case err != nil || len(ready) > 0:
			return ready, err
		case ctx.Err() != nil:
			return nil, ended(ctx, "wait")
		case w.linear():
			return w.waitAll(ctx, block)
		}
		if err := w.poll.park(ctx); err != nil {
			return nil, err
		}
	}
}

// linear reports whether there are items that only Wait can wait for.
func (w *Waiter) linear() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.apart > 0
}

// collect returns the items that are ready now.
func (w *Waiter) collect(ctx context.Context) ([]Waitable, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil, ErrClosed
	}
	var ready []*member
	for _, id := range w.poll.ready() {
		if m := w.byID[id]; m != nil {
			ready = append(ready, m)
			m.ready = true
			w.poll.again(m)
		}
	}
	// Who is marked behind this point is asked by the next call.
	w.marks.Lock()
	asked := w.marked
	w.marked = make(map[*member]struct{})
	w.marks.Unlock()
	var wrong error
	for m := range asked {
		now, err := false, error(nil)
		switch {
		case m.note != nil:
			now = m.note.Ready()
		case m.conn != nil:
			now, err = m.conn.pending(ctx)
		}
		if !now && err == nil {
			continue
		}
		w.marks.Lock()
		w.marked[m] = struct{}{}
		w.marks.Unlock()
		if err != nil && w.members[m.item] == m {
			wrong = err
		} else if !m.ready {
			ready = append(ready, m)
		}
	}
	for _, m := range ready {
		m.ready = false
	}
	if wrong != nil {
		return nil, wrong
	}
	return itemsOf(ready), nil
}

// waitAll waits by Wait, which asks every item.
func (w *Waiter) waitAll(ctx context.Context, block bool) ([]Waitable, error) {
	for {
		changed := &change{w, w.version.Load()}
		items := w.items()
		if over(w.done) {
			return nil, ErrClosed
		}
		ready, err := waitFor(ctx, append(items, changed), block)
		if n := len(ready); n > 0 && ready[n-1] == Waitable(changed) {
			ready = ready[:n-1]
			if len(ready) == 0 && block && err == nil {
				continue
			}
		}
		return ready, err
	}
}

// A change is ready when the items of a Waiter are others.
type change struct {
	w    *Waiter
	seen int64
}

func (c *change) Fd() uintptr { return noFd }
func (c *change) Ready() bool { return c.w.version.Load() != c.seen }

func (c *change) Notify(wake func()) (stop func()) {
	w := c.w
	w.marks.Lock()
	defer w.marks.Unlock()
	w.changes[&wake] = struct{}{}
	return func() {
		w.marks.Lock()
		defer w.marks.Unlock()
		delete(w.changes, &wake)
	}
}

// items returns the items in the order in which they were added.
func (w *Waiter) items() []Waitable {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := make([]*member, 0, len(w.members))
	for _, m := range w.members {
		all = append(all, m)
	}
	return itemsOf(all)
}

func itemsOf(members []*member) []Waitable {
	slices.SortFunc(members, func(a, b *member) int { return cmp.Compare(a.id, b.id) })
	var items []Waitable
	for _, m := range members {
		items = append(items, m.item)
	}
	return items
}
