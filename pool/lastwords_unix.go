//go:build linux || darwin

package pool

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/pygil/pygil/pipe"
)

// redirects reports whether stderr can be led elsewhere.
const redirects = true

// redirect makes the connection this process's stderr, for all of it: the Go runtime
// writes there when it gives up. Writers wait when it is full.
func redirect(c *pipe.Conn) {
	fd := int(c.Fd())
	if duplicate(fd, 2) == nil {
		_ = unix.SetNonblock(2, false)
	}
	_ = c.Close()
}

// reopen returns the bytes of a connection as a file of its own.
func reopen(c *pipe.Conn) (*os.File, error) {
	fd, err := unix.FcntlInt(c.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "stderr of a worker"), nil
}
