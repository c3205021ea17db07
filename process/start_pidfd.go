//go:build linux && !portable

package process

import (
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// fork starts the program with a descriptor that stands for the new process.
func fork(program string, attr *syscall.ProcAttr) (int, body, error) {
	fd := -1
	attr.Sys = &syscall.SysProcAttr{PidFD: &fd}
	pid, _, err := syscall.StartProcess(program, os.Args, attr)
	if err != nil {
		return 0, nil, &os.PathError{Op: "fork/exec", Path: program, Err: err}
	}
	if b := newPidfd(pid, fd); b != nil {
		return pid, b, nil
	}
	b, err := plain(pid)
	return pid, b, err
}

// park puts a long argument where a child finds it without anybody waiting for
// anybody: into memory that has no name and goes when nobody has it any more. It
// returns nil where there is none.
func park(argument []byte) *os.File {
	fd, err := unix.MemfdCreate("argument", unix.MFD_CLOEXEC)
	if err != nil {
		return nil
	}
	file := os.NewFile(uintptr(fd), "argument")
	if _, err := file.Write(argument); err != nil { // no memory, or a limit on files
		_ = file.Close()
		return nil
	}
	return file
}

// A pidfdBody is a child that the runtime's poller waits for: it takes no thread.
type pidfdBody struct {
	pid  int
	file *os.File
	raw  syscall.RawConn

	mu     sync.Mutex
	reaped bool
}

// newPidfd returns nil where there are no such descriptors (Linux before 5.4).
func newPidfd(pid, fd int) body {
	if fd < 0 {
		return nil
	}
	// Only descriptors that do not block go to the poller.
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd)
		return nil
	}
	file := os.NewFile(uintptr(fd), "pidfd")
	raw, err := file.SyscallConn()
	if err != nil {
		_ = file.Close()
		return nil
	}
	return &pidfdBody{pid: pid, file: file, raw: raw}
}

func (b *pidfdBody) wait() (code int) {
	code, done := 0, false
	err := b.raw.Read(func(uintptr) bool {
		code, done = b.try(unix.WNOHANG)
		return done
	})
	if err != nil && !done { // the poller would not have it
		code = b.block()
	}
	_ = b.file.Close()
	return code
}

// block waits with a thread, and without the lock: the number stays the child's
// until it is reaped.
func (b *pidfdBody) block() int {
	for {
		err := unix.Waitid(unix.P_PID, b.pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if err == unix.EINTR {
			continue
		}
		code, _ := b.try(0)
		return code
	}
}

// try reaps the child if it has ended. Signals are kept away meanwhile: the
// number may be another process's afterwards.
func (b *pidfdBody) try(options int) (code int, done bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(b.pid, &status, options, nil)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			b.reaped = true
			return unknownCode, true
		case pid == 0:
			return 0, false
		}
		b.reaped = true
		return exitCode(status), true
	}
}

func (b *pidfdBody) signal(sig syscall.Signal) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.reaped {
		return nil
	}
	if err := syscall.Kill(b.pid, sig); err != nil && err != syscall.ESRCH {
		return os.NewSyscallError("kill", err)
	}
	return nil
}
