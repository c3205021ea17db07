//go:build linux || darwin

package queue_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
	"github.com/pygil/pygil/process"
	"github.com/pygil/pygil/queue"
)

// An agent is a child that does to a queue what it is told, one order after the other.
type agent struct {
	t    testing.TB
	p    *process.Process
	conn *pipe.Conn
}

type orders struct {
	Conn *pipe.Conn
	Q    *queue.JoinableQueue[string]
	S    *queue.SimpleProcessQueue[string]
}

type order struct {
	Op string
	V  string
	N  int
}

func init() { pickle.Register[order]() }

var agentTarget = process.DefineTarget("test.agent", func(ctx context.Context, o orders) error {
	for {
		what, err := pipe.Recv[order](ctx, o.Conn)
		if err != nil || what.Op == "end" {
			return nil
		}
		if err := o.Conn.Send(ctx, obey(ctx, o, what)); err != nil {
			return err
		}
	}
})

func obey(ctx context.Context, o orders, what order) string {
	say := func(v string, err error) string {
		switch {
		case errors.Is(err, queue.ErrEmpty):
			return "empty"
		case errors.Is(err, queue.ErrFull):
			return "full"
		case errors.Is(err, queue.ErrShutDown):
			return "down"
		case err != nil:
			return err.Error()
		}
		return v
	}
	switch what.Op {
	case "put":
		return say("ok", o.Q.Put(ctx, what.V))
	case "try put":
		return say("ok", o.Q.TryPut(ctx, what.V))
	case "put many":
		for range what.N {
			if err := o.Q.Put(ctx, what.V); err != nil {
				return err.Error()
			}
		}
		return "ok"
	case "get":
		return say(o.Q.Get(ctx))
	case "try get":
		return say(o.Q.TryGet(ctx))
	case "done":
		return say("ok", o.Q.TaskDone(ctx))
	case "join":
		return say("ok", o.Q.Join(ctx))
	case "close":
		return say("ok", o.Q.Close())
	case "join thread":
		return say("ok", o.Q.JoinThread(ctx))
	case "cancel":
		o.Q.CancelJoinThread()
		return "ok"
	case "size":
		return fmt.Sprint(o.Q.QSize(ctx))
	case "shut down":
		return say("ok", o.Q.Shutdown(ctx, what.N == 1))
	case "simple put":
		return say("ok", o.S.Put(ctx, what.V))
	case "simple get":
		return say(o.S.Get(ctx))
	}
	return "what?"
}

// hire starts an agent.
func hire(t testing.TB, q *queue.JoinableQueue[string], s *queue.SimpleProcessQueue[string]) *agent {
	t.Helper()
	mine, its, err := pipe.New(t.Context())
	require.NoError(t, err)
	p, err := agentTarget.Start(t.Context(), orders{its, q, s})
	require.NoError(t, err)
	require.NoError(t, its.Close())
	a := &agent{t, p, mine}
	t.Cleanup(func() {
		_ = mine.Close()
		_ = p.Kill()
		_ = p.Join(context.Background())
	})
	return a
}

// order tells the agent to do something, and does not wait for it.
func (a *agent) order(op, v string, n int) {
	a.t.Helper()
	require.NoError(a.t, a.conn.Send(a.t.Context(), order{op, v, n}))
}

// answer is what became of the order.
func (a *agent) answer() string {
	a.t.Helper()
	s, err := pipe.Recv[string](a.t.Context(), a.conn)
	require.NoError(a.t, err)
	return s
}

func (a *agent) do(op, v string, n int) string {
	a.t.Helper()
	a.order(op, v, n)
	return a.answer()
}

// end lets the agent end by itself; it does not wait.
func (a *agent) end() {
	a.t.Helper()
	a.order("end", "", 0)
}

func (a *agent) kill() {
	a.t.Helper()
	require.NoError(a.t, a.p.Kill())
	require.NoError(a.t, a.p.Join(a.t.Context()))
}

// eventually waits for something to happen.
func eventually(t testing.TB, what func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !what(); {
		if time.Now().After(end) {
			require.Fail(t, "it never happened")
		}
		time.Sleep(time.Millisecond)
	}
}

func newQueue(t testing.TB, maxsize int, opts ...queue.ProcessOption) *queue.JoinableQueue[string] {
	t.Helper()
	q, err := queue.NewJoinable[string](t.Context(), maxsize, opts...)
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = q.Shutdown(context.Background(), true) // its feeder has nothing to wait for then
		_ = q.Close()
		_ = q.JoinThread(context.Background())
	})
	return q
}
