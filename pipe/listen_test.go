package pipe_test

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe"
)

func listen(t testing.TB, network, address string, opts ...pipe.Option) *pipe.Listener {
	t.Helper()
	l, err := pipe.Listen(t.Context(), network, address, opts...)
	require.NoError(t, err)
	closeAtEnd(t, l)
	return l
}

func dial(t testing.TB, l *pipe.Listener, opts ...pipe.Option) *pipe.Conn {
	t.Helper()
	c, err := pipe.Dial(t.Context(), l.Addr().Network(), l.Addr().String(), opts...)
	require.NoError(t, err)
	closeAtEnd(t, c)
	return c
}

func accept(t testing.TB, l *pipe.Listener) *pipe.Conn {
	t.Helper()
	c, err := l.Accept(t.Context())
	require.NoError(t, err)
	closeAtEnd(t, c)
	return c
}

// LI-1: the defaults. unix is the default network, loopback the default host.
func TestListenDefaults(t *testing.T) {
	l := listen(t, "", "")
	assert.Equal(t, "unix", l.Addr().Network())
	dir, name := filepath.Split(l.Addr().String())
	assert.True(t, strings.HasPrefix(name, "listener-"))
	assert.True(t, strings.HasPrefix(filepath.Base(dir), "pymp-"))
	info, err := os.Stat(dir)
	require.NoError(t, err)
	if runtime.GOOS != "windows" {
		assert.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	}
	require.NoError(t, l.Close())
	_, err = os.Stat(dir)
	assert.ErrorIs(t, err, os.ErrNotExist)

	for _, address := range []string{"", ":0", "127.0.0.1:0", "localhost:0"} {
		l := listen(t, "tcp", address)
		tcp := l.Addr().(*net.TCPAddr)
		assert.True(t, tcp.IP.IsLoopback())
		assert.NotZero(t, tcp.Port)
		x := dial(t, l)
		assert.Nil(t, l.LastAccepted())
		y := accept(t, l)
		assert.IsType(t, &net.TCPAddr{}, l.LastAccepted())
		require.NoError(t, x.Send(t.Context(), 1))
		v, err := y.Recv(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 1, v)
		require.NoError(t, l.Close())
	}
}

// LI-2. Python: TestInvalidFamily, _TestListener.test_multiple_bind.
func TestListenRefuses(t *testing.T) {
	ctx := t.Context()
	for network, text := range map[string]string{
		"AF_PIPE": "Family AF_PIPE is not recognized.",
		"udp":     "unrecognized family",
	} {
		_, err := pipe.Listen(ctx, network, "")
		raises(t, text, err)
		_, err = pipe.Dial(ctx, network, "x")
		raises(t, text, err)
	}
	_, err := pipe.Dial(ctx, "unix", "")
	var bad *pipe.ValueError
	assert.ErrorAs(t, err, &bad)
	_, err = pipe.Listen(ctx, "tcp", "nothing")
	assert.ErrorAs(t, err, &bad)

	for _, network := range []string{"unix", "tcp"} {
		l := listen(t, network, "")
		_, err = pipe.Listen(ctx, network, l.Addr().String())
		assert.ErrorIs(t, err, syscall.EADDRINUSE)
		assert.ErrorContains(t, err, "pipe: Listen: ")
	}
	_, err = pipe.Dial(ctx, "unix", filepath.Join(t.TempDir(), "missing"))
	assert.ErrorIs(t, err, os.ErrNotExist)
	assert.ErrorContains(t, err, "pipe: ")
	l := listen(t, "tcp", "")
	address := l.Addr().String()
	require.NoError(t, l.Close())
	_, err = pipe.Dial(ctx, "tcp", address)
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
	gone, cancel := context.WithCancel(ctx)
	cancel()
	_, err = pipe.Dial(gone, "tcp", address)
	cancelled(t, err)
	_, err = pipe.DialTimeout(ctx, -1, "tcp", address)
	timedOut(t, err)
}

