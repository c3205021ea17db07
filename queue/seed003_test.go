//go:build linux || darwin

package queue_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/process"
	"github.com/pygil/pygil/queue"
)

// Seed 003's pool: three worker processes, an event that says whether to go on, a queue
// of tasks that they get with a timeout of two seconds, and as many seconds of work as
// a task says. A chore is a task, a report what became of it.
type chore struct{ ID, Seconds int }

type report struct {
	Worker, Job int
	At          time.Duration
}

type desk struct {
	Event   *process.Event
	Jobs    *queue.ProcessQueue[chore]
	Reports *queue.ProcessQueue[report]
	Worker  int
	Second  time.Duration // how long a second takes
}

var seed003Worker = process.DefineTarget("test.seed003", func(t *gil.Thread, d desk) error {
	for {
		on := d.Event.IsSet(t)
		if !on {
			// Worker n Shutting down...
			return d.Reports.Put(t, report{Worker: d.Worker, Job: -1, At: t.Now()})
		}
		j, err := d.Jobs.GetTimeout(t, 2*d.Second)
		if err != nil {
			if _, timeout := err.(interface{ Timeout() bool }); timeout {
				continue
			}
			return err
		}
		t.Sleep(time.Duration(j.Seconds) * d.Second)
		if err := d.Reports.Put(t, report{d.Worker, j.ID, t.Now()}); err != nil {
			return err
		}
	}
})

var (
	firstBatch  = []int{1, 4, 1, 2, 4, 5, 1, 4, 2, 3, 1, 2, 5, 1, 4}
	secondBatch = []int{3, 6, 4, 6, 6, 5, 6, 2, 3, 9, 9}

	// Row 101 of the seeds' table: when each task is finished.
	firstDone  = map[int]int{0: 1, 2: 1, 3: 3, 1: 4, 6: 5, 4: 5, 8: 7, 5: 8, 10: 9, 7: 9, 9: 10, 11: 11, 13: 11, 12: 14, 14: 15}
	secondDone = map[int]int{100: 3, 102: 4, 101: 6, 103: 9, 104: 10, 105: 11, 107: 12, 108: 14, 106: 15}
)

// seed003 runs the pool and returns the reports in the order in which they came, and
// when the second batch was put.
func seed003(t *gil.Thread, second time.Duration) (first, then, last []report, put time.Duration) {
	event, err := process.NewEvent(t)
	require.NoError(t, err)
	jobs, err := queue.NewProcess[chore](t, 0)
	require.NoError(t, err)
	reports, err := queue.NewProcess[report](t, 0)
	require.NoError(t, err)
	require.NoError(t, event.Set(t))
	var workers []*process.Process
	for w := range 3 {
		p, err := seed003Worker.Start(t, desk{event, jobs, reports, w, second})
		require.NoError(t, err)
		workers = append(workers, p)
	}
	take := func(n int) (rs []report) {
		for range n {
			r, err := reports.Get(t)
			require.NoError(t, err)
			rs = append(rs, r)
		}
		return rs
	}
	for id, s := range firstBatch {
		require.NoError(t, jobs.Put(t, chore{id, s}))
	}
	first = take(15)
	t.Sleep(3 * second) // the workers look again every two seconds
	put = t.Now()
	for id, s := range secondBatch {
		require.NoError(t, jobs.Put(t, chore{100 + id, s}))
	}
	then = take(9)
	for jobs.QSize(t) > 0 { // a real worker may be slow to take the last ones
		t.Sleep(second)
	}
	require.NoError(t, event.Clear(t))
	last = take(5) // two busy ones finish, then all shut down
	for _, p := range workers {
		require.NoError(t, p.Join(t))
		code, _ := p.ExitCode()
		require.Zero(t, code)
	}
	require.Zero(t, jobs.QSize(t))
	require.NoError(t, jobs.Close())
	require.NoError(t, reports.Close())
	return first, then, last, put
}

// Seed 003 in virtual time: every task is finished in the very second.
func TestSeed003Virtual(t *testing.T) {
	m := gil.NewMachine(4, gil.WithStartCost(0))
	require.NoError(t, m.Run(gil.CPython39, func(t *gil.Thread) {
		first, then, last, put := seed003(t, time.Second)
		times := func(rs []report, from time.Duration) map[int]int {
			at := map[int]int{}
			for _, r := range rs {
				at[r.Job] = int((r.At - from).Round(time.Millisecond) / time.Second)
				require.Zero(t, (r.At-from)%time.Second, "%v", r)
			}
			return at
		}
		require.Equal(t, firstDone, times(first, 0))
		require.Equal(t, secondDone, times(then, put))
		require.True(t, slices.IsSortedFunc(append(first, then...), func(a, b report) int { return cmp.Compare(a.At, b.At) }))
		require.Len(t, last, 5)
		for _, r := range last {
			if r.Job >= 0 {
				require.Equal(t, map[int]time.Duration{109: 21 * time.Second, 110: 23 * time.Second}[r.Job], r.At-put, "%v", r)
			}
		}
	}))
}

// Seed 003 with real processes: what it does, not when.
func TestSeed003(t *testing.T) {
	require.NoError(t, gil.Live().Run(gil.CPython313, func(t *gil.Thread) {
		first, then, last, _ := seed003(t, 2*time.Millisecond)
		all := map[int]int{}
		for _, r := range append(append(first, then...), last...) {
			all[r.Job]++
		}
		want := map[int]int{-1: 3}
		for i := range 15 {
			want[i] = 1
		}
		for i := range 11 {
			want[100+i] = 1
		}
		require.Equal(t, want, all, fmt.Sprint(first, then, last))
	}))
}
