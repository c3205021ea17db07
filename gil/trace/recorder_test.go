package trace_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
	"github.com/pygil/pygil/gil/trace"
)

func TestRecorderKeepsAll(t *testing.T) {
	r := trace.NewRecorder()
	for i := range uint64(10_000) {
		r.Observe(gil.Event{Seq: i + 1, T: time.Duration(i), Kind: gil.EvLabel, TID: 1})
	}
	require.Equal(t, 10_000, r.Len())
	tr := r.Trace()
	require.Len(t, tr.Events, 10_000)
	for i, e := range tr.Events {
		require.Equal(t, uint64(i+1), e.Seq)
	}
	require.Zero(t, r.Dropped())
	r.Reset()
	require.Zero(t, r.Len())
}

func TestRecorderResolvesPlaces(t *testing.T) {
	r := trace.NewRecorder()
	r.Observe(gil.Event{Seq: 1, Kind: gil.EvLabel, TID: 1, Loc: here()})
	r.Observe(gil.Event{Seq: 2, Kind: gil.EvLabel, TID: 1})
	tr := r.Trace()
	require.Regexp(t, `^place_test\.go:\d+$`, tr.Site(tr.Events[0]))
	require.Empty(t, tr.Site(tr.Events[1]))
	require.Empty(t, tr.Site(gil.Event{Loc: 99}))
}

// TestRingKnowsWhatItForgot: the timeline of a ring is the end of the timeline of
// all, however small the ring: who the threads are, what each is doing and what it
// holds is not forgotten.
func TestRingKnowsWhatItForgot(t *testing.T) {
	for _, n := range []int{50, 300, 2000, 1 << 20} {
		for seed := range uint64(howMany() / 10) {
			all, ring := trace.NewRecorder(), trace.NewRecorder(trace.WithRing(n))
			p := newRandom(seed)
			both := gil.ObserverFunc(func(e gil.Event) { all.Observe(e); ring.Observe(e) })
			m := gil.NewMachine(p.cores, append(p.opts, gil.WithObserver(both), gil.WithStdout(sink{}))...)
			require.NoError(t, m.Run(p.profile, p.main))

			whole, end := all.Trace(), ring.Trace()
			require.Equal(t, uint64(len(whole.Events)), end.Header.Dropped+uint64(len(end.Events)))
			require.Equal(t, end.Header.Dropped, ring.Dropped())
			require.Equal(t, len(end.Events), ring.Len())
			if len(whole.Events) <= n {
				require.Zero(t, end.Header.Dropped)
				require.Equal(t, whole.Events, end.Events)
			}
			checked(t, end)
			a, b := whole.Timeline(), end.Timeline()
			require.NoError(t, b.Metrics().Check())
			require.Equal(t, a.To, b.To)
			for _, l := range b.Lanes {
				full := a.Lane(l.TID)
				require.Equal(t, strings.Fields(full.Name)[0], strings.Fields(l.Name)[0]) // without what tells it from others
				require.Equal(t, full.End, l.End)
				for _, s := range l.Spans {
					if s.State == trace.CHeld || s.State == trace.Run || s.State == trace.ReadyCore {
						continue // told at the end, by an event that lies before
					}
					f, ok := full.At(s.From)
					require.True(t, ok)
					require.True(t, f.State == s.State || f.State.Waits() && s.State.Waits() && s.State != trace.WaitGIL,
						"ring of %d, seed %d: %s at %v is %v, not %v", n, seed, l.Name, s.From, f.State, s.State)
				}
			}
		}
	}
	require.PanicsWithError(t, "trace: WithRing: a ring holds at least one event", func() { trace.WithRing(0) })
}

type sink struct{}

func (sink) Write(b []byte) (int, error) { return len(b), nil }

// TestRingIsBounded: neither events nor threads nor locks that have been make it
// grow.
func TestRingIsBounded(t *testing.T) {
	r := trace.NewRecorder(trace.WithRing(100))
	m := gil.NewMachine(2, gil.WithObserver(r))
	require.NoError(t, m.Run(gil.CPython313, func(m *gil.Thread) {
		for range 300 {
			w := m.Go("", func(t *gil.Thread) {
				var l threading.Lock
				var e threading.Event
				l.Acquire(t)
				e.Set(t)
				e.Wait(t)
				t.Sleep(time.Microsecond)
				if t.Ident()%2 == 0 {
					l.Release(t)
				}
			})
			w.Join(m)
		}
	}))
	require.Greater(t, r.Dropped(), uint64(3000))
	require.LessOrEqual(t, r.Len(), 100+30)
}