// LI-3. Python: _TestListener.test_context, _TestListenerClient.
func TestListenerClose(t *testing.T) {
	ctx := t.Context()
	for _, network := range []string{"unix", "tcp"} {
		l := listen(t, network, "")
		_, err := l.TryAccept(ctx)
		assert.Equal(t, pipe.ErrWouldBlock, err)
		for _, d := range []time.Duration{-1, 0, time.Millisecond} {
			_, err = l.AcceptTimeout(ctx, d)
			timedOut(t, err)
		}
		gone, cancel := context.WithCancel(ctx)
		waiting := later(func() (*pipe.Conn, error) { return l.Accept(gone) })
		cancel()
		_, err = waiting()
		cancelled(t, err)
		assert.NotEqual(t, ^uintptr(0), l.Fd())

		waiting = later(func() (*pipe.Conn, error) { return l.Accept(ctx) })
		watching := later(func() ([]pipe.Waitable, error) { return pipe.Wait(ctx, l) })
		time.Sleep(time.Millisecond)
		require.NoError(t, l.Close())
		require.NoError(t, l.Close())
		_, err = waiting()
		assert.ErrorIs(t, err, pipe.ErrListenerClosed)
		assert.ErrorIs(t, err, pipe.ErrClosed)
		raises(t, "listener is closed", err)
		_, err = l.TryAccept(ctx)
		assert.ErrorIs(t, err, pipe.ErrListenerClosed)
		_, err = watching()
		require.NoError(t, err)
		assert.Equal(t, ^uintptr(0), l.Fd())
	}
}

// LI-4. Python: _TestListener.test_abstract_socket.
func TestSocketFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sock")
	l := listen(t, "unix", path)
	_, err := os.Stat(path)
	require.NoError(t, err)
	require.NoError(t, l.Close())
	_, err = os.Stat(path)
	assert.ErrorIs(t, err, os.ErrNotExist)

	if runtime.GOOS != "linux" {
		return
	}
	for _, name := range []string{"\x00pipe-test-abstract", "@pipe-test-abstract"} {
		l = listen(t, "unix", name)
		assert.Equal(t, "@pipe-test-abstract", l.Addr().String())
		c, err := pipe.Dial(t.Context(), "unix", name)
		require.NoError(t, err)
		require.NoError(t, c.Close())
		require.NoError(t, l.Close())
	}
}

// LI-5: a client that connected, wrote and left before anybody accepted. Python:
// _TestListenerClient.test_issue14725, test_issue16955.
func TestClientLeftBeforeAccept(t *testing.T) {
	ctx := t.Context()
	for _, network := range []string{"unix", "tcp"} {
		l := listen(t, network, "")
		c := dial(t, l)
		require.NoError(t, c.Send(ctx, "hello"))
		require.NoError(t, c.Close())
		s := accept(t, l)
		ready, err := s.Poll(ctx)
		require.NoError(t, err)
		assert.True(t, ready)
		v, err := s.Recv(ctx)
		require.NoError(t, err)
		assert.Equal(t, "hello", v)
		_, err = s.Recv(ctx)
		assert.Equal(t, io.EOF, err)
	}
}

// Nobody is turned away because nobody accepts: a connection waits its turn.
func TestBacklog(t *testing.T) {
	ctx := t.Context()
	l := listen(t, "unix", "", pipe.WithBacklog(2))
	const clients = 20
	for i := range clients {
		c := dial(t, l)
		require.NoError(t, c.Send(ctx, i))
	}
	seen := map[any]bool{}
	for range clients {
		v, err := accept(t, l).Recv(ctx)
		require.NoError(t, err)
		seen[v] = true
	}
	assert.Len(t, seen, clients)
	// What nobody accepted is closed with the listener.
	c := dial(t, l)
	eventually(t, l.Ready)
	require.NoError(t, l.Close())
	_, err := c.Recv(ctx)
	assert.ErrorIs(t, err, io.EOF)
}

// rejections collects what a listener turned away.
type rejections struct {
	mu   sync.Mutex
	errs []error
}

func (r *rejections) option() pipe.Option {
	return pipe.WithRejected(func(_ net.Addr, err error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.errs = append(r.errs, err)
	})
}

