//go:build linux || darwin

package queue_test

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
	"github.com/pygil/pygil/process"
	"github.com/pygil/pygil/queue"
)

// long is a string that fills a quarter of the smallest ring.
var long = strings.Repeat("x", 900)

// small is a ring for four of them.
var small = queue.WithRing(4096)

func python(t testing.TB, want string, err error) {
	t.Helper()
	var p interface{ PythonText() string }
	require.ErrorAs(t, err, &p)
	require.Equal(t, want, p.PythonText())
	require.Regexp(t, "^queue: ", err.Error())
}

// QU-1, QU-4: Put returns at once, however full the ring is, and what one producer
// puts arrives in order, also what had to wait in its memory.
func TestPutReturnsAtOnce(t *testing.T) {
	q := newQueue(t, 0, small)
	for i := range 1000 {
		require.NoError(t, q.Put(t.Context(), fmt.Sprint(i, long)))
	}
	require.Equal(t, 1000, q.QSize(t.Context()))
	require.Positive(t, q.Stats(t.Context()).Unsent)
	a := hire(t, q, nil)
	for i := range 1000 {
		if i%100 == 50 {
			require.Equal(t, fmt.Sprint(i, long), a.do("get", "", 0))
			continue
		}
		v, err := q.Get(t.Context())
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(i, long), v)
	}
	require.Zero(t, q.QSize(t.Context()))
	require.Zero(t, q.Stats(t.Context()))
}

// Messages of all lengths go around the ring's corner, and beside it.
func TestLengths(t *testing.T) {
	ctx := t.Context()
	q, err := queue.NewProcess[[]byte](ctx, 0, small)
	require.NoError(t, err)
	defer q.Close()
	want := func(n int) []byte {
		p := make([]byte, n)
		for i := range p {
			p[i] = byte(i*7 + n)
		}
		return p
	}
	lengths := []int{0, 1, 2, 11, 12, 13, 27, 28, 29, 500, 1000, 1010, 1020, 1030, 4095, 4096, 4097, 5000, 100_000, 1 << 20, 3<<20 + 5}
	for round := range 40 {
		for _, n := range lengths {
			if n > 10_000 && round%10 != 0 {
				continue
			}
			require.NoError(t, q.Put(ctx, want(n)))
			if round%2 == 0 {
				got, err := q.Get(ctx)
				require.NoError(t, err)
				require.True(t, string(want(n)) == string(got), "%d", n)
			}
		}
		if round%2 == 0 {
			continue
		}
		for _, n := range lengths {
			if n > 10_000 && round%10 != 0 {
				continue
			}
			got, err := q.Get(ctx)
			require.NoError(t, err)
			require.True(t, string(want(n)) == string(got), "%d", n)
		}
	}
	require.Zero(t, q.QSize(ctx))
}

// A message larger than all that usually waits beside the ring has its memory too,
// which others use afterwards.
func TestHugeMessage(t *testing.T) {
	if testing.Short() {
		t.Skip("short: it takes hundreds of megabytes")
	}
	ctx := t.Context()
	q, err := queue.NewProcess[[]byte](ctx, 0)
	require.NoError(t, err)
	defer q.Close()
	huge := 100 << 20
	if strconv.IntSize == 32 {
		huge = 12 << 20
		require.Error(t, q.Put(ctx, make([]byte, 20<<20)))
	}
	for _, n := range []int{huge, 1 << 20, huge / 10 * 9, 1} {
		p := make([]byte, n)
		p[0], p[n-1] = 1, 2
		p[n-1] = 7
		require.NoError(t, q.Put(ctx, p))
		got, err := q.Get(ctx)
		require.NoError(t, err)
		require.Len(t, got, n)
		require.EqualValues(t, 7, got[n-1])
	}
}

