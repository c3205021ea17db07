//go:build linux

package process_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

const timingManager = timing + `
if __name__ == "__main__":
    mp.set_start_method("fork")
    m = mp.Manager(); d = m.dict({1: 2})
    def f(n):
        for _ in range(n): d[1]
    measure(5000, f)
`

func BenchmarkManagerDictGet(b *testing.B) {
	ctx := b.Context()
	d, err := manager(b).Dict(ctx)
	require.NoError(b, err)
	require.NoError(b, d.Set(ctx, 1, 2))
	get := func() {
		if v, ok, err := d.Get(ctx, 1); !ok || err != nil || v != 2 {
			b.Error("lost")
		}
	}
	b.Run("one", func(b *testing.B) {
		for b.Loop() {
			get()
		}
		b.ReportMetric(1e9/perOp(b), "gets/s")
		against(b, perOp(b), timingManager)
		// The raw peer: as many bytes there and back between two threads, through
		// a pair of sockets.
		b.ReportMetric(perOp(b)/socketRoundTrip(b, 64), "x-of-raw-socketpair")
	})
	b.Run("eight", func(b *testing.B) {
		b.SetParallelism(4)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				get()
			}
		})
		b.ReportMetric(1e9/perOp(b), "gets/s")
	})
}

// socketRoundTrip returns the nanoseconds in which n bytes go there and back.
func socketRoundTrip(b *testing.B, n int) float64 {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	require.NoError(b, err)
	defer unix.Close(fds[0])
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		buf := make([]byte, n)
		for {
			if k, err := unix.Read(fds[1], buf); k != n || err != nil {
				_ = unix.Close(fds[1])
				return
			}
			_, _ = unix.Write(fds[1], buf)
		}
	}()
	const rounds = 5000
	buf := make([]byte, n)
	begin := time.Now()
	for range rounds {
		if k, err := unix.Write(fds[0], buf); k != n || err != nil {
			b.Fatal(err)
		}
		if k, err := unix.Read(fds[0], buf); k != n || err != nil {
			b.Fatal(err)
		}
	}
	spent := time.Since(begin)
	_ = unix.Shutdown(fds[0], unix.SHUT_RDWR)
	<-done
	return float64(spent.Nanoseconds()) / rounds
}
