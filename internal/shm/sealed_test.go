//go:build linux && !portable

package shm_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pygil/pygil/internal/shm"
)

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
