//go:build !linux && !darwin

package pipe

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

// FromFd needs Linux or macOS; elsewhere it returns an error that matches
// errors.ErrUnsupported. [FromConn] works everywhere.
func FromFd(fd uintptr, readable, writable bool, opts ...Option) (*Conn, error) {
	return nil, fmt.Errorf("pipe: FromFd needs Linux or macOS, use FromConn: %w", errors.ErrUnsupported)
}

// openPair connects two unix-domain sockets in a private directory.
func openPair() (a, b stream, err error) {
	dir, err := os.MkdirTemp("", "pymp-")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(dir)
	l, err := net.Listen("unix", filepath.Join(dir, "pair"))
	if err != nil {
		return nil, nil, err
	}
	defer l.Close()
	// The operating system's queue holds the connection until Accept.
	x, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		return nil, nil, err
	}
	y, err := l.Accept()
	if err != nil {
		_ = x.Close()
		return nil, nil, err
	}
	return newNetStream(x), newNetStream(y), nil
}

// openOneWay is openPair: the Conns keep to one direction.
func openOneWay() (r, w stream, err error) { return openPair() }

func openSocket(net.Conn) stream { return nil }

func openHandle(handle any) (stream, error) {
	return nil, fmt.Errorf("pipe: a Conn cannot come from another process here, that needs Linux or macOS: %w", errors.ErrUnsupported)
}
