package pipe_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe"
)

// cancelled checks an error of a call whose context was cancelled.
func cancelled(t *testing.T, err error) {
	t.Helper()
	assert.ErrorIs(t, err, context.Canceled)
	assert.NotErrorIs(t, err, pipe.ErrTimeout)
	assert.NotErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorContains(t, err, "pipe: ")
}

// timedOut checks an error of a call whose time was over.
func timedOut(t *testing.T, err error) {
	t.Helper()
	assert.ErrorIs(t, err, pipe.ErrTimeout)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.NotErrorIs(t, err, context.Canceled)
	var timeout net.Error
	require.ErrorContains(t, err, "timed out")
	if errors.As(err, &timeout) {
		assert.True(t, timeout.Timeout())
	}
}

// waits are the calls that wait for something to receive.
var waits = map[string]func(ctx context.Context, c *pipe.Conn) error{
	"Recv":      func(ctx context.Context, c *pipe.Conn) error { _, err := c.Recv(ctx); return err },
	"RecvBytes": func(ctx context.Context, c *pipe.Conn) error { _, err := c.RecvBytes(ctx); return err },
	"RecvBytesInto": func(ctx context.Context, c *pipe.Conn) error {
		_, err := c.RecvBytesInto(ctx, make([]byte, 9))
		return err
	},
	"Poll": func(ctx context.Context, c *pipe.Conn) error { _, err := c.Poll(ctx); return err },
	"Wait": func(ctx context.Context, c *pipe.Conn) error { _, err := pipe.Wait(ctx, c); return err },
}

// CN-21: the end of a context ends every waiting call, and so does a deadline;
// the connection goes on.
func TestContextEndsWaiting(t *testing.T) {
	each(t, kinds, func(t *testing.T, a, b *pipe.Conn) {
		for name, wait := range waits {
			t.Run(name, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				waiting := later(func() (any, error) { return nil, wait(ctx, b) })
				time.AfterFunc(5*time.Millisecond, cancel)
				_, err := waiting()
				cancelled(t, err)
				cancelled(t, wait(ctx, b)) // over before it begins

				ctx, cancel = context.WithTimeout(t.Context(), 5*time.Millisecond)
				defer cancel()
				timedOut(t, wait(ctx, b))
				timedOut(t, wait(ctx, b))
			})
		}
		cancel := later(func() (any, error) { return nil, a.Send(t.Context(), "on") })
		v, err := b.Recv(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "on", v)
		_, err = cancel()
		require.NoError(t, err)
	})
}

// A cancelled context of one goroutine, waiting for its turn, is not the other's.
func TestContextEndsWaitingForTheTurn(t *testing.T) {
	each(t, kinds, func(t *testing.T, a, b *pipe.Conn) {
		first := later(func() ([]byte, error) { return b.RecvBytes(t.Context()) })
		for _, wait := range waits {
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Millisecond)
			_ = wait(ctx, b) // the first one may not even have begun
			cancel()
		}
		require.NoError(t, a.SendBytes(t.Context(), []byte("for the first")))
		got, err := first()
		require.NoError(t, err)
		assert.Equal(t, "for the first", string(got))
	})
}

// CN-21: closing wakes whoever waits, with ErrClosed.
func TestCloseEndsWaiting(t *testing.T) {
	for name, wait := range waits {
		t.Run(name, func(t *testing.T) {
			each(t, kinds, func(t *testing.T, a, b *pipe.Conn) {
				first := later(func() (any, error) { return nil, wait(t.Context(), b) })
				second := later(func() (any, error) { return nil, wait(t.Context(), b) })
				time.AfterFunc(3*time.Millisecond, func() { _ = b.Close() })
				_, err := first()
				assert.ErrorIs(t, err, pipe.ErrClosed)
				_, err = second()
				assert.ErrorIs(t, err, pipe.ErrClosed)
			})
		})
	}
	each(t, kinds, func(t *testing.T, a, b *pipe.Conn) {
		send := func() (any, error) {
			for {
				if err := a.SendBytes(t.Context(), pattern(1<<20)); err != nil {
					return nil, err
				}
			}
		}
		first, second := later(send), later(send)
		time.AfterFunc(3*time.Millisecond, func() { _ = a.Close() })
		_, err := first()
		assert.ErrorIs(t, err, pipe.ErrClosed)
		_, err = second()
		assert.ErrorIs(t, err, pipe.ErrClosed)
	})
}

