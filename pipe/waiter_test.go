package pipe_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
)

func waiterOf(t testing.TB, items ...pipe.Waitable) *pipe.Waiter {
	t.Helper()
	w, err := pipe.NewWaiter(items...)
	require.NoError(t, err)
	closeAtEnd(t, w)
	return w
}

// WA-3: the rules of Wait, from call to call.
func TestWaiter(t *testing.T) {
	ctx := t.Context()
	var ends, items []*pipe.Conn
	w := waiterOf(t)
	for range 20 {
		a, b := pair(t)
		ends, items = append(ends, a), append(items, b)
		require.NoError(t, w.Add(b))
	}
	require.Equal(t, 20, w.Len())
	ready, err := w.TryWait(ctx)
	require.NoError(t, err)
	require.Empty(t, ready)
	ready, err = w.WaitTimeout(ctx, time.Millisecond)
	require.NoError(t, err)
	require.Empty(t, ready)

	for _, i := range []int{7, 3, 12} {
		require.NoError(t, ends[i].Send(ctx, i))
		require.NoError(t, ends[i].Send(ctx, -i))
	}
	want := []pipe.Waitable{items[3], items[7], items[12]}
	for range 2 { // it stays ready, also when the second message was fetched ahead
		for range 3 {
			ready, err = w.Wait(ctx)
			require.NoError(t, err)
			require.Equal(t, want, ready)
		}
		for _, c := range ready {
			_, err := c.(*pipe.Conn).Recv(ctx)
			require.NoError(t, err)
		}
	}
	ready, err = w.TryWait(ctx)
	require.NoError(t, err)
	require.Empty(t, ready)

	require.NoError(t, w.Remove(items[5]))
	require.NoError(t, ends[5].Send(ctx, 5))
	require.NoError(t, ends[6].Close()) // the end of a stream is something to receive
	ready, err = w.Wait(ctx)
	require.NoError(t, err)
	require.Equal(t, []pipe.Waitable{items[6]}, ready)
	require.NoError(t, w.Remove(items[6]))

	require.NoError(t, w.Add(items[5])) // there was something already
	ready, err = w.Wait(ctx)
	require.NoError(t, err)
	require.Equal(t, []pipe.Waitable{items[5]}, ready)

	require.NoError(t, w.Close())
	require.NoError(t, w.Close())
	_, err = w.Wait(ctx)
	assert.ErrorIs(t, err, pipe.ErrClosed)
	assert.ErrorIs(t, w.Add(items[1]), pipe.ErrClosed)
	assert.False(t, items[1].Closed())
}

// WA-2 with a Waiter.
func TestWaiterRefuses(t *testing.T) {
	ctx := t.Context()
	a, b := pair(t)
	c, d := pair(t)
	w := waiterOf(t, b)
	var value *pipe.ValueError
	require.ErrorAs(t, w.Add(d, b), &value)
	require.Contains(t, value.PythonText(), "already registered")
	require.Equal(t, 1, w.Len()) // all or none
	require.ErrorAs(t, w.Add(nil), &value)
	require.ErrorAs(t, w.Remove(d), &value)
	require.NoError(t, d.Close())
	require.ErrorIs(t, w.Add(d), pipe.ErrClosed)
	_, err := pipe.NewWaiter(d)
	require.ErrorIs(t, err, pipe.ErrClosed)
	file, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	closeAtEnd(t, file)
	_ = w.Add(file) // the operating system decides
	_ = w.Remove(file)

	require.NoError(t, a.Send(ctx, 1))
	require.NoError(t, b.Close()) // an item that was closed
	for range 2 {
		_, err = w.Wait(ctx)
		require.ErrorIs(t, err, pipe.ErrClosed)
	}
	require.NoError(t, w.Remove(b))
	ready, err := w.TryWait(ctx)
	require.NoError(t, err)
	require.Empty(t, ready)
	closeAtEnd(t, c)
}

