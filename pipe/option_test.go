package pipe_test

import (
	"encoding/json"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
)

func TestWithCodec(t *testing.T) {
	ctx := t.Context()
	a, b := pair(t, pipe.WithCodec(pickle.JSON), pipe.WithPickle(pickle.WithMaxSize(200)))
	require.NoError(t, a.Send(ctx, []int{1, 2}))
	raw, err := b.RecvBytes(ctx)
	require.NoError(t, err)
	assert.True(t, json.Valid(raw))
	require.NoError(t, a.Send(ctx, []int{1, 2}))
	got, err := pipe.Recv[[]int](ctx, b)
	require.NoError(t, err)
	assert.Equal(t, []int{1, 2}, got)
	assert.ErrorContains(t, a.Send(ctx, make([]int, 300)), "WithMaxSize")
	_, _, err = pipe.New(ctx, pipe.WithCodec(nil))
	assert.Error(t, err)
}

func TestOptionsWithoutMeaning(t *testing.T) {
	ctx := t.Context()
	_, _, err := pipe.New(ctx, pipe.WithAuthKey([]byte("k")))
	assert.EqualError(t, err, "pipe: WithAuthKey has no meaning for New")
	a, _ := pair(t, nil, pipe.WithMaxMessage(100))
	assert.EqualError(t, a.SendBytes(ctx, nil, pipe.WithMaxLength(1)), "pipe: WithMaxLength has no meaning for SendBytes")
	_, err = a.RecvBytes(ctx, pipe.WithReadAhead())
	assert.EqualError(t, err, "pipe: WithReadAhead has no meaning for RecvBytes")
	_, err = pipe.FromConn(nil)
	raises(t, "invalid handle", err)
	x, y := net.Pipe()
	closeAtEnd(t, x, y)
	_, err = pipe.FromConn(x, pipe.WithBacklog(1))
	assert.EqualError(t, err, "pipe: WithBacklog has no meaning for FromConn")
	_, _, err = pipe.New(ctx, pipe.WithMaxMessage(-1))
	assert.Error(t, err)
	// AU-6: a key that is none is refused.
	for _, o := range []pipe.Option{pipe.WithHandshakeTimeout(0), pipe.WithBacklog(0), pipe.WithAuthKey(nil), pipe.WithSize(3)} {
		_, err = pipe.Listen(ctx, "unix", "", o)
		var bad *pipe.ValueError
		assert.ErrorAs(t, err, &bad)
	}
}

// WithMaxMessage bounds every way of receiving.
func TestMaxMessage(t *testing.T) {
	ctx := t.Context()
	for _, receive := range []func(c *pipe.Conn) error{
		func(c *pipe.Conn) error { _, err := c.Recv(ctx); return err },
		func(c *pipe.Conn) error { _, err := c.RecvBytes(ctx); return err },
		func(c *pipe.Conn) error { _, err := c.RecvBytesInto(ctx, make([]byte, 100)); return err },
	} {
		a, b := pair(t, pipe.WithMaxMessage(9))
		require.NoError(t, a.SendBytes(ctx, pattern(10)))
		err := receive(b)
		var bad *pipe.LengthError
		require.ErrorAs(t, err, &bad)
		assert.Equal(t, pipe.LengthError{Length: 10, Max: 9}, *bad)
		assert.False(t, b.Readable())
	}
}
