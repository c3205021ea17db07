package queue_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/queue"
)

// profiles are one of each kind: a GIL that counts ticks and waits that poll, a GIL
// with an interval, the same with fair locks, none, and a switch anywhere.
var profiles = []gil.Profile{gil.CPython27, gil.CPython312, gil.CPython314, gil.CPython313T, gil.AnyBytecode}

// common is what all four kinds have.
type common interface {
	Put(t *gil.Thread, v int) error
	PutTimeout(t *gil.Thread, v int, d time.Duration) error
	TryPut(t *gil.Thread, v int) error
	Get(t *gil.Thread) (int, error)
	GetTimeout(t *gil.Thread, d time.Duration) (int, error)
	TryGet(t *gil.Thread) (int, error)
	QSize(t *gil.Thread) int
	Empty(t *gil.Thread) bool
}

// full is what the three kinds with a limit have.
type full interface {
	common
	Full(t *gil.Thread) bool
	MaxSize() int
	TaskDone(t *gil.Thread) error
	Join(t *gil.Thread)
	Unfinished(t *gil.Thread) int
	Shutdown(t *gil.Thread, immediate bool)
	IsShutdown(t *gil.Thread) bool
}

var (
	_ full   = (*queue.Queue[int])(nil)
	_ full   = (*queue.LifoQueue[int])(nil)
	_ full   = (*queue.PriorityQueue[int])(nil)
	_ common = (*queue.SimpleQueue[int])(nil)
)

func lessInt(a, b int) bool { return a < b }

// kinds make the queues with a limit.
var kinds = []struct {
	name string
	make func(maxsize int) full
}{
	{"Queue", func(n int) full { return queue.New[int](n) }},
	{"LifoQueue", func(n int) full { return queue.NewLifo[int](n) }},
	{"PriorityQueue", func(n int) full { return queue.NewPriority(n, lessInt) }},
}

// schedules is how many interleavings of a case an explored run tries.
func schedules() int {
	if testing.Short() {
		return 8
	}
	return 200
}

// everywhere runs body in the live world in a bubble, whose clock is exact, on
// machines, and explored.
func everywhere(t *testing.T, body func(t *gil.Thread)) {
	t.Helper()
	for _, p := range profiles {
		t.Run(p.Name(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { require.NoError(t, gil.Live().Run(p, body)) })
			for cores := 1; cores <= 2; cores++ {
				if testing.Short() && cores == 1 {
					continue
				}
				require.NoError(t, gil.NewMachine(cores, gil.WithSeed(uint64(cores))).Run(p, body), "%d cores", cores)
			}
			if testing.Short() && p.Name() != "3.12" && p.Name() != "any" {
				return
			}
			r := explore.Run(body, explore.WithProfile(p), explore.WithMaxSchedules(schedules()), explore.WithSeed(1))
			require.Empty(t, r.Failures)
		})
	}
}

// settle lets everybody else go on until they wait or have ended.
func settle(t *gil.Thread) { t.Sleep(10 * time.Millisecond) }

// bunch starts n threads and returns what joins them.
func bunch(t *gil.Thread, n int, fn func(t *gil.Thread, i int)) (join func()) {
	ts := make([]*gil.Thread, n)
	for i := range ts {
		ts[i] = t.Go(fmt.Sprintf("w%d", i), func(t *gil.Thread) { fn(t, i) })
	}
	return func() { gil.JoinAll(t, ts...) }
}
