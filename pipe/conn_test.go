package pipe_test

import (
	"bytes"
	"errors"
	"io"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
)

// Python: _TestConnection.test_connection (values of many types, one after the
// other, both ways).
func TestSendRecv(t *testing.T) {
	each(t, kinds, func(t *testing.T, a, b *pipe.Conn) {
		ctx := t.Context()
		values := []any{1, 2.25, "hello", []any{42, nil, "hello"}, nil, true, []byte("longish"), map[string]int{"a": 1}, time.Second}
		for _, ends := range [][2]*pipe.Conn{{a, b}, {b, a}} {
			sent := later(func() (any, error) {
				for _, v := range values {
					if err := ends[0].Send(ctx, v); err != nil {
						return nil, err
					}
				}
				return nil, nil
			})
			for _, want := range values {
				got, err := ends[1].Recv(ctx)
				require.NoError(t, err)
				assert.Equal(t, want, got)
			}
			_, err := sent()
			require.NoError(t, err)
		}
	})
}

func TestRecvTyped(t *testing.T) {
	ctx := t.Context()
	a, b := pair(t)
	require.NoError(t, a.Send(ctx, 7))
	n, err := pipe.Recv[int](ctx, b)
	require.NoError(t, err)
	assert.Equal(t, 7, n)

	require.NoError(t, a.Send(ctx, "seven"))
	_, err = pipe.Recv[int](ctx, b)
	var bad *pickle.Error
	require.ErrorAs(t, err, &bad)

	_, err = pipe.TryRecv[int](ctx, b)
	assert.ErrorIs(t, err, pipe.ErrWouldBlock)
	_, err = pipe.RecvTimeout[int](ctx, b, time.Millisecond)
	assert.ErrorIs(t, err, pipe.ErrTimeout)

	require.NoError(t, a.Send(ctx, []string{"x"}))
	s, err := pipe.RecvTimeout[[]string](ctx, b, time.Minute)
	require.NoError(t, err)
	assert.Equal(t, []string{"x"}, s)
	require.NoError(t, a.Send(ctx, 8))
	n, err = pipe.TryRecv[int](ctx, b)
	require.NoError(t, err)
	assert.Equal(t, 8, n)
}

// CN-1. Python: TestInvalidHandle.test_invalid_handles, _TestConnection.test_context.
func TestClosed(t *testing.T) {
	each(t, kinds, func(t *testing.T, a, _ *pipe.Conn) {
		ctx := t.Context()
		assert.False(t, a.Closed())
		require.NoError(t, a.Close())
		require.NoError(t, a.Close())
		assert.True(t, a.Closed())
		assert.Equal(t, ^uintptr(0), a.Fd())
		_, recv := a.Recv(ctx)
		_, recvBytes := a.RecvBytes(ctx)
		_, recvInto := a.RecvBytesInto(ctx, nil)
		_, poll := a.Poll(ctx)
		_, tryPoll := a.TryPoll(ctx)
		_, pollTimeout := a.PollTimeout(ctx, time.Second)
		_, wait := pipe.TryWait(ctx, a)
		for _, err := range []error{a.Send(ctx, 1), a.SendBytes(ctx, nil), recv, recvBytes, recvInto, poll, tryPoll, pollTimeout, wait} {
			assert.ErrorIs(t, err, pipe.ErrClosed)
			raises(t, "handle is closed", err)
		}
	})
}

// CN-1: closed comes before everything else, as in CPython.
func TestClosedComesFirst(t *testing.T) {
	a, _ := pair(t)
	require.NoError(t, a.Close())
	assert.ErrorIs(t, a.Send(t.Context(), func() {}), pipe.ErrClosed)
	assert.ErrorIs(t, a.SendBytes(t.Context(), nil, pipe.WithOffset(-1)), pipe.ErrClosed)
	_, err := a.RecvBytes(t.Context(), pipe.WithMaxLength(-1))
	assert.ErrorIs(t, err, pipe.ErrClosed)
	_, err = a.RecvBytesInto(t.Context(), nil, pipe.WithOffset(-1))
	assert.ErrorIs(t, err, pipe.ErrClosed)
}

