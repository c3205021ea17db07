//go:build linux || darwin

package pipe_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
)

// descriptors counts this process's open descriptors.
func descriptors(t *testing.T) int {
	t.Helper()
	dir, err := os.ReadDir("/dev/fd")
	require.NoError(t, err)
	return len(dir)
}

// settled fails when the number of open descriptors does not come back.
func settled(t *testing.T, before int) {
	t.Helper()
	eventually(t, func() bool { return descriptors(t) <= before })
}

// moored has somebody be parked at an end for a moment, which gives it a descriptor more.
func moored(t *testing.T, c *pipe.Conn) {
	t.Helper()
	eventually(t, func() bool {
		ready, err := c.PollTimeout(t.Context(), time.Millisecond)
		require.NoError(t, err)
		require.False(t, ready)
		return pipe.Known(c)
	})
}

// A Conn travels over a unix Conn, whatever it is itself. Python:
// _TestPicklingConnections.test_pickling, test_access.
func TestSendAConn(t *testing.T) {
	ctx := t.Context()
	for _, carrier := range []kind{kinds[0], kinds[1]} {
		for _, cargo := range []kind{kinds[0], kinds[1], kinds[2], {"oneway", func(t *testing.T) (a, b *pipe.Conn) {
			r, w := oneWay(t)
			return w, r
		}}} {
			t.Run(carrier.name+" carries "+cargo.name, func(t *testing.T) {
				a, b := carrier.open(t)
				x, y := cargo.open(t)
				before := descriptors(t)
				require.NoError(t, a.Send(ctx, map[string]any{"end": y, "n": 1}))
				assert.LessOrEqual(t, descriptors(t), before, "the only new one is on its way")
				m, err := pipe.Recv[map[string]any](ctx, b)
				require.NoError(t, err)
				end := m["end"].(*pipe.Conn)
				assert.Equal(t, y.Readable(), end.Readable())
				assert.Equal(t, y.Writable(), end.Writable())
				require.NoError(t, x.Send(ctx, "to the copy"))
				v, err := end.Recv(ctx)
				require.NoError(t, err)
				assert.Equal(t, "to the copy", v)
				require.NoError(t, x.Send(ctx, "to the original"))
				v, err = y.Recv(ctx)
				require.NoError(t, err)
				assert.Equal(t, "to the original", v)

				// The end of the file comes when every copy is closed.
				require.NoError(t, x.Close())
				_, err = end.Recv(ctx)
				assert.Equal(t, io.EOF, err)
				require.NoError(t, end.Close())
				settled(t, before-1)
			})
		}
	}
}

// Several handles in one message and many messages under way: each Conn comes
// with the message that it was sent in, however they were read.
func TestHandlesStayWithTheirMessage(t *testing.T) {
	ctx := t.Context()
	a, b := pair(t)
	const messages = 20
	var far [][]*pipe.Conn
	for i := range messages {
		var near []*pipe.Conn
		for range i % 4 {
			x, y := pair(t)
			near, far = append(near, y), append(far, nil)
			far[len(far)-1] = []*pipe.Conn{x}
		}
		body := make([]byte, i%3*200)
		require.NoError(t, a.Send(ctx, []any{i, near, body}))
	}
	k := 0
	for i := range messages {
		v, err := pipe.Recv[[]any](ctx, b)
		require.NoError(t, err)
		assert.Equal(t, i, v[0])
		near, _ := v[1].([]*pipe.Conn)
		require.Len(t, near, i%4)
		for _, c := range near {
			require.NoError(t, c.Send(ctx, k))
			got, err := far[k][0].Recv(ctx)
			require.NoError(t, err)
			assert.Equal(t, k, got)
			require.NoError(t, c.Close())
			k++
		}
	}
}

// The first handle finds its way while the receiver is busy looking for messages
// in a way that could not take one.
func TestFirstHandleMeetsABusyReceiver(t *testing.T) {
	ctx := t.Context()
	_, y := pair(t)
	for range 200 {
		a, b, err := pipe.New(ctx)
		require.NoError(t, err)
		got := later(func() (*pipe.Conn, error) {
			for {
				c, err := pipe.TryRecv[*pipe.Conn](ctx, b)
				if err != pipe.ErrWouldBlock {
					return c, err
				}
			}
		})
		runtime.Gosched()
		require.NoError(t, a.Send(ctx, y))
		c, err := got()
		require.NoError(t, err)
		for _, c := range []*pipe.Conn{a, b, c} {
			require.NoError(t, c.Close())
		}
	}
}

// A message's handles are closed when nobody takes them.
func TestHandlesNobodyTakes(t *testing.T) {
	ctx := t.Context()
	a, b := pair(t)
	_, y := pair(t)
	before := descriptors(t)
	for range 5 {
		require.NoError(t, a.Send(ctx, y))
	}
	_, err := b.RecvBytes(ctx) // as bytes
	require.NoError(t, err)
	_, err = b.RecvBytesInto(ctx, nil) // too short
	assert.Error(t, err)
	_, err = pipe.Recv[int](ctx, b) // as something else
	assert.Error(t, err)
	settled(t, before+2)
	require.NoError(t, b.Close()) // not at all
	settled(t, before-1)
	assert.ErrorIs(t, a.Send(ctx, y), pipe.ErrBrokenPipe) // not sent
	settled(t, before-1)
}

