//go:build linux || darwin

package queue_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/process"
	"github.com/pygil/pygil/queue"
)

type errand struct {
	Q *queue.JoinableQueue[string]
	N int
}

var (
	virtualPut = process.DefineTarget("virtual.put", func(t *gil.Thread, e errand) error {
		for i := range e.N {
			if err := e.Q.Put(t, fmt.Sprint(i)); err != nil {
				return err
			}
		}
		return nil
	})
	virtualGet = process.DefineTarget("virtual.get", func(t *gil.Thread, e errand) error {
		for range e.N {
			if _, err := e.Q.Get(t); err != nil {
				return err
			}
			if err := e.Q.TaskDone(t); err != nil {
				return err
			}
		}
		return nil
	})
	virtualTake = process.DefineTarget("virtual.take", func(t *gil.Thread, e errand) error {
		for range e.N {
			if _, err := e.Q.Get(t); err != nil {
				return err
			}
		}
		return nil
	})
)

func joinable(t *gil.Thread, maxsize int, opts ...queue.ProcessOption) *queue.JoinableQueue[string] {
	q, err := queue.NewJoinable[string](t, maxsize, opts...)
	require.NoError(t, err)
	return q
}

// killedPutter has a process put two items and be killed at any step, and says what has
// come of them: how it ended, how many came, how many were lost.
func killedPutter(t *gil.Thread, maxsize int, opts ...queue.ProcessOption) [3]int {
	q := joinable(t, maxsize, opts...)
	p, err := virtualPut.Start(t, errand{q, 2})
	require.NoError(t, err)
	require.NoError(t, p.Join(t))
	code, _ := p.ExitCode()
	s := q.Stats(t)
	require.Equal(t, s.Items, q.QSize(t))
	require.Zero(t, s.Unsent, "what the dead had is lost, and nobody else has any")
	for i := range s.Items { // the first ones, each once, in order
		v, err := q.TryGet(t)
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(i), v)
		require.NoError(t, q.TaskDone(t))
	}
	_, err = q.TryGet(t)
	require.ErrorIs(t, err, queue.ErrEmpty)
	require.NoError(t, q.Put(t, "next"))
	v, err := q.Get(t)
	require.NoError(t, err)
	require.Equal(t, "next", v)
	require.NoError(t, q.TaskDone(t))
	require.NoError(t, q.Join(t), "what is lost is no unfinished task")
	return [3]int{code, s.Items, s.Lost}
}

// TestVirtualKilledPutter: a process that is killed at any explored step of its puts
// has put an item or has not; what its feeder had is lost and counted.
func TestVirtualKilledPutter(t *testing.T) {
	for name, c := range map[string]struct {
		opts []queue.ProcessOption
		want map[[3]int]bool
	}{
		"at once": {nil, map[[3]int]bool{
			{0, 2, 0}: true, {-9, 0, 0}: true, {-9, 1, 0}: true, {-9, 2, 0}: true,
		}},
		"feeder": {[]queue.ProcessOption{queue.WithFeeder()}, map[[3]int]bool{
			{0, 2, 0}: true, {-9, 0, 0}: true, {-9, 1, 0}: true, {-9, 2, 0}: true,
			{-9, 0, 1}: true, {-9, 0, 2}: true, {-9, 1, 1}: true,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			body := func(t *gil.Thread) [3]int { return killedPutter(t, 0, c.opts...) }
			seen := map[[3]int]bool{}
			for _, o := range explore.Outcomes(body, explore.WithKillPoints(1), explore.WithStrategy(explore.DPOR()), explore.WithMaxSchedules(20_000)) {
				seen[o.Value] = true
			}
			require.Equal(t, c.want, seen)
			r := explore.Run(func(t *gil.Thread) { body(t) }, explore.WithKillPoints(1), explore.WithMaxSchedules(schedules()), explore.WithSeed(2))
			require.Empty(t, r.Failures)
		})
	}
}