// CN-2, CN-3. Python: _TestConnection.test_duplex_false.
func TestDirections(t *testing.T) {
	ctx := t.Context()
	r, w := oneWay(t)
	assert.True(t, r.Readable())
	assert.False(t, r.Writable())
	assert.False(t, w.Readable())
	assert.True(t, w.Writable())
	require.NoError(t, w.Send(ctx, 1))
	v, err := r.Recv(ctx)
	require.NoError(t, err)
	assert.Equal(t, 1, v)

	for _, err := range []error{r.Send(ctx, 2), r.SendBytes(ctx, nil), r.TrySend(ctx, 2), r.SendTimeout(ctx, 2, time.Second)} {
		assert.ErrorIs(t, err, pipe.ErrReadOnly)
		raises(t, "connection is read-only", err)
	}
	_, recv := w.Recv(ctx)
	_, recvBytes := w.RecvBytes(ctx)
	_, recvInto := w.RecvBytesInto(ctx, nil)
	_, poll := w.Poll(ctx)
	_, wait := pipe.Wait(ctx, w)
	for _, err := range []error{recv, recvBytes, recvInto, poll, wait} {
		assert.ErrorIs(t, err, pipe.ErrWriteOnly)
		raises(t, "connection is write-only", err)
	}

	a, b := pair(t)
	assert.True(t, a.Readable() && a.Writable() && b.Readable() && b.Writable())
}

// CN-4. Python: _TestConnection.test_spawn_close.
func TestEndOfFileComesAfterTheData(t *testing.T) {
	each(t, buffered, func(t *testing.T, a, b *pipe.Conn) {
		ctx := t.Context()
		require.NoError(t, a.Send(ctx, 1))
		require.NoError(t, a.SendBytes(ctx, []byte("two")))
		require.NoError(t, a.Close())
		v, err := b.Recv(ctx)
		require.NoError(t, err)
		assert.Equal(t, 1, v)
		s, err := b.RecvBytes(ctx)
		require.NoError(t, err)
		assert.Equal(t, "two", string(s))
		for range 2 {
			ready, err := b.TryPoll(ctx)
			require.NoError(t, err)
			assert.True(t, ready)
			_, err = b.Recv(ctx)
			assert.Equal(t, io.EOF, err)
			_, err = b.RecvBytes(ctx)
			assert.Equal(t, io.EOF, err)
			_, err = b.RecvBytesInto(ctx, make([]byte, 3))
			assert.Equal(t, io.EOF, err)
		}
		assert.False(t, b.Closed())
	})
}

// CN-6: the sender's end stays open.
func TestBrokenPipe(t *testing.T) {
	each(t, append(kinds[:len(kinds):len(kinds)], kind{"oneway", func(t *testing.T) (a, b *pipe.Conn) {
		r, w := oneWay(t)
		return w, r
	}}), func(t *testing.T, a, b *pipe.Conn) {
		ctx := t.Context()
		require.NoError(t, b.Close())
		var err error
		eventually(t, func() bool { // tcp learns it only from the answer to the first bytes
			err = a.Send(ctx, 1)
			return err != nil
		})
		assert.ErrorIs(t, err, pipe.ErrBrokenPipe)
		assert.ErrorIs(t, err, syscall.EPIPE)
		raises(t, "[Errno 32] Broken pipe", err)
		assert.ErrorIs(t, a.SendBytes(ctx, pattern(100_000)), pipe.ErrBrokenPipe)
		assert.False(t, a.Closed())
	})
}

// CN-6: what was sent before is received even when sending is over.
func TestBrokenPipeStillReceives(t *testing.T) {
	ctx := t.Context()
	a, b := pair(t)
	require.NoError(t, b.Send(ctx, "last words"))
	require.NoError(t, b.Close())
	assert.ErrorIs(t, a.Send(ctx, 1), pipe.ErrBrokenPipe)
	v, err := a.Recv(ctx)
	require.NoError(t, err)
	assert.Equal(t, "last words", v)
}

// The other end closed with bytes unread: the end of file says so.
func TestReset(t *testing.T) {
	ctx := t.Context()
	a, b := pair(t)
	require.NoError(t, a.Send(ctx, "never read"))
	require.NoError(t, b.Close())
	_, err := a.Recv(ctx)
	assert.ErrorIs(t, err, io.EOF)
	assert.ErrorIs(t, err, syscall.ECONNRESET)
	raises(t, "[Errno 104] Connection reset by peer", err)
	_, err = a.Recv(ctx)
	assert.Equal(t, io.EOF, err)
}

// CN-7: a receive-only end is closed, a duplex end can only send.
func TestMaxLength(t *testing.T) {
	ctx := t.Context()
	for _, size := range []int{6, 100_000} {
		r, w := oneWay(t)
		require.NoError(t, w.SendBytes(ctx, pattern(6)))
		b, err := r.RecvBytes(ctx, pipe.WithMaxLength(6))
		require.NoError(t, err)
		assert.Equal(t, pattern(6), b)

		sent := later(func() (any, error) { return nil, w.SendBytes(ctx, pattern(size)) })
		_, err = r.RecvBytes(ctx, pipe.WithMaxLength(5))
		var bad *pipe.LengthError
		require.ErrorAs(t, err, &bad)
		assert.Equal(t, pipe.LengthError{Length: uint64(size), Max: 5}, *bad)
		raises(t, "bad message length", err)
		assert.True(t, r.Closed())
		_, err = r.RecvBytes(ctx)
		assert.ErrorIs(t, err, pipe.ErrClosed)
		_, _ = sent() // broken or not, it has ended
	}

	a, b := pair(t)
	require.NoError(t, b.SendBytes(ctx, pattern(6)))
	_, err := a.RecvBytes(ctx, pipe.WithMaxLength(5))
	raises(t, "bad message length", err)
	assert.False(t, a.Closed())
	assert.False(t, a.Readable())
	_, err = a.Recv(ctx)
	assert.ErrorIs(t, err, pipe.ErrWriteOnly)
	require.NoError(t, a.Send(ctx, 5))
	v, err := b.Recv(ctx)
	require.NoError(t, err)
	assert.Equal(t, 5, v)
}

