//go:build linux || darwin

package pipe

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// FromFd makes a [Conn] of an open descriptor: an end of a pipe, or a connected
// stream socket, such as one that this process inherited. The Conn owns the
// descriptor from then on and puts it into non-blocking mode, which every other
// process that has the same end sees. The flags say what the end can do. A
// descriptor that is refused with a [*ValueError] stays the caller's; nobody else
// (an *os.File) may own it already.
//
// The Conn takes no byte behind the message it was asked for, so that other
// processes may read from the same end, unless [WithReadAhead] is given.
// Python: multiprocessing.connection.Connection(handle, readable, writable).
func FromFd(fd uintptr, readable, writable bool, opts ...Option) (*Conn, error) {
	cfg, err := configure(atFromFd, opts)
	switch {
	case err != nil:
		return nil, err
	case int(fd) < 0:
		return nil, invalid("invalid handle")
	case !readable && !writable:
		return nil, invalid("at least one of `readable` and `writable` must be True")
	}
	s, err := openFd(fd, func(fd uintptr) descriptor { return os.NewFile(fd, "pipe") })
	if err != nil {
		return nil, err
	}
	return newConn(s, readable, writable, &cfg), nil
}

// openFd makes a stream that owns fd, which own makes a descriptor.
func openFd(fd uintptr, own func(fd uintptr) descriptor) (stream, error) {
	var st unix.Stat_t
	if err := unix.Fstat(int(fd), &st); err != nil {
		return nil, fmt.Errorf("pipe: descriptor %d: %w", fd, err)
	}
	socket := false
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFIFO:
	case unix.S_IFSOCK:
		kind, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TYPE)
		if err != nil || kind != unix.SOCK_STREAM {
			return nil, invalidf("descriptor %d is no stream socket", fd)
		}
		name, err := unix.Getsockname(int(fd))
		if err != nil {
			return nil, fmt.Errorf("pipe: descriptor %d: %w", fd, err)
		}
		_, socket = name.(*unix.SockaddrUnix)
	default:
		return nil, invalidf("descriptor %d is neither a pipe nor a socket", fd)
	}
	if err := unix.SetNonblock(int(fd), true); err != nil {
		return nil, fmt.Errorf("pipe: descriptor %d: %w", fd, err)
	}
	unix.CloseOnExec(int(fd))
	file := own(fd)
	s, err := newFdStream(file, socket)
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("pipe: descriptor %d cannot be waited for; an *os.File may own it: %w", fd, err)
	}
	return s, nil
}

// openPair returns the ends of a duplex stream.
func openPair() (a, b stream, err error) {
	fds, err := socketpair()
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	return both(newQuiet(uintptr(fds[0])), newQuiet(uintptr(fds[1])), true)
}

// openOneWay returns the reading and the writing end of a pipe.
func openOneWay() (r, w stream, err error) {
	x, y, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	return both(x, y, false)
}

func both(x, y descriptor, socket bool) (stream, stream, error) {
	a, err := newFdStream(x, socket)
	if err == nil {
		var b *fdStream
		if b, err = newFdStream(y, socket); err == nil {
			a.kin = new(kin)
			b.kin, b.side = a.kin, 1
			return a, b, nil
		}
	}
	_, _ = x.Close(), y.Close()
	return nil, nil, err
}

// openSocket makes a stream of a connected stream socket of package net, or
// returns nil when c is no such thing.
func openSocket(c net.Conn) stream {
	file, ok := c.(descriptor)
	if !ok {
		return nil
	}
	switch c.(type) {
	case *net.UnixConn, *net.TCPConn:
	default:
		return nil
	}
	network := c.LocalAddr().Network()
	if network != "unix" && network != "tcp" {
		return nil
	}
	s, err := newFdStream(file, network == "unix")
	if err != nil {
		return nil
	}
	return s
}
