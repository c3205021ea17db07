package pipe_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe"
)

// A beacon is a sentinel without a descriptor.
type beacon struct {
	mu    sync.Mutex
	up    bool
	wakes map[int]func()
	next  int
}

func (f *beacon) Fd() uintptr { return ^uintptr(0) }

func (f *beacon) Ready() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.up
}

func (f *beacon) Notify(wake func()) (stop func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.wakes == nil {
		f.wakes = map[int]func(){}
	}
	f.next++
	id := f.next
	f.wakes[id] = wake
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.wakes, id)
	}
}

func (f *beacon) raise() {
	f.mu.Lock()
	f.up = true
	for _, wake := range f.wakes {
		wake()
	}
	f.mu.Unlock()
}

// WA-1. Python: TestWait.test_wait, test_wait_slow.
func TestWaitForSeveralWriters(t *testing.T) {
	t.Run("quick", func(t *testing.T) { waitForSeveralWriters(t, 0) })
	t.Run("slow", func(t *testing.T) { waitForSeveralWriters(t, time.Millisecond) })
}

func waitForSeveralWriters(t *testing.T, slow time.Duration) {
	ctx := t.Context()
	var open []pipe.Waitable
	const writers, messages = 4, 10
	for w := range writers {
		r, wr := oneWay(t)
		open = append(open, r)
		go func() {
			for i := range messages {
				if slow > 0 {
					time.Sleep(rand.N(slow))
				}
				if wr.Send(ctx, [2]int{w, i}) != nil {
					return
				}
			}
			_ = wr.Close()
		}()
	}
	got := map[[2]int]int{}
	for len(open) > 0 {
		ready, err := pipe.Wait(ctx, open...)
		require.NoError(t, err)
		require.NotEmpty(t, ready)
		for _, item := range ready {
			v, err := pipe.TryRecv[[2]int](ctx, item.(*pipe.Conn))
			if err != nil {
				require.Equal(t, io.EOF, err)
				for i := range open {
					if open[i] == item {
						open = append(open[:i:i], open[i+1:]...)
						break
					}
				}
				continue
			}
			got[v]++
		}
	}
	assert.Len(t, got, writers*messages)
}

// WA-1. Python: TestWait.test_wait_timeout, test_neg_timeout, test_wait_integer
// (anything with a descriptor).
func TestWaitReady(t *testing.T) {
	each(t, buffered, func(t *testing.T, a, b *pipe.Conn) {
		ctx := t.Context()
		r, w := oneWay(t)
		f := new(beacon)
		l, err := pipe.Listen(ctx, "unix", "")
		require.NoError(t, err)
		defer l.Close()
		all := []pipe.Waitable{f, b, l, r}
		for _, d := range []time.Duration{-1, 0, time.Millisecond} {
			ready, err := pipe.WaitTimeout(ctx, d, all...)
			require.NoError(t, err)
			assert.Empty(t, ready)
		}
		wake := []struct {
			name string
			item pipe.Waitable
			fn   func()
		}{
			{"conn", b, func() { require.NoError(t, a.Send(ctx, 1)) }},
			{"pipe closed", r, func() { require.NoError(t, w.Close()) }},
			{"listener", l, func() {
				c, err := pipe.Dial(ctx, "unix", l.Addr().String())
				require.NoError(t, err)
				closeAtEnd(t, c)
			}},
			{"sentinel", f, f.raise},
		}
		for _, x := range wake {
			others := make([]pipe.Waitable, 0, len(all))
			for _, item := range all {
				ready, err := pipe.TryWait(ctx, item)
				require.NoError(t, err)
				if len(ready) == 0 {
					others = append(others, item)
				}
			}
			waiting := later(func() ([]pipe.Waitable, error) { return pipe.Wait(ctx, others...) })
			time.Sleep(2 * time.Millisecond) // mostly it waits by then; if not, nothing changes
			x.fn()
			ready, err := waiting()
			require.NoError(t, err)
			assert.Equal(t, []pipe.Waitable{x.item}, ready, x.name)
		}
		// All are ready now; they come in the order given.
		ready, err := pipe.Wait(ctx, all...)
		require.NoError(t, err)
		assert.Equal(t, all, ready)
		assert.Empty(t, f.wakes, "nobody is notified any more")
	})
}

// WA-2.
func TestWaitRefuses(t *testing.T) {
	ctx := t.Context()
	a, b := pair(t)
	_, err := pipe.Wait(ctx, a, b, a)
	var bad *pipe.ValueError
	require.ErrorAs(t, err, &bad)
	assert.Contains(t, bad.PythonText(), "is already registered")
	f := new(beacon)
	_, err = pipe.TryWait(ctx, f, f)
	require.ErrorAs(t, err, &bad)
	_, err = pipe.Wait(ctx, noDescriptor{})
	require.ErrorAs(t, err, &bad)
	assert.Contains(t, bad.PythonText(), "Invalid file object: ")
	_, err = pipe.Wait(ctx, a, nil)
	require.ErrorAs(t, err, &bad)
	require.NoError(t, b.Close())
	_, err = pipe.Wait(ctx, a, b)
	assert.ErrorIs(t, err, pipe.ErrClosed)
	raises(t, "handle is closed", err)
}

type noDescriptor struct{}

func (noDescriptor) Fd() uintptr { return ^uintptr(0) }

// Python waits the timeout out, or for ever.
func TestWaitForNothing(t *testing.T) {
	_, err := pipe.Wait(context.Background())
	var bad *pipe.ValueError
	require.ErrorAs(t, err, &bad)
	ready, err := pipe.WaitTimeout(context.Background(), time.Millisecond)
	require.NoError(t, err)
	assert.Empty(t, ready)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err = pipe.Wait(ctx)
	timedOut(t, err)
	ready, err = pipe.TryWait(context.Background())
	require.NoError(t, err)
	assert.Empty(t, ready)
}

// Waiting leaves nothing behind on what it waited for, and several may wait for
// the same.
func TestWaitTogether(t *testing.T) {
	each(t, kinds, func(t *testing.T, a, b *pipe.Conn) {
		ctx := t.Context()
		x, y := pair(t)
		var waits []func() ([]pipe.Waitable, error)
		for range 5 {
			waits = append(waits, later(func() ([]pipe.Waitable, error) { return pipe.Wait(ctx, b, y) }))
		}
		time.Sleep(time.Millisecond)
		require.NoError(t, x.Send(ctx, 1))
		for _, wait := range waits {
			ready, err := wait()
			require.NoError(t, err)
			assert.Equal(t, []pipe.Waitable{y}, ready)
		}
		short, cancel := context.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		_, err := pipe.Wait(short, b)
		assert.True(t, errors.Is(err, pipe.ErrTimeout))
		sent := later(func() (any, error) { return nil, a.Send(ctx, "through") })
		v, err := b.Recv(ctx)
		require.NoError(t, err)
		assert.Equal(t, "through", v)
		_, err = sent()
		require.NoError(t, err)
	})
}
