//go:build linux || darwin

package process

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/pygil/pygil/pipe"
)

// spawn runs this program again, or the one in a file. The child's descriptors are those listed and no
// others: an empty input, the standard output and error of this process, its
// lifeline, and the handles.
func spawn(program string, env []string, lifeline *pipe.Conn, handles []*os.File) (pid int, b body, err error) {
	if program == "" {
		if program, err = executable(); err != nil {
			return 0, nil, err
		}
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return 0, nil, err
	}
	defer null.Close()
	files := []uintptr{descriptor(null), descriptor(os.Stdout), descriptor(os.Stderr), lifeline.Fd()}
	for i, handle := range handles {
		fd := descriptor(handle)
		if fd == closed {
			return 0, nil, fmt.Errorf("handle %d of the argument is closed", i)
		}
		files = append(files, fd)
	}
	pid, b, err = fork(program, &syscall.ProcAttr{Env: env, Files: files})
	runtime.KeepAlive(handles)
	return pid, b, err
}

// closed is what a child gets in the place of a descriptor that this process has
// closed: nothing.
const closed = ^uintptr(0)

// descriptor returns the number of a file without changing its mode, which Fd
// may do.
func descriptor(file *os.File) uintptr {
	fd := closed
	if file == nil {
		return fd
	}
	raw, err := file.SyscallConn()
	if err != nil {
		return fd
	}
	_ = raw.Control(func(x uintptr) {
		if _, err := unix.FcntlInt(x, unix.F_GETFD, 0); err == nil { // it may be closed without os knowing
			fd = x
		}
	})
	return fd
}

// exitCode is Python's: negative for a signal.
func exitCode(status syscall.WaitStatus) int {
	if status.Signaled() {
		return -int(status.Signal())
	}
	return status.ExitStatus()
}

// unknownCode is the code of a child whose status somebody else in this program
// took, by waiting for all children or by ignoring SIGCHLD.
const unknownCode = 255

// A plainBody is a child where processes have no descriptors: waiting takes an
// OS thread.
type plainBody struct{ p *os.Process }

// plain makes the body of a child that was just started.
func plain(pid int) (body, error) {
	p, err := os.FindProcess(pid)
	return plainBody{p}, err
}

func (b plainBody) wait() int {
	state, err := b.p.Wait()
	if err != nil {
		return unknownCode
	}
	if status, ok := state.Sys().(syscall.WaitStatus); ok {
		return exitCode(status)
	}
	return state.ExitCode()
}

func (b plainBody) signal(sig syscall.Signal) error {
	if err := b.p.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("process: %w", err)
	}
	return nil
}

// signalName returns the name of a signal, such as SIGTERM.
func signalName(n int) string {
	if name := unix.SignalName(syscall.Signal(n)); name != "" {
		return name
	}
	return fmt.Sprintf("signal %d", n)
}
