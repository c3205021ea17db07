package pipe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/pygil/pygil/internal/blocking"
)

// FromConn makes a [Conn] of any connected stream of package net's kind: a TLS
// connection, one end of net.Pipe, a channel of an SSH client. The Conn owns it
// from then on and sets its deadlines. Sockets of package net itself have all
// the abilities of a Conn made by [Dial]; over others no handles travel,
// [Conn.Fd] is ^uintptr(0), and the Try methods may take a few milliseconds. TLS
// cannot go on after a Send that was given up.
func FromConn(c net.Conn, opts ...Option) (*Conn, error) {
	cfg, err := configure(atFromConn, opts)
	if err != nil {
		return nil, err
	}
	if c == nil {
		return nil, invalid("invalid handle")
	}
	return fromConn(c, &cfg), nil
}

func fromConn(c net.Conn, cfg *config) *Conn {
	cfg.ahead = true
	s := openSocket(c)
	if s == nil {
		s = newNetStream(c)
	}
	return newConn(s, true, true, cfg)
}

// moment is how long a try may take where one cannot look without waiting.
const moment = 5 * time.Millisecond

// A netStream is a stream over nothing but net.Conn's methods. There is no way
// to read without waiting there, so a try is a read with a short deadline; and
// since that holds the GIL up, a thread with a GIL gives it up for every read
// and write.
type netStream struct {
	c      net.Conn
	done   chan struct{}
	once   sync.Once
	tail   sync.WaitGroup
	turns  [2]turn
	peeked []byte // fetched by await; the receiving lock's
}

func newNetStream(c net.Conn) *netStream {
	s := &netStream{c: c, done: make(chan struct{})}
	s.turns[receiving].watch.set = c.SetReadDeadline
	s.turns[sending].watch.set = c.SetWriteDeadline
	for i := range s.turns {
		s.turns[i].closed = s.done
	}
	return s
}

func (s *netStream) lock(ctx context.Context, d direction, wait bool) error {
	return s.turns[d].enter(ctx, d, wait)
}

func (s *netStream) unlock(_ context.Context, d direction) { s.turns[d].leave() }

func (s *netStream) read(ctx context.Context, p []byte, wait bool) (n int, err error) {
	if len(s.peeked) > 0 {
		n = copy(p, s.peeked)
		s.peeked = s.peeked[n:]
		return n, nil
	}
	err = s.do(ctx, receiving, wait, func() error {
		n, err = s.c.Read(p)
		if n > 0 {
			err = nil // if the stream has ended, the next read says so
		}
		return err
	})
	return n, err
}

func (s *netStream) await(ctx context.Context, wait bool) error {
	if len(s.peeked) > 0 {
		return nil
	}
	p := make([]byte, 512)
	n, err := s.read(ctx, p, wait)
	s.peeked = p[:n]
	if errors.Is(err, io.EOF) {
		err = nil // a read does not wait, and says what is the matter
	}
	return err
}

func (s *netStream) write(ctx context.Context, m *message, wait bool) error {
	return s.do(ctx, sending, wait, func() error {
		bufs := net.Buffers{m.head}
		if len(m.body) > 0 {
			bufs = append(bufs, m.body)
		}
		n, err := bufs.WriteTo(s.c)
		m.advance(int(n))
		return err
	})
}

// do runs fn until it is done, the context ends, or, without wait, a moment has
// passed.
func (s *netStream) do(ctx context.Context, d direction, wait bool, fn func() error) (err error) {
	w := &s.turns[d].watch
	w.enter(ctx)
	if !wait {
		_ = w.set(time.Now().Add(moment))
		err = fn()
		_ = w.set(time.Time{})
	} else {
		blocking.Do(ctx, d.String(), func() {
			w.begin(ctx)
			err = fn()
			w.leave()
		})
	}
	switch {
	case err == nil:
		return nil
	case over(s.done):
		return ErrClosed
	case !errors.Is(err, os.ErrDeadlineExceeded):
		return systemError(d, err)
	case !wait:
		return ErrWouldBlock
	}
	return ended(ctx, d.op())
}

func (s *netStream) finish(_ context.Context, m *message, done func()) {
	s.tail.Add(1)
	go func() {
		defer s.tail.Done()
		_ = s.write(context.Background(), m, true)
		done()
		s.unlock(context.Background(), sending)
	}()
}

func (s *netStream) arrived(int) ([]any, error) { return nil, nil }
func (s *netStream) carries() bool              { return false }

func (s *netStream) handle() (any, error) {
	return nil, fmt.Errorf("pipe: a Conn over a %T cannot be sent to another process: %w", s.c, errors.ErrUnsupported)
}

func (s *netStream) timeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, d)
}

func (s *netStream) fd(bool) uintptr { return noFd }

func (s *netStream) closing() {}

func (s *netStream) close() (err error) {
	s.once.Do(func() {
		close(s.done)
		err = s.c.Close()
		s.tail.Wait()
		for i := range s.turns {
			s.turns[i].abandon()
		}
	})
	return err
}

// systemError names what an error of the operating system means here.
func systemError(d direction, err error) error {
	switch {
	case d == sending && (gone(err) || errors.Is(err, io.ErrClosedPipe)):
		return ErrBrokenPipe
	case d == receiving && err == io.EOF:
		return io.EOF
	case d == receiving && gone(err):
		return errReset
	}
	return fmt.Errorf("pipe: %s: %w", d.op(), err)
}
