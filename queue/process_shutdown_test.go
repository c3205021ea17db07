//go:build linux || darwin

package queue_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/queue"
)

// JQ-4: shutdown is for all processes.
func TestShutdownOfProcesses(t *testing.T) {
	ctx := t.Context()
	q := newQueue(t, 2)
	a, b := hire(t, q, nil), hire(t, q, nil)
	a.order("get", "", 0)
	require.Equal(t, "ok", b.do("shut down", "", 0))
	require.Equal(t, "down", a.answer())
	require.ErrorIs(t, q.Put(ctx, "x"), queue.ErrShutDown)

	q = newQueue(t, 2)
	a, b = hire(t, q, nil), hire(t, q, nil)
	require.NoError(t, q.Put(ctx, "1"))
	require.NoError(t, q.Put(ctx, "2"))
	a.order("put", "3", 0)
	eventually(t, func() bool { return q.Full(ctx) })
	require.Equal(t, "ok", b.do("shut down", "", 0))
	require.Equal(t, "down", a.answer())
	require.Equal(t, "1", a.do("get", "", 0))
	require.Equal(t, "ok", b.do("shut down", "", 1))
	require.Equal(t, "down", a.do("get", "", 0))
	require.Equal(t, queue.Stats{Discarded: 1}, q.Stats(ctx))
	require.NoError(t, q.TaskDone(ctx))
	require.NoError(t, q.Join(ctx))
}

// A shutdown throws away what feeders have, too, and lets them end.
func TestShutdownAtOnceWithFeeders(t *testing.T) {
	ctx := t.Context()
	q := newQueue(t, 0, small)
	a := hire(t, q, nil)
	require.Equal(t, "ok", a.do("put many", long, 20))
	for range 20 {
		require.NoError(t, q.Put(ctx, long))
	}
	require.NoError(t, q.Shutdown(ctx, true))
	require.NoError(t, q.Join(ctx))
	eventually(t, func() bool { return q.Stats(ctx) == queue.Stats{Discarded: 40} })
	a.end()
	require.NoError(t, a.p.Join(ctx))
}

// A draining shutdown waits for what feeders have.
func TestShutdownDrainsFeeders(t *testing.T) {
	ctx := t.Context()
	q := newQueue(t, 0, small)
	a := hire(t, q, nil)
	require.Equal(t, "ok", a.do("put many", long, 20))
	require.NoError(t, q.Shutdown(ctx, false))
	n := 0
	for v := range q.All(ctx) {
		require.Equal(t, long, v)
		n++
	}
	require.Equal(t, 20, n)
}