// Descriptors that a peer sends and no message speaks of use up nothing.
func TestHostileHandles(t *testing.T) {
	ctx := t.Context()
	c, other := rawPair(t)
	before := descriptors(t)
	raw, err := other.SyscallConn()
	require.NoError(t, err)
	send := func(b []byte, fds int) {
		rights := make([]int, fds)
		require.NoError(t, raw.Control(func(fd uintptr) {
			for i := range rights {
				rights[i] = int(fd)
			}
			require.NoError(t, unix.Sendmsg(int(fd), b, unix.UnixRights(rights...), nil, 0))
		}))
	}
	for range 3 {
		send(append(binary.BigEndian.AppendUint32(nil, 1), 'x'), 100)
		b, err := c.RecvBytes(ctx)
		require.NoError(t, err)
		assert.Equal(t, "x", string(b))
	}
	settled(t, before)

	// More than a message can have, a few with every piece of it.
	send(binary.BigEndian.AppendUint32(nil, 20), 100)
	for range 20 {
		send([]byte{0}, 100)
		_, err := c.TryRecv(ctx)
		if err == pipe.ErrWouldBlock {
			assert.LessOrEqual(t, descriptors(t), before+300)
		} else {
			assert.ErrorContains(t, err, "descriptors that came with the message were lost")
		}
	}
	settled(t, before)

	// A message that speaks of a handle that did not come.
	// Python: _TestConnection.test_missing_fd_transfer.
	_, y := pair(t)
	a, b := pair(t)
	require.NoError(t, a.Send(ctx, y))
	wire, err := b.RecvBytes(ctx)
	require.NoError(t, err)
	require.NoError(t, a.SendBytes(ctx, wire))
	_, err = b.Recv(ctx)
	var bad *pickle.Error
	require.ErrorAs(t, err, &bad)
	assert.ErrorContains(t, err, "handles")
}

// Handles travel over unix-domain connections only.
func TestHandlesNeedASocket(t *testing.T) {
	ctx := t.Context()
	_, y := pair(t)
	before := descriptors(t)
	for _, k := range kinds[2:] {
		t.Run(k.name, func(t *testing.T) {
			a, b := k.open(t)
			err := a.Send(ctx, y)
			var refused *pickle.Error
			require.ErrorAs(t, err, &refused)
			assert.Contains(t, refused.PythonText(), "objects should only be shared between processes through inheritance")
			ready, err := b.TryPoll(ctx)
			require.NoError(t, err)
			assert.False(t, ready)
		})
	}
	_, w := oneWay(t)
	assert.Error(t, w.Send(ctx, y))
	settled(t, before+2)

	a, b := pair(t)
	require.NoError(t, y.Close())
	assert.ErrorContains(t, a.Send(ctx, y), "handle is closed")
	x1, _ := net.Pipe()
	assert.ErrorIs(t, a.Send(ctx, fromConn(t, x1)), errors.ErrUnsupported)
	ready, err := b.TryPoll(ctx)
	require.NoError(t, err)
	assert.False(t, ready)
}

// A Conn that had fetched messages ahead takes them along; nothing is lost when
// it does not get away.
func TestSendAConnWithMessagesFetchedAhead(t *testing.T) {
	ctx := t.Context()
	a, b := pair(t)
	x, y := pair(t)
	for i := range 5 {
		require.NoError(t, x.Send(ctx, i))
	}
	next := func(c *pipe.Conn, want int) {
		t.Helper()
		v, err := c.Recv(ctx)
		require.NoError(t, err)
		require.Equal(t, want, v)
	}
	next(y, 0)

	// Refused after the Conn was reduced: it has its messages back.
	require.Error(t, a.Send(ctx, []any{y, func() {}}))
	next(y, 1)
	broken, gone := pair(t)
	require.NoError(t, gone.Close())
	require.ErrorIs(t, broken.Send(ctx, y), pipe.ErrBrokenPipe)
	next(y, 2)
	_, err := pickle.Marshal(y, pickle.WithHandles(new(pickle.Handles)))
	require.ErrorContains(t, err, "fetched ahead", "a carrier that cannot say whether the message left")
	next(y, 3)

	require.NoError(t, a.Send(ctx, y))
	z, err := pipe.Recv[*pipe.Conn](ctx, b)
	require.NoError(t, err)
	closeAtEnd(t, z)
	next(z, 4)
	// From now on neither takes what may be the other's.
	require.NoError(t, x.Send(ctx, 5))
	require.NoError(t, x.Send(ctx, 6))
	next(z, 5)
	next(y, 6)

	receiving := later(func() (any, error) { return y.Recv(ctx) })
	eventually(t, func() bool {
		err = a.Send(ctx, y)
		return err != nil
	})
	assert.ErrorContains(t, err, "cannot be sent while it is receiving")
	require.NoError(t, x.Send(ctx, 7))
	_, err = receiving()
	require.NoError(t, err)
}

