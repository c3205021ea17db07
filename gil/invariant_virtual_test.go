package gil_test

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
)

var programs = flag.Int("gil.programs", 0, "random programs per invariant test; 0 is 1000, fewer under -race and -short")

// howMany is the number of random programs.
func howMany() int {
	switch {
	case *programs > 0:
		return *programs
	case raceDetector:
		return 60
	case testing.Short():
		return 200
	}
	return 1000
}

// A trial is a random program on a random machine.
type trial struct {
	seed    uint64
	profile gil.Profile
	cores   int
	options []gil.Option
	what    string

	*recording
	chaos   *chaos
	machine *gil.Machine
	err     error
	times   map[uint32]gil.Times // of the threads, by their number
}

func newTrial(seed uint64, options ...gil.Option) *trial {
	rng := rand.New(rand.NewPCG(seed, 6))
	profiles := append(gil.Profiles(), gil.FromRule(gil.Ticks(50)), gil.FromRule(gil.Legacy(10)))
	p := profiles[rng.IntN(len(profiles))]
	latency := []time.Duration{0, 40 * time.Microsecond}[rng.IntN(2)]
	o := []gil.Option{
		gil.WithSeed(seed), gil.WithStdout(io.Discard), gil.WithStartCost(time.Duration(rng.Int64N(2e6))),
		gil.WithWakeLatency(latency), gil.WithWakeCost(latency / 2 * time.Duration(rng.IntN(2))),
		gil.WithQuantum([]time.Duration{0, time.Millisecond, 4 * time.Millisecond}[rng.IntN(3)]),
		gil.WithTimerSlack(time.Duration(rng.IntN(2)) * 50 * time.Microsecond),
		gil.WithSwitchCost(time.Duration(rng.IntN(2)) * 5 * time.Microsecond),
		gil.WithSuccessor(gil.Successor(rng.IntN(4))),
		gil.WithJitter([]float64{0, 0, 0.7}[rng.IntN(3)]),
		gil.WithTickCost(time.Duration(1 + rng.IntN(20))),
	}
	if rng.IntN(5) == 0 {
		o = append(o, gil.WithSMT(2, 1+rng.Float64()))
	}
	t := &trial{seed: seed, profile: p, cores: 1 + rng.IntN(5), options: append(o, options...)}
	t.what = fmt.Sprintf("seed %d: %v on %d cores", seed, p, t.cores)
	return t
}

func (x *trial) run() {
	x.recording = new(recording)
	x.perform(gil.WithObserver(x))
}

// perform runs the program; without an observer nothing is recorded.
func (x *trial) perform(options ...gil.Option) {
	x.chaos = newChaos(x.seed, x.unit())
	x.machine = gil.NewMachine(x.cores, append(slices.Clone(x.options), options...)...)
	x.err = x.machine.Run(x.profile, x.chaos.main)
	x.times = map[uint32]gil.Times{}
	for _, t := range x.chaos.threads {
		x.times[uint32(t.Ident())] = t.Times()
	}
}

func (x *trial) unit() time.Duration {
	rng := rand.New(rand.NewPCG(x.seed, 7))
	if r := x.profile.Rule().String(); r[0] == 'L' || r[0] == 'T' {
		return 100 * time.Microsecond // a tick GIL has two events per check
	}
	return []time.Duration{200 * time.Microsecond, 3 * time.Millisecond, 12 * time.Millisecond}[rng.IntN(3)]
}

// TestInvariantsVirtual holds what happened in random programs against what must
// be true of every run.
func TestInvariantsVirtual(t *testing.T) {
	var seen [64]int
	waits := map[string]int{}
	for seed := range uint64(howMany()) {
		x := newTrial(seed)
		x.run()
		require.NoError(t, x.err, x.what)
		require.NoError(t, x.chaos.check(), x.what)
		x.checkOrder(t)
		x.checkHolds(t)
		x.checkCores(t)
		x.checkThreads(t)
		x.checkWaits(t, waits)
		for _, e := range x.events {
			seen[e.Kind]++
		}
		if t.Failed() {
			t.Fatal(x.what)
		}
	}
	// The programs are no good if they do not meet everything, which takes some more
	// than the race detector has time for.
	if howMany() < 200 {
		return
	}
	for k := gil.EvProcessStart; k <= gil.EvGC; k++ {
		if k != gil.EvDeadlock {
			require.NotZero(t, seen[k], "no program had a %v event", k)
		}
	}
	t.Log(waits)
}

