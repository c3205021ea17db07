//go:build linux || darwin

package pipe_test

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pygil/pygil/pipe"
)

// A socket is anything with a descriptor that is no Conn.
type socket struct{ *net.TCPConn }

func (s socket) Fd() (fd uintptr) {
	fd = ^uintptr(0)
	if raw, err := s.SyscallConn(); err == nil {
		_ = raw.Control(func(x uintptr) { fd = x })
	}
	return fd
}

// WA-1. Python: TestWait.test_wait_socket, test_wait_socket_slow. Once with Wait
// and once with a Waiter.
func TestWaitForSockets(t *testing.T) {
	const writers, lines = 4, 10
	for name, slow := range map[string]time.Duration{"quick": 0, "slow": 300 * time.Microsecond} {
		for _, kept := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				require.NoError(t, err)
				defer l.Close()
				open := map[pipe.Waitable]string{}
				w := waiterOf(t)
				for range writers {
					x, err := net.Dial("tcp", l.Addr().String())
					require.NoError(t, err)
					y, err := l.Accept()
					require.NoError(t, err)
					closeAtEnd(t, x, y)
					s := socket{y.(*net.TCPConn)}
					open[s] = ""
					require.NoError(t, w.Add(s))
					go func() {
						defer x.Close()
						for range lines {
							time.Sleep(slow)
							if _, err := x.Write([]byte("line\n")); err != nil {
								return
							}
						}
					}()
				}
				wait := w.Wait
				if !kept {
					wait = func(ctx context.Context) ([]pipe.Waitable, error) {
						var items []pipe.Waitable
						for s := range open {
							items = append(items, s)
						}
						return pipe.Wait(ctx, items...)
					}
				}
				all := map[pipe.Waitable]string{}
				for len(open) > 0 {
					ready, err := wait(t.Context())
					require.NoError(t, err)
					for _, s := range ready {
						b := make([]byte, 32)
						n, err := s.(socket).Read(b)
						if all[s] += string(b[:n]); err == io.EOF {
							delete(open, s)
							require.NoError(t, w.Remove(s))
							continue
						}
						require.NoError(t, err)
					}
				}
				assert.Len(t, all, writers)
				for _, text := range all {
					assert.Len(t, text, lines*len("line\n"))
				}
			})
		}
	}
}

// A descriptor that is closed without the Waiter's knowing is silent, and its
// number can come again.
func TestWaiterAndANumberThatComesAgain(t *testing.T) {
	ctx := t.Context()
	w := waiterOf(t)
	for range 50 {
		a, b := pair(t)
		copied, err := pipe.FromFd(duplicate(t, b), true, true)
		require.NoError(t, err)
		require.NoError(t, w.Add(copied))
		require.NoError(t, a.Send(ctx, 1))
		require.NoError(t, copied.Close()) // b keeps the other side of it open
		require.NoError(t, w.Remove(copied))
		c, d := pair(t) // has the number now
		require.NoError(t, w.Add(d))
		ready, err := w.TryWait(ctx)
		require.NoError(t, err)
		require.Empty(t, ready)
		require.NoError(t, c.Send(ctx, 1))
		ready, err = w.Wait(ctx)
		require.NoError(t, err)
		require.Equal(t, []pipe.Waitable{d}, ready)
		require.NoError(t, w.Remove(d))
		for _, x := range []*pipe.Conn{a, b, c, d} {
			require.NoError(t, x.Close())
		}
	}
}

// duplicate returns another descriptor of a Conn's stream.
func duplicate(t *testing.T, c *pipe.Conn) uintptr {
	fd, err := unix.FcntlInt(c.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	require.NoError(t, err)
	return uintptr(fd)
}
