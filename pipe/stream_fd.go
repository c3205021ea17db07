//go:build linux || darwin

package pipe

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pygil/pygil/internal/blocking"
)

// A descriptor is an open file in non-blocking mode that the runtime polls: an
// *os.File, a socket of package net, or a quiet.
type descriptor interface {
	syscall.Conn
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
	Close() error
}

// An fdStream is a stream over a descriptor. A goroutine that has to wait is
// parked on the runtime's poller; a context that ends moves the descriptor's
// deadline into the past, which is what ends the wait.
type fdStream struct {
	file   descriptor
	raw    syscall.RawConn
	socket bool // handles can travel: a unix-domain socket
	done   chan struct{}
	once   sync.Once
	tail   sync.WaitGroup // of finish
	kin    *kin           // nil: the other end may be in another process
	side   int            // 0 or 1 in kin

	in, out half

	// The receiving half's own.
	p        []byte // to read into; nil: only see whether there is something
	n        int
	control  []byte // for descriptors that come with the bytes
	total    int64  // bytes read so far
	patience patience
	mu       sync.Mutex
	came     []arrival // guarded by mu: close drops them

	// The sending half's own.
	m *message
}

// A half is what one direction needs. Its fields belong to the holder of slot.
type half struct {
	turn
	run  func(step func(fd uintptr) bool) error
	step func(fd uintptr) bool // made once: a closure for every call would allocate

	ctx  context.Context
	wait bool
	err  error
}

func newFdStream(file descriptor, socket bool) (*fdStream, error) {
	raw, err := file.SyscallConn()
	if err == nil {
		// A file that the poller refused would block a thread for ever.
		err = file.SetReadDeadline(time.Time{})
	}
	if err != nil {
		return nil, err
	}
	s := &fdStream{file: file, raw: raw, socket: socket, done: make(chan struct{})}
	s.in.init(s, raw.Read, s.readStep, file.SetReadDeadline)
	s.out.init(s, raw.Write, s.writeStep, file.SetWriteDeadline)
	return s, nil
}

func (h *half) init(s *fdStream, run func(func(fd uintptr) bool) error, step func(fd uintptr) bool, set func(t time.Time) error) {
	h.closed, h.run, h.step, h.watch.set = s.done, run, step, set
}

func (s *fdStream) half(d direction) *half {
	if d == sending {
		return &s.out
	}
	return &s.in
}

func (s *fdStream) lock(ctx context.Context, d direction, wait bool) error {
	return s.half(d).enter(ctx, d, wait)
}

func (s *fdStream) unlock(_ context.Context, d direction) { s.half(d).leave() }

func (s *fdStream) read(ctx context.Context, p []byte, wait bool) (int, error) {
	s.p = p
	if wait {
		s.hush(ctx)
	}
	err := s.in.do(ctx, receiving, wait)
	s.p = nil
	if err != nil {
		return 0, err
	}
	return s.n, nil
}

func (s *fdStream) await(ctx context.Context, wait bool) error {
	s.p = nil
	return s.in.do(ctx, receiving, wait)
}

func (s *fdStream) write(ctx context.Context, m *message, wait bool) error {
	s.m = m
	err := s.out.do(ctx, sending, wait)
	s.m = nil
	return err
}

// do runs the half's step: at once, and if that would block, again and again
// with the GIL given up. Without a GIL to give up the first try and the waiting
// are one call of the poller.
func (h *half) do(ctx context.Context, d direction, wait bool) error {
	h.ctx = ctx
	gil := wait && blocking.From(ctx) != nil
	err := h.attempt(d, wait && !gil)
	if gil && err == ErrWouldBlock {
		err = h.released(d)
	}
	h.ctx = nil
	return err
}

// released waits with the GIL given up.
func (h *half) released(d direction) (err error) {
	blocking.Do(h.ctx, d.String(), func() { err = h.attempt(d, true) })
	return err
}