// checkOrder: events come in the order of their times, numbered from 1.
func (x *trial) checkOrder(t *testing.T) {
	t.Helper()
	for i := range x.events {
		if e := &x.events[i]; e.Seq != uint64(i+1) || i > 0 && e.T < x.events[i-1].T {
			t.Fatalf("%s: event %d comes after %+v: %+v", x.what, i+1, x.events[max(0, i-1)], *e)
		}
	}
	require.LessOrEqual(t, x.end(), x.machine.Now(), x.what)
}

// checkHolds: one holder at a time, and hold times add up to no more than the
// time that passed.
func (x *trial) checkHolds(t *testing.T) {
	t.Helper()
	sum := map[uint64]time.Duration{}
	for _, s := range x.holds(t) {
		sum[s.obj] += s.length()
		if s.length() < 0 {
			t.Fatalf("%s: %+v", x.what, s)
		}
	}
	for g, d := range sum {
		require.LessOrEqual(t, d, x.machine.Now(), "%s, GIL %d", x.what, g)
	}
}

// checkCores: the spans of a core do not overlap, a thread is on one core at a
// time, whatever it does it does on a core, and the account agrees.
func (x *trial) checkCores(t *testing.T) {
	t.Helper()
	spans := x.coreSpans(t)
	last := map[uint64]time.Duration{}
	for _, s := range spans {
		if s.from < last[s.obj] && s.from != s.to {
			t.Fatalf("%s: core %d is used twice: %+v", x.what, s.obj, s)
		}
		last[s.obj] = max(last[s.obj], s.to)
	}
	busy := float64(total(spans)) / float64(x.machine.Now()) / float64(x.cores)
	require.InDelta(t, busy, x.machine.Utilisation(), 1e-9, x.what)
	require.LessOrEqual(t, x.machine.Par(), x.cores)

	on := map[uint32]int{}
	for i := range x.events {
		switch e := &x.events[i]; e.Kind {
		case gil.EvCoreOn:
			on[e.TID]++
			if e.Name == "" || e.PID == 0 || e.TID == 0 {
				t.Fatalf("%s: core %d is given to nobody, event %d", x.what, e.Obj, e.Seq)
			}
		case gil.EvCoreOff:
			on[e.TID]--
		case gil.EvInterpStart, gil.EvThreadCreate, gil.EvProcessStart, gil.EvDaemonKill, gil.EvPreempt, gil.EvProcessExit:
		default:
			if on[e.TID] < 1 {
				t.Fatalf("%s: thread %d does %v at %v without a core, event %d", x.what, e.TID, e.Kind, e.T, e.Seq)
			}
		}
	}
}

// checkThreads: the states of a thread add up to its life, to the nanosecond, and
// what it computed is what its cores say.
func (x *trial) checkThreads(t *testing.T) {
	t.Helper()
	begun, ended := map[uint32]time.Duration{}, map[uint32]time.Duration{}
	onCore := map[uint32]time.Duration{}
	since := map[uint64]time.Duration{}
	helpers := map[uint32]bool{}
	alive := map[uint32]int{}
	for _, e := range x.events {
		switch e.Kind {
		case gil.EvCoreOn:
			if alive[e.TID]++; alive[e.TID] > 1 {
				helpers[e.TID] = true // it has the threads of a C library
			}
			if _, ok := begun[e.TID]; !ok {
				begun[e.TID] = e.T
			}
			since[e.Obj] = e.T
		case gil.EvCoreOff:
			alive[e.TID]--
			if _, over := ended[e.TID]; !over {
				onCore[e.TID] += e.T - since[e.Obj]
			}
		case gil.EvThreadEnd:
			ended[e.TID] = e.T
		}
	}
	for tid, times := range x.times {
		end, ok := ended[tid]
		require.True(t, ok, "%s: thread %d never ended", x.what, tid)
		require.Equal(t, end-begun[tid], times.Total(), "%s: the life of thread %d: %+v", x.what, tid, times)
		for _, d := range []time.Duration{times.Run, times.ReadyCore, times.WaitGIL, times.WaitLock, times.WaitJoin, times.IO, times.Sleep, times.CCall} {
			require.GreaterOrEqual(t, d, time.Duration(0), "%s: thread %d: %+v", x.what, tid, times)
		}
	}
}