// A watched context counts who waits for its end.
type watched struct {
	context.Context
	mu       sync.Mutex
	watchers map[*int]func()
	begun    int
}

// Value hides that there is a context of package context inside, which would be
// watched directly.
func (w *watched) Value(any) any { return nil }

func (w *watched) AfterFunc(fn func()) (stop func() bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.watchers == nil {
		w.watchers = map[*int]func(){}
	}
	w.begun++
	key := new(int)
	w.watchers[key] = fn
	return func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		_, waiting := w.watchers[key]
		delete(w.watchers, key)
		return waiting
	}
}

func (w *watched) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.watchers)
}

// cancel ends the context.
func (w *watched) cancel(cancel func()) {
	cancel()
	w.mu.Lock()
	defer w.mu.Unlock()
	for key, fn := range w.watchers {
		delete(w.watchers, key)
		go fn()
	}
}

// The watch on a context that waits again and again is kept; it ends with the
// connection, and never ends an operation of somebody else's.
func TestWatchOnAContext(t *testing.T) {
	each(t, buffered, func(t *testing.T, a, b *pipe.Conn) {
		done, cancel := context.WithCancel(t.Context())
		defer cancel()
		ctx := &watched{Context: done}
		waitOnce := func(ctx context.Context) error {
			go func() {
				time.Sleep(time.Millisecond)
				_ = a.Send(context.Background(), 1)
			}()
			_, err := b.Recv(ctx)
			return err
		}
		for range 5 {
			require.NoError(t, waitOnce(ctx))
		}
		assert.Equal(t, 1, ctx.count())
		assert.LessOrEqual(t, ctx.begun, 2, "the second wait's watch is kept")
		require.NoError(t, waitOnce(t.Context())) // another context
		assert.Zero(t, ctx.count())
		for range 3 {
			require.NoError(t, waitOnce(ctx))
		}
		assert.Equal(t, 1, ctx.count())

		// It ends while nobody waits: that is nobody's business but its own.
		ctx.cancel(cancel)
		require.NoError(t, a.Send(t.Context(), 2))
		_, err := b.Recv(ctx)
		cancelled(t, err)
		v, err := b.Recv(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 2, v)
		require.NoError(t, waitOnce(t.Context()))

		// Closing ends it, also when somebody is waiting or queueing.
		done, cancel2 := context.WithCancel(t.Context())
		defer cancel2()
		ctx = &watched{Context: done}
		require.NoError(t, waitOnce(ctx))
		require.NoError(t, waitOnce(ctx))
		require.NoError(t, waitOnce(ctx))
		var waits []func() (any, error)
		for range 3 {
			waits = append(waits, later(func() (any, error) { return b.Recv(ctx) }))
		}
		time.Sleep(time.Millisecond)
		require.NoError(t, b.Close())
		for _, wait := range waits {
			_, err := wait()
			assert.ErrorIs(t, err, pipe.ErrClosed)
		}
		assert.Zero(t, ctx.count())
	})
}

