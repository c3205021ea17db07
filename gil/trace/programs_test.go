package trace_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
	"github.com/pygil/pygil/gil/trace"
)

// The programs that the traces of the tests are of.

// convoy is a thread that computes against one that answers requests: each time the
// latter comes back from its IO it waits for a whole switch interval.
func convoy(m *gil.Thread) {
	cpu := m.Go("cpu", func(t *gil.Thread) { t.Compute(100 * time.Millisecond) })
	io := m.Go("io", func(t *gil.Thread) {
		for range 10 {
			t.IO(time.Millisecond)
			t.Compute(10 * time.Microsecond)
		}
	})
	gil.JoinAll(m, cpu, io)
}

// battle is two threads that compute.
func battle(each time.Duration) func(m *gil.Thread) {
	return func(m *gil.Thread) {
		body := func(t *gil.Thread) { t.Compute(each) }
		gil.JoinAll(m, m.Go("a", body), m.Go("b", body))
	}
}

// queue is a FIFO made of a condition, which tells what it does as package queue
// has to.
type fifo struct {
	cond  threading.Condition
	id    uint64
	items []int64
	puts  int64
}

func (q *fifo) put(t *gil.Thread) {
	q.cond.With(t, func() {
		q.puts++
		q.items = append(q.items, q.puts)
		t.Emit(gil.Event{Kind: gil.EvQueuePut, Obj: q.id, Name: "jobs", A: q.puts, B: int64(len(q.items))})
		q.cond.Notify(t, 1)
	})
}

func (q *fifo) get(t *gil.Thread) (item int64) {
	q.cond.With(t, func() {
		if len(q.items) == 0 {
			t.Emit(gil.Event{Kind: gil.EvQueueWait, Obj: q.id, Name: "jobs", Why: gil.WhyQueue})
			q.cond.WaitFor(t, func() bool { return len(q.items) > 0 })
		}
		item = q.items[0]
		q.items = q.items[1:]
		t.Emit(gil.Event{Kind: gil.EvQueueGet, Obj: q.id, Name: "jobs", A: item, B: int64(len(q.items))})
	})
	return item
}

// office is two processes with four threads in all, a queue and a pool: main hands
// jobs to two workers, the other process computes.
func office(m *gil.Thread) {
	child := m.Emulate("reports", func(t *gil.Thread) {
		w := t.Go("printer", func(t *gil.Thread) { t.Released(3*time.Millisecond, 1) })
		t.Compute(7 * time.Millisecond)
		w.Join(t)
	}, gil.WithStartCost(time.Millisecond))
	const pool = 1 << 40
	q := &fifo{cond: threading.Condition{Name: "jobs lock"}, id: 1<<40 + 1}
	worker := func(t *gil.Thread) {
		for {
			job := q.get(t)
			if job > 6 {
				return
			}
			t.Emit(gil.Event{Kind: gil.EvTaskBegin, Obj: pool, A: job, Name: "square"})
			t.Compute(700 * time.Microsecond)
			t.IO(400 * time.Microsecond)
			t.Emit(gil.Event{Kind: gil.EvTaskEnd, Obj: pool, A: job})
		}
	}
	var ws []*gil.Thread
	for n := range 2 {
		ws = append(ws, m.Go(fmt.Sprintf("worker-%d", n+1), worker))
	}
	for n := range int64(8) {
		if n < 6 {
			m.Emit(gil.Event{Kind: gil.EvSubmit, Obj: pool, A: n + 1, Name: "square"})
		}
		q.put(m)
		m.Sleep(200 * time.Microsecond)
	}
	gil.JoinAll(m, ws...)
	child.Join(m)
}

// deadlock is two threads that take two locks in opposite orders.
func deadlock(m *gil.Thread) {
	one, two := &threading.Lock{Name: "one"}, &threading.Lock{Name: "two"}
	take := func(x, y *threading.Lock) func(t *gil.Thread) {
		return func(t *gil.Thread) {
			x.Acquire(t)
			t.Sleep(time.Millisecond)
			y.Acquire(t)
			y.Release(t)
			x.Release(t)
		}
	}
	gil.JoinAll(m, m.Go("a", take(one, two)), m.Go("b", take(two, one)))
}

// recorded records a program that must not fail.
func recorded(t *testing.T, cores int, p gil.Profile, main func(*gil.Thread), opts ...gil.Option) *trace.Trace {
	t.Helper()
	tr, err := trace.Record(cores, p, main, append(opts, gil.WithStdout(io.Discard))...)
	require.NoError(t, err)
	checked(t, tr)
	return tr
}

