package pipe

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pygil/pygil/internal/frame"
	"github.com/pygil/pygil/pipe/pickle"
)

// A Conn is one end of a connection that carries whole messages: Go values, or
// byte slices, never merged and never split. Two ends are made by [New] and
// [OneWay], by [Listen] and [Dial], or come as an argument of a process or in a
// message. The zero Conn is of no use.
//
// Any number of goroutines may use one Conn. Senders take turns, and so do
// receivers: messages are whole whoever sends them. Several processes may share
// one end for sending short messages (see the package comment).
//
// Every method that may wait takes a context first and ends when that does. A
// thread with a GIL gives it up while it waits, and only then. A receiver in the
// middle of a quick exchange with another process may notice the end of its context,
// or Close, up to 20 ms late; a deadline it keeps.
// Python: multiprocessing.connection.Connection.
type Conn struct {
	s     stream
	codec pickle.Codec
	opts  []pickle.Option // for the codec
	plain bool            // the codec is pickle's own and has no options
	max   uint64          // length of an acceptable message
	torn  bool            // senders take no turns: see WithTornWrites

	closed  atomic.Bool
	noRecv  atomic.Bool  // write-only
	noSend  atomic.Bool  // read-only
	exposed atomic.Bool  // others may read from the descriptor: no reading ahead
	begun   atomic.Int64 // size of a message whose Send was given up half way; 0: none

	in  inbox
	out outbox

	courses [2]*course // by direction

	watched atomic.Int32 // watches
	mu      sync.Mutex
	watches map[*func()]struct{} // see watch
}

// An inbox is the receiving half; it belongs to who holds the receiving lock.
type inbox struct {
	r    frame.Reader
	s    stream
	ctx  context.Context // of the call under way
	wait bool

	handles pickle.Handles
	decode  []pickle.Option // with the handles above
	alias   []pickle.Option // decode, for a message in memory of its own
}

// Read lets the frame reader draw on the stream in the name of the call under
// way.
func (in *inbox) Read(p []byte) (int, error) { return in.s.read(in.ctx, p, in.wait) }

// Context is that of the call under way, for live objects that arrive with a
// message.
func (in *inbox) Context() context.Context { return in.ctx }

// An outbox is the sending half; it belongs to who holds the sending lock.
type outbox struct {
	m       message
	scratch []byte // header, and body when that is short
}

// outbox returns what to make a message in, with the sending lock held. Senders
// that take no turns have one each.
func (c *Conn) outbox() *outbox {
	if c.torn {
		return new(outbox)
	}
	return &c.out
}

// newConn wraps a stream; the Conn owns it.
func newConn(s stream, readable, writable bool, cfg *config) *Conn {
	c := &Conn{s: s, codec: cfg.codec, opts: cfg.pickle, max: cfg.maxMessage, torn: cfg.torn}
	c.plain = c.codec == pickle.Native && len(c.opts) == 0
	c.noRecv.Store(!readable)
	c.noSend.Store(!writable)
	c.exposed.Store(!cfg.ahead)
	c.in.s = s
	c.courses = coursesOfEnd(s)
	c.in.r.Max = c.max
	c.in.decode = append([]pickle.Option{pickle.WithHandles(&c.in.handles)}, cfg.pickle...)
	c.in.alias = append([]pickle.Option{pickle.WithAliasing()}, c.in.decode...)
	if w, ok := s.(interface{ enlarge() }); ok && c.codec == pickle.Python {
		w.enlarge()
	}
	return c
}

// New returns the two ends of a duplex connection: what is sent at one is
// received at the other. It does not wait. Both ends are to be closed; the end
// of file reaches one end when every copy of the other, in whatever process, is
// closed. On a thread of a virtual world the pipe is emulated. Python: Pipe().
func New(ctx context.Context, opts ...Option) (a, b *Conn, err error) {
	return newPair(ctx, opts, true)
}

// OneWay returns the two ends of a connection that carries messages from w to
// r only. It is a little faster than a duplex one. Python: Pipe(duplex=False).
func OneWay(ctx context.Context, opts ...Option) (r, w *Conn, err error) {
	return newPair(ctx, opts, false)
}

func newPair(ctx context.Context, opts []Option, duplex bool) (a, b *Conn, err error) {
	cfg, err := configure(atNew, opts)
	if err != nil {
		return nil, nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, ended(ctx, "New")
	}
	x, y, err := openVirtual(ctx, duplex, cfg.torn)
	if err != nil {
		return nil, nil, err
	}
	if x == nil {
		open := openOneWay
		if duplex {
			open = openPair
		}
		if x, y, err = open(); err != nil {
			return nil, nil, fmt.Errorf("pipe: New: %w", err)
		}
		cfg.ahead = true
	}
	a, b = newConn(x, true, duplex, &cfg), newConn(y, duplex, true, &cfg)
	if _, emulated := x.(*virtualStream); !emulated {
		a.courses, b.courses = coursesOf(new([2]course))
	}
	return a, b, nil
}

