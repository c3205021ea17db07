package pipe_test

import (
	"context"
	"io"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
)

// The checklist of connections (CN, WA) as programs that run over real and over
// emulated pipes.
var programs = []program{
	{"values come back, both ways", func(t *gil.Thread) { // _TestConnection.test_connection
		a, b := newPair(t)
		defer closeAll(t, a, b)
		for _, ends := range [][2]*pipe.Conn{{a, b}, {b, a}} {
			for _, v := range []any{1, 2.5, "hello", []any{42, nil, "hello"}, nil, map[string]int{"a": 1}} {
				require.NoError(t, ends[0].Send(t, v))
				require.Equal(t, v, got[any](t)(ends[1].Recv(t)))
			}
		}
		require.NoError(t, a.Send(t, 7))
		require.Equal(t, 7, got[int](t)(pipe.Recv[int](t, b)))
	}},
	{"what arrives is a copy", func(t *gil.Thread) {
		a, b := newPair(t)
		defer closeAll(t, a, b)
		sent := []int{1, 2, 3}
		require.NoError(t, a.Send(t, sent))
		sent[0] = 9
		v := got[any](t)(b.Recv(t)).([]int)
		require.Equal(t, []int{1, 2, 3}, v)
	}},
	{"CN-1 closed", func(t *gil.Thread) { // TestInvalidHandle.test_invalid_handles
		a, b := newPair(t)
		defer closeAll(t, a, b)
		require.NoError(t, a.Close())
		require.NoError(t, a.Close())
		require.True(t, a.Closed())
		require.ErrorIs(t, a.Send(t, 1), pipe.ErrClosed)
		_, err := a.Recv(t)
		require.ErrorIs(t, err, pipe.ErrClosed)
		_, err = a.TryPoll(t)
		require.ErrorIs(t, err, pipe.ErrClosed)
		_, err = pipe.TryWait(t, a)
		require.ErrorIs(t, err, pipe.ErrClosed)
	}},
	{"CN-2 CN-3 directions", func(t *gil.Thread) { // _TestConnection.test_duplex_false
		r, w := newOneWay(t)
		defer closeAll(t, r, w)
		require.Equal(t, [4]bool{true, false, false, true}, [4]bool{r.Readable(), r.Writable(), w.Readable(), w.Writable()})
		require.NoError(t, w.Send(t, 1))
		require.Equal(t, 1, got[any](t)(r.Recv(t)))
		require.ErrorIs(t, r.Send(t, 1), pipe.ErrReadOnly)
		_, err := w.Recv(t)
		require.ErrorIs(t, err, pipe.ErrWriteOnly)
		_, err = w.Poll(t)
		require.ErrorIs(t, err, pipe.ErrWriteOnly)
		_, err = pipe.Wait(t, w)
		require.ErrorIs(t, err, pipe.ErrWriteOnly)
	}},
	{"CN-4 the end comes after the data", func(t *gil.Thread) { // _TestConnection.test_spawn_close
		a, b := newPair(t)
		defer closeAll(t, a, b)
		require.NoError(t, a.Send(t, 1))
		require.NoError(t, a.SendBytes(t, []byte("two")))
		require.NoError(t, a.Close())
		require.Equal(t, 1, got[any](t)(b.Recv(t)))
		require.Equal(t, "two", string(got[[]byte](t)(b.RecvBytes(t))))
		for range 2 {
			require.True(t, got[bool](t)(b.TryPoll(t)))
			_, err := b.Recv(t)
			require.Equal(t, io.EOF, err)
		}
	}},
	{"CN-6 broken pipe", func(t *gil.Thread) {
		a, b := newPair(t)
		r, w := newOneWay(t)
		defer closeAll(t, a, b, r, w)
		require.NoError(t, b.Send(t, "last words"))
		closeAll(t, b, r)
		for _, c := range []*pipe.Conn{a, w} {
			err := c.Send(t, 1)
			require.ErrorIs(t, err, pipe.ErrBrokenPipe)
			require.ErrorIs(t, err, syscall.EPIPE)
			require.ErrorIs(t, c.SendBytes(t, pattern(100_000)), pipe.ErrBrokenPipe)
			require.False(t, c.Closed())
		}
		require.Equal(t, "last words", got[any](t)(a.Recv(t)))
	}},
	{"the other end did not read all", func(t *gil.Thread) {
		a, b := newPair(t)
		r, w := newOneWay(t)
		defer closeAll(t, a, b, r, w)
		require.NoError(t, a.Send(t, "unread"))
		require.NoError(t, b.Send(t, "read"))
		require.NoError(t, b.Close())
		require.Equal(t, "read", got[any](t)(a.Recv(t)))
		_, err := a.Recv(t)
		require.ErrorIs(t, err, io.EOF)
		require.ErrorIs(t, err, syscall.ECONNRESET)
		_, err = a.Recv(t)
		require.Equal(t, io.EOF, err)
	}},
	{"CN-7 a message that is too long", func(t *gil.Thread) {
		a, b := newPair(t)
		r, w := newOneWay(t)
		defer closeAll(t, a, b, r, w)
		for _, ends := range [][2]*pipe.Conn{{a, b}, {w, r}} {
			require.NoError(t, ends[0].SendBytes(t, pattern(11)))
			_, err := ends[1].RecvBytes(t, pipe.WithMaxLength(10))
			var length *pipe.LengthError
			require.ErrorAs(t, err, &length)
			require.EqualValues(t, 11, length.Length)
		}
		_, err := b.Recv(t)
		require.ErrorIs(t, err, pipe.ErrWriteOnly)
		require.NoError(t, b.Send(t, 1))
		require.True(t, r.Closed())
		require.ErrorIs(t, w.Send(t, 1), pipe.ErrBrokenPipe)
	}},
	{"CN-8 CN-10 CN-11 CN-12 offsets and sizes", func(t *gil.Thread) { // _TestConnection.test_sendbytes
		a, b := newPair(t)
		defer closeAll(t, a, b)
		_, err := b.RecvBytes(t, pipe.WithMaxLength(-1))
		requireText(t, "negative maxlength", err)
		buf := pattern(26)
		for text, opts := range map[string][]pipe.Option{
			"offset is negative":            {pipe.WithOffset(-1)},
			"buffer length < offset":        {pipe.WithOffset(27)},
			"size is negative":              {pipe.WithSize(-1)},
			"buffer length < offset + size": {pipe.WithOffset(22), pipe.WithSize(5)},
		} {
			requireText(t, text, a.SendBytes(t, buf, opts...))
		}
		require.NoError(t, a.SendBytes(t, buf, pipe.WithOffset(7), pipe.WithSize(3)))
		require.NoError(t, a.SendBytes(t, buf, pipe.WithOffset(26)))
		into := make([]byte, 5)
		_, err = b.RecvBytesInto(t, into, pipe.WithOffset(-1))
		requireText(t, "negative offset", err)
		_, err = b.RecvBytesInto(t, into, pipe.WithOffset(6))
		requireText(t, "offset too large", err)
		require.Equal(t, 3, got[int](t)(b.RecvBytesInto(t, into, pipe.WithOffset(2))))
		require.Equal(t, buf[7:10], into[2:])
		require.Empty(t, got[[]byte](t)(b.RecvBytes(t)))
	}},
	{"CN-9 buffer too short", func(t *gil.Thread) {
		a, b := newPair(t)
		defer closeAll(t, a, b)
		require.NoError(t, a.SendBytes(t, pattern(40)))
		require.NoError(t, a.Send(t, "next"))
		_, err := b.RecvBytesInto(t, make([]byte, 39))
		var short *pipe.BufferTooShort
		require.ErrorAs(t, err, &short)
		require.Equal(t, pattern(40), short.Message)
		require.Equal(t, "next", got[any](t)(b.Recv(t)))
	}},
	{"CN-13 CN-14 what cannot be pickled", func(t *gil.Thread) {
		a, b := newPair(t)
		defer closeAll(t, a, b)
		var bad *pickle.Error
		require.ErrorAs(t, a.Send(t, func() {}), &bad)
		require.NoError(t, a.SendBytes(t, []byte("no pickle")))
		require.NoError(t, a.Send(t, "next"))
		_, err := b.Recv(t)
		require.ErrorAs(t, err, &bad)
		require.Equal(t, "next", got[any](t)(b.Recv(t)))
	}},
	{"CN-15 messages keep their bounds", func(t *gil.Thread) { // _TestPoll.test_boundaries, test_dont_merge, test_empty_string
		a, b := newPair(t)
		defer closeAll(t, a, b)
		require.False(t, got[bool](t)(b.TryPoll(t)))
		for _, s := range []string{"a", "", "bb", ""} {
			require.NoError(t, a.SendBytes(t, []byte(s)))
		}
		for _, s := range []string{"a", "", "bb", ""} {
			require.True(t, got[bool](t)(b.Poll(t)))
			require.True(t, got[bool](t)(b.PollTimeout(t, time.Hour)))
			require.Equal(t, s, string(got[[]byte](t)(b.RecvBytes(t))))
		}
		require.False(t, got[bool](t)(b.TryPoll(t)))
	}},
	{"longer than the pipe", func(t *gil.Thread) {
		a, b := newPair(t)
		r, w := newOneWay(t)
		defer closeAll(t, a, b, r, w)
		for _, ends := range [][2]*pipe.Conn{{a, b}, {b, a}, {w, r}} {
			sender := t.Go("sender", func(t *gil.Thread) {
				for _, n := range []int{300_000, 16 << 10, 16<<10 + 1, 65_532, 65_536, 0, 4093} {
					require.NoError(t, ends[0].SendBytes(t, pattern(n)))
				}
			})
			for _, n := range []int{300_000, 16 << 10, 16<<10 + 1, 65_532, 65_536, 0, 4093} {
				got, err := ends[1].RecvBytes(t)
				require.NoError(t, err)
				require.Equal(t, pattern(n), got)
			}
			sender.Join(t)
		}
	}},
	{"CN-18 writers and readers take turns", func(t *gil.Thread) {
		r, w := newOneWay(t)
		defer closeAll(t, r, w)
		var writers, readers []*gil.Thread
		for i := range 2 {
			writers = append(writers, t.Go("writer", func(t *gil.Thread) {
				for range 3 {
					require.NoError(t, w.SendBytes(t, letters(byte('a'+i), 70_000)))
					require.NoError(t, w.SendBytes(t, letters(byte('a'+i), 10)))
				}
			}))
		}
		var all [2][]string
		for i := range all {
			readers = append(readers, t.Go("reader", func(t *gil.Thread) {
				for range 6 {
					b := got[[]byte](t)(r.RecvBytes(t))
					require.Equal(t, letters(b[0], len(b)), b)
					all[i] = append(all[i], string(b))
				}
			}))
		}
		gil.JoinAll(t, append(writers, readers...)...)
		count := map[string]int{}
		for _, s := range append(all[0], all[1]...) {
			count[s]++
		}
		require.Equal(t, map[string]int{
			string(letters('a', 70_000)): 3, string(letters('b', 70_000)): 3,
			string(letters('a', 10)): 3, string(letters('b', 10)): 3,
		}, count)
	}},
	{"CN-21 waiting ends with Close", func(t *gil.Thread) {
		for name, wait := range waits {
			a, b := newPair(t)
			var err [2]error
			var ws []*gil.Thread
			for i := range err {
				ws = append(ws, t.Go(name, func(t *gil.Thread) { err[i] = wait(t, b) }))
			}
			settle(t)
			require.NoError(t, b.Close())
			gil.JoinAll(t, ws...)
			require.ErrorIs(t, err[0], pipe.ErrClosed, name)
			require.ErrorIs(t, err[1], pipe.ErrClosed, name)
			closeAll(t, a)
		}
	}},
	{"CN-21 waiting ends with the other end", func(t *gil.Thread) {
		for name, wait := range waits {
			a, b := newPair(t)
			var err error
			w := t.Go(name, func(t *gil.Thread) { err = wait(t, b) })
			settle(t)
			require.NoError(t, a.Close())
			w.Join(t)
			if name == "Poll" || name == "Wait" {
				require.NoError(t, err, name)
			} else {
				require.Equal(t, io.EOF, err, name)
			}
			closeAll(t, b)
		}
	}},
	{"a writer that waits gets a broken pipe", func(t *gil.Thread) {
		r, w := newOneWay(t)
		var err error
		sender := t.Go("sender", func(t *gil.Thread) { err = w.SendBytes(t, pattern(500_000)) })
		settle(t)
		closeAll(t, r)
		sender.Join(t)
		require.ErrorIs(t, err, pipe.ErrBrokenPipe)
		closeAll(t, w)
	}},
	{"a long value", func(t *gil.Thread) {
		a, b := newPair(t)
		defer closeAll(t, a, b)
		type named []byte
		pickle.Register[named]("pipe_test.named")
		values := []any{pattern(200_000), named(pattern(200_000)), []any{pattern(200_000), 1}, string(pattern(200_000)), []byte{}, []byte(nil)}
		sender := t.Go("sender", func(t *gil.Thread) {
			for _, v := range values {
				require.NoError(t, a.Send(t, v))
			}
			require.NoError(t, a.Send(t, pattern(16<<10+1)))
		})
		for _, v := range values {
			require.Equal(t, v, got[any](t)(b.Recv(t)))
		}
		require.Equal(t, pattern(16<<10+1), got[[]byte](t)(pipe.Recv[[]byte](t, b)))
		sender.Join(t)
	}},
	{"CN-5 the end inside a message", func(t *gil.Thread) {
		r, w := newOneWay(t)
		var err error
		sender := t.Go("sender", func(t *gil.Thread) { err = w.SendBytes(t, pattern(500_000)) })
		require.True(t, got[bool](t)(r.Poll(t))) // it has begun
		closeAll(t, w)
		sender.Join(t)
		require.ErrorIs(t, err, pipe.ErrClosed)
		_, err = r.RecvBytes(t)
		var cut *pipe.CutError
		require.ErrorAs(t, err, &cut)
		require.False(t, cut.Header)
		require.EqualValues(t, 500_000, cut.Want)
		require.Less(t, cut.Got, cut.Want)
		_, err = r.RecvBytes(t)
		require.Equal(t, io.EOF, err)
		closeAll(t, r)
	}},
	{"time limits", func(t *gil.Thread) {
		a, b := newPair(t)
		defer closeAll(t, a, b)
		const d = 3 * time.Millisecond
		_, err := b.RecvTimeout(t, d)
		requireTimeout(t, err)
		_, err = b.RecvBytesTimeout(t, 0)
		requireTimeout(t, err)
		_, err = b.RecvBytesTimeout(t, -d)
		requireTimeout(t, err)
		require.False(t, got[bool](t)(b.PollTimeout(t, d)))
		require.Empty(t, got[[]pipe.Waitable](t)(pipe.WaitTimeout(t, d, b)))
		require.Empty(t, got[[]pipe.Waitable](t)(pipe.WaitTimeout(t, d)))
		ctx, cancel := gil.WithTimeout(t, d)
		defer cancel()
		for _, wait := range waits {
			requireTimeout(t, wait(ctx, b))
		}
		_, err = b.RecvTimeout(ctx, time.Hour)
		requireTimeout(t, err)
		_, err = b.TryRecv(t)
		require.Equal(t, pipe.ErrWouldBlock, err)
		require.NoError(t, a.Send(t, 1))
		require.Equal(t, 1, got[any](t)(b.RecvTimeout(t, time.Hour)))
	}},
	{"a context that is cancelled", func(t *gil.Thread) {
		a, b := newPair(t)
		defer closeAll(t, a, b)
		for name, wait := range waits {
			var err error
			var ctx context.Context
			var cancel context.CancelFunc
			w := t.NewThread(name, func(*gil.Thread) { err = wait(ctx, b) })
			ctx, cancel = gil.WithCancel(w)
			w.Start(t)
			settle(t)
			cancel()
			w.Join(t)
			require.ErrorIs(t, err, context.Canceled, name)
			require.NotErrorIs(t, err, pipe.ErrTimeout, name)
		}
		require.NoError(t, a.Send(t, 1))
		require.Equal(t, 1, got[any](t)(b.Recv(t)))
	}},
	{"a send that is given up goes on", func(t *gil.Thread) {
		r, w := newOneWay(t)
		err := beginsToSend(func(d time.Duration) error { return w.SendBytesTimeout(t, pattern(300_000), d) })
		var partial *pipe.PartialSendError
		require.ErrorAs(t, err, &partial)
		require.ErrorIs(t, err, pipe.ErrTimeout)
		require.Equal(t, 300_004, partial.Size)
		require.Equal(t, pipe.ErrWouldBlock, w.TrySend(t, "no"))
		next := t.Go("next", func(t *gil.Thread) { require.NoError(t, w.Send(t, "next")) })
		require.Equal(t, pattern(300_000), got[[]byte](t)(r.RecvBytes(t)))
		require.Equal(t, "next", got[any](t)(r.Recv(t)))
		next.Join(t)

		require.NoError(t, w.TrySendBytes(t, pattern(300_000))) // counts as sent
		require.ErrorContains(t, w.Close(), "given up half way")
		_, err = r.RecvBytes(t)
		var cut *pipe.CutError
		require.ErrorAs(t, err, &cut)
		closeAll(t, r)
	}},
	{"receiving that is given up goes on", func(t *gil.Thread) {
		r, w := newOneWay(t)
		defer closeAll(t, r, w)
		sender := t.Go("sender", func(t *gil.Thread) {
			require.NoError(t, w.TrySendBytes(t, pattern(200_000)))
		})
		sender.Join(t)
		lost := 0
		for {
			got, err := r.TryRecvBytes(t)
			if err == nil {
				require.Equal(t, pattern(200_000), got)
				break
			}
			require.Equal(t, pipe.ErrWouldBlock, err)
			lost++
			settle(t)
		}
	}},
	{"WA-1 Wait", func(t *gil.Thread) { // TestWait.test_wait, test_wait_timeout, test_neg_timeout
		a, b := newPair(t)
		r, w := newOneWay(t)
		defer closeAll(t, a, b, r, w)
		require.Empty(t, got[[]pipe.Waitable](t)(pipe.TryWait(t, b, r)))
		require.Empty(t, got[[]pipe.Waitable](t)(pipe.WaitTimeout(t, -time.Second, b, r)))
		require.NoError(t, w.Send(t, 1))
		require.Equal(t, []pipe.Waitable{r}, got[[]pipe.Waitable](t)(pipe.Wait(t, b, r)))
		require.NoError(t, a.Close())
		require.Equal(t, []pipe.Waitable{b, r}, got[[]pipe.Waitable](t)(pipe.Wait(t, b, r)))
		require.Equal(t, 1, got[any](t)(r.Recv(t)))
		sender := t.Go("sender", func(t *gil.Thread) {
			settle(t)
			require.NoError(t, w.Send(t, 2))
		})
		x, y := newPair(t)
		defer closeAll(t, x, y)
		require.Equal(t, []pipe.Waitable{r}, got[[]pipe.Waitable](t)(pipe.Wait(t, y, r, x)))
		sender.Join(t)
	}},
	{"WA-2 what cannot be waited for", func(t *gil.Thread) {
		a, b := newPair(t)
		defer closeAll(t, a, b)
		var value *pipe.ValueError
		_, err := pipe.Wait(t, b, b)
		require.ErrorAs(t, err, &value)
		_, err = pipe.Wait(t, b, nil)
		require.ErrorAs(t, err, &value)
		require.NoError(t, a.Close())
		_, err = pipe.Wait(t, b, a)
		require.ErrorIs(t, err, pipe.ErrClosed)
	}},
	{"a Conn travels in a message", func(t *gil.Thread) { // _TestPicklingConnections.test_pickling, _TestConnection.test_fd_transfer
		a, b := newPair(t)
		r, w := newOneWay(t)
		require.NoError(t, w.Send(t, "before"))
		require.NoError(t, a.Send(t, []any{"take", r}))
		closeAll(t, r)
		v := got[any](t)(b.Recv(t)).([]any)
		r2 := v[1].(*pipe.Conn)
		require.Equal(t, [2]bool{true, false}, [2]bool{r2.Readable(), r2.Writable()})
		require.Equal(t, "before", got[any](t)(r2.Recv(t)))
		require.NoError(t, w.Send(t, "after"))
		require.Equal(t, "after", got[any](t)(r2.Recv(t)))
		require.NoError(t, a.Send(t, w))
		w2 := got[*pipe.Conn](t)(pipe.Recv[*pipe.Conn](t, b))
		closeAll(t, w)
		require.NoError(t, w2.Send(t, "more")) // open: only one copy was closed
		require.Equal(t, "more", got[any](t)(r2.Recv(t)))
		closeAll(t, w2)
		_, err := r2.Recv(t)
		require.Equal(t, io.EOF, err)

		// Nobody takes it: it is closed.
		r, w = newOneWay(t)
		require.NoError(t, a.Send(t, w))
		closeAll(t, w)
		require.NoError(t, a.Close())
		require.NoError(t, b.Close())
		_, err = r.Recv(t)
		require.Equal(t, io.EOF, err)
		closeAll(t, r, r2)
	}},
}

func TestConformance(t *testing.T) {
	for _, p := range programs {
		t.Run(p.name, func(t *testing.T) { everywhere(t, p) })
	}
}

func closeAll(t *gil.Thread, conns ...*pipe.Conn) {
	for _, c := range conns {
		assert.NoError(t, c.Close())
	}
}

func requireTimeout(t *gil.Thread, err error) {
	require.ErrorIs(t, err, pipe.ErrTimeout)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func requireText(t *gil.Thread, python string, err error) {
	require.Error(t, err)
	require.Equal(t, python, err.(interface{ PythonText() string }).PythonText())
}

// letters returns n times the letter.
func letters(letter byte, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = letter
	}
	return b
}