// QU-1, QU-3: maxsize counts what was put and not taken, in all processes.
func TestMaxsize(t *testing.T) {
	ctx := t.Context()
	q := newQueue(t, 2)
	a := hire(t, q, nil)
	require.Equal(t, "ok", a.do("put", "1", 0))
	require.False(t, q.Full(ctx))
	require.NoError(t, q.Put(ctx, "2"))
	require.True(t, q.Full(ctx))
	require.Equal(t, 2, q.QSize(ctx))
	require.ErrorIs(t, q.TryPut(ctx, "3"), queue.ErrFull)
	require.NotErrorIs(t, q.TryPut(ctx, "3"), context.DeadlineExceeded)
	require.Equal(t, "full", a.do("try put", "3", 0))
	err := q.PutTimeout(ctx, "3", 20*time.Millisecond)
	require.ErrorIs(t, err, queue.ErrFull)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorIs(t, q.PutTimeout(ctx, "3", -1), queue.ErrFull)
	a.order("put", "3", 0)
	v, err := q.Get(ctx)
	require.NoError(t, err)
	require.Equal(t, "1", v)
	require.Equal(t, "ok", a.answer())
	require.Equal(t, "2", a.do("get", "", 0))
	require.Equal(t, "3", a.do("get", "", 0))
	require.Equal(t, "empty", a.do("try get", "", 0))
}

// maxsize holds also for what waits in the memories of processes.
func TestMaxsizeWithFeeders(t *testing.T) {
	ctx := t.Context()
	q := newQueue(t, 50, small)
	for range 50 {
		require.NoError(t, q.TryPut(ctx, long))
	}
	require.ErrorIs(t, q.TryPut(ctx, long), queue.ErrFull)
	for range 50 {
		_, err := q.Get(ctx)
		require.NoError(t, err)
		require.NoError(t, q.Put(ctx, long))
		require.ErrorIs(t, q.TryPut(ctx, long), queue.ErrFull)
	}
}

// The end of a context, and its deadline, end a wait, and nothing was put or taken.
func TestContexts(t *testing.T) {
	q := newQueue(t, 1)
	off, cancel := context.WithCancel(t.Context())
	late, cancelLate := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancelLate()
	time.AfterFunc(10*time.Millisecond, cancel)
	_, err := q.Get(off)
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, queue.ErrEmpty)
	_, err = q.Get(late)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorIs(t, err, queue.ErrEmpty)
	require.NoError(t, q.Put(off, "there is room, whatever the context says"))
	require.ErrorIs(t, q.Put(off, "x"), context.Canceled)
	require.ErrorIs(t, q.Put(late, "x"), queue.ErrFull)
	require.ErrorIs(t, q.Join(off), context.Canceled)
	require.ErrorIs(t, q.Join(late), queue.ErrUnfinished)
	require.ErrorIs(t, q.JoinTimeout(t.Context(), time.Millisecond), context.DeadlineExceeded)
	require.Equal(t, 1, q.QSize(t.Context()))
}

// QU-6: after Close.
func TestClose(t *testing.T) {
	ctx := t.Context()
	q, err := queue.NewProcess[string](ctx, 0, queue.WithName("results"))
	require.NoError(t, err)
	require.NoError(t, q.Put(ctx, "x"))
	other := hire(t, newQueue(t, 0), nil) // nobody of this test; the queue lives on in others all the same
	_ = other
	err = q.JoinThread(ctx)
	python(t, "Queue <ProcessQueue results> not closed", err)
	require.NoError(t, q.Close())
	require.NoError(t, q.Close())
	require.NoError(t, q.JoinThread(ctx))
	_, getErr := q.Get(ctx)
	_, tryErr := q.TryGet(ctx)
	for _, err := range []error{q.Put(ctx, "y"), q.TryPut(ctx, "y"), getErr, tryErr, q.Shutdown(ctx, true)} {
		python(t, "Queue <ProcessQueue results> is closed", err)
		var v *gil.ValueError
		require.ErrorAs(t, err, &v)
		require.ErrorIs(t, err, pipe.ErrClosed)
	}
	func() {
		defer func() { python(t, "handle is closed", recover().(error)) }()
		q.Empty(ctx)
	}()
	require.Equal(t, 1, q.QSize(ctx))
	require.False(t, q.Full(ctx))
}

// Who waits when the queue is closed here returns.
func TestCloseEndsWaits(t *testing.T) {
	q, err := queue.NewJoinable[int](t.Context(), 1)
	require.NoError(t, err)
	require.NoError(t, q.Put(t.Context(), 1))
	errs := make(chan error, 3)
	go func() { errs <- q.Put(t.Context(), 2) }()
	go func() { errs <- q.Join(t.Context()) }()
	e, err := queue.NewProcess[int](t.Context(), 0)
	require.NoError(t, err)
	go func() { _, err := e.Get(t.Context()); errs <- err }()
	time.Sleep(5 * time.Millisecond)
	require.NoError(t, q.Close())
	require.NoError(t, e.Close())
	for range 3 {
		require.ErrorIs(t, <-errs, pipe.ErrClosed)
	}
}

