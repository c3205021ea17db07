package queue_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/queue"
)

// TestEvents: every item is told of when it is put and when it is taken, with its
// number and how many there are then, and so is who waits.
func TestEvents(t *testing.T) {
	for _, simple := range []bool{false, true} {
		var mu sync.Mutex
		var got []string
		objects := map[uint64]bool{}
		sees := gil.ObserverFunc(func(e gil.Event) {
			switch e.Kind {
			case gil.EvQueuePut, gil.EvQueueGet, gil.EvQueueWait:
				mu.Lock()
				defer mu.Unlock()
				got = append(got, fmt.Sprintln(e.Kind, e.Name, e.A, e.B, e.Why))
				objects[e.Obj] = true
			}
		})
		body := func(t *gil.Thread) {
			var q common
			if simple {
				q = &queue.SimpleQueue[int]{Name: "jobs"}
			} else {
				jobs := queue.New[int](0)
				jobs.Name = "jobs"
				q = jobs
			}
			join := bunch(t, 1, func(t *gil.Thread, _ int) { _, _ = q.Get(t) })
			settle(t)
			put(t, q, 7)
			join()
			put(t, q, 8, 9)
			take(t, q, 1)
			put(t, queue.New[int](0), 1) // another object
		}
		for _, world := range []gil.World{gil.Live(gil.WithObserver(sees)), gil.NewMachine(2, gil.WithObserver(sees))} {
			got = nil
			clear(objects)
			require.NoError(t, world.Run(gil.CPython313, body))
			first := 1 // in the queue after the first Put; a SimpleQueue hands it over
			if simple {
				first = 0
			}
			require.Equal(t, []string{
				"queue-wait jobs 0 0 queue\n",
				fmt.Sprintf("queue-put jobs 1 %d \n", first),
				"queue-get jobs 1 0 \n",
				"queue-put jobs 2 1 \n",
				"queue-put jobs 3 2 \n",
				"queue-get jobs 2 1 \n",
				"queue-put  1 1 \n",
			}, got)
			require.Len(t, objects, 2)
		}
	}
}

// TestGILIsKept: a SimpleQueue gives the GIL up only in a Get that waits, under
// every version; a Queue of 3.1 and before gives it up for its lock.
func TestGILIsKept(t *testing.T) {
	for _, c := range []struct {
		p    gil.Profile
		q    common
		kept bool
	}{
		{gil.CPython27, queue.NewSimple[int](), true},
		{gil.CPython313, queue.NewSimple[int](), true},
		{gil.CPython313, queue.New[int](0), true},
		{gil.CPython27, queue.New[int](0), false},
	} {
		var mu sync.Mutex
		counting, released := false, 0
		sees := gil.ObserverFunc(func(e gil.Event) {
			mu.Lock()
			defer mu.Unlock()
			switch e.Kind {
			case gil.EvLabel:
				counting = e.Name == "begin"
			case gil.EvGILRelease:
				if counting {
					released++
				}
			}
		})
		require.NoError(t, gil.Live(gil.WithObserver(sees)).Run(c.p, func(t *gil.Thread) {
			t.Label("begin")
			put(t, c.q, 1, 2)
			take(t, c.q, 2)
			_, _ = c.q.GetTimeout(t, 0)
			requireEmpty(t, c.q)
			t.Label("end")
		}))
		require.Equal(t, c.kept, released == 0, "%v: %T gave the GIL up %d times", c.p, c.q, released)
	}
}
