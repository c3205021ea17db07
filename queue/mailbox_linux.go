package queue

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// A mailbox is where the descriptors of live objects wait for the item that they
// belong to: a pair of sockets that all processes of the queue have both ends of. Who
// puts posts them, with the latch of the putters, before the item is published, in a
// datagram with the item's number. Who gets looks at the datagram without taking it,
// takes the item, and then the datagram, with the latch of the getters. So those of an
// item that was published are there until it is taken, and whoever finds a datagram in
// front that is not that of the next item knows that its process died in between, on
// either side, and throws it away.
type mailbox struct{ in, out int }

// mostHandles is how many descriptors the kernel passes at once (SCM_MAX_FD).
const mostHandles = 253

func newMailbox() (*mailbox, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("queue: %w", os.NewSyscallError("socketpair", err))
	}
	return mailboxOf(fds[0], fds[1]), nil
}

func mailboxOf(in, out int) *mailbox {
	b := &mailbox{in, out}
	runtime.SetFinalizer(b, (*mailbox).close)
	return b
}

// openMailbox makes a mailbox of what files returned in another process.
func openMailbox(in, out any) (*mailbox, error) {
	var fds []int
	for _, h := range []any{in, out} {
		f, ok := h.(*os.File)
		if !ok {
			return nil, fmt.Errorf("queue: a mailbox came with a handle of type %T", h)
		}
		err := with(f, func(fd int) error {
			dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
			fds = append(fds, dup)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("queue: %w", err)
		}
	}
	return mailboxOf(fds[0], fds[1]), nil
}

// files are descriptors of both ends for another process.
func (b *mailbox) files() (all []any, err error) {
	defer runtime.KeepAlive(b)
	for _, fd := range []int{b.in, b.out} {
		dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			release(all)
			return nil, fmt.Errorf("queue: %w", err)
		}
		all = append(all, os.NewFile(uintptr(dup), "mailbox"))
	}
	return all, nil
}

func (b *mailbox) close() {
	if b.in >= 0 {
		_, _ = unix.Close(b.in), unix.Close(b.out)
		b.in, b.out = -1, -1
	}
}

// post leaves handles for an item, and reports whether there was room.
func (b *mailbox) post(id uint64, handles []any) bool {
	fds := make([]int, len(handles))
	for i, h := range handles {
		if with(h.(*os.File), func(fd int) error { fds[i] = fd; return nil }) != nil {
			return false
		}
	}
	for {
		err := unix.Sendmsg(b.in, binary.LittleEndian.AppendUint64(nil, id), unix.UnixRights(fds...), nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
		runtime.KeepAlive(handles)
		if !errors.Is(err, unix.EINTR) {
			return err == nil
		}
	}
}

// look returns the handles of an item, which stay there.
func (b *mailbox) look(id uint64) []any {
	text := make([]byte, 8)
	control := make([]byte, unix.CmsgSpace(4*mostHandles))
	for {
		n, m, _, _, err := unix.Recvmsg(b.out, text, control, unix.MSG_PEEK|unix.MSG_DONTWAIT|unix.MSG_CMSG_CLOEXEC)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil || n == 0:
			return nil
		}
		files := filesOf(control[:m])
		if n == len(text) && binary.LittleEndian.Uint64(text) == id {
			return files
		}
		release(files)
		b.drop()
	}
}

// drop throws the first datagram away, and reports whether there was one.
func (b *mailbox) drop() bool {
	for {
		n, _, _, _, err := unix.Recvmsg(b.out, make([]byte, 8), nil, unix.MSG_DONTWAIT)
		if !errors.Is(err, unix.EINTR) {
			return err == nil && n > 0
		}
	}
}

// filesOf takes the descriptors out of control messages.
func filesOf(control []byte) (files []any) {
	messages, _ := unix.ParseSocketControlMessage(control)
	for i := range messages {
		fds, _ := unix.ParseUnixRights(&messages[i])
		for _, fd := range fds {
			files = append(files, os.NewFile(uintptr(fd), "handle"))
		}
	}
	return files
}

// with calls fn with the number of a file's descriptor, without changing its mode as
// Fd does.
func with(f *os.File, fn func(fd int) error) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = fn(int(fd)) }); err != nil {
		return err
	}
	return failed
}