// Readable reports whether this end can receive. Python: Connection.readable.
func (c *Conn) Readable() bool { return !c.noRecv.Load() }

// Writable reports whether this end can send. Python: Connection.writable.
func (c *Conn) Writable() bool { return !c.noSend.Load() }

// Closed reports whether this end was closed here. Whether the other end is
// still open is seen by receiving or sending. Python: Connection.closed.
func (c *Conn) Closed() bool { return c.closed.Load() }

// Fd returns the file descriptor, which stays the Conn's and stays in
// non-blocking mode. From now on the Conn fetches no bytes ahead, so that the
// descriptor may be polled or inherited; what it fetched before is its own, ask
// [Conn.TryPoll] for it. Fd returns ^uintptr(0) when the Conn is closed or has
// no descriptor. Python: Connection.fileno.
func (c *Conn) Fd() uintptr {
	if c.closed.Load() {
		return noFd
	}
	c.exposed.Store(true)
	return c.s.fd(true)
}

// Close closes this end. Whoever waits in one of its methods gets [ErrClosed];
// the other end receives what was sent and then the end of file. Closing again
// does nothing. The one error is that of a message begun by a Send that was
// given up (see [PartialSendError]): closing cuts it.
// Python: Connection.close.
func (c *Conn) Close() error {
	if c.closed.Load() {
		return nil
	}
	if c.s.closing(); !c.closed.CompareAndSwap(false, true) {
		return nil
	}
	c.tell()
	err := c.s.close()
	if n := c.begun.Load(); n > 0 {
		return fmt.Errorf("pipe: closed before a message of %d bytes, whose Send was given up half way, was written to its end: the other end gets an error", n)
	}
	if err != nil {
		return fmt.Errorf("pipe: Close: %w", err)
	}
	return nil
}

// watch has wake called when the Conn is closed, at once if it is, and when a
// receiver leaves something behind that the descriptor knows nothing of. It may
// come once too often. The returned function ends that.
func (c *Conn) watch(wake func()) (stop func()) {
	c.mu.Lock()
	if c.watches == nil {
		c.watches = make(map[*func()]struct{})
	}
	c.watches[&wake] = struct{}{}
	c.watched.Add(1)
	c.mu.Unlock()
	if c.closed.Load() {
		wake()
	}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.watches, &wake)
		c.watched.Add(-1)
	}
}

// tell calls those who watch.
func (c *Conn) tell() {
	c.mu.Lock()
	var wakes []func()
	for wake := range c.watches {
		wakes = append(wakes, *wake)
	}
	c.mu.Unlock()
	for _, wake := range wakes {
		wake()
	}
}

// usable returns why nothing can be done in direction d, or nil.
func (c *Conn) usable(d direction) error {
	switch {
	case c.closed.Load():
		return ErrClosed
	case d == receiving && c.noRecv.Load():
		return ErrWriteOnly
	case d == sending && c.noSend.Load():
		return ErrReadOnly
	}
	return nil
}

// enter begins an operation: it returns with the lock of direction d held, or
// with an error. Who waited for the lock looks again whether the direction is
// still usable.
func (c *Conn) enter(ctx context.Context, d direction, op string, wait bool) error {
	if err := c.usable(d); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ended(ctx, op)
	}
	if err := c.s.lock(ctx, d, wait); err != nil {
		return err
	}
	if err := c.usable(d); err != nil {
		c.s.unlock(ctx, d)
		return err
	}
	return nil
}

// within runs call with a limit of d on this Conn's clock. A limit that is not
// positive means: try once.
func (c *Conn) within(ctx context.Context, d time.Duration, op string, call func(ctx context.Context, wait bool) error) error {
	if d <= 0 {
		err := call(ctx, false)
		if err == ErrWouldBlock {
			return &expired{op}
		}
		return err
	}
	ctx, cancel := c.s.timeout(ctx, d)
	defer cancel()
	return call(ctx, true)
}

// badLength ends receiving: the next message cannot be found. An end that only
// receives is closed.
func (c *Conn) badLength() {
	c.noRecv.Store(true)
	if !c.Writable() {
		_ = c.Close()
	}
}

// release closes handles that nobody wants.
func release(handles []any) {
	for _, h := range handles {
		if h, ok := h.(io.Closer); ok {
			_ = h.Close()
		}
	}
}