// TestVirtualKilledGetter: a process that is killed while it takes items has taken one
// or has not, nobody gets one twice, and Join tells of the tasks that it had.
func TestVirtualKilledGetter(t *testing.T) {
	body := func(t *gil.Thread) [3]int {
		q := joinable(t, 2)
		p, err := virtualGet.Start(t, errand{q, 2})
		require.NoError(t, err)
		for i := range 2 {
			require.NoError(t, q.Put(t, fmt.Sprint(i)))
		}
		require.NoError(t, p.Join(t))
		code, _ := p.ExitCode()
		left := q.QSize(t)
		for i := range left {
			v, err := q.TryGet(t)
			require.NoError(t, err)
			require.Equal(t, fmt.Sprint(2-left+i), v)
			require.NoError(t, q.TaskDone(t))
		}
		err = q.Join(t)
		n := 0
		if gone := (*queue.AbandonedError)(nil); errors.As(err, &gone) {
			n = gone.Tasks
			require.NoError(t, q.TaskDone(t))
			err = q.Join(t)
		}
		require.NoError(t, err)
		return [3]int{code, left, n}
	}
	seen := map[[3]int]bool{}
	for _, o := range explore.Outcomes(body, explore.WithKillPoints(1), explore.WithStrategy(explore.DPOR()), explore.WithMaxSchedules(20_000)) {
		seen[o.Value] = true
	}
	require.Equal(t, map[[3]int]bool{
		{0, 0, 0}:  true,
		{-9, 2, 0}: true, {-9, 1, 0}: true, {-9, 0, 0}: true, // between two tasks
		{-9, 1, 1}: true, {-9, 0, 1}: true, // with one
	}, seen)
}

// TestVirtualKilledInTheMiddle: whoever dies, of two that put, one that takes and a
// queue with one slot, the others are not held up.
func TestVirtualKilledInTheMiddle(t *testing.T) {
	for _, opts := range [][]queue.ProcessOption{nil, {queue.WithFeeder()}} {
		r := explore.Run(func(t *gil.Thread) {
			q := joinable(t, 1, opts...)
			var ps []*process.Process
			for range 2 {
				p, err := virtualPut.Start(t, errand{q, 2})
				require.NoError(t, err)
				ps = append(ps, p)
			}
			taker, err := virtualTake.Start(t, errand{q, 1})
			require.NoError(t, err)
			putters := len(ps)
			n := 0
			for putters > 0 {
				if _, err := q.GetTimeout(t, time.Millisecond); err == nil {
					n++
					continue
				}
				putters = 0
				for _, p := range ps {
					if p.IsAlive(t) {
						putters++
					}
				}
			}
			for range q.QSize(t) {
				_, err := q.Get(t)
				require.NoError(t, err)
				n++
			}
			require.NoError(t, q.Put(t, "for the taker, if it has none"))
			require.NoError(t, taker.Join(t))
			require.LessOrEqual(t, n+q.Stats(t).Lost, 4)
		}, explore.WithKillPoints(2), explore.WithMaxSchedules(schedules()), explore.WithSeed(3))
		require.Empty(t, r.Failures)
	}
}

// TestVirtualAbandonedTasks: who joins a queue whose tasks died with their process is
// told how many there are, as in the live world.
func TestVirtualAbandonedTasks(t *testing.T) {
	everyWorld(t, func(t *gil.Thread) {
		q := joinable(t, 0, queue.WithName("jobs"))
		for i := range 3 {
			require.NoError(t, q.Put(t, fmt.Sprint(i)))
		}
		p, err := virtualTake.Start(t, errand{q, 3})
		require.NoError(t, err)
		err = q.Join(t)
		var left *queue.AbandonedError
		require.True(t, errors.As(err, &left), "%v", err)
		require.Equal(t, queue.AbandonedError{Queue: "jobs", Tasks: 3}, *left)
		for range 3 {
			require.NoError(t, q.TaskDone(t))
		}
		require.NoError(t, q.Join(t))
		require.NoError(t, p.Join(t))
		require.NoError(t, q.Close())
	})
}

var virtualLong = process.DefineTarget("virtual.long", func(t *gil.Thread, e errand) error {
	for range e.N {
		if err := e.Q.Put(t, long); err != nil {
			return err
		}
	}
	return nil
})

