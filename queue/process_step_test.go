//go:build linux || darwin

package queue_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/process"
	"github.com/pygil/pygil/queue"
)

type doom struct {
	Q     *queue.JoinableQueue[string]
	Step  int // where to die
	After int // how often to survive it
	Op    string
	V     string
	N     int
}

// doomed dies at a step of its puts or gets.
var doomed = process.DefineTarget("test.doomed", func(ctx context.Context, d doom) error {
	n := 0
	queue.OnStep(func(step int) {
		if step == d.Step {
			if n++; n > d.After {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
		}
	})
	for i := range d.N {
		switch d.Op {
		case "put":
			if err := d.Q.Put(ctx, fmt.Sprint(i, d.V)); err != nil {
				return err
			}
		case "get":
			if _, err := d.Q.Get(ctx); err != nil {
				return err
			}
		case "get many":
			if _, err := d.Q.GetMany(ctx, 3); err != nil {
				return err
			}
		}
	}
	<-ctx.Done() // the feeder is to die
	return nil
})

// TestDeathAtEachStep has a process die at each step of a put and of a get, of short
// messages and of such that have memory of their own, of one that its own goroutine
// publishes and of those that a feeder does. Then everything adds up.
func TestDeathAtEachStep(t *testing.T) {
	ctx := t.Context()
	apart := strings.Repeat("y", 3000)
	for _, op := range []string{"put", "get", "get many"} {
		for name, v := range map[string]string{"short": "x", "long": long, "apart": apart} {
			for step := range queue.Steps {
				for _, after := range []int{0, 2} {
					if (op == "put") != (step < queue.PutSteps) {
						continue
					}
					// A queue with room, or one whose ring is full, so that a feeder works.
					for _, full := range []bool{false, true} {
						if testing.Short() && (after == 2) != (step%2 == 0) {
							continue
						}
						t.Run(fmt.Sprint(op, " ", name, " ", step, " ", after, " ", full), func(t *testing.T) {
							q := newQueue(t, 0, small)
							before := 6
							if full && op == "put" {
								before = 3
								for range 3 {
									require.NoError(t, q.Put(ctx, long))
								}
							} else if op == "put" {
								before = 0
							} else {
								for range before {
									require.NoError(t, q.Put(ctx, v))
								}
							}
							p, err := doomed.Start(ctx, doom{q, step, after, op, v, map[bool]int{true: 5, false: before}[op == "put"]})
							require.NoError(t, err)
							if op == "put" {
								want := -1
								if !full && step != queue.StepAccepted {
									want = after
									if step >= queue.StepPublished {
										want++
									}
									if step == queue.StepPosted || name != "apart" && (step == queue.StepPlaced || step == queue.StepPutIntent || step == queue.StepPutSettled) {
										want = -1 // it does not come there, and has more than there is room for
									}
								}
								deadPutter(t, q, p, before, want, v)
							} else {
								deadGetter(t, q, p, before, v)
							}
						})
					}
				}
			}
		}
	}
}

// dies waits for the death of a process, and ends one that does not get to its step.
func dies(t *testing.T, p *process.Process, idle func() bool) {
	t.Helper()
	eventually(t, func() bool { return !p.IsAlive(t.Context()) || idle() })
	if p.IsAlive(t.Context()) {
		require.NoError(t, p.Kill())
	}
	require.NoError(t, p.Join(t.Context()))
}

func deadPutter(t *testing.T, q *queue.JoinableQueue[string], p *process.Process, before, want int, v string) {
	ctx := t.Context()
	dies(t, p, func() bool { return q.QSize(ctx) == before+5 })
	s := q.Stats(ctx)
	if want >= 0 {
		require.Equal(t, queue.Stats{Items: want}, s)
	}
	require.Zero(t, s.Unsent)
	require.Equal(t, s.Items, q.QSize(ctx))
	require.LessOrEqual(t, s.Items+s.Lost, before+5)
	for range before {
		got, err := q.TryGet(ctx)
		require.NoError(t, err)
		require.Equal(t, long, got)
	}
	for i := range s.Items - before { // the first ones, whole and in order
		got, err := q.TryGet(ctx)
		require.NoError(t, err)
		require.True(t, fmt.Sprint(i, v) == got, "%d", i)
	}
	_, err := q.TryGet(ctx)
	require.ErrorIs(t, err, queue.ErrEmpty)
	works(t, q, v)
	for range s.Items {
		require.NoError(t, q.TaskDone(ctx))
	}
	require.NoError(t, q.Join(ctx))
	require.Equal(t, queue.Stats{Lost: s.Lost}, q.Stats(ctx))
}

func deadGetter(t *testing.T, q *queue.JoinableQueue[string], p *process.Process, before int, v string) {
	ctx := t.Context()
	dies(t, p, func() bool { return q.QSize(ctx) == 0 })
	s := q.Stats(ctx)
	require.Zero(t, s.Lost)
	for range s.Items {
		got, err := q.Get(ctx)
		require.NoError(t, err)
		require.True(t, v == got)
	}
	_, err := q.TryGet(ctx)
	require.ErrorIs(t, err, queue.ErrEmpty)
	works(t, q, v)
	for range before {
		require.NoError(t, q.TaskDone(ctx))
	}
	require.NoError(t, q.Join(ctx))
}

// works checks that a queue is as good as new: it takes more than its ring holds.
func works(t *testing.T, q *queue.JoinableQueue[string], v string) {
	ctx := t.Context()
	for range 12 {
		require.NoError(t, q.Put(ctx, v))
	}
	for range 12 {
		got, err := q.Get(ctx)
		require.NoError(t, err)
		require.True(t, v == got)
		require.NoError(t, q.TaskDone(ctx))
	}
}
