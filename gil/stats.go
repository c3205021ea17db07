package gil

import (
	"sync"
	"time"

	"go.uber.org/atomic"

	"github.com/pygil/pygil/internal/kernel"
)

// Stats are the counts of one GIL since its world began. Read them at any time;
// in the live world they are those of a moment ago.
type Stats struct {
	Acquisitions  int64         // times a thread took the GIL
	Switches      int64         // of these, by another thread than the holder before
	Forced        int64         // switches because the holder was asked, or its ticks ran out
	Voluntary     int64         // the other switches: the holder blocked or ended
	FailedWakeups int64         // legacy: a waiter was woken and found the GIL taken
	Checks        int64         // times a tick rule looked whether to switch
	Held          time.Duration // time with a holder
	Threads       []ThreadStats // of an Interpreter: those that have ended, then the others in the order they started
}

// ThreadStats are one thread's part, up to the last time it began or ended a wait.
// In the live world they are measured only under an interval rule or with an
// observer; otherwise all but the name is zero.
type ThreadStats struct {
	Name  string
	Ticks int64         // ticks executed
	Held  time.Duration // with the GIL
	Times Times         // its life by state
}

// Times divides a thread's life: the parts add up to it, in the virtual world to
// the nanosecond.
type Times struct {
	Run       time.Duration // on a core, with the GIL if it needs one
	ReadyCore time.Duration // wants a core and has none
	WaitGIL   time.Duration // wants the GIL
	WaitLock  time.Duration // locks and everything made of them
	WaitJoin  time.Duration // joins, and the wait of Start for the new thread
	IO        time.Duration // waits for the operating system
	Sleep     time.Duration // sleeps
	CCall     time.Duration // C calls without the GIL
}

// Total is the sum of the parts: the thread's life, as far as it was measured.
func (t Times) Total() time.Duration {
	return t.Run + t.ReadyCore + t.WaitGIL + t.WaitLock + t.WaitJoin + t.IO + t.Sleep + t.CCall
}

// gilCounters are the counts that change while the GIL's fields are not locked; the
// 64-bit words come first for 386.
type gilCounters struct {
	failed atomic.Int64
	checks atomic.Int64
	held   atomic.Int64
}

// Stats returns the counts of this GIL, without its threads.
func (g *GIL) Stats() Stats {
	c := &g.stats
	s := Stats{
		FailedWakeups: c.failed.Load(),
		Checks:        c.checks.Load(),
		Held:          time.Duration(c.held.Load()),
	}
	g.lock()
	defer g.unlock()
	s.Checks += g.turns
	s.Acquisitions, s.Switches, s.Forced = g.acquisitions, int64(g.switches), g.forced
	s.Voluntary = s.Switches - s.Forced
	return s
}

// state is a State, for the division of a thread's life.
type state = State

const (
	stateRun      = StateRun
	stateWaitGIL  = StateWaitGIL
	stateWaitLock = StateWaitLock
	stateWaitJoin = StateWaitJoin
	stateIO       = StateIO
	stateSleep    = StateSleep
	stateCCall    = StateCCall
	numStates     = StateCCall + 1
)

// ledger adds up a thread's states.
type ledger struct {
	mu      sync.Mutex // live: others may ask while the thread waits
	ticks   int64
	state   state
	since   kernel.Time
	offCore kernel.Time
	spent   [numStates]kernel.Time
	ready   kernel.Time
}

// enter ends the state the thread was in and begins another.
func (t *Thread) enter(s state) {
	if t.clocked {
		t.change(s)
	}
}

func (t *Thread) change(s state) {
	if t.stamp != 0 && t.stamp == t.life.since && t.life.state == s {
		t.stamp = 0 // it has just begun that
		return
	}
	t.life.lock(t)
	t.book()
	changed := t.life.state != s
	t.life.state = s
	t.life.unlock(t)
	if e := t.interp.w.emit; e != nil && changed {
		e.event(t, Event{Kind: EvState, A: int64(s)})
	}
}

// book adds the time since the last entry to the current state; what of it the
// thread spent wanting a core is kept apart.
func (t *Thread) book() {
	l := &t.life
	now := t.stamp
	if t.stamp = 0; now == 0 {
		now = t.kern.Now(&t.k)
	}
	off := t.k.OffCore()
	d := now - l.since
	ready := min(off-l.offCore, d)
	l.spent[l.state] += d - ready
	l.ready += ready
	l.since, l.offCore = now, off
	l.ticks = t.k.Ticks()
}

func (l *ledger) lock(t *Thread) {
	if t.interp.live {
		l.mu.Lock()
	}
}

func (l *ledger) unlock(t *Thread) {
	if t.interp.live {
		l.mu.Unlock()
	}
}

// Times returns how the thread's life divides into states, up to the last time it
// began or ended a wait. In the live world it is empty unless times are measured, see
// ThreadStats.
func (t *Thread) Times() Times {
	l := &t.life
	l.lock(t)
	defer l.unlock(t)
	d := func(s state) time.Duration { return time.Duration(l.spent[s]) }
	return Times{
		Run: d(stateRun), ReadyCore: time.Duration(l.ready), WaitGIL: d(stateWaitGIL), WaitLock: d(stateWaitLock),
		WaitJoin: d(stateWaitJoin), IO: d(stateIO), Sleep: d(stateSleep), CCall: d(stateCCall),
	}
}