// checkWaits: whoever waits is known to have asked, and somebody or the clock has
// ended the wait.
func (x *trial) checkWaits(t *testing.T, waits map[string]int) {
	t.Helper()
	type wait struct {
		kind gil.EventKind
		obj  uint64
		at   int // index of the event
	}
	gils, locks, joins := map[uint32]*wait{}, map[uint32]*wait{}, map[uint32]*wait{}
	holds := map[uint32]bool{}
	gone := map[uint32]bool{}
	fail := func(e *gil.Event, format string, args ...any) {
		t.Helper()
		t.Fatalf("%s, event %d (%v of %d at %v): %s", x.what, e.Seq, e.Kind, e.TID, e.T, fmt.Sprintf(format, args...))
	}
	// released is when each object was released last, by whom. by reports whether
	// somebody else has done it since event i.
	released := map[uint64]map[uint32]int{}
	by := func(e *gil.Event, i int) bool {
		for tid, at := range released[e.Obj] {
			if tid != e.TID && at >= i {
				return true
			}
		}
		return false
	}
	for i := range x.events {
		e := &x.events[i]
		if gone[e.TID] && e.Kind != gil.EvGILRelease && e.Kind != gil.EvCoreOff && e.Kind != gil.EvCoreOn && e.Kind != gil.EvPreempt && e.Kind != gil.EvProcessExit {
			fail(e, "the thread has ended")
		}
		if e.Kind == gil.EvGILRelease || e.Kind == gil.EvLockRelease {
			if released[e.Obj] == nil {
				released[e.Obj] = map[uint32]int{}
			}
			released[e.Obj][e.TID] = i
		}
		switch e.Kind {
		case gil.EvGILRequest:
			if gils[e.TID] != nil || holds[e.TID] {
				fail(e, "it waits or holds already")
			}
			gils[e.TID] = &wait{e.Kind, e.Obj, i}
		case gil.EvGILDropAsk, gil.EvGILFailedWake:
			w := gils[e.TID]
			if w == nil {
				fail(e, "it does not wait")
			}
			if e.Kind == gil.EvGILDropAsk && time.Duration(e.A) != e.T-x.events[w.at].T {
				fail(e, "it says it has waited %v", time.Duration(e.A))
			}
		case gil.EvGILAcquire:
			if holds[e.TID] {
				fail(e, "it holds it already")
			}
			waited := time.Duration(0)
			if w := gils[e.TID]; w != nil {
				waits["gil"]++
				waited = e.T - x.events[w.at].T
				if !by(e, w.at) && x.profile.Rule().String()[0] != 'T' {
					fail(e, "nobody has released it since it asked at %v", x.events[w.at].T)
				}
			}
			if time.Duration(e.A) != waited {
				fail(e, "it has waited %v, not %v", waited, time.Duration(e.A))
			}
			holds[e.TID], gils[e.TID] = true, nil
		case gil.EvGILRelease:
			if !holds[e.TID] {
				fail(e, "it does not hold it")
			}
			holds[e.TID] = false
		case gil.EvLockRequest:
			if locks[e.TID] != nil {
				fail(e, "it waits already")
			}
			locks[e.TID] = &wait{e.Kind, e.Obj, i}
		case gil.EvLockAcquire:
			if w := locks[e.TID]; w != nil {
				waits["lock"]++
				if w.obj != e.Obj {
					fail(e, "it waits for %d", w.obj)
				}
				if time.Duration(e.A) != e.T-x.events[w.at].T {
					fail(e, "it has waited %v, not %v", e.T-x.events[w.at].T, time.Duration(e.A))
				}
				if (e.Name == "lock" || e.Name == "sem" || e.Name == "event") && !by(e, w.at) {
					fail(e, "nobody has opened it since it asked at %v", x.events[w.at].T)
				}
			} else if e.A != 0 {
				fail(e, "it has not waited, but for %v", time.Duration(e.A))
			}
			locks[e.TID] = nil
		case gil.EvLockTimeout:
			if w := locks[e.TID]; w == nil || w.obj != e.Obj {
				fail(e, "it does not wait for it")
			}
			waits["lock timeout"]++
			locks[e.TID] = nil
		case gil.EvJoinBegin:
			if joins[e.TID] != nil {
				fail(e, "it joins already")
			}
			joins[e.TID] = &wait{e.Kind, uint64(e.Peer), i}
		case gil.EvJoinEnd:
			w := joins[e.TID]
			if w == nil || w.obj != uint64(e.Peer) {
				fail(e, "it does not join %d", e.Peer)
			}
			if over := gone[e.Peer]; over != (e.A == 1) && e.A == 1 {
				fail(e, "thread %d has not ended", e.Peer)
			}
			waits[fmt.Sprint("join ", e.A)]++
			joins[e.TID] = nil
		case gil.EvThreadEnd:
			gone[e.TID] = true
		}
	}
}

