//go:build linux || darwin

package pipe_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pygil/pygil/pipe"
)

// Each benchmark runs its peers beside our code, in turns of a few
// milliseconds: on a busy machine only figures of the same moment can be
// compared. Reported are the best turn of each, and the ratio of ours to each
// peer's, both as time per operation.
type contender struct {
	name string
	run  func(n int)
}

func compete(b *testing.B, n int, ours contender, peers ...contender) {
	all := append([]contender{ours}, peers...)
	best := make([]float64, len(all))
	for _, c := range all {
		c.run(n / 10) // warm
	}
	b.ResetTimer()
	for b.Loop() {
		for i, c := range all {
			start := time.Now()
			c.run(n)
			t := float64(time.Since(start).Nanoseconds()) / float64(n)
			if best[i] == 0 || t < best[i] {
				best[i] = t
			}
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(best[0], "ns/our-op")
	for i, c := range peers {
		b.ReportMetric(best[i+1], "ns/"+c.name)
		b.ReportMetric(best[0]/best[i+1], "x-of-"+c.name)
	}
}

// cpython runs testdata/bench.py with the newest Python once in a run and
// returns nanoseconds per operation; 0 without a Python.
func cpython(b *testing.B, name string) float64 {
	figures := cpythonFigures()
	return figures[name]
}

// newestPython is the CPython that benchmarks run; empty without one.
func newestPython() string {
	home, _ := os.UserHomeDir()
	paths, _ := filepath.Glob(filepath.Join(home, ".pyenv", "versions", "3.1[0-9]*", "bin", "python"))
	if len(paths) > 0 {
		return paths[len(paths)-1]
	}
	path, _ := exec.LookPath("python3")
	return path
}

var cpythonFigures = sync.OnceValue(func() map[string]float64 {
	figures := map[string]float64{}
	python := newestPython()
	if python == "" {
		return figures
	}
	out, err := exec.Command(python, "testdata/bench.py").Output()
	if err != nil {
		panic(err)
	}
	for line := range strings.Lines(string(out)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		seconds, _ := strconv.ParseFloat(value, 64)
		figures[name] = seconds * 1e9
	}
	return figures
})

// against reports the ratio of what compete measured to CPython's figure.
func against(b *testing.B, ours, python float64) {
	if python > 0 {
		b.ReportMetric(python, "ns/CPython")
		b.ReportMetric(ours/python, "x-of-CPython")
	}
}

// rawSocketpair is the same thing without this package: two descriptors that the
// runtime polls.
func rawSocketpair(b *testing.B) (x, y *os.File) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		b.Fatal(err)
	}
	for _, fd := range fds {
		unix.CloseOnExec(fd)
		if err := unix.SetNonblock(fd, true); err != nil {
			b.Fatal(err)
		}
	}
	x, y = os.NewFile(uintptr(fds[0]), "x"), os.NewFile(uintptr(fds[1]), "y")
	b.Cleanup(func() { _, _ = x.Close(), y.Close() })
	return x, y
}

// A round trip of a small value. The raw peer sends as many bytes as the value
// has as a message, and checks them.
func BenchmarkRoundTrip(b *testing.B) {
	ctx := context.Background()
	value := any(7)
	wire := func() []byte {
		a, z := pair(b)
		if err := a.Send(ctx, value); err != nil {
			b.Fatal(err)
		}
		body := must(z.RecvBytes(ctx))
		return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
	}()
	conn := func(a *pipe.Conn) func(n int) {
		return func(n int) {
			for range n {
				if err := a.Send(ctx, value); err != nil {
					b.Fatal(err)
				}
				if v, err := a.Recv(ctx); v != value || err != nil {
					b.Fatal(v, err)
				}
			}
		}
	}
	raw := func(x io.ReadWriter) func(n int) {
		buf := make([]byte, 64)
		return func(n int) {
			for range n {
				if _, err := x.Write(wire); err != nil {
					b.Fatal(err)
				}
				if k, err := x.Read(buf); err != nil || !bytes.Equal(buf[:k], wire) {
					b.Fatal(k, err)
				}
			}
		}
	}
	b.Run("goroutines", func(b *testing.B) {
		a, z := pair(b)
		go func() {
			for {
				v, err := z.Recv(ctx)
				if err != nil || z.Send(ctx, v) != nil {
					return
				}
			}
		}()
		x, y := rawSocketpair(b)
		go rawEcho(y)
		compete(b, 2000, contender{"ours", conn(a)}, contender{"raw-socketpair", raw(x)})
		_ = a.Close()
	})
	b.Run("processes", func(b *testing.B) {
		a, z := pair(b)
		startRole(b, "bench-echo", inherit(b, z))
		_ = z.Close()
		x, y := rawSocketpair(b)
		startRole(b, "bench-raw-echo", y)
		_ = y.Close()
		var ours float64
		compete(b, 2000, timed(&ours, conn(a)), contender{"raw-socketpair", raw(x)})
		against(b, ours, cpython(b, "rtt"))
		_, _ = a.Close(), x.Close()
	})
}

