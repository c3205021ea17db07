//go:build linux || darwin

package pipe_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/big"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
)

// objects are what is sent to Python and back.
func objects() []any {
	d, _ := pickle.NewDict("id", 7, pickle.Tuple{1, "k"}, nil)
	s, _ := pickle.NewSet("x")
	shared := pickle.NewList("shared")
	return []any{
		nil, true, 42, -1, new(big.Int).Lsh(big.NewInt(1), 100), 1.5, "text é", []byte("\x00\xff"),
		pickle.NewList(1, "two", nil),
		pickle.Tuple{1, pickle.Tuple{}},
		d, s,
		pickle.NewList(shared, shared), pickle.NewException("ValueError", "no such luck"),
	}
}

// exchange sends n objects while it receives n.
func exchange(t *testing.T, c *pipe.Conn, n int) {
	t.Helper()
	ctx, all := t.Context(), objects()
	sent := later(func() (any, error) {
		for i := range n {
			if err := c.Send(ctx, all[i%len(all)]); err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
	for i := range n {
		v, err := c.Recv(ctx)
		require.NoError(t, err)
		require.Equal(t, pickle.Repr(all[i%len(all)]), pickle.Repr(v), "object %d", i)
	}
	_, err := sent()
	require.NoError(t, err)
}

// Ten thousand objects go each way over one connection.
func TestPythonValues(t *testing.T) {
	pythons(t, func(t *testing.T, p python) {
		if p.version == "2.7" {
			return // reads no protocol that we write
		}
		n := 10_000
		if p.version != "3.13" {
			n = 500
		}
		if testing.Short() {
			n = 500
		}
		l := listen(t, "unix", "", append(p.auth(), pipe.WithCodec(pickle.Python))...)
		out := p.start(t, nil, "values", "dial", "unix", l.Addr().String(), "6b6579")
		c := accept(t, l)
		exchange(t, c, n)

		// A value that Python cannot hold is an error here, and the next one is fine.
		var bad *pickle.Error
		require.ErrorAs(t, c.Send(t.Context(), func() {}), &bad)
		require.NoError(t, c.Send(t.Context(), map[string]int{"a": 1}))
		m, err := pipe.Recv[map[string]int](t.Context(), c)
		require.NoError(t, err)
		require.Equal(t, map[string]int{"a": 1}, m)
		require.NoError(t, c.Close())
		require.Equal(t, "echoed "+strconv.Itoa(n+1), line(t, out))
	})
}

// Strangers hold nobody up: one that has no key, one that is silent, and a Python
// without a key that we dial.
func TestPythonStrangers(t *testing.T) {
	pythons(t, func(t *testing.T, p python) {
		if p.version != "3.13" && p.version != "2.7" {
			return // nothing of what they do differs
		}
		var dropped, turned rejections
		l := listen(t, "unix", "", append(p.auth(), dropped.option(), pipe.WithHandshakeTimeout(10*time.Millisecond))...)
		silent := p.start(t, nil, "silent", "unix", l.Addr().String())
		require.Equal(t, "connected", line(t, silent))
		assert.ErrorIs(t, dropped.wait(t, 1)[0], pipe.ErrAuthentication)

		l = listen(t, "unix", "", append(p.auth(), turned.option(), pipe.WithHandshakeTimeout(time.Hour))...)
		where := l.Addr().String()
		silent = p.start(t, nil, "silent", "unix", where)
		require.Equal(t, "connected", line(t, silent))
		keyless := p.start(t, nil, "dial", "unix", where, "-")
		good := later(func() (*bufio.Reader, error) { return p.start(t, nil, "dial", "unix", where, "6b6579"), nil })
		c := accept(t, l)
		out, _ := good()
		echoes(t, c, out)
		assert.ErrorIs(t, turned.wait(t, 1)[0], pipe.ErrAuthentication)
		require.Equal(t, "gone", line(t, keyless))

		out = p.start(t, nil, "listen", "unix", "-")
		_, err := pipe.Dial(t.Context(), "unix", line(t, out), append(p.auth(), pipe.WithHandshakeTimeout(100*time.Millisecond))...)
		require.ErrorIs(t, err, pipe.ErrAuthentication)
		require.ErrorContains(t, err, "the other side may have no key")
	})
}

// step is how many bytes lie between two kills: none for the Pythons that stand for
// the others.
func (p python) step() int {
	if testing.Short() {
		return 23
	}
	if p.version == "3.11" || p.version == "3.13" {
		return 1
	}
	return 23
}

// A Python that is killed after each byte of the handshake and of a message leaves
// an error and nothing else: no connection before it has proved itself, and no part
// of a message.
func TestPythonKilledDialing(t *testing.T) {
	pythons(t, func(t *testing.T, p python) {
		if p.version == "2.7" {
			return // its connections are written in C and cannot be stopped at a byte
		}
		var turned rejections
		l := listen(t, "unix", "", append(p.auth(), turned.option(), pipe.WithCodec(pickle.Python))...)
		out := p.start(t, nil, "killed", "dial", l.Addr().String(), "6b6579", strconv.Itoa(p.step()))
		cut := 0
		for {
			c := accept(t, l)
			err := doomed(t.Context(), c)
			if err == nil {
				break
			}
			partial(t, err)
			cut++
		}
		var killed int
		_, err := fmt.Sscanf(line(t, out), "killed %d", &killed)
		require.NoError(t, err)
		require.Equal(t, killed, cut+len(turned.wait(t, killed-cut)))
		for _, err := range turned.wait(t, 1) {
			assert.ErrorIs(t, err, pipe.ErrAuthentication)
		}
		assert.Greater(t, cut*p.step(), 20)
	})
}

func TestPythonKilledListening(t *testing.T) {
	pythons(t, func(t *testing.T, p python) {
		if p.version == "2.7" {
			return
		}
		where := filepath.Join(t.TempDir(), "s")
		out := p.start(t, nil, "killed", "listen", where, "6b6579", strconv.Itoa(p.step()))
		require.Equal(t, "listening", line(t, out))
		refused, cut := 0, 0
		for {
			c, err := pipe.Dial(t.Context(), "unix", where, append(p.auth(), pipe.WithCodec(pickle.Python))...)
			if err != nil {
				require.ErrorIs(t, err, pipe.ErrAuthentication)
				refused++
				continue
			}
			err = doomed(t.Context(), c)
			if err == nil {
				break
			}
			partial(t, err)
			cut++
		}
		require.Equal(t, fmt.Sprintf("killed %d", refused+cut), line(t, out))
		assert.Greater(t, cut*p.step(), 20)
	})
}

// doomed receives the one message of a peer that may die before.
func doomed(ctx context.Context, c *pipe.Conn) error {
	defer c.Close()
	v, err := c.Recv(ctx)
	if err != nil {
		return err
	}
	if pickle.Repr(v) != "['xxxxxxxxxxxxxxxxxxxx']" {
		return fmt.Errorf("received %v", v)
	}
	return c.SendBytes(ctx, nil)
}

// partial checks what is left of a message whose sender died.
func partial(t *testing.T, err error) {
	t.Helper()
	var cut *pipe.CutError
	require.True(t, errors.As(err, &cut) || errors.Is(err, io.EOF) || errors.Is(err, pipe.ErrBrokenPipe), "%v", err)
}