// TestRecordingLive: many goroutines, a reader meanwhile, and an account that is
// right.
func TestRecordingLive(t *testing.T) {
	for _, p := range []gil.Profile{gil.CPython27, gil.CPython313, gil.CPython313T, gil.FromRule(gil.Ticks(20))} {
		r := trace.NewRecorder(trace.WithRing(200_000))
		stop := make(chan struct{})
		var reader sync.WaitGroup
		reader.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					tr := r.Trace()
					tr.Header.Clock = "real"
					tr.Timeline()
				}
				time.Sleep(time.Millisecond)
			}
		})
		err := gil.Live(gil.WithObserver(r)).Run(p, func(m *gil.Thread) {
			var lock threading.Lock
			var ts []*gil.Thread
			n := 0
			for range 4 {
				ts = append(ts, m.Go("", func(t *gil.Thread) {
					for range 300 {
						lock.With(t, func() { n++ })
						t.Tick(30)
						t.Yield()
					}
				}))
			}
			gil.JoinAll(m, ts...)
			require.Equal(m, 1200, n)
		})
		close(stop)
		reader.Wait()
		require.NoError(t, err)
		tr := r.Trace()
		tr.Header.Clock = "real"
		require.NoError(t, tr.Check(), "%v", p)
		tl := tr.Timeline()
		require.NoError(t, tl.Metrics().Check(), "%v", p)
		require.Len(t, tl.Lanes, 5, "%v", p)
		for _, l := range tl.Lanes {
			require.NotEmpty(t, l.Spans, "%v: %s", p, l.Name)
		}
	}
}

func BenchmarkRecorder(b *testing.B) {
	for _, c := range []struct {
		name string
		r    *trace.Recorder
	}{{"full", trace.NewRecorder()}, {"ring", trace.NewRecorder(trace.WithRing(1 << 14))}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			const most = 1 << 16
			e := gil.Event{Kind: gil.EvLockAcquire, TID: 1, PID: 1, Obj: 7, Name: "lock"}
			var mu sync.Mutex
			peer, seen := make([]gil.Event, 0, most), 0
			keep := func(e gil.Event) {
				mu.Lock()
				if len(peer) == most {
					peer = peer[:0]
				}
				peer = append(peer, e)
				seen++
				mu.Unlock()
			}
			ours := 0
			b.ResetTimer()
			for i := range b.N {
				e.Seq, e.T, e.Kind = uint64(i), time.Duration(i), gil.EvLockAcquire+gil.EventKind(i&1)
				c.r.Observe(e)
				if i%most == most-1 && c.name == "full" {
					ours += c.r.Len()
					c.r.Reset()
				}
			}
			took := b.Elapsed()
			b.StopTimer()
			begin := time.Now()
			for i := range b.N {
				e.Seq, e.T, e.Kind = uint64(i), time.Duration(i), gil.EvLockAcquire+gil.EventKind(i&1)
				keep(e)
			}
			theirs := time.Since(begin)
			ours += c.r.Len() + int(c.r.Dropped())
			if ours != b.N || seen != b.N {
				b.Fatalf("%d and %d events of %d", ours, seen, b.N)
			}
			b.ReportMetric(float64(took)/float64(theirs), "x-of-slice-under-mutex")
			c.r.Reset()
		})
	}
}

// BenchmarkLive is what recording adds to a live program, per event: the same
// program without an observer is subtracted.
func BenchmarkLive(b *testing.B) {
	program := func(n int) func(m *gil.Thread) {
		return func(m *gil.Thread) {
			var lock threading.Lock
			for range n {
				lock.Acquire(m)
				lock.Release(m)
			}
		}
	}
	r := trace.NewRecorder(trace.WithRing(1 << 14))
	b.ReportAllocs()
	b.ResetTimer()
	if err := gil.Live(gil.WithObserver(r)).Run(gil.CPython313, program(b.N/2)); err != nil {
		b.Fatal(err)
	}
	with := b.Elapsed()
	b.StopTimer()
	begin := time.Now()
	if err := gil.Live().Run(gil.CPython313, program(b.N/2)); err != nil {
		b.Fatal(err)
	}
	without := time.Since(begin)
	if got := int(r.Dropped()) + r.Len(); got < b.N/2*2 {
		b.Fatalf("%d events of %d", got, b.N)
	}
	b.ReportMetric(float64(with-without)/float64(b.N), "ns/event")
	b.ReportMetric(float64(with)/float64(without), "x-of-unobserved")
}
