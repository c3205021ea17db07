package queue_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/queue"
)

// A testCase is one program of the suite, for queues with a limit.
type testCase struct {
	name string
	body func(t *gil.Thread, make func(maxsize int) full)
}

// TestQueues runs the suite over all kinds with a limit, in all worlds, under all
// profiles.
func TestQueues(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			for _, c := range suite {
				t.Run(c.name, func(t *testing.T) {
					everywhere(t, func(t *gil.Thread) { c.body(t, k.make) })
				})
			}
		})
	}
}

// sequence is the order in which a kind hands 2, 3, 1 out.
func sequence(q full) []int {
	switch q.(type) {
	case *queue.LifoQueue[int]:
		return []int{1, 3, 2}
	case *queue.PriorityQueue[int]:
		return []int{1, 2, 3}
	}
	return []int{2, 3, 1}
}

// put puts items into a queue that has room for them.
func put(t *gil.Thread, q common, vs ...int) {
	for _, v := range vs {
		require.NoError(t, q.TryPut(t, v))
	}
}

// take takes n items out of a queue that has them.
func take(t *gil.Thread, q common, n int) (vs []int) {
	for range n {
		v, err := q.TryGet(t)
		require.NoError(t, err)
		vs = append(vs, v)
	}
	return vs
}

func requireEmpty(t *gil.Thread, q common) {
	_, err := q.TryGet(t)
	require.ErrorIs(t, err, queue.ErrEmpty)
	require.NotErrorIs(t, err, context.DeadlineExceeded)
	require.True(t, q.Empty(t))
	require.Zero(t, q.QSize(t))
}

func requireValueError(t *gil.Thread, err error, python string) {
	var e *gil.ValueError
	require.ErrorAs(t, err, &e)
	require.Equal(t, python, e.PythonText())
	require.Regexp(t, "^queue: ", e.Error())
}

// lenient are the queues that take a negative timeout for zero.
type lenient interface{ lenient() }

// requireNegative checks what came of a negative timeout.
func requireNegative(t *gil.Thread, q full, err, sentinel error) {
	if _, ok := q.(lenient); ok {
		require.ErrorIs(t, err, sentinel)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		return
	}
	requireValueError(t, err, negative)
}

const negative = "'timeout' must be a non-negative number"

