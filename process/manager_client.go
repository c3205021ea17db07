package process

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pygil/pygil/internal/blocking"
	"github.com/pygil/pygil/pipe"
)

// clients are this process's connections to managers, by the managers' numbers.
var clients = struct {
	sync.Mutex
	of map[uint64]*client
}{of: map[uint64]*client{}}

// A client is this process's connection to one manager. No goroutine belongs to
// it: of the goroutines that wait for replies one receives for all, and passes that
// on to another one when it has its own.
type client struct {
	id    uint64
	w     *wire
	users int // proxies and managers; guarded by clients

	mu      sync.Mutex // not in a virtual world, where one thread runs at a time
	last    uint64
	waiting map[uint64]*asker
	reading bool
	failed  error

	turn common // in a virtual world: where threads wait for their replies
}

// An asker waits for the reply to its request.
type asker struct {
	wake    chan struct{} // something below has become true
	awaits  bool          // it has sent its request
	replied bool
	reads   bool // it is the one who receives
	reply   managerReply
	then    func() // in a virtual world: to be done with the reply, for which nobody waits
}

func randomID() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it never fails
	return binary.NativeEndian.Uint64(b[:])
}

// adopt returns the client of a manager, with one user more: the one there is
// already, or a new one with this wire.
func adopt(id uint64, w *wire) *client {
	clients.Lock()
	defer clients.Unlock()
	known := clients.of
	if w.of != nil {
		if w.of.managers == nil {
			w.of.managers = map[uint64]*client{}
		}
		known = w.of.managers
	}
	c := known[id]
	if c == nil {
		c = &client{id: id, w: w, waiting: map[uint64]*asker{}}
		if w.of != nil {
			c.turn.Init(w.of.acting(), "a manager")
		}
		known[id] = c
	}
	c.users++
	return c
}

// join counts one user more.
func (c *client) join() {
	clients.Lock()
	defer clients.Unlock()
	c.users++
}

// leave counts one user fewer. The last one closes the connection.
func (c *client) leave() {
	clients.Lock()
	c.users--
	last := c.users == 0
	if last && c.w.of != nil {
		delete(c.w.of.managers, c.id)
	} else if last {
		delete(clients.of, c.id)
	}
	clients.Unlock()
	if last {
		c.w.close()
	}
}

// call asks for a method and waits for the reply. It reports false when the wait or
// ctx ended before the method could be done; then it had no effect.
func (c *client) call(ctx context.Context, object uint64, method string, wait time.Duration, args ...any) (out []any, ready bool, err error) {
	if err := over(ctx, "Manager"); err != nil {
		return nil, false, err
	}
	t, err := c.w.belongs(ctx)
	if err != nil {
		return nil, false, err
	}
	a := &asker{wake: make(chan struct{}, 1)}
	c.mu.Lock()
	if c.failed != nil {
		c.mu.Unlock()
		return nil, false, c.failed
	}
	if t != nil {
		c.mu.Unlock()
		return c.askIn(ctx, t, managerCall{0, object, method, wait, args})
	}
	c.last++
	id := c.last
	c.waiting[id] = a
	c.mu.Unlock()
	if err := send(ctx, c.w, managerCall{id, object, method, wait, args}); err != nil {
		c.abandon(id, a)
		if errors.Is(err, pipe.ErrBrokenPipe) || errors.Is(err, pipe.ErrClosed) {
			err = c.lost(err)
		}
		return nil, false, err
	}
	ended := c.await(ctx, id, a)
	switch {
	case a.reply.Err != nil:
		return nil, false, a.reply.Err
	case !a.reply.Ready && ended != nil:
		return nil, false, over(ctx, "Manager")
	}
	return a.reply.Values, a.reply.Ready, nil
}

// post asks for a method that has no reply.
func (c *client) post(object uint64, method string, args ...any) {
	var ctx context.Context = context.Background()
	if e := c.w.of; e != nil {
		t := e.acting()
		if t == nil || emulatedOf(t) != e {
			return // its world has ended, or its process: what it had is given up
		}
		ctx = t
	}
	_ = send(ctx, c.w, managerCall{0, object, method, 0, args})
}

// await waits until a has its reply, and returns whether ctx ended meanwhile: the
// manager is told, and then answers at once.
func (c *client) await(ctx context.Context, id uint64, a *asker) (ended error) {
	giveUp := func() {
		ended = ctx.Err()
		ctx = patient(ctx)
		c.post(0, askCancel, id)
	}
	for {
		c.mu.Lock()
		a.awaits = true
		if !a.replied && !c.reading {
			c.reading, a.reads = true, true
		}
		replied, reads := a.replied, a.reads
		if replied {
			c.settle(id, a)
		}
		c.mu.Unlock()
		switch {
		case replied:
			return ended
		case reads:
			if err := c.read(ctx); err != nil && ctx.Err() != nil {
				giveUp()
			}
		default:
			blocking.Do(ctx, "manager", func() {
				select {
				case <-a.wake:
				case <-ctx.Done():
					giveUp()
				}
			})
		}
	}
}

// read receives one reply, for whomever it is.
func (c *client) read(ctx context.Context) error {
	r, err := recv[managerReply](ctx, c.w)
	if err != nil && ctx.Err() != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.fail(err)
		return err
	}
	if a := c.waiting[r.ID]; a != nil {
		c.deliver(a, r)
	}
	return nil
}

// deliver gives a its reply. Called with the lock held.
func (c *client) deliver(a *asker, r managerReply) {
	a.reply, a.replied = r, true
	a.rouse()
}

func (a *asker) rouse() {
	if a.wake == nil {
		return // in a virtual world whoever receives tells all
	}
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// settle forgets a, and makes another one the reader if a was. Called with the lock
// held.
func (c *client) settle(id uint64, a *asker) {
	delete(c.waiting, id)
	if !a.reads {
		return
	}
	a.reads, c.reading = false, false
	// One that is still sending would not read: and what it sends may have to wait
	// until somebody does.
	for _, other := range c.waiting {
		if other.awaits && !other.replied {
			c.reading, other.reads = true, true
			other.rouse()
			return
		}
	}
}

// abandon forgets a request that was not sent.
func (c *client) abandon(id uint64, a *asker) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settle(id, a)
}

// fail ends the connection for everybody. Called with the lock held.
func (c *client) fail(err error) {
	if c.failed == nil {
		c.failed = c.lost(err)
	}
	for _, a := range c.waiting {
		if !a.replied {
			c.deliver(a, managerReply{Err: c.failed})
		}
	}
}

func (c *client) lost(err error) error { return fmt.Errorf("%w (%w)", ErrManagerEnded, err) }
