//go:build linux || darwin

package queue_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/queue"
)

// TestProcessEvents: what is told of a queue between processes is what is told of one
// between threads.
func TestProcessEvents(t *testing.T) {
	var mu sync.Mutex
	var got []string
	items := map[int64]int{}
	sees := gil.ObserverFunc(func(e gil.Event) {
		switch e.Kind {
		case gil.EvQueuePut, gil.EvQueueGet, gil.EvQueueWait:
			mu.Lock()
			defer mu.Unlock()
			if e.A != 0 && items[e.A] == 0 {
				items[e.A] = len(items) + 1 // real ones are numbered by process
			}
			got = append(got, fmt.Sprint(e.Kind, " ", e.Name, " ", items[e.A], " ", e.B, " ", e.Why))
			require.NotZero(t, e.Obj)
		}
	})
	for _, world := range []gil.World{gil.Live(gil.WithObserver(sees)), gil.NewMachine(2, gil.WithObserver(sees))} {
		got = nil
		clear(items)
		require.NoError(t, world.Run(gil.CPython313, func(t *gil.Thread) {
			q, err := queue.NewProcess[int](t, 0, queue.WithName("jobs"))
			require.NoError(t, err)
			join := bunch(t, 1, func(t *gil.Thread, _ int) { _, _ = q.Get(t) })
			for waits := false; !waits; t.Sleep(time.Millisecond) {
				mu.Lock()
				waits = len(got) > 0
				mu.Unlock()
			}
			for _, v := range []int{7, 8, 9} {
				require.NoError(t, q.Put(t, v))
				if v == 7 {
					join()
				}
			}
			_, err = q.TryGet(t)
			require.NoError(t, err)
			require.NoError(t, q.Close())
		}))
		require.Len(t, got, 6, "%v", got)
		require.Equal(t, "queue-put jobs 2 1 ", got[len(got)-3])
		require.Equal(t, "queue-put jobs 3 2 ", got[len(got)-2])
		require.Equal(t, "queue-get jobs 2 1 ", got[len(got)-1])
		require.Contains(t, got[0], "queue-wait jobs 0 0 queue")
	}
}
