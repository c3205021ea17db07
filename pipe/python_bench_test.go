//go:build linux || darwin

package pipe_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
)

// pythonEcho starts the newest Python with an end of a connection.
func pythonEcho(b *testing.B) *pipe.Conn {
	home, _ := os.UserHomeDir()
	paths, _ := filepath.Glob(filepath.Join(home, ".pyenv", "versions", "3.1[0-9]*", "bin", "python"))
	if p, err := exec.LookPath("python3"); err == nil {
		paths = append([]string{p}, paths...)
	}
	if len(paths) == 0 {
		b.Skip("no Python is installed")
	}
	ours, its, err := pipe.New(context.Background(), pipe.WithCodec(pickle.Python))
	require.NoError(b, err)
	end := inherit(b, its)
	cmd := exec.Command(paths[len(paths)-1], "testdata/peer.py", "values", "fd", "3")
	cmd.ExtraFiles = []*os.File{end}
	cmd.Stderr = os.Stderr
	require.NoError(b, cmd.Start())
	require.NoError(b, end.Close())
	require.NoError(b, its.Close())
	b.Cleanup(func() {
		_ = ours.Close()
		_ = cmd.Wait()
	})
	return ours
}

// A round trip of a small value between Go and Python, beside one between two
// Pythons in the same run.
func BenchmarkPythonRoundTrip(b *testing.B) {
	ctx, c := context.Background(), pythonEcho(b)
	best := 0.0
	compete(b, 3000, timed(&best, func(n int) {
		for range n {
			if err := c.Send(ctx, 7); err != nil {
				b.Fatal(err)
			}
			if v, err := c.Recv(ctx); err != nil || v != 7 {
				b.Fatal(v, err)
			}
		}
	}))
	against(b, best, cpython(b, "rtt"))
}

// A mebibyte of bytes from Go to Python, beside Python to Python. A message counts
// when its receiver has it.
func BenchmarkPythonMiB(b *testing.B) {
	ctx, c := context.Background(), pythonEcho(b)
	best, data := 0.0, make([]byte, 1<<20)
	compete(b, 300, timed(&best, func(n int) {
		if err := c.Send(ctx, pickle.Tuple{"drain", n}); err != nil {
			b.Fatal(err)
		}
		for range n {
			if err := c.Send(ctx, data); err != nil {
				b.Fatal(err)
			}
		}
		if v, err := c.Recv(ctx); err != nil || v != len(data) {
			b.Fatal(v, err)
		}
	}))
	b.ReportMetric(float64(len(data))/best, "GB/s")
	against(b, best, cpython(b, "mib"))
}
