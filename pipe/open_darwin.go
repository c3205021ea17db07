package pipe

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// The kernel cannot make descriptors that are closed on exec from the start:
// nobody may fork in between.

func socketpair() (fds [2]int, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if fds, err = unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0); err != nil {
		return fds, err
	}
	for _, fd := range fds {
		unix.CloseOnExec(fd)
		if e := unix.SetNonblock(fd, true); e != nil && err == nil {
			err = e
		}
	}
	if err != nil {
		_, _ = unix.Close(fds[0]), unix.Close(fds[1])
	}
	return fds, err
}

func recvmsg(fd int, p, control []byte) (n, oobn, flags int, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	n, oobn, flags, _, err = unix.Recvmsg(fd, p, control, 0)
	if oobn > 0 && err == nil {
		messages, _ := unix.ParseSocketControlMessage(control[:oobn])
		for i := range messages {
			fds, _ := unix.ParseUnixRights(&messages[i])
			for _, x := range fds {
				unix.CloseOnExec(x)
			}
		}
	}
	return n, oobn, flags, err
}
