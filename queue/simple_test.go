package queue_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/queue"
)

func TestSimpleQueue(t *testing.T) {
	for name, body := range simpleSuite {
		t.Run(name, func(t *testing.T) { everywhere(t, body) })
	}
}

var simpleSuite = map[string]func(t *gil.Thread){
	"order and size": func(t *gil.Thread) {
		q := queue.NewSimple[int]()
		requireEmpty(t, q)
		for range 2 {
			put(t, q, 1, 2)
			require.NoError(t, q.PutTimeout(t, 3, -1), "its time does not matter")
			require.NoError(t, q.Put(t, 4))
			require.Equal(t, 4, q.QSize(t))
			require.False(t, q.Empty(t))
			require.Equal(t, []int{1, 2, 3, 4}, take(t, q, 4))
			requireEmpty(t, q)
		}
		for i := range 40 {
			put(t, q, i)
		}
		for i := range 40 {
			require.Equal(t, []int{i}, take(t, q, 1))
		}
	},
	"errors": func(t *gil.Thread) {
		var q queue.SimpleQueue[int]
		_, err := q.GetTimeout(t, -1)
		requireValueError(t, err, negative)
		for _, d := range []time.Duration{0, time.Second} {
			begin := t.Now()
			_, err = q.GetTimeout(t, d)
			require.ErrorIs(t, err, queue.ErrEmpty)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.GreaterOrEqual(t, t.Now()-begin, d)
		}
		put(t, &q, 1)
		_, err = q.GetTimeout(t, -1)
		requireValueError(t, err, negative)
		require.Equal(t, 1, q.QSize(t))
	},
	// Items go to those who wait in the order in which they came, and who comes in
	// between gets none.
	"handed over": func(t *gil.Thread) {
		q := queue.NewSimple[int]()
		var joins []func()
		for i := range 3 {
			joins = append(joins, bunch(t, 1, func(t *gil.Thread, _ int) {
				v, err := q.GetTimeout(t, time.Hour)
				require.NoError(t, err)
				require.Equal(t, i, v)
			}))
			settle(t)
		}
		for i := range 3 {
			put(t, q, i)
		}
		requireEmpty(t, q)
		for _, join := range joins {
			join()
		}
	},
	// Who runs out of time is out of line: the item is the next one's.
	"out of line": func(t *gil.Thread) {
		q := queue.NewSimple[int]()
		join := bunch(t, 3, func(t *gil.Thread, i int) {
			if i == 1 {
				v, err := q.Get(t)
				require.NoError(t, err)
				require.Equal(t, 7, v)
				return
			}
			_, err := q.GetTimeout(t, time.Millisecond)
			require.ErrorIs(t, err, queue.ErrEmpty)
		})
		t.Sleep(time.Second)
		put(t, q, 7)
		join()
		requireEmpty(t, q)
	},
	"many": func(t *gil.Thread) {
		q := queue.NewSimple[int]()
		var sum atomic.Int64
		consumers := bunch(t, 2, func(t *gil.Thread, i int) {
			for range 3 {
				v, err := q.GetTimeout(t, time.Hour)
				require.NoError(t, err)
				sum.Add(int64(v))
			}
		})
		producers := bunch(t, 2, func(t *gil.Thread, i int) {
			for j := range 3 {
				require.NoError(t, q.Put(t, 10*i+j))
			}
		})
		producers()
		consumers()
		require.EqualValues(t, 36, sum.Load())
		requireEmpty(t, q)
	},
}