// SQ-1, SQ-2.
func TestSimpleProcess(t *testing.T) {
	ctx := t.Context()
	s, err := queue.NewSimpleProcess[string](ctx, small)
	require.NoError(t, err)
	a := hire(t, nil, s)
	require.Equal(t, "ok", a.do("simple put", "from there", 0))
	v, err := s.Get(ctx)
	require.NoError(t, err)
	require.Equal(t, "from there", v)
	yes, err := s.Empty(ctx)
	require.NoError(t, err)
	require.True(t, yes)

	// It waits when there is no room.
	late, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	n := 0
	for ; ; n++ {
		if err = s.Put(late, long); err != nil {
			break
		}
	}
	require.ErrorIs(t, err, queue.ErrFull)
	require.Equal(t, 4, n)
	put := make(chan error)
	go func() { put <- s.Put(ctx, "last") }()
	for range 4 {
		require.Equal(t, long, a.do("simple get", "", 0))
	}
	require.NoError(t, <-put)
	require.Equal(t, "last", a.do("simple get", "", 0))

	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	_, getErr := s.Get(ctx)
	_, emptyErr := s.Empty(ctx)
	for _, err := range []error{s.Put(ctx, "x"), getErr, emptyErr} {
		python(t, "handle is closed", err)
		require.ErrorIs(t, err, pipe.ErrClosed)
	}
}

// QU-11: what cannot be encoded is an error of Put, and takes no slot.
func TestUnpicklable(t *testing.T) {
	ctx := t.Context()
	q, err := queue.NewProcess[any](ctx, 1)
	require.NoError(t, err)
	defer q.Close()
	err = q.Put(ctx, func() {})
	var bad *pickle.Error
	require.ErrorAs(t, err, &bad)
	require.Zero(t, q.QSize(ctx))
	if runtime.GOOS != "linux" { // where objects can travel; see TestLiveObjectsAsItems
		require.ErrorAs(t, q.Put(ctx, q), &bad)
		require.Contains(t, bad.PythonText(), "objects should only be shared between processes through inheritance")
	}
	require.NoError(t, q.TryPut(ctx, 1))

	_, err = queue.NewProcess[func()](ctx, 1)
	var v *gil.ValueError
	require.ErrorAs(t, err, &v)
}

// QU-12: an item that cannot be decoded is an error of that Get, and the slot is free.
func TestUndecodable(t *testing.T) {
	ctx := t.Context()
	q, err := queue.NewProcess[any](ctx, 2)
	require.NoError(t, err)
	defer q.Close()
	same := &queue.ProcessQueue[int8]{Handle: q.Handle}
	require.NoError(t, q.Put(ctx, "no number"))
	require.NoError(t, q.Put(ctx, 7))
	_, err = same.Get(ctx)
	var bad *pickle.Error
	require.ErrorAs(t, err, &bad)
	require.Equal(t, 1, q.QSize(ctx))
	v, err := same.Get(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 7, v)
	require.NoError(t, q.Put(ctx, 1))
	require.NoError(t, q.Put(ctx, "no number"))
	many, err := same.GetMany(ctx, 10)
	require.ErrorAs(t, err, &bad)
	require.Equal(t, []int8{1}, many)
}

// A point is registered by nobody but the queue.
type point struct{ X, Y int }

func TestItemsOfAnyType(t *testing.T) {
	ctx := t.Context()
	q, err := queue.NewProcess[point](ctx, 0)
	require.NoError(t, err)
	defer q.Close()
	back, err := queue.NewProcess[map[string]*point](ctx, 0)
	require.NoError(t, err)
	defer back.Close()
	p, err := mirror.Start(ctx, mirrors{q, back})
	require.NoError(t, err)
	require.NoError(t, q.Put(ctx, point{1, 2}))
	v, err := back.Get(ctx)
	require.NoError(t, err)
	require.Equal(t, map[string]*point{"mirrored": {2, 1}}, v)
	require.NoError(t, p.Join(ctx))
}