// What ends or changes a call that waits: its context, an item that becomes ready
// in whatever way, one that is added, Close.
func TestWaiterWakes(t *testing.T) {
	kinds := map[string]func(t *testing.T) (*pipe.Waiter, func() *pipe.Conn){
		"polled": func(t *testing.T) (*pipe.Waiter, func() *pipe.Conn) {
			_, b := pair(t)
			return waiterOf(t, b), func() *pipe.Conn { x, y := pair(t); _ = x.Send(t.Context(), 1); return y }
		},
		"with a net.Conn": func(t *testing.T) (*pipe.Waiter, func() *pipe.Conn) {
			x, y := net.Pipe()
			closeAtEnd(t, y)
			return waiterOf(t, fromConn(t, x)), func() *pipe.Conn { x, y := pair(t); _ = x.Send(t.Context(), 1); return y }
		},
	}
	for name, open := range kinds {
		t.Run(name, func(t *testing.T) {
			for what, act := range map[string]func(w *pipe.Waiter, fresh func() *pipe.Conn, cancel func(), up *beacon){
				"cancel": func(_ *pipe.Waiter, _ func() *pipe.Conn, cancel func(), _ *beacon) { cancel() },
				"add":    func(w *pipe.Waiter, fresh func() *pipe.Conn, _ func(), _ *beacon) { _ = w.Add(fresh()) },
				"raise":  func(_ *pipe.Waiter, _ func() *pipe.Conn, _ func(), up *beacon) { up.raise() },
				"close":  func(w *pipe.Waiter, _ func() *pipe.Conn, _ func(), _ *beacon) { _ = w.Close() },
			} {
				w, fresh := open(t)
				up := new(beacon)
				require.NoError(t, w.Add(up))
				ctx, cancel := context.WithCancel(t.Context())
				first := later(func() ([]pipe.Waitable, error) { return w.Wait(ctx) })
				second := later(func() ([]pipe.Waitable, error) { return w.Wait(ctx) })
				time.Sleep(2 * time.Millisecond)
				act(w, fresh, cancel, up)
				for _, result := range []func() ([]pipe.Waitable, error){first, second} {
					ready, err := result()
					switch what {
					case "cancel":
						cancelled(t, err)
					case "close":
						assert.ErrorIs(t, err, pipe.ErrClosed)
					default:
						assert.NoError(t, err)
						assert.Len(t, ready, 1)
					}
				}
				cancel()
			}
		})
	}
}

// What one receiver fetched ahead wakes who waits: the descriptor is silent about
// it. The same goes for Wait.
func TestWaitingForWhatAnotherFetchedAhead(t *testing.T) {
	ctx := t.Context()
	for name, wait := range map[string]func(c *pipe.Conn) error{
		"Wait": func(c *pipe.Conn) error { _, err := pipe.Wait(ctx, c); return err },
		"Waiter": func(c *pipe.Conn) error {
			w, err := pipe.NewWaiter(c)
			if err == nil {
				_, err = w.Wait(ctx)
				_ = w.Close()
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range 200 {
				a, b := pair(t)
				first := later(func() (any, error) { return b.Recv(ctx) })
				waiting := later(func() (any, error) { return nil, wait(b) })
				require.NoError(t, a.Send(ctx, 1))
				require.NoError(t, a.Send(ctx, 2))
				_, err := first()
				require.NoError(t, err)
				_, err = waiting()
				require.NoError(t, err)
				_, _ = a.Close(), b.Close()
			}
		})
	}
}

// Slow takes its time to be decoded.
type Slow struct{}

var slow = struct{ begun, go_ chan struct{} }{make(chan struct{}), make(chan struct{})}

func (Slow) MarshalBinary() ([]byte, error) { return nil, nil }

func (*Slow) UnmarshalBinary([]byte) error {
	slow.begun <- struct{}{}
	<-slow.go_
	return nil
}

// The same, with a receiver that has fetched both messages and is busy with the
// first: neither the descriptor nor the receiving half can be asked.
func TestWaitingForABusyReceiver(t *testing.T) {
	ctx := t.Context()
	pickle.Register[Slow]("pipe_test.Slow")
	for name, wait := range map[string]func(c *pipe.Conn) ([]pipe.Waitable, error){
		"Wait":   func(c *pipe.Conn) ([]pipe.Waitable, error) { return pipe.WaitTimeout(ctx, time.Minute, c) },
		"Waiter": func(c *pipe.Conn) ([]pipe.Waitable, error) { return waiterOf(t, c).WaitTimeout(ctx, time.Minute) },
	} {
		t.Run(name, func(t *testing.T) {
			a, b := pair(t)
			require.NoError(t, a.Send(ctx, Slow{}))
			require.NoError(t, a.Send(ctx, 2))
			first := later(func() (any, error) { return b.Recv(ctx) })
			<-slow.begun
			waiting := later(func() ([]pipe.Waitable, error) { return wait(b) })
			time.Sleep(5 * time.Millisecond)
			slow.go_ <- struct{}{}
			_, err := first()
			require.NoError(t, err)
			ready, err := waiting()
			require.NoError(t, err)
			require.Equal(t, []pipe.Waitable{b}, ready)
		})
	}
}