// A limit of zero or less tries once, as in CPython.
func TestTimeouts(t *testing.T) {
	each(t, buffered, func(t *testing.T, a, b *pipe.Conn) {
		ctx := t.Context()
		for _, d := range []time.Duration{-time.Second, 0, 2 * time.Millisecond} {
			_, err := b.RecvTimeout(ctx, d)
			timedOut(t, err)
			_, err = b.RecvBytesTimeout(ctx, d)
			timedOut(t, err)
			_, err = b.RecvBytesIntoTimeout(ctx, nil, d)
			timedOut(t, err)
			ready, err := b.PollTimeout(ctx, d)
			require.NoError(t, err)
			assert.False(t, ready)
			items, err := pipe.WaitTimeout(ctx, d, b)
			require.NoError(t, err)
			assert.Empty(t, items)
		}
		for _, try := range []func() error{
			func() error { _, err := b.TryRecv(ctx); return err },
			func() error { _, err := b.TryRecvBytes(ctx); return err },
			func() error { _, err := b.TryRecvBytesInto(ctx, nil); return err },
		} {
			assert.Equal(t, pipe.ErrWouldBlock, try())
		}

		for _, d := range []time.Duration{time.Minute, time.Hour} {
			require.NoError(t, a.SendTimeout(ctx, 1, d))
			require.NoError(t, a.SendBytesTimeout(ctx, []byte("2"), d))
			eventually(t, func() bool {
				err := a.TrySend(ctx, 3)
				return err != pipe.ErrWouldBlock && assert.NoError(t, err)
			})
			trySendBytes(t, a, []byte("4"))
			ready, err := b.PollTimeout(ctx, d)
			require.NoError(t, err)
			assert.True(t, ready)
			v, err := b.RecvTimeout(ctx, d)
			require.NoError(t, err)
			assert.Equal(t, 1, v)
			s, err := b.RecvBytesTimeout(ctx, d)
			require.NoError(t, err)
			assert.Equal(t, "2", string(s))
			eventually(t, func() bool {
				v, err = b.TryRecv(ctx)
				return err != pipe.ErrWouldBlock
			})
			require.NoError(t, err)
			assert.Equal(t, 3, v)
			n, err := b.RecvBytesIntoTimeout(ctx, make([]byte, 4), d)
			require.NoError(t, err)
			assert.Equal(t, 1, n)
		}

		// A deadline of the caller's is an error also where the limit is not.
		short, cancel := context.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		_, err := b.PollTimeout(short, time.Hour)
		timedOut(t, err)
		_, err = pipe.WaitTimeout(short, time.Hour, b)
		timedOut(t, err)
		gone, cancel := context.WithCancel(ctx)
		cancel()
		_, err = b.PollTimeout(gone, time.Hour)
		cancelled(t, err)
		cancelled(t, a.Send(gone, 1))
		_, _, err = pipe.New(gone)
		cancelled(t, err)
	})
}

// Receiving that was given up in the middle of a message goes on there.
func TestRecvGivenUpLosesNothing(t *testing.T) {
	for _, size := range []int{100, 100_000, 3 << 20} {
		for _, into := range []bool{false, true} {
			x, y := net.Pipe()
			a := fromConn(t, x)
			wire := append([]byte{byte(size >> 24), byte(size >> 16), byte(size >> 8), byte(size)}, pattern(size)...)
			wire = append(wire, 0, 0, 0, 1, '!')
			wrote := later(func() (any, error) {
				for _, step := range []int{1, 2, 2, 50, size / 2, 7, len(wire)} {
					n := min(step, len(wire))
					if n == 0 {
						break
					}
					if _, err := y.Write(wire[:n]); err != nil {
						return nil, err
					}
					wire = wire[n:]
					time.Sleep(4 * time.Millisecond)
				}
				return nil, nil
			})
			var got []byte
			givenUp := 0
			for {
				var err error
				if into {
					buf := make([]byte, size)
					var n int
					n, err = a.RecvBytesIntoTimeout(t.Context(), buf, time.Millisecond)
					got = buf[:n]
				} else {
					got, err = a.RecvBytesTimeout(t.Context(), time.Millisecond)
				}
				if err == nil {
					break
				}
				require.ErrorIs(t, err, pipe.ErrTimeout)
				givenUp++
			}
			assert.Positive(t, givenUp)
			assert.True(t, bytes.Equal(pattern(size), got))
			next, err := a.RecvBytes(t.Context())
			require.NoError(t, err)
			assert.Equal(t, "!", string(next))
			_, err = wrote()
			require.NoError(t, err)
			require.NoError(t, y.Close())
		}
	}
}

// beginsToSend calls send with a limit that is long enough to begin: one that is over
// before has sent nothing.
func beginsToSend(send func(d time.Duration) error) (err error) {
	for d := 5 * time.Millisecond; d < time.Minute; d *= 4 {
		if err = send(d); errors.As(err, new(*pipe.PartialSendError)) {
			break
		}
	}
	return err
}

