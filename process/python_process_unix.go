//go:build linux || darwin

package process

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/pygil/pygil/pipe"
)

// inheritable returns a file by which a child gets an end of a connection. Python
// waits in its reads and writes, so the end must not be one that never waits; conn,
// which has the same, is of no use afterwards.
func inheritable(conn *pipe.Conn) (*os.File, error) {
	fd, err := unix.FcntlInt(conn.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("process: Python: the connection has no descriptor that a child could inherit: %w", err)
	}
	if err := unix.SetNonblock(fd, false); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("process: Python: %w", err)
	}
	return os.NewFile(uintptr(fd), "end"), nil
}

func terminate(p *os.Process) error { return p.Signal(syscall.SIGTERM) }

func pythonCode(s *os.ProcessState) int {
	if status, ok := s.Sys().(syscall.WaitStatus); ok {
		return exitCode(status)
	}
	return unknownCode
}