// Many goroutines send to many ends while one waits, receives, adds and removes:
// every message arrives, and nothing is ever lost in the Waiter.
func TestWaiterSoak(t *testing.T) {
	ctx := t.Context()
	const conns, each = 30, 60
	w := waiterOf(t)
	var wg sync.WaitGroup
	for i := range conns {
		a, b := pair(t)
		require.NoError(t, w.Add(b))
		wg.Add(1)
		go func() {
			defer wg.Done()
			rng := rand.New(rand.NewPCG(uint64(i), 1))
			for n := range each {
				_ = a.Send(ctx, n)
				if rng.IntN(8) == 0 {
					time.Sleep(time.Duration(rng.IntN(300)) * time.Microsecond)
				}
			}
			_ = a.Close()
		}()
	}
	next := map[pipe.Waitable]int{}
	for w.Len() > 0 {
		ready, err := w.Wait(ctx)
		require.NoError(t, err)
		require.NotEmpty(t, ready)
		for _, c := range ready {
			v, err := c.(*pipe.Conn).Recv(ctx)
			if err != nil {
				require.Equal(t, each, next[c])
				require.NoError(t, w.Remove(c))
				require.NoError(t, c.(*pipe.Conn).Close())
				continue
			}
			require.Equal(t, next[c], v)
			next[c]++
		}
	}
	wg.Wait()
}

// A Waiter in a virtual world is Wait.
func TestVirtualWaiter(t *testing.T) {
	onMachine(t, gil.CPython313, func(t *gil.Thread) {
		a, b := newPair(t)
		w := got[*pipe.Waiter](t)(pipe.NewWaiter(b))
		require.Empty(t, got[[]pipe.Waitable](t)(w.WaitTimeout(t, time.Hour)))
		require.Equal(t, time.Hour, t.Now())
		t.Go("sender", func(t *gil.Thread) {
			t.Sleep(time.Hour)
			x, y := newPair(t)
			require.NoError(t, x.Send(t, 1))
			require.NoError(t, w.Add(y))
		})
		require.Len(t, got[[]pipe.Waitable](t)(w.Wait(t)), 1)
		require.Equal(t, 2*time.Hour, t.Now())
		require.NoError(t, a.Send(t, 1))
		require.Len(t, got[[]pipe.Waitable](t)(w.Wait(t)), 2)
		require.NoError(t, w.Close())
	})
}

// A bell rings for whoever waits, in a world without locks.
type bell struct {
	rung  bool
	wakes []func()
}

func (b *bell) Fd() uintptr { return ^uintptr(0) }
func (b *bell) Ready() bool { return b.rung }
func (b *bell) Notify(wake func()) func() {
	b.wakes = append(b.wakes, wake)
	return func() { b.wakes = nil }
}

// A Notifier in a virtual world, beside an emulated pipe and alone.
func TestVirtualNotifier(t *testing.T) {
	onMachine(t, gil.CPython313, func(t *gil.Thread) {
		_, c := newPair(t)
		for _, items := range [][]pipe.Waitable{{c}, nil} {
			b := new(bell)
			t.Go("ringer", func(t *gil.Thread) {
				t.Sleep(time.Hour)
				b.rung = true
				for _, wake := range b.wakes {
					wake()
				}
			})
			began := t.Now()
			require.Empty(t, got[[]pipe.Waitable](t)(pipe.WaitTimeout(t, time.Minute, append(items, b)...)))
			require.Equal(t, []pipe.Waitable{b}, got[[]pipe.Waitable](t)(pipe.Wait(t, append(items, b)...)))
			require.Equal(t, time.Hour, t.Now()-began)
		}
	})
}

func ExampleWaiter() {
	ctx := context.Background()
	a, b, err := pipe.New(ctx)
	check(err)
	c, d, err := pipe.New(ctx)
	check(err)
	w, err := pipe.NewWaiter(b, d)
	check(err)
	defer w.Close()
	check(c.Send(ctx, "hello"))
	for range 2 {
		ready, err := w.Wait(ctx)
		check(err)
		for _, item := range ready {
			v, err := item.(*pipe.Conn).Recv(ctx)
			fmt.Println(v, err)
		}
		check(a.Close())
	}
	check(b.Close())
	check(c.Close())
	check(d.Close())
	// Output:
	// hello <nil>
	// <nil> EOF
}