func (h *half) attempt(d direction, wait bool) error {
	h.wait, h.err = wait, nil
	h.watch.enter(h.ctx)
	err := h.run(h.step)
	h.watch.leave()
	if err == nil {
		return h.err
	}
	switch {
	case over(h.closed):
		return ErrClosed
	case errors.Is(err, os.ErrDeadlineExceeded):
		return ended(h.ctx, d.op())
	}
	return systemError(d, err)
}

// park prepares a step that has to wait: from now on the end of the context ends
// it. It always answers false, "not done".
func (h *half) park() bool {
	h.watch.begin(h.ctx)
	return false
}

func (s *fdStream) readStep(fd uintptr) bool {
	h := &s.in
	for {
		var err error
		if s.p == nil {
			err = readable(int(fd))
		} else {
			s.n, err = s.receive(int(fd))
			if err == unix.EAGAIN && h.wait {
				if s.patience.begins(); s.linger(int(fd)) {
					s.n, err = s.receive(int(fd))
				}
			}
			if err == nil {
				s.patience.ends()
				if s.n == 0 {
					err = io.EOF
				}
			}
		}
		switch err {
		case nil:
			return true
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			if h.wait {
				return h.park()
			}
			h.err = ErrWouldBlock
		case io.EOF:
			h.err = io.EOF
		default:
			h.err = systemError(receiving, err)
		}
		return true
	}
}

func (s *fdStream) writeStep(fd uintptr) bool {
	h := &s.out
	for s.m.rest() > 0 {
		n, err := s.transmit(int(fd))
		if n > 0 {
			s.m.advance(n)
		}
		switch err {
		case nil, unix.EINTR:
			continue
		case unix.EAGAIN:
			if h.wait {
				return h.park()
			}
			h.err = ErrWouldBlock
		default:
			h.err = systemError(sending, err)
		}
		return true
	}
	return true
}

// transmit writes once.
func (s *fdStream) transmit(fd int) (int, error) {
	m := s.m
	switch {
	case len(m.handles) > 0 && m.written == 0:
		s.widen()
		return sendWithHandles(fd, m)
	case len(m.body) == 0:
		return syscall.Write(fd, m.head)
	case len(m.head) == 0:
		return syscall.Write(fd, m.body)
	}
	return unix.Writev(fd, [][]byte{m.head, m.body})
}

// readable returns nil when a read of fd would not wait and EAGAIN when it
// would.
func readable(fd int) error {
	p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(p, 0)
	switch {
	case err != nil:
		return err
	case n == 0:
		return unix.EAGAIN
	}
	return nil
}

func (s *fdStream) finish(_ context.Context, m *message, done func()) {
	s.tail.Add(1)
	go func() {
		defer s.tail.Done()
		// Nobody waits for this: no context ends it and no GIL is involved.
		_ = s.write(context.Background(), m, true)
		done()
		s.unlock(context.Background(), sending)
	}()
}

func (s *fdStream) timeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, d)
}

func (s *fdStream) fd(leaves bool) uintptr {
	if leaves {
		s.widen()
	}
	fd := noFd
	_ = s.raw.Control(func(x uintptr) { fd = x })
	return fd
}

func (s *fdStream) closing() {}

func (s *fdStream) close() (err error) {
	s.once.Do(func() {
		close(s.done)
		err = s.file.Close() // ends every wait, and returns when none is left
		s.tail.Wait()
		s.in.abandon()
		s.out.abandon()
		s.drop()
	})
	return err
}

// enlarged is what a socket to a Python may hold, in bytes.
const enlarged = 1 << 20

// enlarge lets a socket hold a longer message at once. A Python takes a message in
// pieces, as they come, and each costs it memory for all the rest; a sender that is
// not blocked in the kernel fills an empty socket later than one that is.
func (s *fdStream) enlarge() {
	if s.socket {
		_ = s.raw.Control(func(fd uintptr) {
			_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF, enlarged) // as much as the system allows
		})
	}
}
