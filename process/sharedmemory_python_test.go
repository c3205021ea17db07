//go:build linux

package process_test

import (
	"context"
	"encoding/binary"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/process"
)

func shareable(t *testing.T, values ...any) *process.ShareableList {
	l, err := process.NewShareableList(t.Context(), "", values...)
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = l.Unlink()
		require.NoError(t, l.Close())
	})
	return l
}

var listUser = process.DefineTarget("test.shareable", func(ctx context.Context, l *process.ShareableList) error {
	if err := l.Set(0, "from the child"); err != nil {
		return err
	}
	return l.Close()
})

// SL-1, SL-2, SL-3
func TestShareableList(t *testing.T) {
	ctx := t.Context()
	values := []any{"fourteen bytes", 1, -1.5, true, false, nil, math.MinInt32, "üüüüüüü", []byte("a\x00\x00"), []byte{}, "", "\x00"}
	l := shareable(t, values...)
	got, err := l.Values()
	require.NoError(t, err)
	require.Equal(t, values, got)
	require.Equal(t, len(values), l.Len())
	format, err := l.Format()
	require.NoError(t, err)
	require.Equal(t, "16sqdxxxxxxx?xxxxxxx?xxxxxx?xq16s3s5x8s8s1s7x", format)
	other, err := process.OpenShareableList(ctx, l.Name())
	require.NoError(t, err)
	defer other.Close()
	p, err := listUser.Start(ctx, l)
	require.NoError(t, err)
	require.Zero(t, joined(t, p))
	v, err := other.Get(-len(values))
	require.NoError(t, err)
	require.Equal(t, "from the child", v)
	require.True(t, strings.HasPrefix(other.String(), "ShareableList(['from the child', 1, -1.5, True, "), other.String())

	raised := func(python string, err error) {
		t.Helper()
		raises(t, python, err)
	}
	_, err = l.Get(len(values))
	raised("index out of range", err)
	raised("assignment index out of range", l.Set(-len(values)-1, 0))
	raised("bytes/str item exceeds available storage", l.Set(1, "nine byte"))
	raised("int too large to convert", l.Set(1, uint64(1<<63)))
	raised("<class '[]int'>", l.Set(1, []int{}))
	raised("", l.Set(1, "\xff"))
	_, err = l.Index(12345)
	raised("12345 not in this container", err)
	v, err = l.Get(1)
	require.NoError(t, err)
	require.Equal(t, 1, v, "errors change nothing")
	for _, v := range []any{"12345678", []byte("\x00"), 2.5, nil, "", int64(7), uint8(3), "\x00\x00\x00\x00\x00\x00\x00\x00"} {
		require.NoError(t, l.Set(1, v))
		got, err := other.Get(1)
		require.NoError(t, err)
		switch want := v.(type) {
		case int64:
			require.EqualValues(t, want, got)
		case uint8:
			require.EqualValues(t, want, got)
		default:
			require.Equal(t, want, got)
		}
	}
	n, err := l.Count("")
	require.NoError(t, err)
	require.Equal(t, 1, n)
	i, err := l.Index(true)
	require.NoError(t, err)
	require.Equal(t, 3, i)
	_, err = process.NewShareableList(ctx, l.Name(), 1)
	require.ErrorIs(t, err, fs.ErrExist)
	_, err = process.NewShareableList(ctx, "", 1, struct{}{})
	require.ErrorContains(t, err, "item 1")
	empty := shareable(t)
	require.Zero(t, empty.Len())
	closed := shareable(t, 1)
	require.NoError(t, closed.Close())
	_, err = closed.Get(0)
	require.ErrorIs(t, err, process.ErrClosed)
	require.ErrorIs(t, closed.Set(0, 1), process.ErrClosed)
}

