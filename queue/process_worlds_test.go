//go:build linux || darwin

package queue_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/process"
	"github.com/pygil/pygil/queue"
)

// between is a queue between processes in the clothes of one between threads, so that
// the suite for those runs over it.
type between struct{ *queue.JoinableQueue[int] }

func (between) lenient() {} // as Python's are

func newBetween(t *gil.Thread, maxsize int) full {
	q, err := queue.NewJoinable[int](t, maxsize)
	require.NoError(t, err)
	return between{q}
}

func (q between) Put(t *gil.Thread, v int) error { return q.JoinableQueue.Put(t, v) }
func (q between) PutTimeout(t *gil.Thread, v int, d time.Duration) error {
	return q.JoinableQueue.PutTimeout(t, v, d)
}
func (q between) TryPut(t *gil.Thread, v int) error { return q.JoinableQueue.TryPut(t, v) }
func (q between) Get(t *gil.Thread) (int, error)    { return q.JoinableQueue.Get(t) }
func (q between) GetTimeout(t *gil.Thread, d time.Duration) (int, error) {
	return q.JoinableQueue.GetTimeout(t, d)
}
func (q between) TryGet(t *gil.Thread) (int, error) { return q.JoinableQueue.TryGet(t) }
func (q between) QSize(t *gil.Thread) int           { return q.JoinableQueue.QSize(t) }
func (q between) Empty(t *gil.Thread) bool          { return q.JoinableQueue.Empty(t) }
func (q between) Full(t *gil.Thread) bool           { return q.JoinableQueue.Full(t) }
func (q between) TaskDone(t *gil.Thread) error      { return q.JoinableQueue.TaskDone(t) }
func (q between) Join(t *gil.Thread)                { require.NoError(t, q.JoinableQueue.Join(t)) }
func (q between) Unfinished(t *gil.Thread) int      { return q.JoinableQueue.Unfinished(t) }
func (q between) Shutdown(t *gil.Thread, immediate bool) {
	require.NoError(t, q.JoinableQueue.Shutdown(t, immediate))
}
func (q between) IsShutdown(t *gil.Thread) bool { return q.JoinableQueue.IsShutdown(t) }

// TestProcessQueuesBetweenThreads runs the suite of all queues with a limit over queues
// between processes, used by the threads of one: really, on machines, and explored.
func TestProcessQueuesBetweenThreads(t *testing.T) {
	for _, c := range suite {
		body := func(t *gil.Thread) {
			var made []full
			defer func() {
				for _, q := range made {
					require.NoError(t, q.(between).Close())
				}
			}()
			c.body(t, func(n int) full {
				q := newBetween(t, n)
				made = append(made, q)
				return q
			})
		}
		for _, p := range profiles {
			t.Run(c.name+"/"+p.Name(), func(t *testing.T) {
				// Some cases need a clock that stands still while somebody works, or is fast.
				if n := p.Name(); c.name != "in time" && c.name != "timeouts" && (n == "3.12" || n == "3.13t") {
					require.NoError(t, gil.Live().Run(p, body))
				}
				if testing.Short() && p.Name() != "3.12" && p.Name() != "any" {
					return
				}
				for cores := 1; cores <= 2; cores++ {
					require.NoError(t, gil.NewMachine(cores, gil.WithSeed(uint64(cores))).Run(p, body), "%d cores", cores)
				}
				r := explore.Run(body, explore.WithProfile(p), explore.WithMaxSchedules(schedules()), explore.WithSeed(1))
				require.Empty(t, r.Failures)
			})
		}
	}
}

// everyWorld runs body, which uses processes, with real ones and with emulated ones.
func everyWorld(t *testing.T, body func(t *gil.Thread)) {
	t.Helper()
	t.Run("live", func(t *testing.T) { require.NoError(t, gil.Live().Run(gil.CPython313, body)) })
	for cores := 1; cores <= 2; cores++ {
		t.Run(fmt.Sprint("machine of ", cores), func(t *testing.T) {
			require.NoError(t, gil.NewMachine(cores, gil.WithSeed(7)).Run(gil.CPython313, body))
		})
	}
	t.Run("explored", func(t *testing.T) {
		r := explore.Run(body, explore.WithMaxSchedules(schedules()), explore.WithSeed(1))
		require.Empty(t, r.Failures)
	})
}

type relay struct {
	In   *queue.JoinableQueue[int]
	Out  *queue.ProcessQueue[string]
	Back *queue.SimpleProcessQueue[[]any]
	Name string
	N    int
}

var relayTarget = process.DefineTarget("test.relay", func(t *gil.Thread, r relay) error {
	for v := range r.In.All(t) {
		if err := r.Out.Put(t, fmt.Sprint(r.Name, " ", v)); err != nil {
			return err
		}
		if err := r.In.TaskDone(t); err != nil {
			return err
		}
	}
	return r.Back.Put(t, []any{r.Name, nil, 42})
})

// All kinds, between processes, in all worlds: work in, results out, the end.
func TestKindsBetweenProcesses(t *testing.T) {
	everyWorld(t, func(t *gil.Thread) {
		in, err := queue.NewJoinable[int](t, 2)
		require.NoError(t, err)
		out, err := queue.NewProcess[string](t, 0)
		require.NoError(t, err)
		back, err := queue.NewSimpleProcess[[]any](t)
		require.NoError(t, err)
		var ps []*process.Process
		for _, name := range []string{"a", "b"} {
			p, err := relayTarget.Start(t, relay{In: in, Out: out, Back: back, Name: name})
			require.NoError(t, err)
			ps = append(ps, p)
		}
		for i := range 5 {
			require.NoError(t, in.Put(t, i))
		}
		require.NoError(t, in.Join(t))
		require.NoError(t, in.Shutdown(t, false))
		got := map[byte]bool{}
		for range 5 {
			s, err := out.Get(t)
			require.NoError(t, err)
			got[s[len(s)-1]] = true
		}
		require.Len(t, got, 5)
		names := map[any]bool{}
		for range 2 {
			v, err := back.Get(t)
			require.NoError(t, err)
			require.Len(t, v, 3)
			require.Nil(t, v[1])
			require.Equal(t, 42, v[2])
			names[v[0]] = true
		}
		require.Len(t, names, 2)
		for _, p := range ps {
			require.NoError(t, p.Join(t))
		}
		require.Zero(t, out.QSize(t))
		require.Equal(t, queue.Stats{}, in.Stats(t))
		require.NoError(t, in.Close())
		require.NoError(t, out.Close())
		require.NoError(t, out.JoinThread(t))
		require.NoError(t, back.Close())
	})
}

// A handle belongs to the process that made it or got it.
func TestForeignHandle(t *testing.T) {
	require.NoError(t, gil.NewMachine(2).Run(gil.CPython313, func(t *gil.Thread) {
		q, err := queue.NewProcess[int](t, 0)
		require.NoError(t, err)
		failed := ""
		t.Emulate("other", func(t *gil.Thread) { failed = q.Put(t, 1).Error() }).Join(t)
		require.Contains(t, failed, "give it to the process as an argument")
		require.ErrorContains(t, q.Put(context.Background(), 1), "give the *gil.Thread")
	}))
}