// must is for calls whose failure ends the benchmark.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// timed is ours, and keeps its best time per operation.
func timed(best *float64, run func(n int)) contender {
	return contender{"ours", func(n int) {
		start := time.Now()
		run(n)
		if t := float64(time.Since(start).Nanoseconds()) / float64(n); *best == 0 || t < *best {
			*best = t
		}
	}}
}

func rawEcho(y io.ReadWriter) {
	buf := make([]byte, 64)
	for {
		n, err := y.Read(buf)
		if err != nil {
			return
		}
		if _, err := y.Write(buf[:n]); err != nil {
			return
		}
	}
}

func init() {
	benchRoles["bench-echo"] = func() {
		c, ctx := must(pipe.FromFd(3, true, true, pipe.WithReadAhead())), context.Background()
		for {
			v, err := c.Recv(ctx)
			if err != nil || c.Send(ctx, v) != nil {
				return
			}
		}
	}
	benchRoles["bench-raw-echo"] = func() {
		_ = unix.SetNonblock(3, true)
		rawEcho(os.NewFile(3, "end"))
	}
	benchRoles["bench-drain"] = func() {
		drain(must(pipe.FromFd(3, true, true, pipe.WithReadAhead())))
	}
}

// drain receives messages: a number says how many follow, and is answered with
// their bytes when they have come.
func drain(c *pipe.Conn) {
	ctx := context.Background()
	buf := make([]byte, 1<<20)
	for {
		n, err := pipe.Recv[int](ctx, c)
		if err != nil {
			return
		}
		total := 0
		for range n {
			k, err := c.RecvBytesInto(ctx, buf)
			if err != nil {
				panic(err)
			}
			total += k
		}
		if c.Send(ctx, total) != nil {
			return
		}
	}
}

func startRole(b *testing.B, role string, end *os.File) {
	cmd := exec.Command(must(os.Executable()))
	cmd.Env = append(os.Environ(), roleKey+"="+role)
	cmd.Stderr = os.Stderr
	cmd.ExtraFiles = []*os.File{end}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	_ = end.Close()
	b.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}