// Whatever lies in the memory, attaching to it is an error or a list, and reading
// an item is an error or a value.
func TestShareableListHostile(t *testing.T) {
	l := shareable(t, "text", 1, nil)
	buf := l.Memory().Buf()
	whole := append([]byte{}, buf...)
	bad := 0
	for at := range buf {
		for _, b := range []byte{0, 1, 7, 's', 'x', 0x7f, 0x80, 0xff} {
			copy(buf, whole)
			buf[at] = b
			other, err := process.OpenShareableList(t.Context(), l.Name())
			if err != nil {
				bad++
				continue
			}
			_, _ = other.Values()
			_ = other.String()
			if other.Len() > 0 {
				require.NoError(t, other.Set(0, 1))
			}
			require.NoError(t, other.Close())
		}
	}
	require.Greater(t, bad, 100)
	for _, n := range []int64{-1, math.MaxInt64, math.MaxInt64 / 8, 1 << 40} {
		copy(buf, whole)
		binary.NativeEndian.PutUint64(buf, uint64(n))
		_, err := process.OpenShareableList(t.Context(), l.Name())
		require.ErrorContains(t, err, "holds no ShareableList")
	}
	small := memory(t, "", 8)
	_, err := process.OpenShareableList(t.Context(), small.Name())
	require.ErrorContains(t, err, "holds no ShareableList")
}

// Python reads and changes our lists and memory, and we do its. Whoever attaches and
// ends destroys nothing: that is Python's doing, which is told to leave it.
func TestShareableListWithPython(t *testing.T) {
	withPythons(t, func(t *testing.T, p python3) {
		if p.minor < 9 {
			return // 3.8 has another layout, and older ones have none
		}
		l := shareable(t, "text é", 1, 2.5, true, nil, []byte("\x01\x02"), "tail\x00")
		cmd := exec.Command(p.path, "-c", `
import sys
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import ShareableList, SharedMemory
def attached(x):
    resource_tracker.unregister((getattr(x, "shm", x))._name, "shared_memory")
    return x
l = attached(ShareableList(name=sys.argv[1]))
print(list(l))
l[0], l[1], l[2], l[3], l[5], l[6] = "ü", -5, False, "x", b"yz", "longer"
l.shm.close()
ours = ShareableList(["made by Python", 7, None, True, 1.25, b"b\0c", "ascii"])
memory = SharedMemory(create=True, size=100)
memory.buf[:5] = b"hello"
print(ours.shm.name, memory.name, flush=True)
sys.stdin.readline()
print(list(ours), bytes(memory.buf[:5]))
for m in ours.shm, memory:
    m.close()
    m.unlink()
`, l.Name())
		cmd.Stderr = os.Stderr
		in, err := cmd.StdinPipe()
		require.NoError(t, err)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		lines := newLines(out)
		require.Equal(t, `['text é', 1, 2.5, True, None, b'\x01\x02', 'tail']`, lines(t))
		list, mem, _ := strings.Cut(lines(t), " ")
		got, err := l.Values()
		require.NoError(t, err)
		assert.Equal(t, []any{"ü", -5, false, "x", nil, []byte("yz"), "longer"}, got)

		for range 2 { // the first to leave destroys nothing
			theirs, err := process.OpenShareableList(t.Context(), list)
			require.NoError(t, err)
			got, err = theirs.Values()
			require.NoError(t, err)
			assert.Equal(t, []any{"made by Python", 7, nil, true, 1.25, []byte("b\x00c"), "ascii"}, got)
			require.NoError(t, theirs.Close())
			m, err := process.OpenSharedMemory(t.Context(), mem)
			require.NoError(t, err)
			assert.Equal(t, "hello", string(m.Buf()[:5]))
			require.NoError(t, m.Close())
		}
		theirs, err := process.OpenShareableList(t.Context(), list)
		require.NoError(t, err)
		require.NoError(t, theirs.Set(1, int64(math.MaxInt64)))
		require.NoError(t, theirs.Set(2, "none"))
		require.NoError(t, theirs.Set(-1, nil))
		require.NoError(t, theirs.Set(4, "1234567\x00"))
		require.NoError(t, theirs.Close())
		_, err = in.Write([]byte("\n"))
		require.NoError(t, err)
		require.Equal(t, `['made by Python', 9223372036854775807, 'none', True, '1234567', b'b\x00c', None] b'hello'`, lines(t))
		require.NoError(t, cmd.Wait())
		got, err = l.Values()
		require.NoError(t, err, "the end of a Python that had attached")
		assert.Len(t, got, 7)
	})
}
