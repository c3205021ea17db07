//go:build linux || darwin

package process_test

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/process"
)

func exitCode(s *os.ProcessState) int {
	if status, ok := s.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return -int(status.Signal())
	}
	return s.ExitCode()
}

var square = process.Define("square", func(ctx context.Context, n int) (int, error) { return n * n, nil })

var squareOnThread = process.Define("square on a thread", func(t *gil.Thread, n int) (int, error) {
	v := gil.NewVar("n", 0)
	w := t.Go("worker", func(t *gil.Thread) { gil.Add(t, v, n*n) })
	w.Join(t)
	return v.Load(t), nil
})

func TestCall(t *testing.T) {
	for range 3 {
		n, err := square.Call(t.Context(), 7)
		require.NoError(t, err)
		assert.Equal(t, 49, n)
		n, err = squareOnThread.Call(t.Context(), 8)
		require.NoError(t, err)
		assert.Equal(t, 64, n)
	}
}

var errNo = errors.New("no")
