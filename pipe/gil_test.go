package pipe_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/internal/blocking"
	"github.com/pygil/pygil/pipe"
)

// A thread stands for a thread with a GIL: it notes when that is given up.
type thread struct {
	context.Context
	mu  sync.Mutex
	gil sync.Mutex
	log []string
	on  func() // called when the GIL has been given up
}

func (h *thread) Value(key any) any {
	if key == (blocking.Key{}) {
		return h
	}
	return h.Context.Value(key)
}

func (h *thread) Block(reason string, fn func()) {
	h.mu.Lock()
	h.log = append(h.log, reason)
	h.mu.Unlock()
	h.gil.Unlock()
	defer h.gil.Lock()
	if h.on != nil {
		h.on()
	}
	fn()
}

// holding runs fn with the GIL held and returns the reasons for which it was
// given up.
func holding(ctx context.Context, on func(), fn func(ctx context.Context)) []string {
	h := &thread{Context: ctx, on: on}
	h.gil.Lock()
	defer h.gil.Unlock()
	fn(h)
	return h.log
}

// A call that need not wait keeps the GIL.
func TestGILKept(t *testing.T) {
	a, b := pair(t)
	l, err := pipe.Listen(t.Context(), "unix", "")
	require.NoError(t, err)
	defer l.Close()
	x, err := pipe.Dial(t.Context(), "unix", l.Addr().String())
	require.NoError(t, err)
	defer x.Close()
	eventually(t, l.Ready)
	log := holding(t.Context(), nil, func(ctx context.Context) {
		for range 3 {
			require.NoError(t, a.Send(ctx, 1))
			ok, err := b.Poll(ctx)
			require.NoError(t, err)
			assert.True(t, ok)
			items, err := pipe.Wait(ctx, b)
			require.NoError(t, err)
			assert.Len(t, items, 1)
			_, err = b.Recv(ctx)
			require.NoError(t, err)
			require.NoError(t, a.SendBytes(ctx, pattern(100_000)))
			_, err = b.RecvBytes(ctx)
			require.NoError(t, err)
			_, err = b.TryRecv(ctx)
			assert.Equal(t, pipe.ErrWouldBlock, err)
			ok, err = b.TryPoll(ctx)
			require.NoError(t, err)
			assert.False(t, ok)
		}
		c, err := l.Accept(ctx)
		require.NoError(t, err)
		require.NoError(t, c.Close())
	})
	assert.Empty(t, log)
}

// A call that waits gives it up, exactly while it waits.
func TestGILGivenUp(t *testing.T) {
	bg := t.Context()
	a, b := pair(t)
	send := func() { require.NoError(t, a.Send(bg, 1)) }
	var cancel context.CancelFunc
	for _, c := range []struct {
		name string
		on   func()
		call func(ctx context.Context)
		want []string
	}{
		{"recv", send, func(ctx context.Context) {
			v, err := b.Recv(ctx)
			require.NoError(t, err)
			assert.Equal(t, 1, v)
		}, []string{"pipe.recv"}},
		{"recv timeout", send, func(ctx context.Context) {
			v, err := b.RecvTimeout(ctx, time.Minute)
			require.NoError(t, err)
			assert.Equal(t, 1, v)
		}, []string{"pipe.recv"}},
		{"poll", send, func(ctx context.Context) {
			_, err := b.Poll(ctx)
			require.NoError(t, err)
			_, err = b.Recv(ctx)
			require.NoError(t, err)
		}, []string{"pipe.recv"}},
		{"wait", send, func(ctx context.Context) {
			_, err := pipe.Wait(ctx, b)
			require.NoError(t, err)
			_, err = b.Recv(ctx)
			require.NoError(t, err)
		}, []string{"pipe.wait"}},
		{"timed out", nil, func(ctx context.Context) {
			// A time that is over before there is a wait gives nothing up.
			for limit := time.Millisecond; len(ctx.(*thread).log) == 0 && limit < time.Minute; limit *= 4 {
				_, err := b.RecvTimeout(ctx, limit)
				timedOut(t, err)
			}
		}, []string{"pipe.recv"}},
		{"cancelled", func() { cancel() }, func(ctx context.Context) {
			ctx, cancel = context.WithCancel(ctx)
			_, err := b.Recv(ctx)
			cancelled(t, err)
		}, []string{"pipe.recv"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.want, holding(bg, c.on, c.call))
		})
	}

	// A message that does not fit.
	got := make(chan []byte, 1)
	log := holding(bg, func() {
		go func() {
			b, _ := b.RecvBytes(bg)
			got <- b
		}()
	}, func(ctx context.Context) { require.NoError(t, a.SendBytes(ctx, pattern(3<<20))) })
	assert.Equal(t, []string{"pipe.send"}, log)
	assert.Len(t, <-got, 3<<20)

	l, err := pipe.Listen(bg, "unix", "")
	require.NoError(t, err)
	defer l.Close()
	var x *pipe.Conn
	log = holding(bg, func() { x, _ = pipe.Dial(bg, "unix", l.Addr().String()) }, func(ctx context.Context) {
		c, err := l.Accept(ctx)
		require.NoError(t, err)
		require.NoError(t, c.Close())
	})
	assert.Equal(t, []string{"pipe.accept"}, log)
	require.NoError(t, x.Close())
}

// Two threads of one interpreter talk to each other: were the GIL kept, neither
// would come any further. The order of turns is theirs.
func TestThreadsOfOneInterpreter(t *testing.T) {
	a, b := pair(t, pipe.WithMaxMessage(1<<30))
	var gil sync.Mutex
	run := func(fn func(ctx context.Context) error) func() (any, error) {
		return later(func() (any, error) {
			h := &thread{Context: t.Context()}
			h.gil.Lock()
			shared := &sharedGIL{thread: h, gil: &gil}
			gil.Lock()
			defer gil.Unlock()
			return nil, fn(shared)
		})
	}
	const n = 200
	var order []int
	ping := run(func(ctx context.Context) error {
		for i := range n {
			if err := a.Send(ctx, i); err != nil {
				return err
			}
			order = append(order, i) // guarded by the GIL alone
			if _, err := a.Recv(ctx); err != nil {
				return err
			}
		}
		return a.SendBytes(ctx, pattern(4<<20))
	})
	pong := run(func(ctx context.Context) error {
		for range n {
			v, err := b.Recv(ctx)
			if err != nil {
				return err
			}
			order = append(order, v.(int))
			if err := b.Send(ctx, v); err != nil {
				return err
			}
		}
		_, err := b.RecvBytes(ctx)
		return err
	})
	_, err := ping()
	require.NoError(t, err)
	_, err = pong()
	require.NoError(t, err)
	assert.Len(t, order, 2*n)
	assert.True(t, slices.IsSorted(order))
}

// A sharedGIL is a thread whose GIL others wait for.
type sharedGIL struct {
	*thread
	gil *sync.Mutex
}

func (s *sharedGIL) Value(key any) any {
	if key == (blocking.Key{}) {
		return s
	}
	return s.thread.Value(key)
}

func (s *sharedGIL) Block(_ string, fn func()) {
	s.gil.Unlock()
	defer s.gil.Lock()
	fn()
}
