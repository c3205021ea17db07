//go:build linux || darwin

package queue_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/process"
	"github.com/pygil/pygil/queue"
)

// QU-10, QU-15: of a process that is killed, what it had published arrives and the rest
// is counted. Nobody is in its way.
func TestDeathOfAPutter(t *testing.T) {
	ctx := t.Context()
	q := newQueue(t, 0, small)
	a := hire(t, q, nil)
	require.Equal(t, "ok", a.do("put many", long, 30))
	require.Equal(t, 30, q.QSize(ctx))
	a.kill()
	s := q.Stats(ctx)
	require.Equal(t, queue.Stats{Items: 4, Lost: 26}, s)
	for range 4 {
		v, err := q.TryGet(ctx)
		require.NoError(t, err)
		require.Equal(t, long, v)
	}
	_, err := q.TryGet(ctx)
	require.ErrorIs(t, err, queue.ErrEmpty)
	require.NoError(t, q.Put(ctx, "next"))
	require.Equal(t, 1, q.QSize(ctx))
}

// What is lost frees its slots, ends a draining shutdown, and is no unfinished task.
func TestDeathFreesSlots(t *testing.T) {
	ctx := t.Context()
	q := newQueue(t, 30, small)
	a := hire(t, q, nil)
	require.Equal(t, "ok", a.do("put many", long, 30))
	put := make(chan error)
	go func() { put <- q.Put(ctx, "x") }()
	a.kill()
	require.NoError(t, <-put)
	require.NoError(t, q.Shutdown(ctx, false))
	n := 0
	for range q.All(ctx) {
		n++
		require.NoError(t, q.TaskDone(ctx))
	}
	require.Equal(t, 5, n)
	require.NoError(t, q.Join(ctx))
}

// QU-15: one that waits is missed by nobody when it dies.
func TestDeathOfAWaiter(t *testing.T) {
	ctx := t.Context()
	for range 3 {
		q := newQueue(t, 1)
		a, b := hire(t, q, nil), hire(t, q, nil)
		a.order("get", "", 0)
		b.order("get", "", 0)
		time.Sleep(2 * time.Millisecond)
		a.kill()
		require.NoError(t, q.Put(ctx, "1"))
		require.Equal(t, "1", b.answer())
	}
}

// QU-7, QU-13: a child that ends sends what it has put first, also after an error.
func TestExitFlushes(t *testing.T) {
	ctx := t.Context()
	for _, how := range []string{"return", "error", "exit", "close"} {
		q, err := queue.NewProcess[string](ctx, 0, small)
		require.NoError(t, err)
		p, err := putAndEnd.Start(ctx, ending{q, how, 50})
		require.NoError(t, err)
		for range 50 {
			v, err := q.Get(ctx)
			require.NoError(t, err)
			require.Equal(t, long, v)
		}
		require.NoError(t, p.Join(ctx))
		require.Zero(t, q.Stats(ctx))
		require.NoError(t, q.Close())
	}
}

type ending struct {
	Q   *queue.ProcessQueue[string]
	How string
	N   int
}

var putAndEnd = process.DefineTarget("test.putAndEnd", func(ctx context.Context, e ending) error {
	queue.StallAfter(20 * time.Millisecond)
	for range e.N {
		if err := e.Q.Put(ctx, long); err != nil {
			return err
		}
	}
	switch e.How {
	case "error":
		return context.Canceled
	case "exit":
		process.Exit(ctx, 3)
	case "close":
		return e.Q.Close()
	case "cancel":
		e.Q.CancelJoinThread()
	case "os.Exit":
		os.Exit(0)
	}
	return nil
})

// quiet runs fn with this process's stderr in a file, and returns what is in it.
func quiet(t *testing.T, fn func()) string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	require.NoError(t, err)
	defer f.Close()
	old := os.Stderr
	os.Stderr = f
	defer func() { os.Stderr = old }()
	fn()
	text, err := os.ReadFile(f.Name())
	require.NoError(t, err)
	return string(text)
}

// QU-8: who joins a child before it has taken what the child has put is told so, and
// may try again.
func TestJoinBeforeDraining(t *testing.T) {
	ctx := t.Context()
	q, err := queue.NewProcess[string](ctx, 0, small, queue.WithName("results"), queue.WithFlushTimeout(time.Hour))
	require.NoError(t, err)
	defer q.Close()
	p, err := putAndEnd.Start(ctx, ending{q, "return", 20})
	require.NoError(t, err)
	err = p.Join(ctx)
	var stuck *queue.UndrainedError
	require.ErrorAs(t, err, &stuck)
	require.Equal(t, queue.UndrainedError{Queue: "results", PID: p.PID(), Items: 16}, *stuck)
	require.Contains(t, err.Error(), "16 items")
	require.Contains(t, err.Error(), "results")
	ended, err := p.JoinTimeout(ctx, time.Hour)
	require.False(t, ended)
	require.ErrorAs(t, err, &stuck)
	for range 20 {
		_, err := q.Get(ctx)
		require.NoError(t, err)
	}
	require.NoError(t, p.Join(ctx))
}

// QU-9: a flush has a deadline, and a child that does not want to flush need not. What
// is lost is counted, and nothing is cut in the middle.
func TestFlushDeadline(t *testing.T) {
	ctx := t.Context()
	for _, how := range []string{"return", "cancel", "os.Exit"} {
		q, err := queue.NewProcess[string](ctx, 0, small, queue.WithName("results"), queue.WithFlushTimeout(50*time.Millisecond))
		require.NoError(t, err)
		text := quiet(t, func() {
			p, err := putAndEnd.Start(ctx, ending{q, how, 20})
			require.NoError(t, err)
			for {
				if err := p.Join(ctx); err == nil {
					break
				}
			}
		})
		if how == "return" {
			require.Contains(t, text, "16 items that it has put into results are lost")
		} else {
			require.Empty(t, text)
		}
		require.Equal(t, queue.Stats{Items: 4, Lost: 16}, q.Stats(ctx))
		for range 4 {
			v, err := q.TryGet(ctx)
			require.NoError(t, err)
			require.Equal(t, long, v)
		}
		_, err = q.GetTimeout(ctx, time.Millisecond)
		require.ErrorIs(t, err, queue.ErrEmpty)
		require.NoError(t, q.Close())
	}
}