// Messages one way. The raw peer writes the same frames, one write each, and its
// reader takes what comes, 64 KiB at a time: it does not even look for the
// messages.
func BenchmarkOneWay(b *testing.B) {
	ctx := context.Background()
	rawPipe := func(b *testing.B) (x, y *os.File) {
		r, w, err := os.Pipe()
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _, _ = r.Close(), w.Close() })
		return w, r
	}
	open := func(b *testing.B, duplex bool) (w, r *pipe.Conn) {
		if duplex {
			return pair(b)
		}
		r, w = oneWay(b)
		return w, r
	}
	for _, c := range []struct {
		name   string
		duplex bool
		size   int
		n      int
		python string
	}{
		{"pipe/4B", false, 4, 20_000, "smallbytes"},
		{"socketpair/4B", true, 4, 20_000, "smallbytes"},
		{"socketpair/1MiB", true, 1 << 20, 50, "mibbytes"},
	} {
		b.Run(c.name, func(b *testing.B) {
			w, r := open(b, c.duplex)
			body, buf := pattern(c.size), make([]byte, c.size)
			var ours float64
			us := timed(&ours, func(n int) {
				done := later(func() (any, error) {
					for range n {
						if k, err := r.RecvBytesInto(ctx, buf); err != nil || k != c.size {
							return nil, err
						}
					}
					return nil, nil
				})
				for range n {
					if err := w.SendBytes(ctx, body); err != nil {
						b.Fatal(err)
					}
				}
				if _, err := done(); err != nil || !bytes.Equal(body, buf) {
					b.Fatal(err)
				}
			})
			rawOpen := rawPipe
			if c.duplex {
				rawOpen = rawSocketpair
			}
			x, y := rawOpen(b)
			frame := append(binary.BigEndian.AppendUint32(nil, uint32(c.size)), body...)
			big := make([]byte, max(1<<16, c.size))
			raw := contender{"raw", func(n int) {
				done := later(func() (any, error) {
					for left := n * len(frame); left > 0; {
						k, err := y.Read(big)
						if err != nil {
							return nil, err
						}
						left -= k
					}
					return nil, nil
				})
				for range n {
					if _, err := x.Write(frame); err != nil {
						b.Fatal(err)
					}
				}
				if _, err := done(); err != nil {
					b.Fatal(err)
				}
			}}
			compete(b, c.n, us, raw)
			against(b, ours, cpython(b, c.python))
			b.ReportMetric(1e9/ours, "msgs/s")
			b.ReportMetric(float64(c.size)/ours, "GB/s")
		})
	}

	// To another process, as values and as bytes.
	b.Run("process/int", func(b *testing.B) {
		a, z := pair(b)
		startRole(b, "bench-drain", inherit(b, z))
		_ = z.Close()
		var ours float64
		compete(b, 20_000, timed(&ours, func(n int) {
			if err := a.Send(ctx, n); err != nil {
				b.Fatal(err)
			}
			for range n {
				if err := a.Send(ctx, 7); err != nil {
					b.Fatal(err)
				}
			}
			if _, err := a.Recv(ctx); err != nil {
				b.Fatal(err)
			}
		}))
		against(b, ours, cpython(b, "small"))
		b.ReportMetric(1e9/ours, "msgs/s")
		_ = a.Close()
	})
	b.Run("process/1MiB", func(b *testing.B) {
		a, z := pair(b)
		startRole(b, "bench-drain", inherit(b, z))
		_ = z.Close()
		body := pattern(1 << 20)
		var ours float64
		compete(b, 50, timed(&ours, func(n int) {
			if err := a.Send(ctx, n); err != nil {
				b.Fatal(err)
			}
			for range n {
				if err := a.SendBytes(ctx, body); err != nil {
					b.Fatal(err)
				}
			}
			if total, err := a.Recv(ctx); err != nil || total != n<<20 {
				b.Fatal(total, err)
			}
		}))
		against(b, ours, cpython(b, "mibbytes"))
		b.ReportMetric(float64(1<<20)/ours, "GB/s")
		_ = a.Close()
	})
	// As a value, decoded into new memory for each message.
	b.Run("value/1MiB", func(b *testing.B) {
		a, z := pair(b)
		body := pattern(1 << 20)
		var ours float64
		compete(b, 50, timed(&ours, func(n int) {
			done := later(func() (v []byte, err error) {
				for range n {
					if v, err = pipe.Recv[[]byte](ctx, z); err != nil {
						return nil, err
					}
				}
				return v, nil
			})
			for range n {
				if err := a.Send(ctx, body); err != nil {
					b.Fatal(err)
				}
			}
			if v, err := done(); err != nil || !bytes.Equal(v, body) {
				b.Fatal(err)
			}
		}))
		against(b, ours, cpython(b, "mib"))
		b.ReportMetric(float64(1<<20)/ours, "GB/s")
	})
}

// A connection with the handshake both ways.
func BenchmarkConnect(b *testing.B) {
	ctx := context.Background()
	key := pipe.WithAuthKey([]byte("key"))
	l := listen(b, "unix", "", key)
	plainListener := must(net.Listen("unix", filepath.Join(b.TempDir(), "s")))
	defer plainListener.Close()
	var ours float64
	compete(b, 50, timed(&ours, func(n int) {
		for range n {
			c := must(pipe.Dial(ctx, "unix", l.Addr().String(), key))
			s := must(l.Accept(ctx))
			_, _ = c.Close(), s.Close()
		}
	}), contender{"raw-connect", func(n int) {
		for range n {
			c := must(net.Dial("unix", plainListener.Addr().String()))
			s := must(plainListener.Accept())
			_, _ = c.Close(), s.Close()
		}
	}})
	against(b, ours, cpython(b, "connect"))
}

// Waiting for one of many: Wait is linear in their number, as poll is, and a
// Waiter is not.
func BenchmarkWait(b *testing.B) {
	ctx := context.Background()
	for _, n := range []int{2, 100, 400} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			var items []pipe.Waitable
			var ends []*pipe.Conn
			for range n {
				x, y := pair(b)
				items, ends = append(items, y), append(ends, x)
			}
			run := func(wait func() ([]pipe.Waitable, error)) func(n int) {
				return func(rounds int) {
					for range rounds {
						if err := ends[n/2].Send(ctx, 1); err != nil {
							b.Fatal(err)
						}
						ready, err := wait()
						if err != nil || !slices.Equal(ready, items[n/2:n/2+1]) {
							b.Fatal(err)
						}
						if _, err := ready[0].(*pipe.Conn).Recv(ctx); err != nil {
							b.Fatal(err)
						}
					}
				}
			}
			w := must(pipe.NewWaiter(items...))
			defer w.Close()
			compete(b, 1000,
				contender{"Waiter", run(func() ([]pipe.Waitable, error) { return w.Wait(ctx) })},
				contender{"Wait", run(func() ([]pipe.Waitable, error) { return pipe.Wait(ctx, items...) })})
		})
	}
}
