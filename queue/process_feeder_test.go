//go:build linux || darwin

package queue_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/queue"
)

// TestDeathOfAFeeder has a process die at each step at which its feeder publishes the
// items there is room for at once: all of those are there, or all are lost. It finds room
// for four, or for fewer when it looks while the getter is still making it.
func TestDeathOfAFeeder(t *testing.T) {
	ctx := t.Context()
	for step := queue.StepHalfWritten; step < queue.PutSteps; step++ {
		after := 4 // Put itself has published four
		switch step {
		case queue.StepAccepted:
			continue
		case queue.StepPutIntent, queue.StepPutSettled:
			after = 0
		}
		t.Run(fmt.Sprint(step), func(t *testing.T) {
			q := newQueue(t, 0, small)
			p, err := doomed.Start(ctx, doom{q, step, after, "put", long, 8})
			require.NoError(t, err)
			eventually(t, func() bool { return q.QSize(ctx) == 8 })
			vs, err := q.GetMany(ctx, 8)
			require.NoError(t, err)
			require.Len(t, vs, 4)
			require.NoError(t, p.Join(ctx))
			stats := q.Stats(ctx)
			if step < queue.StepPublished {
				require.Equal(t, queue.Stats{Lost: 4}, stats)
			} else {
				require.Positive(t, stats.Items)
				require.Equal(t, queue.Stats{Items: stats.Items, Lost: 4 - stats.Items}, stats)
			}
			for i := range stats.Items {
				v, err := q.TryGet(ctx)
				require.NoError(t, err)
				require.True(t, fmt.Sprint(4+i, long) == v)
			}
			works(t, q, long)
			for range 4 + stats.Items {
				require.NoError(t, q.TaskDone(ctx))
			}
			require.NoError(t, q.Join(ctx))
		})
	}
}
