package shm_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// waitUntilEnded waits for the end of a child, which stays a zombie.
func waitUntilEnded(t *testing.T, pid int) {
	require.NoError(t, unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil))
}