// CN-8.
func TestNegativeMaxLength(t *testing.T) {
	a, b := pair(t)
	require.NoError(t, a.SendBytes(t.Context(), []byte("kept")))
	_, err := b.RecvBytes(t.Context(), pipe.WithMaxLength(-1))
	raises(t, "negative maxlength", err)
	var bad *pipe.ValueError
	assert.ErrorAs(t, err, &bad)
	got, err := b.RecvBytes(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "kept", string(got))
}

// CN-9, EX-2. Python: _TestConnection.test_connection (BufferTooShort).
func TestRecvBytesInto(t *testing.T) {
	each(t, kinds, func(t *testing.T, a, b *pipe.Conn) {
		ctx := t.Context()
		for _, size := range []int{0, 10, 511, 9000, 3 << 20} {
			msg := pattern(size)
			for _, room := range []int{size, size + 5, size - 1, size / 2, 0} {
				if room < 0 {
					continue
				}
				sent := later(func() (any, error) { return nil, a.SendBytes(ctx, msg) })
				buf := make([]byte, room)
				n, err := b.RecvBytesInto(ctx, buf)
				if room >= size {
					require.NoError(t, err)
					require.Equal(t, size, n)
					require.True(t, bytes.Equal(msg, buf[:n]))
				} else {
					var short *pipe.BufferTooShort
					require.ErrorAs(t, err, &short)
					require.True(t, bytes.Equal(msg, short.Message), "the whole message is in the error")
					require.Equal(t, room, short.Room)
				}
				_, err = sent()
				require.NoError(t, err)
			}
		}
	})
}

// CN-10.
func TestRecvBytesIntoOffset(t *testing.T) {
	ctx := t.Context()
	a, b := pair(t)
	require.NoError(t, a.SendBytes(ctx, []byte("abc")))
	buf := []byte("----------")
	n, err := b.RecvBytesInto(ctx, buf, pipe.WithOffset(4))
	require.NoError(t, err)
	assert.Equal(t, 3, n)
	assert.Equal(t, "----abc---", string(buf))

	require.NoError(t, a.SendBytes(ctx, []byte("abcdef")))
	_, err = b.RecvBytesInto(ctx, buf[:3], pipe.WithOffset(-1))
	raises(t, "negative offset", err)
	_, err = b.RecvBytesInto(ctx, buf[:3], pipe.WithOffset(4))
	raises(t, "offset too large", err)
	got, err := b.RecvBytes(ctx)
	require.NoError(t, err)
	assert.Equal(t, "abcdef", string(got), "the message was not consumed")
}

// CN-11, CN-12. Python: _TestConnection.test_sendbytes.
func TestSendBytesParts(t *testing.T) {
	ctx := t.Context()
	a, b := pair(t)
	msg := []byte("abcdefghijklmnopqrstuvwxyz")
	for _, c := range []struct {
		opts []pipe.Option
		want string
	}{
		{nil, "abcdefghijklmnopqrstuvwxyz"},
		{[]pipe.Option{pipe.WithOffset(5)}, "fghijklmnopqrstuvwxyz"},
		{[]pipe.Option{pipe.WithOffset(7), pipe.WithSize(8)}, "hijklmno"},
		{[]pipe.Option{pipe.WithSize(4)}, "abcd"},
		{[]pipe.Option{pipe.WithOffset(26)}, ""},
		{[]pipe.Option{pipe.WithOffset(26), pipe.WithSize(0)}, ""},
		{[]pipe.Option{nil}, "abcdefghijklmnopqrstuvwxyz"},
	} {
		require.NoError(t, a.SendBytes(ctx, msg, c.opts...))
		got, err := b.RecvBytes(ctx)
		require.NoError(t, err)
		assert.Equal(t, c.want, string(got))
		assert.NotNil(t, got)
	}
	for _, c := range []struct {
		opts []pipe.Option
		text string
	}{
		{[]pipe.Option{pipe.WithOffset(-1)}, "offset is negative"},
		{[]pipe.Option{pipe.WithOffset(27)}, "buffer length < offset"},
		{[]pipe.Option{pipe.WithSize(-1)}, "size is negative"},
		{[]pipe.Option{pipe.WithOffset(22), pipe.WithSize(5)}, "buffer length < offset + size"},
		{[]pipe.Option{pipe.WithOffset(1), pipe.WithSize(int(^uint(0) >> 1))}, "buffer length < offset + size"},
	} {
		raises(t, c.text, a.SendBytes(ctx, msg, c.opts...))
	}
	_, err := b.TryRecvBytes(ctx)
	assert.ErrorIs(t, err, pipe.ErrWouldBlock, "nothing was sent")
}

