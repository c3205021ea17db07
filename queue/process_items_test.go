//go:build linux

package queue_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
	"github.com/pygil/pygil/process"
	"github.com/pygil/pygil/queue"
)

// A tray is an item that is full of live objects.
type tray struct {
	Lock  *process.Lock
	Event *process.Event
	Sem   *process.Semaphore
	Count *process.Value[int]
	Conn  *pipe.Conn
	Back  *queue.ProcessQueue[any]
	Text  string
}

func init() { pickle.Register[tray]() }

type counter struct {
	Q *queue.ProcessQueue[any]
	N int
}

var waiter = process.DefineTarget("items.waiter", func(t *gil.Thread, c counter) error {
	for range c.N {
		v, err := c.Q.Get(t)
		if err != nil {
			return err
		}
		x, ok := v.(tray)
		if !ok {
			return fmt.Errorf("it is %v", v)
		}
		if err := x.Lock.Acquire(t); err != nil {
			return err
		}
		if _, err := process.Add(t, x.Count, 1); err != nil {
			return err
		}
		if err := errors.Join(x.Lock.Release(t), x.Sem.Release(t), x.Conn.Send(t, "through the pipe "+x.Text),
			x.Back.Put(t, x.Lock), x.Back.Put(t, "after it"), x.Event.Set(t)); err != nil {
			return err
		}
		err = errors.Join(x.Lock.Close(), x.Event.Close(), x.Sem.Close(), x.Count.Close(), x.Conn.Close(), x.Back.Close())
		if err != nil {
			return err
		}
	}
	return nil
})

func laid(t *gil.Thread) (tray, *pipe.Conn) {
	var x tray
	var err error
	x.Lock, err = process.NewLock(t)
	require.NoError(t, err)
	x.Event, err = process.NewEvent(t)
	require.NoError(t, err)
	x.Sem, err = process.NewSemaphore(t, 0)
	require.NoError(t, err)
	x.Count, err = process.NewValue(t, 0)
	require.NoError(t, err)
	mine, its, err := pipe.New(t)
	require.NoError(t, err)
	x.Conn = its
	x.Back, err = queue.NewProcess[any](t, 0)
	require.NoError(t, err)
	return x, mine
}

func (x tray) close(t require.TestingT) {
	require.NoError(t, errors.Join(x.Lock.Close(), x.Event.Close(), x.Sem.Close(), x.Count.Close(), x.Conn.Close(), x.Back.Close()))
}

// TestLiveObjectsAsItems: a lock, an event, a semaphore, a value, a connection and a queue
// travel in an item, and are the same ones on the other side, in all worlds.
func TestLiveObjectsAsItems(t *testing.T) {
	for name, opts := range map[string][]queue.ProcessOption{"plain": {small}, "feeder": {small, queue.WithFeeder()}} {
		t.Run(name, func(t *testing.T) {
			everyWorld(t, func(t *gil.Thread) {
				q, err := queue.NewProcess[any](t, 0, opts...)
				require.NoError(t, err)
				p, err := waiter.Start(t, counter{q, 2})
				require.NoError(t, err)
				for _, text := range []string{"short", long} {
					x, mine := laid(t)
					x.Text = text
					require.NoError(t, q.Put(t, x))
					require.NoError(t, x.Conn.Close(), "the item has one of its own")
					require.NoError(t, x.Event.Wait(t))
					s, err := mine.Recv(t)
					require.NoError(t, err)
					require.Equal(t, "through the pipe "+text, s)
					require.NoError(t, x.Sem.Acquire(t))
					n, err := x.Count.Load(t)
					require.NoError(t, err)
					require.Equal(t, 1, n)
					v, err := x.Back.Get(t)
					require.NoError(t, err)
					lock, ok := v.(*process.Lock)
					require.True(t, ok)
					require.NoError(t, lock.Acquire(t))
					free, err := x.Lock.TryAcquire(t)
					require.NoError(t, err)
					require.False(t, free, "it is the same lock")
					require.NoError(t, lock.Release(t))
					require.NoError(t, lock.Close())
					v, err = x.Back.Get(t)
					require.NoError(t, err)
					require.Equal(t, "after it", v)
					_, err = mine.Recv(t)
					require.ErrorIs(t, err, io.EOF, "nobody has the other end any more")
					require.NoError(t, mine.Close())
					x.close(t)
				}
				require.NoError(t, p.Join(t))
				require.NoError(t, q.Close())
			})
		})
	}
}

