//go:build linux || darwin

package process

import (
	"bytes"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/pygil/pygil/internal/frame"
	"github.com/pygil/pygil/pipe"
)

// adopted takes what a parent left for this process, before any code of the
// program runs: the marker is not for programs that this one starts, nor are the
// descriptors. A process that only has the marker is nobody's child.
func adopted() *legacy {
	mark, there := os.LookupEnv(marker)
	if !there {
		return nil
	}
	_ = os.Unsetenv(marker)
	handles, token, ok := parseMark(mark)
	if !ok || !awaits(lifelineFd, token) {
		stray = true
		return nil
	}
	for fd := lifelineFd; fd <= lifelineFd+handles; fd++ {
		unix.CloseOnExec(fd)
	}
	tidy(lifelineFd + handles)
	conn, err := pipe.FromFd(lifelineFd, true, true, pipe.WithMaxMessage(maxArguments))
	if err != nil {
		return nil
	}
	b := &legacy{conn: conn}
	for fd := lifelineFd + 1; fd <= lifelineFd+handles; fd++ {
		b.handles.files = append(b.handles.files, os.NewFile(uintptr(fd), "handle"))
	}
	return b
}

// awaits reports whether the token lies in the socket. It takes nothing out: the
// descriptor may be anybody's.
func awaits(fd int, token []byte) bool {
	got := make([]byte, frame.ShortHeader+len(magic)+1+tokenSize)
	n, _, err := unix.Recvfrom(fd, got, unix.MSG_PEEK|unix.MSG_DONTWAIT)
	for err == unix.EINTR {
		n, _, err = unix.Recvfrom(fd, got, unix.MSG_PEEK|unix.MSG_DONTWAIT)
	}
	if err != nil || n != len(got) {
		return false
	}
	start, rest := got[frame.ShortHeader:][:len(magic)], got[frame.ShortHeader+len(magic)+1:]
	return string(start) == magic && bytes.Equal(rest, token)
}

// unpark makes an argument visible that the parent has parked.
func unpark(file *os.File) (argument []byte, release func(), err error) {
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	argument, err = unix.Mmap(int(descriptor(file)), 0, int(info.Size()), unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		return nil, nil, os.NewSyscallError("mmap", err)
	}
	return argument, func() { _ = unix.Munmap(argument) }, nil
}

// complain writes to stderr at once, so that the lines of several children are
// not mixed. Nobody may be there to read: that is no reason to die of SIGPIPE,
// which the os package would see to.
func complain(text string) {
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	fd := descriptor(os.Stderr)
	if fd == closed {
		return
	}
	for rest := []byte(text); len(rest) > 0; {
		n, err := syscall.Write(int(fd), rest)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return
		}
		rest = rest[n:]
	}
}
