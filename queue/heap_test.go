package queue_test

import (
	"errors"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/queue"
)

// job is an item that is compared by its rank; one with a negative rank cannot be.
type job struct{ rank, id int }

var errNoOrder = errors.New("'<' not supported between instances of 'dict' and 'dict'")

func lessJob(a, b job) bool {
	if a.rank < 0 || b.rank < 0 {
		panic(errNoOrder)
	}
	return a.rank < b.rank
}

// heapq is Python's algorithm, whose order of equal items is part of what it does.
type heapq []job

func (h *heapq) push(v job) {
	*h = append(*h, v)
	h.down(0, len(*h)-1)
}

func (h *heapq) down(start, pos int) {
	s := *h
	for pos > start && s[pos].rank < s[(pos-1)/2].rank {
		s[pos], s[(pos-1)/2] = s[(pos-1)/2], s[pos]
		pos = (pos - 1) / 2
	}
}

func (h *heapq) pop() job {
	s := *h
	last := s[len(s)-1]
	*h = s[:len(s)-1]
	s = *h
	if len(s) == 0 {
		return last
	}
	top, pos := s[0], 0
	s[0] = last
	for 2*pos+1 < len(s) {
		child := 2*pos + 1
		if child+1 < len(s) && s[child].rank >= s[child+1].rank {
			child++
		}
		s[pos], s[child] = s[child], s[pos]
		pos = child
	}
	h.down(0, pos)
	return top
}

// TestPriorityOrder holds a PriorityQueue against heapq, with many equal items and
// some that are refused.
func TestPriorityOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ranks := rapid.SliceOfN(rapid.IntRange(-2, 4), 1, 60).Draw(rt, "ranks")
		puts := rapid.SliceOfN(rapid.Bool(), len(ranks), len(ranks)).Draw(rt, "puts")
		require.NoError(rt, gil.Live().Run(gil.CPython313, func(t *gil.Thread) {
			q := queue.NewPriority(0, lessJob)
			var model heapq
			for id, rank := range ranks {
				v := job{rank, id}
				switch {
				case len(model) == 0 && rank < 0: // the only item is compared with none
				case rank < 0:
					var e *queue.CompareError
					require.ErrorAs(t, q.Put(t, v), &e)
					require.ErrorIs(t, e, errNoOrder)
					require.Equal(t, errNoOrder.Error(), e.PythonText())
				case puts[id]:
					require.NoError(t, q.Put(t, v))
					model.push(v)
				case len(model) > 0:
					got, err := q.Get(t)
					require.NoError(t, err)
					require.Equal(t, model.pop(), got)
					require.NoError(t, q.TaskDone(t))
				}
				require.Equal(t, len(model), q.QSize(t))
				require.Equal(t, len(model), q.Unfinished(t))
			}
			for len(model) > 0 {
				got, err := q.TryGet(t)
				require.NoError(t, err)
				require.Equal(t, model.pop(), got)
			}
		}))
	})
}

// TestRefusedWakesTheNext: who was woken and could not put or take what it was woken
// for leaves it to the next one.
func TestRefusedWakesTheNext(t *testing.T) {
	everywhere(t, func(t *gil.Thread) {
		q := queue.NewPriority(2, lessJob)
		require.NoError(t, q.Put(t, job{1, 0}))
		require.NoError(t, q.Put(t, job{1, 1}))
		refused := t.Go("refused", func(t *gil.Thread) {
			require.ErrorIs(t, q.Put(t, job{-1, 2}), errNoOrder)
		})
		settle(t)
		next := t.Go("next", func(t *gil.Thread) { require.NoError(t, q.Put(t, job{1, 3})) })
		settle(t)
		_, err := q.Get(t)
		require.NoError(t, err)
		gil.JoinAll(t, refused, next)
		require.Equal(t, 2, q.QSize(t))
		require.Equal(t, 3, q.Unfinished(t))
	})
}

// TestFailedGetWakesTheNext: the item that a failed Get was woken for is taken by
// another thread that waits.
func TestFailedGetWakesTheNext(t *testing.T) {
	require.NoError(t, gil.NewMachine(1).Run(gil.CPython313, func(t *gil.Thread) {
		breaks := false // the next comparison
		q := queue.NewPriority(0, func(a, b int) bool {
			if breaks {
				breaks = false
				panic("broken")
			}
			return a < b
		})
		failed := 0
		join := bunch(t, 4, func(t *gil.Thread, _ int) {
			if _, err := q.Get(t); err != nil {
				failed++
			}
		})
		settle(t)
		for v := range 3 {
			require.NoError(t, q.Put(t, v))
		}
		breaks = true
		join() // three were woken, and one of them has failed
		require.Equal(t, 1, failed)
		require.True(t, q.Empty(t))
	}))
}

// TestFailingGet: a comparison that fails when an item is taken leaves all of them.
func TestFailingGet(t *testing.T) {
	everywhere(t, func(t *gil.Thread) {
		broken := false
		q := queue.NewPriority(0, func(a, b int) bool {
			if broken {
				panic("broken")
			}
			return a < b
		})
		for _, v := range []int{3, 1, 2, 5, 4} {
			require.NoError(t, q.Put(t, v))
		}
		broken = true
		_, err := q.Get(t)
		var e *queue.CompareError
		require.ErrorAs(t, err, &e)
		require.Equal(t, "broken", e.PythonText())
		require.NoError(t, e.Unwrap())
		require.Equal(t, 5, q.QSize(t))
		broken = false
		var got []int
		for range 5 {
			v, err := q.Get(t)
			require.NoError(t, err)
			got = append(got, v)
		}
		require.True(t, slices.IsSorted(got))
	})
}

// TestNothingIsKept: an item that was taken is not kept by the queue.
func TestNothingIsKept(t *testing.T) {
	require.NoError(t, gil.Live().Run(gil.CPython313, func(t *gil.Thread) {
		type big [1 << 10]byte
		queues := []interface {
			Put(*gil.Thread, *big) error
			Get(*gil.Thread) (*big, error)
		}{queue.New[*big](0), queue.NewLifo[*big](0), queue.NewPriority(0, func(a, b *big) bool { return a[0] < b[0] }), queue.NewSimple[*big]()}
		for _, q := range queues {
			gone := make(chan bool, 3)
			for range 3 {
				v := new(big)
				runtime.AddCleanup(v, func(gone chan bool) { gone <- true }, gone)
				require.NoError(t, q.Put(t, v))
			}
			for range 3 {
				_, err := q.Get(t)
				require.NoError(t, err)
			}
			for late := time.Now().Add(time.Minute); len(gone) < 3 && time.Now().Before(late); {
				runtime.GC()
				time.Sleep(time.Millisecond) // cleanups run beside us
			}
			require.Len(t, gone, 3, "%T", q)
			runtime.KeepAlive(q)
		}
	}))
}
