package exits_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/internal/exits"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestBeforeRunsOnceAndInOrder(t *testing.T) {
	var did []int
	exits.Before(func() { did = append(did, 1) })
	exits.Before(func() { did = append(did, 2) })
	exits.Run()
	exits.Run()
	require.Equal(t, []int{1, 2}, did)
}

func TestStuckNamesTheFirstReason(t *testing.T) {
	require.NoError(t, exits.Stuck(7))
	full := errors.New("full")
	exits.OnJoin(func(int) error { return nil })
	exits.OnJoin(func(pid int) error {
		if pid == 7 {
			return full
		}
		return nil
	})
	require.Equal(t, full, exits.Stuck(7))
	require.NoError(t, exits.Stuck(8))
}