type mirrors struct {
	Q    *queue.ProcessQueue[point]
	Back *queue.ProcessQueue[map[string]*point]
}

var mirror = process.DefineTarget("test.mirror", func(ctx context.Context, m mirrors) error {
	p, err := m.Q.Get(ctx)
	if err != nil {
		return err
	}
	return m.Back.Put(ctx, map[string]*point{"mirrored": {p.Y, p.X}})
})

// JQ-1, JQ-2: join in one process and the work in others.
func TestJoinable(t *testing.T) {
	ctx := t.Context()
	q := newQueue(t, 0)
	require.NoError(t, q.Join(ctx), "nothing is unfinished")
	python(t, "task_done() called too many times", q.TaskDone(ctx))
	for range 3 {
		require.NoError(t, q.Put(ctx, "task"))
	}
	a, b := hire(t, q, nil), hire(t, q, nil)
	joined := make(chan error)
	go func() { joined <- q.Join(ctx) }()
	require.Equal(t, "task", a.do("get", "", 0))
	require.Equal(t, "task", b.do("get", "", 0))
	require.Equal(t, "ok", a.do("done", "", 0))
	require.Equal(t, "task", a.do("get", "", 0))
	require.Equal(t, "ok", a.do("done", "", 0))
	select {
	case err := <-joined:
		require.Fail(t, "one task is left", "%v", err)
	case <-time.After(5 * time.Millisecond):
	}
	b.order("join", "", 0)
	require.NoError(t, q.TaskDone(ctx), "anybody may say so")
	require.NoError(t, <-joined)
	require.Equal(t, "ok", b.answer())
	require.Equal(t, "queue: TaskDone called too many times; call it once for each item taken", a.do("done", "", 0))
}

// Tasks whose takers are dead do not keep Join for ever.
func TestAbandonedTasks(t *testing.T) {
	ctx := t.Context()
	q := newQueue(t, 0, queue.WithName("jobs"))
	for range 3 {
		require.NoError(t, q.Put(ctx, "task"))
	}
	a, b := hire(t, q, nil), hire(t, q, nil)
	for range 2 {
		require.Equal(t, "task", a.do("get", "", 0))
	}
	require.Equal(t, "task", b.do("get", "", 0))
	joined := make(chan error)
	go func() { joined <- q.Join(ctx) }()
	a.kill()
	time.Sleep(5 * time.Millisecond)
	require.Equal(t, "ok", b.do("done", "", 0))
	err := <-joined
	var left *queue.AbandonedError
	require.ErrorAs(t, err, &left)
	require.Equal(t, queue.AbandonedError{Queue: "jobs", Tasks: 2}, *left)
	require.NoError(t, q.TaskDone(ctx))
	require.NoError(t, q.TaskDone(ctx))
	require.NoError(t, q.Join(ctx))
}

// A thread that waits gives the GIL up.
func TestProcessQueueGivesTheGILUp(t *testing.T) {
	q, err := queue.NewProcess[int](t.Context(), 1)
	require.NoError(t, err)
	defer q.Close()
	require.NoError(t, gil.Live().Run(gil.CPython312.WithSwitchInterval(time.Hour), func(t *gil.Thread) {
		other := t.Go("other", func(t *gil.Thread) {
			for i := range 3 {
				require.NoError(t, q.Put(t, i))
			}
		})
		for i := range 3 {
			v, err := q.Get(t)
			require.NoError(t, err)
			require.Equal(t, i, v)
		}
		other.Join(t)
	}))
}

// Bad options and sizes are errors.
func TestBadProcessQueues(t *testing.T) {
	for _, o := range []queue.ProcessOption{queue.WithRing(0), queue.WithRing(-1), queue.WithFlushTimeout(-1)} {
		_, err := queue.NewProcess[int](t.Context(), 0, o)
		var v *gil.ValueError
		require.ErrorAs(t, err, &v)
	}
	q, err := queue.NewProcess[int](t.Context(), 0, nil)
	require.NoError(t, err)
	defer q.Close()
	_, err = q.GetMany(t.Context(), 0)
	require.Error(t, err)
	require.NotErrorIs(t, err, queue.ErrEmpty)
}
