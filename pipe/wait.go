package pipe

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"
)

// A Waitable is what [Wait] can wait for: a [*Conn], a [*Listener], the sentinel
// of a process, an *os.File, anything with a descriptor that becomes readable.
type Waitable interface {
	// Fd returns the descriptor.
	Fd() uintptr
}

// A Notifier is a [Waitable] that is not asked for its descriptor: something
// that knows itself when it is ready.
type Notifier interface {
	Waitable
	// Ready reports, without waiting, whether the item is ready.
	Ready() bool
	// Notify has wake called, from any goroutine, each time the item may have
	// become ready, until stop is called. Wake does not wait. In a virtual world it
	// is called by one of its threads, with no lock held: another thread may go on
	// there.
	Notify(wake func()) (stop func())
}

// Wait waits until at least one of the items is ready, with the GIL given up,
// and returns all that are, in the order given. A Conn is ready when it has
// something to receive or is at the end of its stream, a Listener when Accept
// would return a connection, a sentinel when its process has ended.
//
// Errors: [ErrClosed], [ErrWriteOnly] and the like of an item; a [*ValueError]
// for an item that is given twice or has no descriptor, and for no items at all
// when the context can never end; the context's.
// Python: multiprocessing.connection.wait.
func Wait(ctx context.Context, items ...Waitable) ([]Waitable, error) {
	if len(items) == 0 && ctx.Done() == nil {
		return nil, invalidf("Wait for nothing would never end: give an item, or a context that ends")
	}
	return waitFor(ctx, items, true)
}

// WaitTimeout is [Wait] that waits at most d and then returns no items and no
// error. Python: wait(object_list, timeout).
func WaitTimeout(ctx context.Context, d time.Duration, items ...Waitable) ([]Waitable, error) {
	if d <= 0 {
		return waitFor(ctx, items, false)
	}
	bounded, cancel := bound(ctx, d, items)
	defer cancel()
	ready, err := waitFor(bounded, items, true)
	if errors.Is(err, ErrTimeout) && ctx.Err() == nil {
		err = nil // the limit was d
	}
	return ready, err
}

// bound is context.WithTimeout on the clock of the world that a Wait is in.
func bound(ctx context.Context, d time.Duration, items []Waitable) (context.Context, context.CancelFunc) {
	if t, yes := virtualWait(ctx, items); yes && t != nil {
		return limit(ctx, t, d), func() {}
	}
	return context.WithTimeout(ctx, d)
}

// TryWait returns the items that are ready now. It never waits.
// Python: wait(object_list, 0).
func TryWait(ctx context.Context, items ...Waitable) ([]Waitable, error) {
	return waitFor(ctx, items, false)
}

// An entry is one item of a Wait. Exactly one of its ways to be asked is set.
type entry struct {
	item  Waitable
	conn  *Conn    // asked itself, and by fd if it has one
	note  Notifier // asked itself
	fd    uintptr  // asked of the operating system; noFd: not
	ready bool
}

const noFd = ^uintptr(0)

func waitFor(ctx context.Context, items []Waitable, block bool) ([]Waitable, error) {
	if ctx.Err() != nil {
		return nil, ended(ctx, "wait")
	}
	entries, err := register(items)
	if err != nil {
		return nil, err
	}
	if t, yes := virtualWait(ctx, items); yes {
		return waitVirtual(ctx, t, entries, block)
	}
	ready, err := collect(ctx, entries)
	if err != nil || len(ready) > 0 || !block {
		return ready, err
	}
	p, err := newParker(entries)
	if err != nil {
		return nil, fmt.Errorf("pipe: Wait: %w", err)
	}
	defer p.close()
	defer watchAll(ctx, entries, p.wake)()
	for {
		// Whoever becomes ready behind this point wakes the parker.
		ready, err := collect(ctx, entries)
		if err != nil || len(ready) > 0 {
			return ready, err
		}
		if ctx.Err() != nil {
			return nil, ended(ctx, "wait")
		}
		stop := pollApart(entries, p.wake)
		err = p.park(ctx)
		stop()
		if err != nil {
			return nil, fmt.Errorf("pipe: Wait: %w", err)
		}
	}
}

