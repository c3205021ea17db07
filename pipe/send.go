package pipe

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pygil/pygil/internal/frame"
)

// joined is the longest body that is copied behind its header, so that a short
// message is one contiguous write; a longer one is a vectored write. CPython
// draws the line in the same place.
const joined = 16 << 10

// keep is the largest buffer that outlives the message it was made for.
const keep = 4 << 20

// SendBytes sends b as one message; the peer gets it with
// [Conn.RecvBytes]. It waits while the connection is full, with the GIL given
// up. b is the caller's again when it returns.
//
// Errors: [ErrReadOnly]; [ErrBrokenPipe] when nobody will ever receive; the
// context's, after which nothing was sent unless the error is a
// [*PartialSendError].
// Options: [WithOffset], [WithSize].
// Python: Connection.send_bytes.
func (c *Conn) SendBytes(ctx context.Context, b []byte, opts ...Option) error {
	return c.sendBytes(ctx, b, opts, true)
}

// SendBytesTimeout is SendBytes that waits at most d. Its error then matches
// [ErrTimeout].
func (c *Conn) SendBytesTimeout(ctx context.Context, b []byte, d time.Duration, opts ...Option) error {
	return c.within(ctx, d, "send", func(ctx context.Context, wait bool) error {
		return c.sendBytes(ctx, b, opts, wait)
	})
}

// TrySendBytes is SendBytes that never waits: it returns [ErrWouldBlock] when
// there is no room, or while another goroutine is sending, and nothing was sent.
// A message for which there is some room counts as sent; its rest follows in
// the background.
func (c *Conn) TrySendBytes(ctx context.Context, b []byte, opts ...Option) error {
	return c.sendBytes(ctx, b, opts, false)
}

func (c *Conn) sendBytes(ctx context.Context, b []byte, opts []Option, wait bool) error {
	if len(opts) > 0 {
		if err := c.usable(sending); err != nil {
			return err
		}
		var err error
		if b, err = part(b, opts); err != nil {
			return err
		}
	}
	if err := c.enter(ctx, sending, "send", wait); err != nil {
		return err
	}
	o := c.outbox()
	m := &o.m
	head := frame.AppendHeader(o.scratch[:0], uint64(len(b)))
	*m = message{size: len(head) + len(b)}
	if len(b) <= joined {
		head = append(head, b...)
	} else {
		m.body = b
	}
	o.scratch, m.head = head, head
	return c.transmit(ctx, m, wait)
}

// part cuts out what the options ask for, with CPython's errors.
func part(b []byte, opts []Option) ([]byte, error) {
	cfg, err := configure(atSendBytes, opts)
	if err != nil {
		return nil, err
	}
	switch {
	case cfg.offset < 0:
		return nil, &ValueError{text: fmt.Sprintf("offset is negative: %d", cfg.offset), python: "offset is negative"}
	case cfg.offset > len(b):
		return nil, &ValueError{text: fmt.Sprintf("buffer length %d < offset %d", len(b), cfg.offset), python: "buffer length < offset"}
	case cfg.size < 0:
		return b[cfg.offset:], nil
	case cfg.size > len(b)-cfg.offset:
		return nil, &ValueError{text: fmt.Sprintf("buffer length %d < offset %d + size %d", len(b), cfg.offset, cfg.size), python: "buffer length < offset + size"}
	}
	return b[cfg.offset : cfg.offset+cfg.size], nil
}

// transmit writes a message in an outbox and gives up the sending lock, also when
// the thread is ended in it: what it began is completed like that of any call that
// was given up.
func (c *Conn) transmit(ctx context.Context, m *message, wait bool) error {
	returned := false
	defer func() {
		if !returned {
			_ = c.settle(ctx, m, wait, context.Canceled)
		}
	}()
	err := c.s.write(ctx, m, wait)
	returned = true
	return c.settle(ctx, m, wait, err)
}

// settle ends the writing of m, which returned err.
func (c *Conn) settle(ctx context.Context, m *message, wait bool, err error) error {
	if _, emulated := c.s.(*virtualStream); err == nil && !emulated {
		c.tellMoved(ctx, sending, frame.BodySize(m.size))
	}
	if err == nil || m.written == 0 || m.rest() == 0 || !interrupted(err) {
		m.head, m.body, m.handles = nil, nil, nil
		c.s.unlock(ctx, sending)
		return err
	}
	// The receiver has part of the message: the rest has to follow or no later
	// message could be found. The lock is kept for it, so it is first.
	rest := m.own()
	partial := &PartialSendError{Written: rest.written, Size: rest.size, Err: err}
	*m = message{}
	c.begun.Store(int64(rest.size))
	c.s.finish(ctx, rest, func() {
		if rest.rest() == 0 {
			c.begun.Store(0)
		}
	})
	if !wait {
		return nil
	}
	return partial
}

// interrupted reports whether a write ended because its caller would not wait
// any longer; the stream itself is well.
func interrupted(err error) bool {
	return errors.Is(err, ErrWouldBlock) || !errors.Is(err, ErrBrokenPipe) && !errors.Is(err, ErrClosed)
}