// Sending that was given up with nothing written has sent nothing; with
// something written, the message is completed before the next one.
func TestSendGivenUp(t *testing.T) {
	each(t, buffered, func(t *testing.T, a, b *pipe.Conn) {
		ctx := t.Context()
		big := pattern(8 << 20)
		err := beginsToSend(func(d time.Duration) error { return a.SendBytesTimeout(ctx, big, d) })
		timedOut(t, err)
		var partial *pipe.PartialSendError
		require.ErrorAs(t, err, &partial)
		assert.Equal(t, len(big)+4, partial.Size)
		assert.Positive(t, partial.Written)
		assert.Less(t, partial.Written, partial.Size)
		clear(big) // the caller's again

		// Full: nothing more is begun.
		err = a.SendTimeout(ctx, "refused", time.Millisecond)
		timedOut(t, err)
		assert.False(t, errors.As(err, new(*pipe.PartialSendError)))
		assert.Equal(t, pipe.ErrWouldBlock, a.TrySend(ctx, "refused"))
		gone, cancel := context.WithCancel(ctx)
		waiting := later(func() (any, error) { return nil, a.Send(gone, "refused") })
		cancel()
		_, err = waiting()
		cancelled(t, err)

		next := later(func() (any, error) { return nil, a.Send(ctx, "next") })
		got, err := b.RecvBytes(ctx)
		require.NoError(t, err)
		assert.True(t, bytes.Equal(pattern(8<<20), got))
		v, err := b.Recv(ctx)
		require.NoError(t, err)
		assert.Equal(t, "next", v)
		_, err = next()
		require.NoError(t, err)

		// TrySend of what does not fit counts as sent: the rest follows.
		trySendBytes(t, a, pattern(8<<20))
		got, err = b.RecvBytes(ctx)
		require.NoError(t, err)
		assert.True(t, bytes.Equal(pattern(8<<20), got))
		require.NoError(t, a.Close())
	})
}

// trySendBytes tries until there is room: on a busy machine the moment that a try
// has where nobody can look without waiting may be too short.
func trySendBytes(t *testing.T, c *pipe.Conn, b []byte) {
	t.Helper()
	var err error
	eventually(t, func() bool {
		err = c.TrySendBytes(t.Context(), b)
		return err != pipe.ErrWouldBlock
	})
	require.NoError(t, err)
}

// Closing cuts a message that was given up half way, and says so.
func TestCloseCutsAMessage(t *testing.T) {
	each(t, buffered, func(t *testing.T, a, b *pipe.Conn) {
		ctx := t.Context()
		trySendBytes(t, a, pattern(8<<20))
		err := a.Close()
		require.ErrorContains(t, err, "pipe: closed before a message of 8388612 bytes")
		_, err = b.RecvBytes(ctx)
		var cut *pipe.CutError
		require.ErrorAs(t, err, &cut)
		assert.Equal(t, uint64(8<<20), cut.Want)
		assert.Positive(t, cut.Got)
	})
}

// Everything that waits for time works on a bubble's clock, over net.Pipe.
func TestInsideABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, y := net.Pipe()
		a, b := fromConn(t, x), fromConn(t, y)
		start := time.Now()
		_, err := b.RecvTimeout(t.Context(), time.Hour)
		timedOut(t, err)
		assert.Equal(t, time.Hour, time.Since(start))

		go func() {
			time.Sleep(time.Minute)
			_ = a.Send(t.Context(), 1)
		}()
		ready, err := b.PollTimeout(t.Context(), time.Hour)
		require.NoError(t, err)
		assert.True(t, ready)
		assert.Equal(t, time.Hour+time.Minute, time.Since(start))
		v, err := b.Recv(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 1, v)

		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			time.Sleep(time.Minute)
			cancel()
		}()
		_, err = b.Recv(ctx)
		cancelled(t, err)
		require.NoError(t, a.Close())
		_, err = b.Recv(t.Context())
		assert.Equal(t, io.EOF, err)
	})
}