// register looks at the items once, and refuses what cannot be waited for.
func register(items []Waitable) ([]entry, error) {
	entries := make([]entry, len(items))
	byFd := make(map[uintptr]bool, len(items))
	byItem := make(map[Waitable]bool)
	for i, item := range items {
		e := entry{item: item, fd: noFd}
		switch x := item.(type) {
		case nil:
			return nil, invalidf("item %d of Wait is nil", i)
		case *Conn:
			if err := x.usable(receiving); err != nil {
				return nil, fmt.Errorf("item %d of Wait: %w", i, err)
			}
			e.conn, e.fd = x, x.s.fd(false)
		case Notifier:
			e.note = x
		default:
			if e.fd = item.Fd(); e.fd == noFd {
				text := fmt.Sprintf("Invalid file object: %v", item)
				return nil, &ValueError{text: text + ": it is closed or has no descriptor", python: text}
			}
		}
		twice := false
		if e.fd != noFd {
			twice, byFd[e.fd] = byFd[e.fd], true
		} else if reflect.TypeOf(item).Comparable() {
			twice, byItem[item] = byItem[item], true
		}
		if twice {
			text := fmt.Sprintf("%T (FD %d) is already registered", item, int(e.fd))
			return nil, &ValueError{text: text + ": give each item once", python: text}
		}
		entries[i] = e
	}
	return entries, nil
}

// collect returns the items that are ready now.
func collect(ctx context.Context, entries []entry) ([]Waitable, error) {
	for i := range entries {
		e := &entries[i]
		var err error
		e.ready = false
		switch {
		case e.note != nil:
			e.ready = e.note.Ready()
		case e.conn != nil && e.fd == noFd:
			e.ready, err = e.conn.TryPoll(ctx)
		case e.conn != nil:
			e.ready, err = e.conn.pending(ctx)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := pollNow(entries); err != nil {
		return nil, fmt.Errorf("pipe: Wait: %w", err)
	}
	var ready []Waitable
	for i := range entries {
		if entries[i].ready {
			ready = append(ready, entries[i].item)
		}
	}
	return ready, nil
}

// pending reports whether something was fetched that the descriptor does not
// know of any more.
func (c *Conn) pending(ctx context.Context) (bool, error) {
	if err := c.usable(receiving); err != nil {
		return false, err
	}
	if c.s.lock(ctx, receiving, false) != nil {
		return false, nil // somebody is receiving: what was fetched is his
	}
	defer c.s.unlock(ctx, receiving)
	return c.in.r.Pending(), nil
}

// watchAll has wake called whenever an item that no poll can see may have become
// ready, an item was closed, or the context ended.
func watchAll(ctx context.Context, entries []entry, wake func()) (stop func()) {
	ended := context.AfterFunc(ctx, wake)
	var stops []func()
	for i := range entries {
		if e := &entries[i]; e.note != nil {
			stops = append(stops, e.note.Notify(wake))
		} else if e.conn != nil {
			stops = append(stops, e.conn.watch(wake))
		}
	}
	return func() {
		ended()
		for _, stop := range stops {
			stop()
		}
	}
}

// pollApart has wake called when a Conn that has no descriptor is ready. The
// returned function ends that and returns when nothing is left of it.
func pollApart(entries []entry, wake func()) (stop func()) {
	var wg sync.WaitGroup
	// The goroutines act for nobody: they hold no GIL.
	ctx, cancel := context.WithCancel(context.Background())
	for i := range entries {
		if c := entries[i].conn; c != nil && entries[i].fd == noFd {
			wg.Add(1)
			go func() {
				defer wg.Done()
				_, _ = c.Poll(ctx)
				wake()
			}()
		}
	}
	return func() {
		cancel()
		wg.Wait()
	}
}
