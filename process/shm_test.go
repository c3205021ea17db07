//go:build linux || darwin

package process_test

import (
	"context"
	"io"
	"io/fs"
	"os/exec"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/process"
)

var memoryUser = process.DefineTarget("test.memory", func(ctx context.Context, m *process.SharedMemory) error {
	m.Buf()[0]++
	return m.Close()
})

var memoryLoser = process.Define("test.loser", func(ctx context.Context, name string) (string, error) {
	m, err := process.NewSharedMemory(ctx, name, 10)
	if err != nil {
		return "", err
	}
	return m.Name(), nil
})

func memory(t *testing.T, name string, size int) *process.SharedMemory {
	m, err := process.NewSharedMemory(t.Context(), name, size)
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = m.Unlink()
		require.NoError(t, m.Close())
	})
	return m
}

// SH-2, SH-3, SH-4, SH-7
func TestSharedMemory(t *testing.T) {
	ctx := t.Context()
	m := memory(t, "", 1000)
	require.Regexp(t, `^psm_[0-9a-g]{8}$`, m.Name())
	require.Equal(t, 1000, m.Size())
	require.Equal(t, make([]byte, 1000), m.Buf())
	m.Buf()[0] = 41
	p, err := memoryUser.Start(ctx, m)
	require.NoError(t, err)
	require.Zero(t, joined(t, p))
	require.EqualValues(t, 42, m.Buf()[0])

	other, err := process.OpenSharedMemory(ctx, "/"+m.Name())
	require.NoError(t, err)
	require.Equal(t, m.String(), other.String())
	n, err := other.WriteAt([]byte("hello"), 997)
	require.Equal(t, 3, n)
	require.ErrorIs(t, err, io.ErrShortWrite)
	p3 := make([]byte, 5)
	n, err = m.ReadAt(p3, 997)
	require.Equal(t, 3, n)
	require.ErrorIs(t, err, io.EOF)
	require.Equal(t, "hel", string(p3[:3]))
	_, err = m.ReadAt(p3, -1)
	require.Error(t, err)

	require.NoError(t, m.Unlink())
	require.ErrorIs(t, m.Unlink(), fs.ErrNotExist)
	_, err = process.OpenSharedMemory(ctx, m.Name())
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.EqualValues(t, 42, other.Buf()[0], "the contents live until the last map is gone")
	require.NoError(t, other.Close())
	require.NoError(t, other.Close())
	require.Nil(t, other.Buf())
	require.Equal(t, 1000, other.Size())
	_, err = other.WriteAt([]byte{1}, 0)
	require.ErrorIs(t, err, process.ErrClosed)
}

// SH-1
func TestSharedMemoryMisuse(t *testing.T) {
	ctx := t.Context()
	_, err := process.NewSharedMemory(ctx, "", -1)
	raises(t, "'size' must be a positive integer", err)
	_, err = process.NewSharedMemory(ctx, "x", 0)
	raises(t, "'size' must be a positive number different from zero", err)
	_, err = process.OpenSharedMemory(ctx, "")
	raises(t, "'name' can only be None if create=True", err)
	_, err = process.NewSharedMemory(ctx, "a\x00b", 1)
	raises(t, "embedded null character", err)
	for _, name := range []string{"..", "a/b", "../x"} {
		_, err = process.OpenSharedMemory(ctx, name)
		require.ErrorContains(t, err, "is no name")
	}
	m := memory(t, "pygil-test-name", 10)
	_, err = process.NewSharedMemory(ctx, m.Name(), 10)
	require.ErrorIs(t, err, fs.ErrExist)
}

// SH-6 and pain 18: who attaches and ends destroys nothing, and what a dead maker
// left behind is removed.
func TestSharedMemoryOfTheDead(t *testing.T) {
	ctx := t.Context()
	m := memory(t, "", 10)
	for range 2 {
		p, err := memoryUser.Start(ctx, m)
		require.NoError(t, err)
		require.Zero(t, joined(t, p))
	}
	require.EqualValues(t, 2, m.Buf()[0])

	left, err := memoryLoser.Call(ctx, "")
	require.NoError(t, err)
	named, err := memoryLoser.Call(ctx, "pygil-test-left")
	require.NoError(t, err)
	process.SweepBlocks()
	_, err = process.OpenSharedMemory(ctx, left)
	require.ErrorIs(t, err, fs.ErrNotExist)
	for _, name := range []string{m.Name(), named} {
		kept, err := process.OpenSharedMemory(ctx, name)
		require.NoError(t, err, "in use, or named by its maker")
		require.NoError(t, kept.Close())
		if name == named {
			require.NoError(t, kept.Unlink())
		}
	}
	// Closed, but its maker lives: others can still attach.
	require.NoError(t, m.Close())
	process.SweepBlocks()
	kept, err := process.OpenSharedMemory(ctx, m.Name())
	require.NoError(t, err)
	require.NoError(t, kept.Close())
}

// Python attaches to what we make, and its end does not destroy it.
func TestSharedMemoryWithPython(t *testing.T) {
	if python() == "" || runtime.GOOS != "linux" {
		t.Skip("no python")
	}
	m := memory(t, "", 16)
	copy(m.Buf(), "from go")
	out, err := exec.Command(python(), "-c", `
import sys
from multiprocessing.shared_memory import SharedMemory
from multiprocessing import resource_tracker
m = SharedMemory(sys.argv[1])
resource_tracker.unregister(m._name, "shared_memory")
print(bytes(m.buf[:7]).decode(), m.size)
m.buf[0] = 33
m.close()
`, m.Name()).CombinedOutput()
	require.NoError(t, err, string(out))
	require.Equal(t, "from go 16\n", string(out))
	require.EqualValues(t, 33, m.Buf()[0])
}
