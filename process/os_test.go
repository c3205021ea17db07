//go:build linux || darwin

package process_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// duplicate returns another descriptor of the same file.
func duplicate(f *os.File) (dup *os.File, err error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	var n int
	if e := raw.Control(func(fd uintptr) { n, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) }); e != nil {
		return nil, e
	}
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(n), f.Name()), nil
}

// stopIfAsked stops a process in its initialization, until somebody continues it.
var _ = func() int {
	if os.Getenv("PROCESS_TEST_STOP") != "" {
		_ = unix.Kill(os.Getpid(), unix.SIGSTOP)
	}
	return 0
}()

// stopped waits until a child has stopped itself.
func stopped(t testing.TB, pid int) {
	t.Helper()
	eventually(t, func() bool { return states(t)[pid].state == 'T' })
}

// A state is what the operating system knows of a process.
type state struct {
	parent int
	state  byte // T stopped, Z zombie
}

// states lists all processes.
func states(t testing.TB) map[int]state {
	t.Helper()
	all := map[int]state{}
	if runtime.GOOS == "linux" {
		files, err := filepath.Glob("/proc/[0-9]*/stat")
		require.NoError(t, err)
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				continue // it has ended
			}
			pid, _ := strconv.Atoi(strings.Split(file, "/")[2])
			f := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
			parent, _ := strconv.Atoi(f[1])
			all[pid] = state{parent, f[0][0]}
		}
		return all
	}
	out, err := exec.Command("ps", "-o", "pid=,ppid=,stat=", "-A").Output()
	require.NoError(t, err)
	for line := range strings.Lines(string(out)) {
		var pid, parent int
		var stat string
		if n, _ := fmt.Sscan(line, &pid, &parent, &stat); n == 3 {
			all[pid] = state{parent, stat[0]}
		}
	}
	return all
}

func resume(t testing.TB, pid int) {
	t.Helper()
	require.NoError(t, unix.Kill(pid, unix.SIGCONT))
}

// eventually waits for something that only polling can see.
func eventually(t testing.TB, what func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !what(); time.Sleep(time.Millisecond) {
		require.True(t, time.Now().Before(end), "it never happened")
	}
}

// zombies lists this process's children that have ended and were not waited for.
func zombies(t testing.TB) (pids []int) {
	t.Helper()
	for pid, s := range states(t) {
		if s.parent == os.Getpid() && s.state == 'Z' {
			pids = append(pids, pid)
		}
	}
	return pids
}

func groupAndSession() (group, session int) {
	session, _ = unix.Getsid(0)
	return unix.Getpgrp(), session
}
