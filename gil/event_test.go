package gil_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/kernel"
)

func TestEveryKindHasItsOwnName(t *testing.T) {
	names := map[string]bool{}
	for k := gil.EvNone; k <= gil.EvCopyOnWrite; k++ {
		require.False(t, names[k.String()], "%d is called %v, and so is another", k, k)
		require.NotEqual(t, "unknown", k.String(), "%d", k)
		names[k.String()] = true
	}
	require.Equal(t, "unknown", (gil.EvCopyOnWrite + 1).String())
	require.Equal(t, "starvation", gil.EvStarvation.String())
	require.Equal(t, "gc", gil.EvGC.String())
	require.Equal(t, "queue-put", gil.EvQueuePut.String())
	require.Equal(t, "c-call", gil.StateCCall.String())
	require.Equal(t, "unknown", (gil.StateCCall + 1).String())
}

// TestStatesAddUp: the division of a thread's life that its Times tell is also in
// its events.
func TestStatesAddUp(t *testing.T) {
	for seed := range uint64(howMany() / 4) {
		x := newTrial(seed)
		x.run()
		type account struct {
			state        gil.State
			since        time.Duration
			off, offThen int64
			name         string
			spent        [gil.StateCCall + 1]time.Duration
			ready        time.Duration
		}
		of := map[uint32]*account{}
		book := func(a *account, at time.Duration, next gil.State) {
			d := at - a.since
			ready := min(time.Duration(a.off-a.offThen), d)
			a.spent[a.state] += d - ready
			a.ready += ready
			a.since, a.offThen, a.state = at, a.off, next
		}
		cores := map[uint32]int64{}
		for _, e := range x.events {
			a := of[e.TID]
			switch e.Kind {
			case gil.EvThreadStart:
				of[e.TID] = &account{state: gil.StateWaitGIL, since: e.T, name: e.Name, off: cores[e.TID], offThen: cores[e.TID]}
			case gil.EvCoreOn:
				if a == nil {
					cores[e.TID] = e.A
				} else if e.Name == a.name {
					a.off = e.A
				}
			case gil.EvState:
				require.NotEqual(t, a.state, gil.State(e.A), "%s: event %d changes nothing", x.what, e.Seq)
				book(a, e.T, gil.State(e.A))
			case gil.EvThreadEnd:
				if a != nil {
					book(a, e.T, a.state)
				}
			}
		}
		for tid, want := range x.times {
			a := of[tid]
			if a == nil {
				require.Zero(t, want, "%s: thread %d", x.what, tid)
				continue
			}
			require.Equal(t, want, gil.Times{
				Run: a.spent[gil.StateRun], ReadyCore: a.ready, WaitGIL: a.spent[gil.StateWaitGIL], WaitLock: a.spent[gil.StateWaitLock],
				WaitJoin: a.spent[gil.StateWaitJoin], IO: a.spent[gil.StateIO], Sleep: a.spent[gil.StateSleep], CCall: a.spent[gil.StateCCall],
			}, "%s: thread %d", x.what, tid)
		}
	}
}

func TestEmit(t *testing.T) {
	var r recording
	require.NoError(t, gil.NewMachine(1, gil.WithObserver(&r)).Run(gil.CPython313, func(m *gil.Thread) {
		require.True(t, m.Observed())
		m.Sleep(time.Millisecond)
		m.Emit(gil.Event{Kind: gil.EvQueuePut, Obj: 7, A: 1, B: 2, Seq: 99, T: 99, TID: 99, PID: 99})
	}))
	n := 0
	for _, e := range r.events {
		if e.Kind == gil.EvQueuePut {
			n++
			require.Equal(t, gil.Event{Kind: gil.EvQueuePut, Seq: e.Seq, T: time.Millisecond, PID: 1, TID: 1, Obj: 7, A: 1, B: 2}, e)
			require.NotEqual(t, uint64(99), e.Seq)
		}
	}
	require.Equal(t, 1, n)
	require.NoError(t, gil.NewMachine(1).Run(gil.CPython313, func(m *gil.Thread) {
		require.False(t, m.Observed())
		require.Zero(t, testing.AllocsPerRun(10, func() { m.Emit(gil.Event{Kind: gil.EvQueuePut}) }))
	}))
}

// TestExploredLocksAreObserved: an explored thread tells of its locks as any other.
func TestExploredLocksAreObserved(t *testing.T) {
	var r recording
	s := gil.NewSandbox(gil.AnyBytecode, kernel.NewRandomWalk(3), 1000, gil.WithObserver(&r))
	defer s.Close()
	waited, shut := 0, 0
	for seed := range uint64(20) {
		r.events = r.events[:0]
		require.NoError(t, s.Run(seed, func(m *gil.Thread) {
			var g gil.Gate
			g.Init(m, 1, "lock")
			w := m.Go("w", func(w *gil.Thread) {
				g.Pass(w, gil.OpAcquire, gil.Forever)
				w.Label("inside")
				g.Open(w, gil.OpRelease, 1)
			})
			g.Pass(m, gil.OpAcquire, gil.Forever)
			m.Label("inside")
			g.Open(m, gil.OpRelease, 1)
			w.Join(m)
			g.Shut(m, gil.OpClear)
			require.Equal(t, gil.TimedOut, g.Pass(m, gil.OpAcquire, m.Now()+time.Second))
		}))
		holder := uint32(0)
		asked := map[uint32]bool{}
		timeouts := 0
		for _, e := range r.events {
			if e.Name != "lock" {
				continue
			}
			switch e.Kind {
			case gil.EvLockRequest:
				asked[e.TID] = true
				require.Equal(t, gil.OpAcquire, gil.OpKind(e.B))
			case gil.EvLockAcquire:
				require.Zero(t, holder, "seed %d", seed)
				holder = e.TID
				if asked[e.TID] {
					waited++
				}
				asked[e.TID] = false
			case gil.EvLockRelease:
				require.Equal(t, holder, e.TID)
				require.Equal(t, gil.OpRelease, gil.OpKind(e.B))
				holder = 0
			case gil.EvLockTimeout:
				require.True(t, asked[e.TID])
				require.Equal(t, int64(time.Second), e.A)
				timeouts++
			case gil.EvClear:
				require.Equal(t, gil.OpClear, gil.OpKind(e.B))
				shut++
			}
		}
		require.Equal(t, 1, timeouts)
	}
	require.NotZero(t, waited)
	require.Equal(t, 20, shut)
}

func TestMachineSeed(t *testing.T) {
	require.Equal(t, uint64(1), gil.NewMachine(1).Seed())
	require.Equal(t, uint64(7), gil.NewMachine(1, gil.WithSeed(7)).Seed())
}

// TestDeadlockIsObservedWhenItHappens: after all that led to it.
func TestDeadlockIsObservedWhenItHappens(t *testing.T) {
	var r recording
	err := gil.NewMachine(2, gil.WithObserver(&r)).Run(gil.CPython313, func(m *gil.Thread) {
		var g gil.Gate
		w := m.Go("w", func(w *gil.Thread) {
			w.Sleep(time.Millisecond)
			g.Init(w, 0, "never")
			g.Pass(w, gil.OpAcquire, gil.Forever)
		})
		w.Join(m)
	})
	require.Error(t, err)
	asked := uint64(0)
	for _, e := range r.events {
		switch e.Kind {
		case gil.EvLockRequest:
			asked = e.Seq
		case gil.EvDeadlock:
			require.Equal(t, time.Millisecond, e.T)
			require.Greater(t, e.Seq, asked)
			require.NotZero(t, asked)
			return
		}
	}
	t.Fatal("nothing was said of the deadlock")
}
