//go:build darwin || (linux && portable)

package process

import (
	"os"
	"syscall"
)

// fork starts the program. The build tag portable tests this on Linux.
func fork(program string, attr *syscall.ProcAttr) (int, body, error) {
	pid, _, err := syscall.StartProcess(program, os.Args, attr)
	if err != nil {
		return 0, nil, &os.PathError{Op: "fork/exec", Path: program, Err: err}
	}
	b, err := plain(pid)
	return pid, b, err
}

// park has no place: a long argument is a message.
func park([]byte) *os.File { return nil }
