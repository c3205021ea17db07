package pipe

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/pygil/pygil/internal/frame"
	"github.com/pygil/pygil/pipe/pickle"
)

// Send sends a value as one message, encoded by package pickle (see [WithCodec]): any Go value
// with its dynamic type. It waits while the connection is full, with the GIL
// given up. A value that cannot be encoded is a [*pickle.Error]; nothing is sent
// then. A long []byte is written from where it is: like everything in v, it must
// not change before Send returns. Other errors as for [Conn.SendBytes].
//
// A live object in the value (a Conn, a lock of package process) takes its
// descriptor with it, in the same message, over a unix-domain connection; over
// others it is refused. The sender's own object stays usable.
// Python: Connection.send.
func (c *Conn) Send(ctx context.Context, v any) error { return c.send(ctx, v, true) }

// SendTimeout is Send that waits at most d. Its error then matches
// [ErrTimeout].
func (c *Conn) SendTimeout(ctx context.Context, v any, d time.Duration) error {
	return c.within(ctx, d, "send", func(ctx context.Context, wait bool) error {
		return c.send(ctx, v, wait)
	})
}

// TrySend is Send that never waits: it returns [ErrWouldBlock] when there is no
// room, or while another goroutine is sending, and nothing was sent. A message
// for which there is some room counts as sent; its rest follows in the
// background.
func (c *Conn) TrySend(ctx context.Context, v any) error { return c.send(ctx, v, false) }

// Recv receives one message and decodes it: the value that [Conn.Send] was
// given, with its dynamic type. It waits for one with the GIL given up. A
// message that cannot be decoded is a [*pickle.Error]; it is consumed, and the
// next one is fine. Other errors as for [Conn.RecvBytes].
// Python: Connection.recv.
func (c *Conn) Recv(ctx context.Context) (any, error) { return c.recv(ctx, nil, true) }

// RecvTimeout is Recv that waits at most d for the whole message. Its error then
// matches [ErrTimeout]; what came of the message is kept for the next call.
func (c *Conn) RecvTimeout(ctx context.Context, d time.Duration) (v any, err error) {
	err = c.within(ctx, d, "recv", func(ctx context.Context, wait bool) error {
		v, err = c.recv(ctx, nil, wait)
		return err
	})
	return v, err
}

// TryRecv is Recv that never waits: it returns [ErrWouldBlock] when no whole message
// is there, or while another goroutine is receiving. Python: c.recv() if c.poll()
// else None.
func (c *Conn) TryRecv(ctx context.Context) (any, error) { return c.recv(ctx, nil, false) }

// Recv receives one message as a T: [Conn.Recv] with the type known. A message
// that holds something else is a [*pickle.Error] and consumed.
func Recv[T any](ctx context.Context, c *Conn) (T, error) {
	var v T
	_, err := c.recv(ctx, &v, true)
	return v, err
}

// RecvTimeout is [Recv] that waits at most d for the whole message.
func RecvTimeout[T any](ctx context.Context, c *Conn, d time.Duration) (T, error) {
	var v T
	err := c.within(ctx, d, "recv", func(ctx context.Context, wait bool) error {
		_, err := c.recv(ctx, &v, wait)
		return err
	})
	return v, err
}

// TryRecv is [Recv] that never waits; see [Conn.TryRecv].
func TryRecv[T any](ctx context.Context, c *Conn) (T, error) {
	var v T
	_, err := c.recv(ctx, &v, false)
	return v, err
}

// An encoder holds one message of Send while it is made and written. It is made
// before the sending lock is taken: encoding may run the program's own code.
type encoder struct {
	buf     []byte
	handles pickle.Handles
	opts    []pickle.Option // WithHandles above; then the Conn's
	ctx     context.Context
	after   []func(sent bool)
}

var encoders = sync.Pool{New: func() any {
	e := &encoder{buf: make([]byte, 0, 512)}
	e.opts = []pickle.Option{pickle.WithHandles(&e.handles)}
	return e
}}

// A Carrier is what pickle.Handles.Context may implement when live objects
// travel with a message: it lets them take part in whether the message left.
type Carrier interface {
	// Context is that of the call that sends.
	Context() context.Context
	// AfterSend has fn called once, when it is certain whether the message was
	// sent.
	AfterSend(fn func(sent bool))
}

// Context implements Carrier.
func (e *encoder) Context() context.Context { return e.ctx }

// AfterSend implements Carrier.
func (e *encoder) AfterSend(fn func(sent bool)) { e.after = append(e.after, fn) }

// done ends the message: its objects learn whether it left.
func (e *encoder) done(sent bool) {
	for _, fn := range e.after {
		fn(sent)
	}
	e.after, e.ctx = nil, nil
	if e.handles.Len() > 0 {
		release(e.handles.All())
		e.handles = pickle.Handles{}
	}
	clear(e.opts[1:])
	if cap(e.buf) <= keep {
		encoders.Put(e)
	}
}

