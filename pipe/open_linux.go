package pipe

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

func socketpair() ([2]int, error) {
	return unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
}

// recvmsg is recvmsg(2); descriptors that come are closed on exec. Neither p nor
// control is empty. (unix.Recvmsg makes room for the sender's address in new
// memory for each call, which is most of what receiving would allocate.)
func recvmsg(fd int, p, control []byte) (n, oobn, flags int, err error) {
	iov := unix.Iovec{Base: &p[0]}
	iov.SetLen(len(p))
	h := unix.Msghdr{Iov: &iov, Control: &control[0]}
	h.SetIovlen(1)
	h.SetControllen(len(control))
	r, _, e := syscall.Syscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&h)), unix.MSG_CMSG_CLOEXEC)
	if e != 0 {
		return 0, 0, 0, e
	}
	return int(r), int(h.Controllen), int(h.Flags), nil
}
