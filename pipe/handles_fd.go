//go:build linux || darwin

package pipe

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxHandles is how many descriptors the kernel passes at once (SCM_MAX_FD). No
// message has more, and no more are kept for one that is still arriving.
const maxHandles = 253

// An arrival is a set of descriptors that came with the bytes up to a place in
// the stream. They were sent with the first byte of a message, and the kernel
// ends a read behind the piece they came with; so they belong to the message
// that this place lies in, or at the end of.
type arrival struct {
	end   int64
	files []any
	lost  bool // the kernel dropped some
}

// receive reads once, and keeps the descriptors that come along.
func (s *fdStream) receive(fd int) (int, error) {
	if !s.socket {
		return syscall.Read(fd, s.p)
	}
	if s.kin != nil {
		if n, err, done := s.kin.read(s.side, fd, s.p); done {
			s.total += int64(max(n, 0))
			return n, err
		}
	}
	if s.control == nil {
		s.control = make([]byte, unix.CmsgSpace(4*maxHandles))
	}
	n, oobn, flags, err := recvmsg(fd, s.p, s.control)
	if err != nil {
		return 0, err
	}
	s.total += int64(n)
	if oobn > 0 || flags&unix.MSG_CTRUNC != 0 {
		s.keep(arrival{end: s.total, files: filesOf(s.control[:oobn]), lost: flags&unix.MSG_CTRUNC != 0})
	}
	return n, nil
}

// A kin joins the two ends of a pair as long as both are in this process and
// nobody has sent descriptors: read(2) will do then, which is cheaper than
// recvmsg(2) but drops descriptors that come.
type kin struct {
	wide    atomic.Bool    // descriptors may come
	reading [2]atomic.Bool // this side may be in a read that drops them
}

// read reads unless descriptors may come.
func (k *kin) read(side, fd int, p []byte) (n int, err error, done bool) {
	if k.wide.Load() {
		return 0, nil, false
	}
	// The order matters: whoever widens does so first and looks at reading
	// second. Either that is seen here now, or we are seen there and waited for.
	k.reading[side].Store(true)
	if done = !k.wide.Load(); done {
		n, err = syscall.Read(fd, p)
	}
	k.reading[side].Store(false)
	return n, err, done
}

// widen is called before descriptors are sent, and before an end is given to
// somebody who may send some. Reads are short: descriptors of pairs do not block.
func (s *fdStream) widen() {
	if s.kin == nil {
		return
	}
	s.kin.wide.Store(true)
	for s.kin.reading[0].Load() || s.kin.reading[1].Load() {
		runtime.Gosched()
	}
}

// filesOf takes the descriptors out of control messages.
func filesOf(control []byte) (files []any) {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return nil
	}
	for i := range messages {
		fds, err := unix.ParseUnixRights(&messages[i])
		if err != nil {
			continue
		}
		for _, fd := range fds {
			files = append(files, os.NewFile(uintptr(fd), "handle"))
		}
	}
	return files
}

// keep notes an arrival. A peer that sends more than any message can have gets
// the rest closed: it must not use up this process's descriptors.
func (s *fdStream) keep(a arrival) {
	s.mu.Lock()
	defer s.mu.Unlock()
	have := 0
	for _, x := range s.came {
		have += len(x.files)
	}
	if have+len(a.files) > maxHandles {
		release(a.files)
		a.files, a.lost = nil, true
	}
	if n := len(s.came); a.files == nil && n > 0 && s.came[n-1].files == nil {
		s.came = s.came[:n-1] // nothing but losses: one note is enough
	}
	s.came = append(s.came, a)
}

func (s *fdStream) arrived(unread int) (files []any, err error) {
	if !s.socket {
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	end := s.total - int64(unread)
	for len(s.came) > 0 && s.came[0].end <= end {
		files = append(files, s.came[0].files...)
		if s.came[0].lost {
			err = errors.New("pipe: recv: descriptors that came with the message were lost: this process has too many open files, or the sender sent more than a message may have")
		}
		s.came = s.came[1:]
	}
	return files, err
}

// drop closes what came and was never asked for.
func (s *fdStream) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.came {
		release(a.files)
	}
	s.came = nil
}

func (s *fdStream) carries() bool { return s.socket }

// handle returns a duplicate of the descriptor as an *os.File.
func (s *fdStream) handle() (any, error) {
	s.widen()
	var dup int
	var err error
	if e := s.raw.Control(func(fd uintptr) { dup, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) }); e != nil {
		return nil, ErrClosed
	}
	if err != nil {
		return nil, fmt.Errorf("pipe: cannot duplicate the descriptor of a Conn: %w", err)
	}
	return os.NewFile(uintptr(dup), "conn"), nil
}

// openHandle makes a stream of what another stream's handle returned, in
// whatever process.
func openHandle(handle any) (stream, error) {
	file, ok := handle.(*os.File)
	if !ok {
		return nil, fmt.Errorf("pipe: a Conn came with a handle of type %T, want *os.File", handle)
	}
	fd, err := descriptorOf(file)
	if err != nil {
		return nil, err
	}
	dup, err := unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("pipe: cannot duplicate the descriptor of a Conn: %w", err)
	}
	s, err := openFd(uintptr(dup), newQuiet) // a duplicate: no *os.File owns it
	var refused *ValueError
	switch {
	case errors.As(err, &refused):
		_ = unix.Close(dup)
		return nil, err
	case err != nil:
		return nil, err
	}
	_ = file.Close()
	return s, nil
}

// descriptorOf returns the number of a file without changing its mode, which Fd
// may do.
func descriptorOf(file syscall.Conn) (fd uintptr, err error) {
	raw, err := file.SyscallConn()
	if err == nil {
		err = raw.Control(func(x uintptr) { fd = x })
	}
	if err != nil {
		return 0, fmt.Errorf("pipe: a handle is closed: %w", err)
	}
	return fd, nil
}

// sendWithHandles writes the start of a message together with its descriptors.
// They stay the message's: the receiver gets duplicates.
func sendWithHandles(fd int, m *message) (int, error) {
	if len(m.handles) > maxHandles {
		return 0, fmt.Errorf("%d handles in one message, at most %d can travel: send several messages", len(m.handles), maxHandles)
	}
	fds := make([]int, len(m.handles))
	for i, handle := range m.handles {
		file, ok := handle.(*os.File)
		if !ok {
			return 0, fmt.Errorf("a handle of type %T cannot travel over a socket, only *os.File", handle)
		}
		x, err := descriptorOf(file)
		if err != nil {
			return 0, err
		}
		fds[i] = int(x)
	}
	bufs := [][]byte{m.head, m.body}
	if len(m.body) == 0 {
		bufs = bufs[:1]
	}
	return unix.SendmsgBuffers(fd, bufs, unix.UnixRights(fds...), nil, 0)
}