func (r *rejections) wait(t *testing.T, n int) []error {
	t.Helper()
	eventually(t, func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return len(r.errs) >= n
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.errs
}

// Keys, equal and not. Python: _TestListener.test_empty_authkey.
func TestAuthKey(t *testing.T) {
	ctx := t.Context()
	for _, network := range []string{"unix", "tcp"} {
		for _, c := range []struct {
			listener, client string
			ok               bool
		}{
			{"key", "key", true},
			{"", "", true},
			{strings.Repeat("long ", 100), strings.Repeat("long ", 100), true},
			{"key", "other", false},
			{"key", "", false},
			{"", "key", false},
		} {
			var turned rejections
			l := listen(t, network, "", pipe.WithAuthKey([]byte(c.listener)), turned.option())
			conn, err := pipe.Dial(ctx, network, l.Addr().String(), pipe.WithAuthKey([]byte(c.client)))
			if c.ok {
				require.NoError(t, err)
				closeAtEnd(t, conn)
				s := accept(t, l)
				require.NoError(t, s.Send(ctx, 7))
				v, err := conn.Recv(ctx)
				require.NoError(t, err)
				assert.Equal(t, 7, v)
				assert.Zero(t, l.Rejected())
				continue
			}
			assert.ErrorIs(t, err, pipe.ErrAuthentication)
			raises(t, "digest sent was rejected", err)
			errs := turned.wait(t, 1)
			assert.ErrorIs(t, errs[0], pipe.ErrAuthentication)
			raises(t, "digest received was wrong", errs[0])
			assert.Equal(t, uint64(1), l.Rejected())
			_, err = l.TryAccept(ctx)
			assert.Equal(t, pipe.ErrWouldBlock, err)
		}
	}
}

// AU-7: peers that are silent, have no key, send garbage or leave never hold up
// the others, and never become Accept's error.
func TestBadPeersDoNotHoldUpAccept(t *testing.T) {
	ctx := t.Context()
	var turned rejections
	l := listen(t, "unix", "", pipe.WithAuthKey([]byte("key")), turned.option())
	connect := func(say string) net.Conn {
		c, err := net.Dial("unix", l.Addr().String())
		require.NoError(t, err)
		closeAtEnd(t, c)
		_, err = c.Write([]byte(say))
		require.NoError(t, err)
		return c
	}
	for range 20 {
		connect("") // silent
	}
	connect("\x00\x00\x00\x05hello") // no key, speaks at once
	connect("\xff\xff\xff\xff\x40\x00\x00\x00\x00\x00\x00\x00")
	connect("\xff\xff\xff\xfe")
	connect("\x00\x00\x01\x01" + strings.Repeat("x", 257)) // more than 256 bytes
	connect("GET / HTTP/1.1\r\n\r\n")
	require.NoError(t, connect("").Close())
	keyless := dial(t, l) // one of ours, without a key
	require.NoError(t, keyless.Send(ctx, []int{1, 2, 3}))
	good := dial(t, l, pipe.WithAuthKey([]byte("key")))
	s := accept(t, l)
	require.NoError(t, good.Send(ctx, "through"))
	v, err := s.Recv(ctx)
	require.NoError(t, err)
	assert.Equal(t, "through", v)
	for _, err := range turned.wait(t, 7) {
		assert.ErrorIs(t, err, pipe.ErrAuthentication)
	}
	_, err = l.TryAccept(ctx)
	assert.Equal(t, pipe.ErrWouldBlock, err)
}

// The silent ones are dropped when their time is over, on either side.
func TestHandshakeTimeout(t *testing.T) {
	ctx := t.Context()
	var short pipe.Option
	var l *pipe.Listener
	var silent *pipe.Conn
	var b []byte
	var err error
	// A time may be over before the challenge was sent.
	for d := 10 * time.Millisecond; d < time.Minute; d *= 4 {
		var turned rejections
		short = pipe.WithHandshakeTimeout(d)
		l = listen(t, "unix", "", pipe.WithAuthKey([]byte("key")), short, turned.option())
		silent = dial(t, l)
		errs := turned.wait(t, 1)
		require.ErrorIs(t, errs[0], pipe.ErrAuthentication)
		timedOut(t, errs[0])
		require.ErrorContains(t, errs[0], "may have no key")
		if b, err = silent.RecvBytes(ctx); err == nil {
			break
		}
	}
	require.NoError(t, err)
	assert.Equal(t, "#CHALLENGE#{sha256}", string(b[:19]))
	assert.Len(t, b, 11+8+40)
	_, err = silent.RecvBytes(ctx)
	assert.Equal(t, io.EOF, err)

	// A listener without a key says nothing.
	l = listen(t, "unix", "")
	_, err = pipe.Dial(ctx, "unix", l.Addr().String(), pipe.WithAuthKey([]byte("key")), short)
	assert.ErrorIs(t, err, pipe.ErrAuthentication)
	timedOut(t, err)
	gone, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	_, err = pipe.Dial(gone, "unix", l.Addr().String(), pipe.WithAuthKey([]byte("key")))
	timedOut(t, err)
	_, err = pipe.DialTimeout(ctx, time.Millisecond, "unix", l.Addr().String(), pipe.WithAuthKey([]byte("key")))
	timedOut(t, err)
}

// Closing does not wait for handshakes to run out.
func TestCloseEndsHandshakes(t *testing.T) {
	l := listen(t, "unix", "", pipe.WithAuthKey([]byte("key")), pipe.WithHandshakeTimeout(time.Hour))
	c := dial(t, l)
	_, err := c.RecvBytes(t.Context()) // it has begun
	require.NoError(t, err)
	require.NoError(t, l.Close())
	_, err = c.RecvBytes(t.Context())
	assert.ErrorIs(t, err, io.EOF)
	assert.Zero(t, l.Rejected())
}