// CN-13: nothing is written, the stream is whole.
func TestUnsendable(t *testing.T) {
	each(t, buffered, func(t *testing.T, a, b *pipe.Conn) {
		ctx := t.Context()
		err := a.Send(ctx, []any{1, func() {}})
		var bad *pickle.Error
		require.ErrorAs(t, err, &bad)
		ready, err := b.TryPoll(ctx)
		require.NoError(t, err)
		assert.False(t, ready)
		require.NoError(t, a.Send(ctx, 2))
		v, err := b.Recv(ctx)
		require.NoError(t, err)
		assert.Equal(t, 2, v)
	})
}

// CN-14: the message is consumed, the next one is fine.
func TestUnloadable(t *testing.T) {
	each(t, buffered, func(t *testing.T, a, b *pipe.Conn) {
		ctx := t.Context()
		for _, garbage := range [][]byte{[]byte("xyz"), {}, pattern(20_000)} {
			require.NoError(t, a.SendBytes(ctx, garbage))
			require.NoError(t, a.Send(ctx, "fine"))
			_, err := b.Recv(ctx)
			var bad *pickle.Error
			require.ErrorAs(t, err, &bad)
			v, err := b.Recv(ctx)
			require.NoError(t, err)
			assert.Equal(t, "fine", v)
		}
	})
}

// CN-12, CN-15. Python: _TestPoll.test_empty_string, test_strings,
// test_boundaries, test_dont_merge.
func TestBoundaries(t *testing.T) {
	each(t, buffered, func(t *testing.T, a, b *pipe.Conn) {
		ctx := t.Context()
		sizes := []int{0, 1, 0, 3, 16384, 16385, 8188, 8189, 0, 511, 70_000}
		sent := later(func() (any, error) {
			for _, n := range sizes {
				if err := a.SendBytes(ctx, pattern(n)); err != nil {
					return nil, err
				}
			}
			return nil, nil
		})
		for _, n := range sizes {
			for range 2 {
				ready, err := b.Poll(ctx)
				require.NoError(t, err)
				require.True(t, ready)
			}
			got, err := b.RecvBytes(ctx)
			require.NoError(t, err)
			require.Len(t, got, n)
			require.True(t, bytes.Equal(pattern(n), got))
		}
		_, err := sent()
		require.NoError(t, err)
		ready, err := b.TryPoll(ctx)
		require.NoError(t, err)
		assert.False(t, ready)
	})
}

// CN-17 is about buffers with items of several bytes: Go has none, lengths and
// offsets are bytes.

// CN-18: any number of goroutines send and receive on one end.
func TestManyWritersAndReaders(t *testing.T) {
	each(t, kinds, func(t *testing.T, a, b *pipe.Conn) {
		ctx := t.Context()
		const writers, readers, messages = 8, 4, 100
		for w := range writers {
			go func() {
				for i := range messages {
					// Long and short ones: a short one must not get inside.
					body := bytes.Repeat([]byte{byte(w)}, 1+i%2*40_000)
					if a.SendBytes(ctx, body) != nil {
						return
					}
				}
			}()
		}
		type tally struct{ short, long [writers]int }
		var waits []func() (tally, error)
		for range readers {
			waits = append(waits, later(func() (n tally, err error) {
				for range writers * messages / readers {
					body, err := b.RecvBytes(ctx)
					if err != nil {
						return n, err
					}
					if len(bytes.Trim(body, string(body[:1]))) != 0 {
						return n, errors.New("a message is mixed")
					}
					switch len(body) {
					case 1:
						n.short[body[0]]++
					case 40_001:
						n.long[body[0]]++
					default:
						return n, errors.New("a message was cut")
					}
				}
				return n, nil
			}))
		}
		var sum tally
		for _, wait := range waits {
			n, err := wait()
			require.NoError(t, err)
			for w := range writers {
				sum.short[w] += n.short[w]
				sum.long[w] += n.long[w]
			}
		}
		for w := range writers {
			assert.Equal(t, messages/2, sum.short[w])
			assert.Equal(t, messages/2, sum.long[w])
		}
	})
}
