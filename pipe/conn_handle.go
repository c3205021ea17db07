package pipe

import (
	"context"
	"fmt"

	"github.com/pygil/pygil/pipe/pickle"
)

// A passage is what a message holds of a Conn that travels in it; the
// descriptor travels beside.
type passage struct {
	Handle             int
	Readable, Writable bool
	// Ahead holds bytes that the sender had fetched and not consumed: they are
	// the receiver's now.
	Ahead []byte
}

// A journey is what pickle.Handles.Context is when it knows the call that sends or
// receives.
type journey interface{ Context() context.Context }

func init() {
	pickle.RegisterHandle(arrive, "pipe.Conn")
}

// ReduceHandle lets package pickle send a Conn to another process, in a message
// or as an argument: the descriptor is duplicated, so both processes have the
// end then and each closes its own. What this process had fetched of later
// messages goes along once the message has left.
// It is an error when another goroutine is receiving on c at that moment, or
// when c has received half of a long message.
func (c *Conn) ReduceHandle(h *pickle.Handles) (any, error) {
	if c.closed.Load() {
		return nil, ErrClosed
	}
	p := passage{Readable: c.Readable(), Writable: c.Writable()}
	if p.Readable {
		give, err := c.surrender(h, &p)
		if err != nil {
			return nil, err
		}
		defer give()
	}
	handle, err := c.s.handle()
	if err != nil {
		return nil, err
	}
	p.Handle = h.Add(handle)
	return p, nil
}

// surrender moves what was fetched ahead into p. The receiving lock is held
// until it is known whether the message left: either the receiver has those
// bytes or this Conn has them back, and nobody reads behind them meanwhile.
func (c *Conn) surrender(h *pickle.Handles, p *passage) (release func(), err error) {
	ctx := context.Background()
	carrier, tells := h.Context.(Carrier)
	if tells {
		ctx = carrier.Context()
	}
	if err := c.s.lock(ctx, receiving, false); err != nil {
		if err == ErrWouldBlock {
			err = invalidf("a Conn cannot be sent while it is receiving: let the Recv end first")
		}
		return nil, err
	}
	c.exposed.Store(true)
	unlock := func() { c.s.unlock(ctx, receiving) }
	rest, whole := c.in.r.Take()
	switch {
	case !whole:
		unlock()
		return nil, invalidf("a Conn cannot be sent when half of a message was received: receive the rest first")
	case len(rest) == 0:
		return unlock, nil
	case !tells:
		c.in.r.Give(rest)
		unlock()
		return nil, invalidf("a Conn with %d bytes fetched ahead cannot be sent here: the carrier of the message is no pipe.Carrier; receive them first", len(rest))
	}
	p.Ahead = rest
	carrier.AfterSend(func(sent bool) {
		if !sent {
			c.in.r.Give(rest)
		}
		unlock()
	})
	return func() {}, nil
}

// arrive makes the Conn again in the process that received it.
func arrive(h *pickle.Handles, p passage) (*Conn, error) {
	handle, err := h.Take(p.Handle)
	if err != nil {
		return nil, err
	}
	if !p.Readable && !p.Writable {
		release([]any{handle})
		return nil, fmt.Errorf("pipe: a Conn that can neither receive nor send arrived")
	}
	cfg, err := configure(atFromFd, nil)
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	if j, ok := h.Context.(journey); ok {
		ctx = j.Context()
	}
	s, torn, err := openGrip(ctx, handle)
	if s == nil && err == nil {
		s, err = openHandle(handle)
	}
	if err != nil {
		release([]any{handle})
		return nil, err
	}
	cfg.torn = torn
	c := newConn(s, p.Readable, p.Writable, &cfg)
	c.in.r.Give(p.Ahead)
	return c, nil
}
