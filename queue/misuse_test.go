package queue_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/queue"
)

func TestMisuse(t *testing.T) {
	require.Panics(t, func() { queue.NewPriority[int](0, nil) })
	require.Error(t, queue.New[int](0).Put(nil, 1))
	require.Error(t, queue.NewSimple[int]().Put(nil, 1))
	everywhere(t, func(t *gil.Thread) {
		var q queue.PriorityQueue[int]
		var e *gil.RuntimeError
		require.ErrorAs(t, q.Put(t, 1), &e)
		require.ErrorContains(t, e, "NewPriority")
		require.Panics(t, func() { q.QSize(t) })
	})
}

// The zero values have their own order.
func TestZeroValues(t *testing.T) {
	everywhere(t, func(t *gil.Thread) {
		var fifo queue.Queue[int]
		var lifo queue.LifoQueue[int]
		put(t, &fifo, 1, 2)
		put(t, &lifo, 1, 2)
		require.Equal(t, []int{1, 2}, take(t, &fifo, 2))
		require.Equal(t, []int{2, 1}, take(t, &lifo, 2))
	})
}

// A queue belongs to one interpreter while that runs, and begins anew in the next.
func TestBelonging(t *testing.T) {
	for _, q := range []common{queue.New[int](1), queue.NewSimple[int]()} {
		for range 2 {
			require.NoError(t, gil.Live().Run(gil.CPython313, func(t *gil.Thread) {
				requireEmpty(t, q)
				put(t, q, 1)
				var e *gil.RuntimeError
				err := gil.NewMachine(1).Run(gil.CPython313, func(m *gil.Thread) {
					require.ErrorAs(m, q.Put(m, 2), &e)
					_, err := q.Get(m)
					require.ErrorAs(m, err, &e)
					require.Panics(m, func() { q.QSize(m) })
				})
				require.NoError(t, err)
				require.Equal(t, 1, q.QSize(t))
			}))
		}
	}
}

// A queue that outlives a run of an explored program is reported.
func TestOutlived(t *testing.T) {
	q := queue.New[int](0)
	q.Name = "jobs"
	f := explore.Find(func(t *gil.Thread) { _ = q.Put(t, 1) }, explore.WithMaxSchedules(5))
	require.NotNil(t, f)
	require.ErrorContains(t, f.Err, "jobs outlived")
}
