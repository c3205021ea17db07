package pipe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pygil/pygil/internal/frame"
	"github.com/pygil/pygil/pipe/pickle"
)

// RecvBytes receives one message as it was sent, in new memory. It waits for
// one with the GIL given up.
//
// Errors: io.EOF when the other end is closed and everything it sent was
// received; [*CutError] when it was closed, or died, inside a message;
// [ErrWriteOnly]; [*LengthError], after which this end cannot receive any more;
// the context's, after which the next call goes on in the same message: nothing
// is lost. Options: [WithMaxLength].
// Python: Connection.recv_bytes.
func (c *Conn) RecvBytes(ctx context.Context, opts ...Option) ([]byte, error) {
	return c.recvBytes(ctx, opts, true)
}

// RecvBytesTimeout is RecvBytes that waits at most d for the whole message. Its
// error then matches [ErrTimeout]; what came of the message is kept for the next
// call.
func (c *Conn) RecvBytesTimeout(ctx context.Context, d time.Duration, opts ...Option) (b []byte, err error) {
	err = c.within(ctx, d, "recv", func(ctx context.Context, wait bool) error {
		b, err = c.recvBytes(ctx, opts, wait)
		return err
	})
	return b, err
}

// TryRecvBytes is RecvBytes that never waits: it returns [ErrWouldBlock] when no
// whole message is there, or while another goroutine is receiving.
func (c *Conn) TryRecvBytes(ctx context.Context, opts ...Option) ([]byte, error) {
	return c.recvBytes(ctx, opts, false)
}

func (c *Conn) recvBytes(ctx context.Context, opts []Option, wait bool) ([]byte, error) {
	limit := c.max
	if len(opts) > 0 {
		if err := c.usable(receiving); err != nil {
			return nil, err
		}
		cfg, err := configure(atRecvBytes, opts)
		if err != nil {
			return nil, err
		}
		if cfg.maxLength >= 0 {
			limit = min(limit, uint64(cfg.maxLength))
		}
	}
	if err := c.begin(ctx, wait); err != nil {
		return nil, err
	}
	defer c.end(ctx)
	size, err := c.in.r.Size(&c.in)
	if err == nil && size > limit {
		c.badLength()
		return nil, &LengthError{Length: size, Max: limit}
	}
	var body []byte
	if err == nil {
		body, err = c.in.r.Body(&c.in, nil)
	}
	if err != nil {
		return nil, c.lost(err)
	}
	return body, c.take(nil, len(body))
}

// RecvBytesInto receives one message into b and returns its length. It waits
// for one with the GIL given up. A message longer than b (from the offset on) is
// a [*BufferTooShort] that holds it; the connection goes on. A call that ends
// with another error may have written to b. Other errors as for
// [Conn.RecvBytes]. Options: [WithOffset].
// Python: Connection.recv_bytes_into.
func (c *Conn) RecvBytesInto(ctx context.Context, b []byte, opts ...Option) (int, error) {
	return c.recvBytesInto(ctx, b, opts, true)
}

// RecvBytesIntoTimeout is RecvBytesInto that waits at most d for the whole
// message. Its error then matches [ErrTimeout]; what came of the message is kept
// for the next call.
func (c *Conn) RecvBytesIntoTimeout(ctx context.Context, b []byte, d time.Duration, opts ...Option) (n int, err error) {
	err = c.within(ctx, d, "recv", func(ctx context.Context, wait bool) error {
		n, err = c.recvBytesInto(ctx, b, opts, wait)
		return err
	})
	return n, err
}

// TryRecvBytesInto is RecvBytesInto that never waits: it returns
// [ErrWouldBlock] when no whole message is there, or while another goroutine is
// receiving.
func (c *Conn) TryRecvBytesInto(ctx context.Context, b []byte, opts ...Option) (int, error) {
	return c.recvBytesInto(ctx, b, opts, false)
}