var suite = []testCase{
	{"order and size", func(t *gil.Thread, make func(int) full) {
		q := make(3)
		require.Equal(t, 3, q.MaxSize())
		require.True(t, q.Empty(t))
		require.False(t, q.Full(t))
		for range 2 {
			put(t, q, 2, 3, 1)
			require.Equal(t, 3, q.QSize(t))
			require.True(t, q.Full(t))
			require.False(t, q.Empty(t))
			require.Equal(t, sequence(q), take(t, q, 3))
			requireEmpty(t, q)
		}
	}},
	{"no limit", func(t *gil.Thread, make func(int) full) {
		for _, n := range []int{0, -1} {
			q := make(n)
			for i := range 40 {
				put(t, q, i)
				require.False(t, q.Full(t))
			}
			got := take(t, q, 40)
			slices.Sort(got)
			require.Equal(t, 39, got[39])
			requireEmpty(t, q)
			require.NoError(t, q.PutTimeout(t, 1, -1), "a timeout that nobody looks at")
		}
	}},
	{"errors without waiting", func(t *gil.Thread, make func(int) full) {
		q := make(1)
		requireEmpty(t, q)
		_, err := q.GetTimeout(t, 0)
		require.ErrorIs(t, err, queue.ErrEmpty)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		_, err = q.GetTimeout(t, -1)
		requireNegative(t, q, err, queue.ErrEmpty)
		if _, ok := q.(lenient); !ok {
			requireValueError(t, q.PutTimeout(t, 1, -1), negative)
		}
		require.True(t, q.Empty(t))
		put(t, q, 1)
		err = q.TryPut(t, 2)
		require.ErrorIs(t, err, queue.ErrFull)
		require.NotErrorIs(t, err, context.DeadlineExceeded)
		err = q.PutTimeout(t, 2, 0)
		require.ErrorIs(t, err, queue.ErrFull)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		requireNegative(t, q, q.PutTimeout(t, 2, -1), queue.ErrFull)
		if _, ok := q.(lenient); !ok {
			_, err = q.GetTimeout(t, -1)
			requireValueError(t, err, negative)
		}
		require.Equal(t, 1, q.QSize(t))
		require.Equal(t, []int{1}, take(t, q, 1))
	}},
	{"timeouts", func(t *gil.Thread, make func(int) full) {
		q := make(1)
		begin := t.Now()
		_, err := q.GetTimeout(t, time.Second)
		require.ErrorIs(t, err, queue.ErrEmpty)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.GreaterOrEqual(t, t.Now()-begin, time.Second)
		put(t, q, 1)
		begin = t.Now()
		err = q.PutTimeout(t, 2, time.Second)
		require.ErrorIs(t, err, queue.ErrFull)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.GreaterOrEqual(t, t.Now()-begin, time.Second)
		require.Equal(t, 1, q.QSize(t))
	}},
	{"in time", func(t *gil.Thread, make func(int) full) {
		q := make(1)
		join := bunch(t, 1, func(t *gil.Thread, _ int) {
			v, err := q.GetTimeout(t, time.Hour)
			require.NoError(t, err)
			require.Equal(t, 7, v)
			settle(t)
			settle(t)
			require.Equal(t, []int{8}, take(t, q, 1))
		})
		settle(t)
		put(t, q, 7)
		settle(t)
		put(t, q, 8)
		require.NoError(t, q.PutTimeout(t, 9, time.Hour))
		join()
		require.Equal(t, []int{9}, take(t, q, 1))
	}},
	{"blocking", func(t *gil.Thread, make func(int) full) {
		q := make(1)
		join := bunch(t, 1, func(t *gil.Thread, _ int) {
			for i := range 4 {
				require.NoError(t, q.Put(t, i))
			}
		})
		for i := range 4 {
			v, err := q.Get(t)
			require.NoError(t, err)
			require.Equal(t, i, v)
		}
		join()
		requireEmpty(t, q)
	}},
	{"many", func(t *gil.Thread, make func(int) full) {
		q := make(2)
		var sum, n atomic.Int64
		consumers := bunch(t, 2, func(t *gil.Thread, _ int) {
			for {
				v, err := q.Get(t)
				if err != nil {
					require.ErrorIs(t, err, queue.ErrShutDown)
					return
				}
				sum.Add(int64(v))
				n.Add(1)
				require.NoError(t, q.TaskDone(t))
			}
		})
		producers := bunch(t, 2, func(t *gil.Thread, i int) {
			for j := range 3 {
				require.NoError(t, q.Put(t, 10*i+j))
			}
		})
		producers()
		q.Join(t)
		q.Shutdown(t, false)
		consumers()
		require.EqualValues(t, 6, n.Load())
		require.EqualValues(t, 36, sum.Load())
	}},
	{"tasks", func(t *gil.Thread, make func(int) full) {
		q := make(0)
		q.Join(t)
		requireValueError(t, q.TaskDone(t), "task_done() called too many times")
		put(t, q, 1, 2)
		require.Equal(t, 2, q.Unfinished(t))
		var done atomic.Bool
		join := bunch(t, 2, func(t *gil.Thread, _ int) {
			q.Join(t)
			require.True(t, done.Load())
		})
		take(t, q, 2)
		require.NoError(t, q.TaskDone(t))
		settle(t)
		done.Store(true)
		require.NoError(t, q.TaskDone(t))
		join()
		requireValueError(t, q.TaskDone(t), "task_done() called too many times")
		require.Zero(t, q.Unfinished(t))
		put(t, q, 3)
		require.Equal(t, 1, q.Unfinished(t))
	}},
	{"shut down empty", func(t *gil.Thread, make func(int) full) {
		for _, immediate := range []bool{false, true} {
			q := make(1)
			require.False(t, q.IsShutdown(t))
			q.Shutdown(t, immediate)
			requireDown(t, q)
			q.Join(t)
			q.Shutdown(t, !immediate)
			requireDown(t, q)
		}
	}},
	{"shut down and drain", func(t *gil.Thread, make func(int) full) {
		q := make(3)
		put(t, q, 2, 3, 1)
		q.Shutdown(t, false)
		require.ErrorIs(t, q.TryPut(t, 4), queue.ErrShutDown, "rather than ErrFull")
		require.Equal(t, sequence(q), take(t, q, 3))
		requireDown(t, q)
		require.Equal(t, 3, q.Unfinished(t))
		for range 3 {
			require.NoError(t, q.TaskDone(t))
		}
		q.Join(t)
	}},
	{"shut down at once", func(t *gil.Thread, make func(int) full) {
		q := make(2)
		put(t, q, 1, 2)
		take(t, q, 1)
		q.Shutdown(t, true)
		requireDown(t, q)
		require.Equal(t, 1, q.Unfinished(t))
		require.NoError(t, q.TaskDone(t))
		requireValueError(t, q.TaskDone(t), "task_done() called too many times")
		q.Join(t)
	}},
	{"shut down draining, then at once", func(t *gil.Thread, make func(int) full) {
		q := make(0)
		put(t, q, 1, 2)
		q.Shutdown(t, false)
		require.Equal(t, 2, q.QSize(t))
		q.Shutdown(t, true)
		requireDown(t, q)
		q.Join(t)
	}},
	{"shut down wakes getters", func(t *gil.Thread, make func(int) full) {
		for _, immediate := range []bool{false, true} {
			q := make(1)
			join := bunch(t, 3, func(t *gil.Thread, i int) {
				var err error
				if i == 0 {
					_, err = q.GetTimeout(t, time.Hour)
				} else {
					_, err = q.Get(t)
				}
				require.Equal(t, queue.ErrShutDown, err)
			})
			settle(t)
			q.Shutdown(t, immediate)
			join()
		}
	}},
	{"shut down wakes putters", func(t *gil.Thread, make func(int) full) {
		for _, immediate := range []bool{false, true} {
			q := make(1)
			put(t, q, 1)
			join := bunch(t, 3, func(t *gil.Thread, i int) {
				var err error
				if i == 0 {
					err = q.PutTimeout(t, 2, time.Hour)
				} else {
					err = q.Put(t, 2)
				}
				require.Equal(t, queue.ErrShutDown, err)
			})
			settle(t)
			q.Shutdown(t, immediate)
			join()
			if !immediate {
				require.Equal(t, []int{1}, take(t, q, 1))
			}
			requireDown(t, q)
		}
	}},
	{"shut down and join", func(t *gil.Thread, make func(int) full) {
		q := make(0)
		put(t, q, 1, 2)
		var over atomic.Bool
		join := bunch(t, 2, func(t *gil.Thread, _ int) {
			q.Join(t)
			require.True(t, over.Load())
		})
		take(t, q, 1)
		settle(t)
		q.Shutdown(t, true)
		settle(t) // one item was taken and is not done
		over.Store(true)
		require.NoError(t, q.TaskDone(t))
		join()
	}},
	{"shut down at once ends joins", func(t *gil.Thread, make func(int) full) {
		q := make(0)
		put(t, q, 1, 2)
		join := bunch(t, 2, func(t *gil.Thread, _ int) { q.Join(t) })
		settle(t)
		q.Shutdown(t, true)
		join()
	}},
}

// requireDown checks every spelling of a queue that is shut down and empty.
func requireDown(t *gil.Thread, q full) {
	require.True(t, q.IsShutdown(t))
	require.Equal(t, queue.ErrShutDown, q.Put(t, 1))
	require.Equal(t, queue.ErrShutDown, q.TryPut(t, 1))
	require.Equal(t, queue.ErrShutDown, q.PutTimeout(t, 1, time.Hour))
	require.Equal(t, queue.ErrShutDown, q.PutTimeout(t, 1, -1))
	_, err := q.Get(t)
	require.Equal(t, queue.ErrShutDown, err)
	_, err = q.TryGet(t)
	require.Equal(t, queue.ErrShutDown, err)
	_, err = q.GetTimeout(t, time.Hour)
	require.Equal(t, queue.ErrShutDown, err)
	_, err = q.GetTimeout(t, -1)
	require.Equal(t, queue.ErrShutDown, err)
	require.Zero(t, q.QSize(t))
}
