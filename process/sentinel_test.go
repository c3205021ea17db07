//go:build linux || darwin

package process_test

import (
	"context"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/process"
)

// PR-10: a sentinel is ready when its process has ended, and then the code is
// there; together with others and with connections.
func TestSentinel(t *testing.T) {
	ctx := t.Context()
	a, b := waiting(t), waiting(t)
	mine, theirs, err := pipe.New(ctx)
	require.NoError(t, err)
	defer mine.Close()
	defer theirs.Close()
	ready, err := pipe.TryWait(ctx, a.Sentinel(), mine, b.Sentinel())
	require.NoError(t, err)
	assert.Empty(t, ready)
	ready, err = pipe.WaitTimeout(ctx, time.Millisecond, a.Sentinel(), mine, b.Sentinel())
	require.NoError(t, err)
	assert.Empty(t, ready)

	require.NoError(t, b.Kill())
	ready, err = pipe.Wait(ctx, a.Sentinel(), mine, b.Sentinel())
	require.NoError(t, err)
	assert.Equal(t, []pipe.Waitable{b.Sentinel()}, ready)
	code, ended := b.ExitCode()
	assert.True(t, ended)
	assert.Equal(t, -9, code)
	assert.False(t, a.Sentinel().Ready())
	assert.True(t, b.Sentinel().Ready())
}

// PR-10: its descriptor can be polled, whether it was asked for before or after
// the end.
func TestSentinelDescriptor(t *testing.T) {
	p := waiting(t)
	fd := p.Sentinel().Fd()
	assert.Equal(t, fd, p.Sentinel().Fd())
	assert.False(t, readable(t, fd, 0))
	require.NoError(t, p.Terminate())
	assert.True(t, readable(t, fd, -1))
	code, ended := p.ExitCode()
	assert.True(t, ended)
	assert.Equal(t, -15, code)
	require.NoError(t, p.Close())

	q, err := end.Start(t.Context(), deed{})
	require.NoError(t, err)
	joined(t, q)
	assert.True(t, readable(t, q.Sentinel().Fd(), 0))
	require.NoError(t, q.Close())
}

func readable(t *testing.T, fd uintptr, timeout int) bool {
	t.Helper()
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, timeout)
		if err == unix.EINTR {
			continue
		}
		require.NoError(t, err)
		return n > 0
	}
}

// Any number may wait for one sentinel.
func TestSentinelOfMany(t *testing.T) {
	p := waiting(t)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if i%2 == 0 {
				assert.True(t, readable(t, p.Sentinel().Fd(), -1))
			} else {
				ready, err := pipe.Wait(context.Background(), p.Sentinel())
				assert.NoError(t, err)
				assert.Len(t, ready, 1)
			}
			_, ended := p.ExitCode()
			assert.True(t, ended)
		})
	}
	require.NoError(t, p.Kill())
	wg.Wait()
	require.NoError(t, p.Close())
}

// PR-10: a process is dead when it is dead, also if something that it started
// lives and holds everything it inherited.
func TestGrandchildHoldsNothingUp(t *testing.T) {
	in, toCat, err := os.Pipe()
	require.NoError(t, err)
	fromCat, out, err := os.Pipe()
	require.NoError(t, err)
	defer fromCat.Close()
	p, err := leaveBehind.Start(t.Context(), []*plug{{in, ""}, {out, ""}})
	require.NoError(t, err)
	require.NoError(t, in.Close())
	require.NoError(t, out.Close())
	ready, err := pipe.Wait(t.Context(), p.Sentinel())
	require.NoError(t, err)
	assert.Len(t, ready, 1)
	assert.Zero(t, joined(t, p))
	require.NoError(t, p.Close())
	_, err = toCat.WriteString("still there")
	require.NoError(t, err)
	require.NoError(t, toCat.Close())
	text, err := io.ReadAll(fromCat)
	require.NoError(t, err)
	assert.Equal(t, "still there", string(text))
}

// leaveBehind starts something that holds its lifeline and lives on.
var leaveBehind = process.DefineTarget("leave behind", func(ctx context.Context, p []*plug) error {
	if err := unix.SetNonblock(int(p[0].file.Fd()), false); err != nil { // cat would not wait
		return err
	}
	cmd := exec.Command("cat")
	cmd.Stdin, cmd.Stdout = p[0].file, p[1].file
	cmd.ExtraFiles = []*os.File{os.NewFile(3, "lifeline")}
	return cmd.Start()
})
