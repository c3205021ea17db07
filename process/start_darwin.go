package process

import (
	"os"
	"syscall"
)

func executable() (string, error) { return os.Executable() }

func fork(program string, attr *syscall.ProcAttr) (int, body, error) {
	pid, _, err := syscall.StartProcess(program, os.Args, attr)
	if err != nil {
		return 0, nil, &os.PathError{Op: "fork/exec", Path: program, Err: err}
	}
	b, err := plain(pid)
	return pid, b, err
}