// TestVirtualJoinBeforeDraining is TestJoinBeforeDraining in virtual time: QU-8 after
// one second, and QU-9 after the flush timeout, to the instant.
func TestVirtualJoinBeforeDraining(t *testing.T) {
	body := func(t *gil.Thread) {
		q := joinable(t, 0, small, queue.WithFeeder(), queue.WithName("results"), queue.WithFlushTimeout(5*time.Second))
		p, err := virtualLong.Start(t, errand{q, 20})
		require.NoError(t, err)
		var stuck *queue.UndrainedError
		require.True(t, errors.As(p.Join(t), &stuck))
		require.Equal(t, queue.UndrainedError{Queue: "results", PID: p.PID(), Items: 16}, *stuck)
		require.True(t, p.IsAlive(t))
		for range 20 {
			v, err := q.Get(t)
			require.NoError(t, err)
			require.Equal(t, long, v)
			require.NoError(t, q.TaskDone(t))
		}
		require.NoError(t, p.Join(t))
		require.Zero(t, q.Stats(t))

		p, err = virtualLong.Start(t, errand{q, 20})
		require.NoError(t, err)
		for p.Join(t) != nil {
			require.Less(t, t.Now(), time.Minute)
			t.Sleep(time.Second)
		}
		require.Equal(t, queue.Stats{Items: 4, Lost: 16}, q.Stats(t))
		require.Equal(t, 4, q.Unfinished(t))
	}
	text := quiet(t, func() {
		require.NoError(t, gil.NewMachine(2).Run(gil.CPython313, body))
	})
	require.Equal(t, 1, strings.Count(text, "16 items that it has put into results are lost"))
	r := explore.Run(body, explore.WithMaxSchedules(schedules()), explore.WithSeed(1))
	require.Empty(t, r.Failures)
}

// Who has joined a process that was killed sees what was lost with it.
func TestVirtualDeathIsCounted(t *testing.T) {
	body := func(t *gil.Thread) {
		q := joinable(t, 0, small, queue.WithFeeder(), queue.WithFlushTimeout(time.Hour))
		p, err := virtualLong.Start(t, errand{q, 20})
		require.NoError(t, err)
		var stuck *queue.UndrainedError
		require.True(t, errors.As(p.Join(t), &stuck))
		require.NoError(t, p.Kill())
		require.NoError(t, p.Join(t))
		require.Equal(t, queue.Stats{Items: 4, Lost: 16}, q.Stats(t))
		require.Equal(t, 4, q.Unfinished(t))
	}
	for cores := 1; cores <= 2; cores++ {
		require.NoError(t, gil.NewMachine(cores).Run(gil.CPython313, body))
		require.NoError(t, gil.NewMachine(cores, gil.WithWakeLatency(0)).Run(gil.CPython313, body))
	}
	r := explore.Run(body, explore.WithMaxSchedules(schedules()))
	require.Empty(t, r.Failures)
}

// QU-5, QU-9: with a feeder an item arrives after its Put, which an explorer finds; and
// CancelJoinThread lets the process end without it.
func TestVirtualFeeder(t *testing.T) {
	seen := map[bool]bool{}
	for _, o := range explore.Outcomes(func(t *gil.Thread) bool {
		q := joinable(t, 0, queue.WithFeeder())
		require.NoError(t, q.Put(t, "x"))
		empty := q.Empty(t)
		require.Equal(t, 1, q.QSize(t))
		v, err := q.Get(t)
		require.NoError(t, err)
		require.Equal(t, "x", v)
		require.NoError(t, q.Close())
		require.NoError(t, q.JoinThread(t))
		return empty
	}, explore.WithStrategy(explore.DPOR())) {
		seen[o.Value] = true
	}
	require.Equal(t, map[bool]bool{true: true, false: true}, seen)

	require.NoError(t, gil.NewMachine(1).Run(gil.CPython313, func(t *gil.Thread) {
		q := joinable(t, 0, small, queue.WithFeeder())
		for range 20 {
			require.NoError(t, q.Put(t, long))
		}
		q.CancelJoinThread()
	}))
}