// A parcel is a live object of the program's own: "any handle".
type parcel struct{ f *os.File }

func (p *parcel) ReduceHandle(h *pickle.Handles) (any, error) {
	fd, err := unix.FcntlInt(p.f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return h.Add(os.NewFile(uintptr(fd), "parcel")), nil
}

type junk struct{}

func (*junk) ReduceHandle(h *pickle.Handles) (any, error) { return h.Add("no file"), nil }

var registerParcel = sync.OnceFunc(func() {
	pickle.RegisterHandle(func(h *pickle.Handles, n int) (*parcel, error) {
		f, err := h.Take(n)
		if err != nil {
			return nil, err
		}
		return &parcel{f.(*os.File)}, nil
	})
	pickle.RegisterHandle(func(*pickle.Handles, int) (*junk, error) { return new(junk), nil })
})

// Python: _TestConnection.test_fd_transfer, test_large_fd_transfer.
func TestSendAFile(t *testing.T) {
	registerParcel()
	ctx := t.Context()
	a, b := pair(t)
	f, err := os.Create(t.TempDir() + "/f")
	require.NoError(t, err)
	defer f.Close()
	moored(t, a)
	moored(t, b)
	before := descriptors(t)
	// A long message goes out in many writes: the handle is with the first.
	require.NoError(t, a.TrySend(ctx, []any{&parcel{f}, pattern(4 << 20)}))
	v, err := pipe.Recv[[]any](ctx, b)
	require.NoError(t, err)
	got := v[0].(*parcel).f
	_, err = got.WriteString("through the copy")
	require.NoError(t, err)
	require.NoError(t, got.Close())
	data, err := os.ReadFile(f.Name())
	require.NoError(t, err)
	assert.Equal(t, "through the copy", string(data))
	assert.Len(t, v[1], 4<<20)

	many := make([]*parcel, 254)
	for i := range many {
		many[i] = &parcel{f}
	}
	assert.ErrorContains(t, a.Send(ctx, many), "at most 253")
	assert.ErrorContains(t, a.Send(ctx, &junk{}), "cannot travel over a socket")
	require.NoError(t, a.Send(ctx, many[:253]))
	ps, err := pipe.Recv[[]*parcel](ctx, b)
	require.NoError(t, err)
	require.Len(t, ps, 253)
	for _, p := range ps {
		require.NoError(t, p.f.Close())
	}
	settled(t, before)
}

func init() { roles["hand-over"] = handOver }

// handOver receives an end and uses it.
func handOver() {
	c, ctx := inherited(true, true), context.Background()
	end, err := pipe.Recv[*pipe.Conn](ctx, c)
	if err != nil {
		panic(err)
	}
	if err := end.Send(ctx, os.Getpid()); err != nil {
		panic(err)
	}
}

// Between processes. The receiving process is the only one that has the end.
func TestHandOver(t *testing.T) {
	ctx := t.Context()
	a, b := pair(t)
	peer := play(t, "hand-over", b)
	x, y := pair(t)
	require.NoError(t, a.Send(ctx, y))
	require.NoError(t, y.Close())
	pid, err := x.Recv(ctx)
	require.NoError(t, err)
	assert.Equal(t, peer.Process.Pid, pid)
	_, err = x.Recv(ctx)
	assert.Equal(t, io.EOF, err)
}

// Python: _TestPollEintr.test_poll_eintr, TestIgnoreEINTR.test_ignore,
// test_ignore_listener: signals interrupt nothing.
func TestSignals(t *testing.T) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	defer signal.Stop(signals)
	stop := make(chan struct{})
	stopped := later(func() (any, error) {
		for {
			select {
			case <-stop:
				return nil, nil
			default:
				_ = syscall.Kill(os.Getpid(), syscall.SIGUSR1)
				time.Sleep(100 * time.Microsecond)
			}
		}
	})
	ctx := t.Context()
	a, b := pair(t)
	l := listen(t, "unix", "")
	for range 20 {
		polled := later(func() (any, error) { return b.Poll(ctx) })
		waited := later(func() (any, error) { return pipe.Wait(ctx, b, l) })
		accepted := later(func() (any, error) { return l.Accept(ctx) })
		time.Sleep(time.Millisecond)
		sent := later(func() (any, error) { return nil, a.SendBytes(ctx, pattern(3<<20)) })
		for _, wait := range []func() (any, error){polled, waited} {
			_, err := wait()
			require.NoError(t, err)
		}
		got, err := b.RecvBytes(ctx)
		require.NoError(t, err)
		require.Len(t, got, 3<<20)
		_, err = sent()
		require.NoError(t, err)
		dial(t, l)
		c, err := accepted()
		require.NoError(t, err)
		require.NoError(t, c.(*pipe.Conn).Close())
	}
	close(stop)
	_, _ = stopped()
}
