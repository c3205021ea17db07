package pipe_test

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pygil/pygil/pipe"
)

// A sentinel is a descriptor that becomes readable when its process ends.
type sentinel int

func (s sentinel) Fd() uintptr { return uintptr(s) }

// Python: wait([p.sentinel]).
func TestWaitForAProcess(t *testing.T) {
	ctx := t.Context()
	a, b := pair(t)
	peer := play(t, "echo", b)
	fd, err := unix.PidfdOpen(peer.Process.Pid, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	_, other := pair(t)
	ready, err := pipe.TryWait(ctx, sentinel(fd), other)
	require.NoError(t, err)
	assert.Empty(t, ready)
	waiting := later(func() ([]pipe.Waitable, error) { return pipe.Wait(ctx, other, sentinel(fd)) })
	time.Sleep(time.Millisecond)
	peer.kill(t)
	ready, err = waiting()
	require.NoError(t, err)
	assert.Equal(t, []pipe.Waitable{sentinel(fd)}, ready)
	// Its end of the connection is at its end as well.
	ready, err = pipe.Wait(ctx, a, sentinel(fd))
	require.NoError(t, err)
	assert.Equal(t, []pipe.Waitable{a, sentinel(fd)}, ready)

	_, err = pipe.TryWait(ctx, sentinel(9999))
	assert.ErrorIs(t, err, unix.EBADF)
}

func init() { roles["starve"] = starve }

// starve listens with no descriptor left for a connection, then with some.
func starve() {
	ctx := context.Background()
	l, err := pipe.Listen(ctx, "unix", "")
	if err != nil {
		panic(err)
	}
	defer l.Close()
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &was); err != nil {
		panic(err)
	}
	next, err := syscall.Dup(0) // the lowest free number
	if err != nil {
		panic(err)
	}
	_ = syscall.Close(next)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: uint64(next), Max: was.Max}); err != nil {
		panic(err)
	}
	fmt.Println(l.Addr())
	_, err = l.Accept(ctx)
	fmt.Println(err)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &was); err != nil {
		panic(err)
	}
	// An attempt that failed before the limit was raised may be reported still.
	for range 3 {
		c, err := l.Accept(ctx)
		if err == nil {
			fmt.Println(c.Recv(ctx))
			return
		}
	}
}

// Too many open files are Accept's error, and not its end.
func TestAcceptWithoutDescriptors(t *testing.T) {
	ctx := t.Context()
	_, b := pair(t)
	peer := play(t, "starve", b)
	address, err := peer.out.ReadString('\n')
	require.NoError(t, err)
	c, err := pipe.Dial(ctx, "unix", strings.TrimSpace(address))
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.Send(ctx, "at last"))
	text, err := peer.out.ReadString('\n')
	require.NoError(t, err)
	assert.Contains(t, text, "pipe: accept: ")
	assert.Contains(t, text, "too many open files")
	peer.await(t, "at last <nil>")
}