func (c *Conn) send(ctx context.Context, v any, wait bool) error {
	if err := c.usable(sending); err != nil {
		return err
	}
	watched := observed(ctx) // an observer sees every message encoded
	if c.plain && bare(v) && watched == nil {
		return c.sendBare(ctx, v, wait)
	}
	if b, ok := v.([]byte); ok && c.plain && watched == nil && len(b) > joined && len(b) <= pickle.DefaultMaxSize-maxHead {
		return c.sendLong(ctx, b, wait)
	}
	e := encoders.Get().(*encoder)
	sent := false
	defer func() { e.done(sent) }()
	e.opts = append(e.opts[:1], c.opts...)
	opts := e.opts[1:]
	if c.s.carries() {
		e.ctx, e.handles.Context = ctx, e
		opts = e.opts
	}
	pickled := func(int) {}
	if watched != nil {
		pickled = emitPickling(watched)
	}
	buf, err := c.codec.Append(e.buf[:frame.LongHeader], v, opts...)
	pickled(max(0, len(buf)-frame.LongHeader))
	if err != nil {
		return err
	}
	e.buf = buf
	wire := framed(buf)
	if err := c.enter(ctx, sending, "send", wait); err != nil {
		return err
	}
	o := c.outbox()
	o.m = message{head: wire, handles: e.handles.All(), size: len(wire)}
	err = c.transmit(ctx, &o.m, wait)
	sent = err == nil || begun(err)
	return err
}

// begun reports whether the message of a Send that returned err is on its way.
func begun(err error) bool {
	var partial *PartialSendError
	return errors.As(err, &partial)
}

// framed puts the header right before the body that starts at
// buf[frame.LongHeader], and returns both: its size was not known before.
func framed(buf []byte) []byte {
	size := uint64(len(buf) - frame.LongHeader)
	start := frame.LongHeader - frame.HeaderSize(size)
	frame.AppendHeader(buf[start:start], size)
	return buf[start:]
}

// bare reports whether encoding v runs no code of the program's, needs little
// room and no options.
func bare(v any) bool {
	switch v := v.(type) {
	case nil, bool, int, float64:
		return true
	case string:
		return len(v) <= joined
	}
	return false
}

// sendBare sends a value for which bare holds: it is encoded where short messages
// are put together, with the sending lock held.
func (c *Conn) sendBare(ctx context.Context, v any, wait bool) error {
	if err := c.enter(ctx, sending, "send", wait); err != nil {
		return err
	}
	o := c.outbox()
	buf := append(o.scratch[:0], make([]byte, frame.LongHeader)...)
	buf, err := pickle.Append(buf, v)
	if err != nil {
		c.s.unlock(ctx, sending)
		return err
	}
	wire := framed(buf)
	o.scratch, o.m = buf, message{head: wire, size: len(wire)}
	return c.transmit(ctx, &o.m, wait)
}

// maxHead is room for what precedes the bytes in the message of a []byte.
const maxHead = 16

// sendLong sends a long []byte as a value, from where it is.
func (c *Conn) sendLong(ctx context.Context, b []byte, wait bool) error {
	if err := c.enter(ctx, sending, "send", wait); err != nil {
		return err
	}
	o := c.outbox()
	buf := pickle.AppendHead(append(o.scratch[:0], make([]byte, frame.LongHeader)...), b)
	size := len(buf) - frame.LongHeader + len(b)
	start := frame.LongHeader - frame.HeaderSize(uint64(size))
	frame.AppendHeader(buf[start:start], uint64(size))
	o.scratch, o.m = buf, message{head: buf[start:], body: b, size: len(buf) - start + len(b)}
	return c.transmit(ctx, &o.m, wait)
}

// recv receives one message and decodes it into the variable that into points
// to, or returns it when into is nil. Decoding a short message happens where it
// was read to; no code of the program runs in it, but for what it registered.
func (c *Conn) recv(ctx context.Context, into any, wait bool) (any, error) {
	if err := c.begin(ctx, wait); err != nil {
		return nil, err
	}
	defer c.end(ctx)
	body, short, err := c.in.r.View(&c.in)
	opts := c.in.decode
	if err == nil && !short {
		opts = c.in.alias
		body, err = c.in.r.Body(&c.in, nil)
	}
	if err != nil {
		return nil, c.lost(err)
	}
	h := &c.in.handles
	if err := c.take(h, len(body)); err != nil {
		release(h.All())
		*h = pickle.Handles{}
		return nil, err
	}
	if short && h.Len() == 0 && c.plain {
		opts = nil // quicker
	}
	if h.Len() > 0 {
		h.Context = &c.in
	}
	if t := observed(ctx); t != nil {
		defer emitPickling(t)(len(body))
	}
	var v any
	if into == nil {
		v, err = c.codec.Unmarshal(body, opts...)
	} else {
		err = c.codec.UnmarshalInto(body, into, opts...)
	}
	if h.Len() > 0 {
		release(h.Rest())
		*h = pickle.Handles{}
	}
	if err != nil {
		c.tellCorrupt(ctx, err)
	}
	return v, err
}
