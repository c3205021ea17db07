//go:build linux && !portable

package shm_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pygil/pygil/internal/shm"
)

// A process that is killed is dead although a descriptor that it sent is still on
// its way: unread, it keeps nothing of its sender alive.
func TestADescriptorInFlightKeepsNobodyAlive(t *testing.T) {
	s := create(t, 8)
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	defer unix.Close(fds[0])
	its := os.NewFile(uintptr(fds[1]), "socket")
	c := start(t, s, its)
	require.NoError(t, its.Close())
	require.True(t, s.Alive(c.claim))
	require.NoError(t, c.cmd.Process.Kill())
	waitUntilEnded(t, c.cmd.Process.Pid)
	require.False(t, s.Alive(c.claim))
	var b [1]byte
	control := make([]byte, 64)
	n, oobn, _, _, err := unix.Recvmsg(fds[0], b[:], control, unix.MSG_CMSG_CLOEXEC)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.NotZero(t, oobn, "it really was on its way")
	messages, err := unix.ParseSocketControlMessage(control[:oobn])
	require.NoError(t, err)
	got, err := unix.ParseUnixRights(&messages[0])
	require.NoError(t, err)
	require.NoError(t, unix.Close(got[0]))
	require.Error(t, c.cmd.Wait())
}

// A peer that cut the memory off would kill everybody who touches it.
func TestTheSizeIsSealed(t *testing.T) {
	s := create(t, 8)
	f, err := s.File()
	require.NoError(t, err)
	defer f.Close()
	require.ErrorIs(t, f.Truncate(0), unix.EPERM)
	require.ErrorIs(t, f.Truncate(1<<20), unix.EPERM)

	fd, err := unix.MemfdCreate("x", unix.MFD_CLOEXEC)
	require.NoError(t, err)
	g := os.NewFile(uintptr(fd), "x")
	defer g.Close()
	require.NoError(t, g.Truncate(1<<20))
	_, err = shm.Open(g, kind)
	require.ErrorContains(t, err, "sealed")
}
