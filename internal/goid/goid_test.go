package goid_test

import (
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/internal/goid"
)

// TestCurrent: a goroutine keeps its number, and no two have the same, not even a
// coroutine and whoever resumes it.
func TestCurrent(t *testing.T) {
	mine := goid.Current()
	require.NotZero(t, mine)
	require.Equal(t, mine, goid.Current())
	other := make(chan uint64)
	go func() { other <- goid.Current() }()
	theirs := <-other
	require.NotZero(t, theirs)
	require.NotEqual(t, mine, theirs)
	next, stop := iter.Pull(func(yield func(uint64) bool) { yield(goid.Current()) })
	defer stop()
	inside, ok := next()
	require.True(t, ok)
	require.NotContains(t, []uint64{0, mine, theirs}, inside)
	require.Equal(t, mine, goid.Current())
}