// TestTheSameSeedGivesTheSameEvents and another one may give others.
func TestTheSameSeedGivesTheSameEvents(t *testing.T) {
	different := 0
	for seed := range uint64(howMany() / 4) {
		x, y := newTrial(seed), newTrial(seed)
		x.run()
		y.run()
		if !equalEvents(x.events, y.events) {
			sameEvents(t, x, y) // says where
			t.Fatalf("%s: the same events in another order", x.what)
		}
		z := newTrial(seed, gil.WithSeed(seed+1_000_000))
		z.run()
		if !equalEvents(x.events, z.events) {
			different++
		}
	}
	require.Greater(t, different, howMany()/8)
}

// TestObservingChangesNothing: the threads' lives are the same when nobody looks.
func TestObservingChangesNothing(t *testing.T) {
	for seed := range uint64(howMany() / 3) {
		x, y := newTrial(seed), newTrial(seed)
		x.run()
		y.perform()
		require.Equal(t, x.machine.Now(), y.machine.Now(), x.what)
		require.Equal(t, x.times, y.times, x.what)
	}
}

// TestEventsDoNotDependOnTheLookAhead: processes that run ahead of each other by
// the wake latency give the same runs as ones that never do.
func TestEventsDoNotDependOnTheLookAhead(t *testing.T) {
	ahead := 0
	for seed := range uint64(howMany() / 2) {
		x := newTrial(seed, gil.WithWakeLatency(40*time.Microsecond))
		x.run()
		if len(x.chaos.sets) > 1 {
			ahead++
		}
		for _, d := range []time.Duration{0, 7 * time.Microsecond} {
			y := newTrial(seed, gil.WithWakeLatency(40*time.Microsecond), gil.WithLookAhead(d))
			y.run()
			require.Equal(t, x.machine.Now(), y.machine.Now(), x.what)
			require.Equal(t, x.times, y.times, x.what)
			sameEvents(t, x, y)
		}
	}
	require.Greater(t, ahead, howMany()/6, "programs with several processes")
}

// sameEvents compares the streams of each process: at equal times two processes
// may come in either order.
func sameEvents(t *testing.T, x, y *trial) {
	t.Helper()
	a, b := x.byProcess(), y.byProcess()
	require.Equal(t, len(a), len(b), x.what)
	for pid := range a {
		for i := range min(len(a[pid]), len(b[pid])) {
			if a[pid][i] != b[pid][i] {
				t.Fatalf("%s: event %d of process %d:\n%+v\n%+v", x.what, i+1, pid, a[pid][i], b[pid][i])
			}
		}
		require.Equal(t, len(a[pid]), len(b[pid]), "%s: events of process %d", x.what, pid)
	}
}

// byProcess is what each process did, without what depends on the order of
// delivery and on where in the test the call was made.
func (x *trial) byProcess() map[uint32][]gil.Event {
	out := map[uint32][]gil.Event{}
	for _, e := range x.events {
		e.Seq, e.Loc = 0, 0
		out[e.PID] = append(out[e.PID], e)
	}
	return out
}

// plain leaves out where in the test the call was made.
func plain(e gil.Event) gil.Event {
	e.Loc = 0
	return e
}

func equalEvents(a, b []gil.Event) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if plain(a[i]) != plain(b[i]) {
			return false
		}
	}
	return true
}
