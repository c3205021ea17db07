package trace_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
	"github.com/pygil/pygil/gil/trace"
)

// TestMetricsAreTheMachinesOwn: what is added up from events is what package gil
// has counted.
func TestMetricsAreTheMachinesOwn(t *testing.T) {
	for seed := range uint64(howMany()) {
		r := newRandom(seed)
		m := r.record(t).Timeline().Metrics()
		require.NoError(t, m.Check(), "seed %d", seed)
		if r.profile.FreeThreaded() {
			require.Empty(t, m.GILs)
			continue
		}
		want := r.stats()
		g := m.GILs[0]
		require.Equal(t,
			[]int64{want.Acquisitions, want.Switches, want.Forced, want.Voluntary, want.FailedWakeups, int64(want.Held)},
			[]int64{int64(g.Acquisitions), int64(g.Switches), int64(g.Forced), int64(g.Voluntary), int64(g.FailedWakes), int64(g.Held)},
			"seed %d, %v", seed, r.profile)
	}
}

func TestMetricsOfAConvoy(t *testing.T) {
	m := recorded(t, 2, gil.CPython313, convoy).Timeline().Metrics()
	g := m.GILs[0]
	require.Equal(t, 10, g.IOEnds)
	require.InDelta(t, 1.0, g.Convoy(), 0.05)
	require.InDelta(t, 1.0, m.Share(g.Held), 0.01)
	require.Equal(t, 100*time.Millisecond, m.Threads[1].Spent[trace.Run])
	require.Equal(t, 100*time.Microsecond, m.Threads[2].Spent[trace.Run])
	require.Equal(t, 10*time.Millisecond, m.Threads[2].Spent[trace.IO])
	require.Equal(t, 2, m.Conc)
	require.InDelta(t, 1000, m.Fairness("cpu", "io"), 1e-9)
	require.Equal(t, 12, g.Latencies) // two of them when the threads are started
	require.LessOrEqual(t, g.LatencyMean(), time.Microsecond)

	// Without the other thread there is no convoy.
	m = recorded(t, 2, gil.CPython313, func(m *gil.Thread) {
		for range 10 {
			m.IO(time.Millisecond)
			m.Compute(10 * time.Microsecond)
		}
	}).Timeline().Metrics()
	require.Zero(t, m.GILs[0].Convoy())
}

func TestMetricsOfTheGILBattle(t *testing.T) {
	two := recorded(t, 2, gil.CPython27, battle(20*time.Millisecond), gil.Measured()).Timeline().Metrics()
	one := recorded(t, 1, gil.CPython27, battle(20*time.Millisecond), gil.Measured()).Timeline().Metrics()
	require.Greater(t, two.GILs[0].Badness(), 0.001)
	require.Greater(t, two.GILs[0].FailedWakes, 100)
	require.Less(t, one.GILs[0].FailedWakes, two.GILs[0].FailedWakes/10)
	require.InDelta(t, 2, 1/two.Speedup(40*time.Millisecond), 0.2)
	require.InDelta(t, 1, 1/one.Speedup(40*time.Millisecond), 0.05)
}

func TestMetricsOfCores(t *testing.T) {
	tr := recorded(t, 4, gil.CPython313T, func(m *gil.Thread) {
		var ts []*gil.Thread
		for range 4 {
			ts = append(ts, m.Go("", func(t *gil.Thread) { t.Compute(10 * time.Millisecond) }))
		}
		gil.JoinAll(m, ts...)
	})
	m := tr.Timeline().Metrics()
	require.Equal(t, 4, m.Par)
	require.Equal(t, 4, m.Conc)
	require.InDelta(t, 4, m.ParMean, 0.01)
	require.InDelta(t, 1, m.Utilisation(4), 0.01)
	require.InDelta(t, 4, m.Speedup(4*14*time.Millisecond), 0.01)
	require.InDelta(t, 1, m.Fairness("Thread-1 (TestMetricsOfCores.func1.1)", "Thread-4 (TestMetricsOfCores.func1.1)"), 0.01)
	require.Len(t, m.Cores, 4)
}

func TestCounters(t *testing.T) {
	tl := recorded(t, 2, gil.CPython313, battle(20*time.Millisecond)).Timeline()
	got := map[string]trace.Counter{}
	for _, c := range tl.Counters() {
		got[c.Name] = c
		require.Equal(t, tl.From, c.Points[0].T, "%s begins with the trace", c.Name)
		for i, p := range c.Points[1:] {
			require.Greater(t, p.T, c.Points[i].T)
			require.NotEqual(t, p.N, c.Points[i].N)
		}
		require.Zero(t, c.Points[len(c.Points)-1].N, "%s at the end", c.Name)
	}
	require.Equal(t, 1, got["par"].Max(), "the GIL")
	require.Equal(t, 2, got["conc"].Max())
	require.Equal(t, 3, got["runnable"].Max())
	require.Equal(t, 2, got["GIL waiters"].Max())
	var waited time.Duration
	for _, l := range tl.Lanes {
		waited += l.Spent()[trace.WaitGIL]
	}
	require.InDelta(t, float64(waited)/float64(tl.Length()), got["GIL waiters"].Mean(tl.From, tl.To), 1e-9)
}

func TestMetricsOfLocksAndQueues(t *testing.T) {
	tr := recorded(t, 2, gil.CPython313, func(m *gil.Thread) {
		outer, inner := &threading.Lock{Name: "outer"}, &threading.Lock{Name: "inner"}
		body := func(t *gil.Thread) {
			outer.With(t, func() {
				t.Sleep(2 * time.Millisecond)
				inner.With(t, func() { t.Sleep(time.Millisecond) })
			})
		}
		a, b, c := m.Go("a", body), m.Go("b", body), m.Go("c", body)
		m.Sleep(time.Millisecond)
		require.False(t, outer.AcquireTimeout(m, time.Millisecond))
		gil.JoinAll(m, a, b, c)
	})
	m := tr.Timeline().Metrics()
	require.Len(t, m.Locks, 2)
	outer := m.Locks[0]
	require.Equal(t, "outer", outer.Name)
	require.Equal(t, 3, outer.Acquisitions)
	require.Equal(t, 2, outer.Contended)
	require.Equal(t, 1, outer.Timeouts)
	require.Equal(t, 3, outer.Queue)
	require.Equal(t, []string{"inner", "inner", "inner"}, outer.Before)
	require.Equal(t, 9*time.Millisecond, outer.Held)
	require.Equal(t, (3+6+1)*time.Millisecond, outer.Waited)

	m = recorded(t, 2, gil.CPython313, office).Timeline().Metrics()
	require.Len(t, m.Queues, 1)
	q := m.Queues[0]
	require.Equal(t, []int{8, 8}, []int{q.Puts, q.Gets})
	require.Equal(t, "jobs", q.Name)
	require.Positive(t, q.Waited)
	require.Positive(t, q.Most)
}
