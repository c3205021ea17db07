//go:build linux || darwin

package pipe_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
)

// pythonEcho starts the newest Python with an end of a connection.
func pythonEcho(b *testing.B) *pipe.Conn {
	python := newestPython()
	if python == "" {
		b.Skip("no Python is installed")
	}
	ours, its, err := pipe.New(context.Background(), pipe.WithCodec(pickle.Python))
	require.NoError(b, err)
	end := inherit(b, its)
	cmd := exec.Command(python, "testdata/peer.py", "values", "fd", "3")
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

// pythonRounds starts the newest Python and a child of it on the two ends of a
// connection of its own, and returns what measures n of their round trips, in
// nanoseconds each.
func pythonRounds(b *testing.B) func(n int) float64 {
	cmd := exec.Command(newestPython(), "testdata/bench.py", "rtt")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(b, err)
	out, err := cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	b.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	lines := bufio.NewReader(out)
	return func(n int) float64 {
		_, err := fmt.Fprintln(in, n)
		require.NoError(b, err)
		var seconds float64
		_, err = fmt.Fscanf(lines, "rtt %f\n", &seconds)
		require.NoError(b, err)
		return seconds * 1e9
	}
}

// A round trip of a small value between Go and Python, beside one between two
// Pythons: rounds of the two take turns, over the same kind of connection, and what
// is reported is the median, also of the ratios of a round to the one after it.
func BenchmarkPythonRoundTrip(b *testing.B) {
	const trips, rounds = 200, 100
	ctx, c := context.Background(), pythonEcho(b)
	ours := func(n int) float64 {
		start := time.Now()
		for range n {
			if err := c.Send(ctx, 7); err != nil {
				b.Fatal(err)
			}
			if v, err := c.Recv(ctx); err != nil || v != 7 {
				b.Fatal(v, err)
			}
		}
		return float64(time.Since(start).Nanoseconds()) / float64(n)
	}
	peer := pythonRounds(b)
	ours(2000) // warm
	peer(2000)
	var mine, its, ratios []float64
	for b.Loop() {
		for range rounds {
			m, p := ours(trips), peer(trips)
			mine, its, ratios = append(mine, m), append(its, p), append(ratios, m/p)
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(mine), "ns/our-op")
	b.ReportMetric(median(its), "ns/CPython")
	b.ReportMetric(median(ratios), "x-of-CPython")
}

// median sorts its numbers.
func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
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
