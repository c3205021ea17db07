//go:build linux || darwin

package queue_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/process"
	"github.com/pygil/pygil/queue"
)

type exploredTask struct {
	Q *queue.ProcessQueue[int]
	N int
}

var (
	exploredPut = process.DefineTarget("explored.put", func(t *gil.Thread, e exploredTask) error {
		for i := range 2 {
			if err := e.Q.Put(t, 10*e.N+i); err != nil {
				return err
			}
		}
		return nil
	})
	exploredWait = process.DefineTarget("explored.wait", func(t *gil.Thread, e exploredTask) error {
		_, err := e.Q.Get(t)
		return err
	})
)

// Every order in which two processes can put two items each is found, and in no other
// are those of one: six of them.
func TestExploredOrders(t *testing.T) {
	outcomes := explore.Outcomes(func(t *gil.Thread) [4]int {
		q, err := queue.NewProcess[int](t, 0)
		require.NoError(t, err)
		var ps []*process.Process
		for n := 1; n <= 2; n++ {
			p, err := exploredPut.Start(t, exploredTask{q, n})
			require.NoError(t, err)
			ps = append(ps, p)
		}
		for _, p := range ps {
			require.NoError(t, p.Join(t))
		}
		var got [4]int
		for i := range got {
			got[i], err = q.TryGet(t)
			require.NoError(t, err)
		}
		return got
	}, explore.WithStrategy(explore.DPOR()), explore.WithMaxSchedules(20_000))
	require.Len(t, outcomes, 6)
	for _, o := range outcomes {
		last := map[int]int{}
		for _, v := range o.Value {
			require.Greater(t, v, last[v/10])
			last[v/10] = v
		}
	}
}

// A process that waits for an item that nobody puts is a deadlock, and found.
func TestExploredDeadlock(t *testing.T) {
	f := explore.Find(func(t *gil.Thread) {
		q, err := queue.NewProcess[int](t, 0)
		require.NoError(t, err)
		p, err := exploredWait.Start(t, exploredTask{Q: q})
		require.NoError(t, err)
		require.NoError(t, p.Join(t))
	})
	require.NotNil(t, f)
	require.Equal(t, explore.Deadlock, f.Kind)
}
