//go:build linux || darwin

package queue_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/queue"
)

// TestDeathOfAFeeder has a process die at each step at which its feeder publishes four
// items at once: all of them are there, or all are lost.
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
			want := queue.Stats{Items: 4}
			if step < queue.StepPublished {
				want = queue.Stats{Lost: 4}
			}
			require.Equal(t, want, q.Stats(ctx))
			for i := range want.Items {
				v, err := q.TryGet(ctx)
				require.NoError(t, err)
				require.True(t, fmt.Sprint(4+i, long) == v)
			}
			works(t, q, long)
			for range 4 + want.Items {
				require.NoError(t, q.TaskDone(ctx))
			}
			require.NoError(t, q.Join(ctx))
		})
	}
}