// What nobody takes is closed, and what is given to the wrong world is an error.
func TestItemsNobodyTakes(t *testing.T) {
	ctx := t.Context()
	open := func() map[string]int { // by what they lead to: what other tests have left may go at any moment
		files, err := filepath.Glob("/proc/self/fd/*")
		require.NoError(t, err)
		what := map[string]int{}
		for _, f := range files {
			if to, err := os.Readlink(f); err == nil {
				what[to]++
			}
		}
		return what
	}
	more := func(before map[string]int) (n int) {
		for to, have := range open() {
			n += max(0, have-before[to])
		}
		return n
	}
	lock, err := process.NewLock(ctx)
	require.NoError(t, err)
	defer lock.Close()
	before := open()
	q, err := queue.NewProcess[any](ctx, 3, small)
	require.NoError(t, err)
	for range 3 {
		require.NoError(t, q.Put(ctx, lock))
	}
	require.ErrorIs(t, q.TryPut(ctx, lock), queue.ErrFull)
	require.Equal(t, 3, more(before), "the queue's memory and its mailbox")
	require.NoError(t, q.Shutdown(ctx, true))
	require.ErrorIs(t, q.Put(ctx, lock), queue.ErrShutDown)
	require.NoError(t, q.Close())
	require.Zero(t, more(before))

	require.NoError(t, gil.NewMachine(1).Run(gil.CPython313, func(t *gil.Thread) {
		q, err := queue.NewProcess[any](ctx, 0)
		require.NoError(t, err)
		defer q.Close()
		emulated, err := process.NewLock(t)
		require.NoError(t, err)
		require.Error(t, q.Put(ctx, emulated))
		require.NoError(t, q.Put(ctx, lock))
		v, err := q.Get(ctx)
		require.NoError(t, err, "the one before has left nothing")
		require.NoError(t, v.(*process.Lock).Close())
		ours, err := queue.NewProcess[any](t, 0)
		require.NoError(t, err)
		require.ErrorContains(t, ours.Put(t, lock), "belongs to the live world")
	}))
}

// More objects wait than a mailbox holds: a feeder keeps them.
func TestManyObjectsAsItems(t *testing.T) {
	ctx := t.Context()
	q, err := queue.NewProcess[any](ctx, 0)
	require.NoError(t, err)
	v, err := process.NewValue(ctx, 0)
	require.NoError(t, err)
	defer v.Close()
	const n = 200
	for i := range n {
		require.NoError(t, q.Put(ctx, []any{i, v}))
	}
	for i := 0; i < n; {
		items, err := q.GetMany(ctx, 7)
		require.NoError(t, err)
		for _, x := range items {
			require.Equal(t, i, x.([]any)[0])
			w := x.([]any)[1].(*process.Value[int])
			sum, err := process.Add(ctx, w, 1)
			require.NoError(t, err)
			i++
			require.Equal(t, i, sum)
			require.NoError(t, w.Close())
		}
	}
	require.NoError(t, q.Close())
	require.NoError(t, q.JoinThread(ctx))
}

type itemDoom struct {
	Q    *queue.ProcessQueue[any]
	Step int
	Put  bool
	Lock *process.Value[int]
}