// checked holds a trace against everything that must be true of any.
func checked(t *testing.T, tr *trace.Trace) {
	t.Helper()
	require.NoError(t, tr.Check())
	tl := tr.Timeline()
	require.NoError(t, tl.Metrics().Check())
	for _, l := range tl.Lanes {
		at, sum := l.Start, time.Duration(0)
		for _, s := range l.Spans {
			require.Equal(t, at, s.From, "%s: %+v", l.Name, s)
			require.Less(t, s.From, s.To, "%s: %+v", l.Name, s)
			at = s.To
			sum += s.Length()
		}
		require.Equal(t, l.End, at, "%s: its spans end early", l.Name)
		require.Equal(t, l.End-l.Start, sum, "%s: its spans are not its life", l.Name)
	}
	for _, rs := range [][]trace.Resource{tl.GILs, tl.Cores} {
		for _, r := range rs {
			at := time.Duration(0)
			for _, h := range r.Holds {
				if h.From < h.To {
					require.LessOrEqual(t, at, h.From, "%s is held twice at %v", r.Name, h.From)
					at = h.To
				}
			}
		}
	}
	for _, l := range tl.Links {
		require.LessOrEqual(t, l.At, l.Then, "%+v", l)
		require.NotEqual(t, l.From, l.To, "%+v", l)
	}
}

// random is a random program and what was measured of its threads, by name.
type random struct {
	seed    uint64
	profile gil.Profile
	cores   int
	opts    []gil.Option
	times   map[uint32]func() gil.Times // by TID
	stats   func() gil.Stats
}

func newRandom(seed uint64) *random {
	rng := rand.New(rand.NewPCG(seed, 3))
	profiles := append(gil.Profiles(), gil.FromRule(gil.Ticks(5000)), gil.FromRule(gil.Legacy(2000)))
	p := profiles[rng.IntN(len(profiles))]
	if name := p.Name(); name == "2.7" || name == "3.1" {
		p = p.WithCheckInterval(5000) // a hundredth of the events
	}
	r := &random{seed: seed, profile: p, cores: 1 + rng.IntN(4), times: map[uint32]func() gil.Times{}}
	r.opts = []gil.Option{gil.WithSeed(seed), gil.WithTickCost(time.Duration(1+rng.IntN(900)) * time.Nanosecond)}
	if rng.IntN(2) == 0 {
		r.opts = append(r.opts, gil.Measured(), gil.WithQuantum(time.Millisecond))
	}
	return r
}

func (r *random) record(t *testing.T) *trace.Trace {
	t.Helper()
	return recorded(t, r.cores, r.profile, r.main, r.opts...)
}

func (r *random) main(m *gil.Thread) {
	r.stats = m.Interpreter().Stats
	r.times[uint32(m.Ident())] = m.Times
	rng := rand.New(rand.NewPCG(r.seed, 4))
	var (
		lock  = &threading.Lock{Name: "lock"}
		other = &threading.RLock{Name: "other"}
		sem   = threading.NewSemaphore(2)
		ev    = &threading.Event{Name: "go"}
		q     = &fifo{cond: threading.Condition{Name: "queue lock"}, id: 1 << 41}
		n     = gil.NewVar("n", 0)
	)
	body := func(seed uint64, gets int) func(t *gil.Thread) {
		return func(t *gil.Thread) {
			r.times[uint32(t.Ident())] = t.Times
			rng := rand.New(rand.NewPCG(seed, 5))
			d := func() time.Duration { return time.Duration(rng.IntN(int(3*time.Millisecond))) + 1 }
			for range 3 + rng.IntN(8) {
				switch rng.IntN(14) {
				case 0, 1:
					t.Compute(d())
				case 2:
					t.IO(d())
				case 3:
					t.Sleep(d())
				case 4:
					t.Held(d())
				case 5:
					t.Released(d(), 1+rng.IntN(2))
				case 6, 7:
					lock.With(t, func() { t.Compute(d()) })
				case 8:
					other.With(t, func() {
						lock.With(t, func() { t.Sleep(d()) })
					})
				case 9:
					sem.With(t, func() { t.Compute(d()) })
				case 10:
					ev.WaitTimeout(t, d())
				case 11:
					ev.Set(t)
					ev.Clear(t)
				case 12:
					for range gil.Range(t, 5) {
						gil.Add(t, n, 1)
					}
					t.Print(n.Load(t))
					t.Yield()
				case 13:
					t.GC(d() / 4)
					t.Label("here")
				}
			}
			for range gets {
				q.get(t)
			}
		}
	}
	var ts []*gil.Thread
	puts := 0
	for i := range 1 + rng.IntN(4) {
		gets := rng.IntN(3)
		puts += gets
		ts = append(ts, m.Go(fmt.Sprintf("w%d", i), body(r.seed*100+uint64(i), gets)))
	}
	if rng.IntN(3) == 0 {
		c := m.Emulate("child", func(t *gil.Thread) { t.Compute(2 * time.Millisecond); t.IO(time.Millisecond) })
		defer c.Join(m)
	}
	for range puts {
		q.put(m)
		m.Compute(time.Duration(rng.IntN(int(time.Millisecond))))
	}
	gil.JoinAll(m, ts...)
}

func howMany() int {
	if testing.Short() {
		return 60
	}
	return 300
}