func (c *Conn) recvBytesInto(ctx context.Context, b []byte, opts []Option, wait bool) (int, error) {
	if len(opts) > 0 {
		if err := c.usable(receiving); err != nil {
			return 0, err
		}
		cfg, err := configure(atRecvBytesInto, opts)
		switch {
		case err != nil:
			return 0, err
		case cfg.offset < 0:
			return 0, &ValueError{text: fmt.Sprintf("negative offset %d", cfg.offset), python: "negative offset"}
		case cfg.offset > len(b):
			return 0, &ValueError{text: fmt.Sprintf("offset %d too large for %d bytes", cfg.offset, len(b)), python: "offset too large"}
		}
		b = b[cfg.offset:]
	}
	if err := c.begin(ctx, wait); err != nil {
		return 0, err
	}
	defer c.end(ctx)
	body, err := c.in.r.Body(&c.in, b)
	if err != nil {
		return 0, c.lost(err)
	}
	if err := c.take(nil, len(body)); err != nil {
		return 0, err
	}
	if len(body) > len(b) {
		return 0, &BufferTooShort{Message: body, Room: len(b)}
	}
	return len(body), nil
}

// Poll waits until there is something to receive, with the GIL given up, and
// returns true: the first bytes of a message, or the end of the stream. It
// consumes nothing. It returns false only together with an error.
//
// Python's poll() does not wait unless it is told to: that is [Conn.TryPoll].
func (c *Conn) Poll(ctx context.Context) (bool, error) { return c.poll(ctx, true) }

// PollTimeout is Poll that waits at most d and then returns false without an
// error. Python: Connection.poll(timeout).
func (c *Conn) PollTimeout(ctx context.Context, d time.Duration) (ready bool, err error) {
	err = c.within(ctx, d, "poll", func(ctx context.Context, wait bool) error {
		ready, err = c.poll(ctx, wait)
		return err
	})
	if errors.Is(err, ErrTimeout) && ctx.Err() == nil {
		err = nil // the limit was d
	}
	return ready, err
}

// TryPoll reports whether there is something to receive. It never waits; while
// another goroutine is receiving it answers false.
// Python: Connection.poll().
func (c *Conn) TryPoll(ctx context.Context) (bool, error) { return c.poll(ctx, false) }

func (c *Conn) poll(ctx context.Context, wait bool) (bool, error) {
	err := c.begin(ctx, wait)
	if err == nil {
		defer c.end(ctx)
		if c.in.r.Pending() {
			return true, nil
		}
		err = c.s.await(ctx, wait)
	}
	if err == ErrWouldBlock {
		return false, nil
	}
	return err == nil, err
}

// begin takes the receiving lock and points the inbox at the call.
func (c *Conn) begin(ctx context.Context, wait bool) error {
	if err := c.enter(ctx, receiving, "recv", wait); err != nil {
		return err
	}
	c.in.ctx, c.in.wait = ctx, wait
	c.in.r.Ahead = !c.exposed.Load()
	return nil
}

func (c *Conn) end(ctx context.Context) {
	c.in.ctx = nil
	left := c.in.r.Pending()
	c.s.unlock(ctx, receiving)
	// Whoever has found the lock taken, and relies on being told, was watching before.
	// So this is asked when the lock is free.
	if left && c.watched.Load() > 0 {
		c.tell()
	}
}

// take consumes the message of so many bytes that was read and fetches the handles that came
// with it into h; with h nil they are released.
func (c *Conn) take(h *pickle.Handles, size int) error {
	c.in.r.Next()
	c.tellMoved(c.in.ctx, receiving, size)
	handles, err := c.s.arrived(c.in.r.Buffered())
	if h == nil {
		release(handles)
		return nil
	}
	for _, handle := range handles {
		h.Add(handle)
	}
	return err
}

// lost turns an error of the frame reader into the one to return.
func (c *Conn) lost(err error) error {
	var cut *frame.CutError
	var length *frame.LengthError
	switch {
	case errors.As(err, &cut):
		e := &CutError{Header: cut.Header, Got: cut.Got, Want: cut.Want}
		if cut.Err != io.EOF {
			e.Err = cut.Err
		}
		return e
	case errors.As(err, &length):
		c.badLength()
		err = &LengthError{Negative: length.Negative, Length: length.Claim, Max: length.Max}
		c.tellCorrupt(c.in.ctx, err)
		return err
	}
	return err
}