var itemDoomed = process.DefineTarget("items.doomed", func(ctx context.Context, d itemDoom) error {
	queue.OnStep(func(step int) {
		if step == d.Step {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	})
	if d.Put {
		return d.Q.Put(ctx, []any{"dead", d.Lock})
	}
	_, err := d.Q.GetMany(ctx, 3)
	return err
})

// TestDeathWithAnObject has a process die at each step of putting and of getting an item
// with a live object in it. Those of the other items stay with their items.
func TestDeathWithAnObject(t *testing.T) {
	ctx := t.Context()
	for step := range queue.Steps {
		t.Run(fmt.Sprint(step), func(t *testing.T) {
			v, err := process.NewValue(ctx, 0)
			require.NoError(t, err)
			defer v.Close()
			other, err := process.NewValue(ctx, 0)
			require.NoError(t, err)
			defer other.Close()
			q, err := queue.NewProcess[any](ctx, 0)
			require.NoError(t, err)
			defer q.Close()
			putting := step < queue.PutSteps
			before := 0
			if !putting {
				before = 2
			}
			for range before {
				require.NoError(t, q.Put(ctx, []any{"alive", v}))
			}
			p, err := itemDoomed.Start(ctx, itemDoom{q, step, putting, other})
			require.NoError(t, err)
			require.NoError(t, p.Join(ctx))
			left := q.Stats(ctx).Items
			if putting && step >= queue.StepPublished && step != queue.StepAccepted {
				require.Equal(t, 1, left)
			}
			require.NoError(t, q.Put(ctx, []any{"alive", v}))
			for range left + 1 {
				x, err := q.GetTimeout(ctx, time.Minute)
				require.NoError(t, err)
				require.Len(t, x, 2)
				w, ok := x.([]any)[1].(*process.Value[int])
				require.True(t, ok)
				_, err = process.Add(ctx, w, 1)
				require.NoError(t, err)
				require.NoError(t, w.Close())
			}
			_, err = q.TryGet(ctx)
			require.ErrorIs(t, err, queue.ErrEmpty)
			alive, err := v.Load(ctx)
			require.NoError(t, err)
			if putting { // what the dead has put is before it, if it is there, with its own object
				require.Equal(t, 1, alive)
			} else {
				require.Equal(t, left+1, alive)
			}
		})
	}
}

// A queue of items in which there can be none has no mailbox, and an object that is in
// one where nobody expects it is refused in CPython's words.
func TestObjectsNeedAType(t *testing.T) {
	require.True(t, queue.Carries[any]())
	require.True(t, queue.Carries[tray]())
	require.True(t, queue.Carries[map[string][]*process.Lock]())
	require.False(t, queue.Carries[map[string][]int]())
	require.False(t, queue.Carries[exploredNode]())
}

type exploredNode struct {
	Next *exploredNode
	V    []byte
}

var itemPut = process.DefineTarget("items.put", func(t *gil.Thread, d itemDoom) error {
	return errors.Join(d.Q.Put(t, []any{"a", d.Lock}), d.Q.Put(t, []any{"b", d.Lock}))
})

// Whoever of two processes is killed at whatever point, an object in an item is there
// exactly as often as its item is.
func TestVirtualKilledWithAnObject(t *testing.T) {
	r := explore.Run(func(t *gil.Thread) {
		q, err := queue.NewProcess[any](t, 0, queue.WithFeeder())
		require.NoError(t, err)
		v, err := process.NewValue(t, 0)
		require.NoError(t, err)
		p, err := itemPut.Start(t, itemDoom{Q: q, Lock: v})
		require.NoError(t, err)
		require.NoError(t, p.Join(t))
		for range q.QSize(t) {
			x, err := q.Get(t)
			require.NoError(t, err)
			_, err = process.Add(t, x.([]any)[1].(*process.Value[int]), 1)
			require.NoError(t, err)
		}
	}, explore.WithKillPoints(1), explore.WithMaxSchedules(schedules()))
	require.Empty(t, r.Failures)
}
