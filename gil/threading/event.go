package threading

import (
	"sync/atomic"
	"time"

	"github.com/pygil/pygil/gil"
)

// Event is a flag that threads wait for. The zero value is not set. An Event must
// not be copied after first use.
//
// Set wakes every thread that waits, and from 3.2 on each of them returns true even
// when Clear follows before it runs. Up to 3.1 a thread that was woken looks at the
// flag again.
//
// Python: threading.Event.
type Event struct {
	Name string // for reports; set it before first use

	flag gil.Gate // open while the event is set
	kin  gil.Kin[rounds]
}

// rounds is where the waiters of an event are. Those who found the flag closed wait at
// a gate of their own, the round, that the next Set opens and leaves open. Were they
// waiting at the flag, a Clear would shut out those that have been woken and not run
// yet.
type rounds struct {
	round atomic.Pointer[gil.Gate]
	sets  atomic.Uint32 // calls of Set
}

// fork is how a forked process has it: nobody waits there.
func (*rounds) fork(*rounds, *gil.Thread, *gil.Thread) {}

// bind returns where the waiters of t's process are.
func (e *Event) bind(t *gil.Thread) *rounds {
	if r := e.kin.Own(t); r != nil {
		return r
	}
	e.flag.Init(t, 0, named(e.Name, "an event"))
	return e.kin.Of(t, (*rounds).fork)
}

// Set makes the flag true and wakes all threads that wait. Python: event.set().
func (e *Event) Set(t *gil.Thread) {
	k := e.bind(t)
	t.Before(gil.SiteMethod)
	e.flag.Open(t, gil.OpSet, gil.All)
	k.sets.Add(1)
	if r := k.round.Swap(nil); r != nil {
		r.Init(t, 0, e.flag.Name())
		r.Open(t, gil.OpSet, gil.All)
	}
	t.After(gil.SiteMethod)
}

// Clear makes the flag false: whoever calls Wait from now on waits. Python:
// event.clear().
func (e *Event) Clear(t *gil.Thread) {
	if !e.flag.Bound(t) {
		e.bind(t)
	}
	t.Before(gil.SiteMethod)
	e.flag.Shut(t, gil.OpClear)
	t.After(gil.SiteMethod)
}

// IsSet reports whether the flag is true. Python: event.is_set().
func (e *Event) IsSet(t *gil.Thread) bool {
	if !e.flag.Bound(t) {
		e.bind(t)
	}
	t.Before(gil.SiteLook)
	set := e.flag.Peek(t, gil.OpPeek) != 0
	t.After(gil.SiteLook)
	return set
}

// Wait waits until the flag is true and reports true; up to 3.1 false, when it was
// cleared before the thread ran. The GIL is given up only while it waits. Python:
// event.wait().
func (e *Event) Wait(t *gil.Thread) bool { return e.wait(t, gil.Forever) }

// WaitTimeout is Wait that waits for at most d and reports whether the event was
// set. A d of zero or less looks without waiting. Up to 3.1 it polls, and notices
// a Set up to 50 ms late. Python: event.wait(d).
func (e *Event) WaitTimeout(t *gil.Thread, d time.Duration) bool { return e.wait(t, max(d, 0)) }

func (e *Event) wait(t *gil.Thread, d time.Duration) bool {
	if !e.flag.Bound(t) {
		e.bind(t)
	}
	t.Before(gil.SiteMethod)
	set := e.await(t, d)
	t.After(gil.SiteMethod)
	return set
}

// await waits for at most d, for ever when d is Forever.
func (e *Event) await(t *gil.Thread, d time.Duration) bool {
	r := e.enter(t)
	if r == nil {
		return true
	}
	if polls(t) {
		if d == gil.Forever {
			r.Pass(t, gil.OpWait, gil.Forever)
		} else {
			passPolling(r, t, d)
		}
		return e.flag.Peek(t, gil.OpPeek) != 0
	}
	end := gil.Forever
	if d != gil.Forever {
		end = until(t, d)
	}
	return r.Pass(t, gil.OpWait, end) == gil.Passed
}

// enter returns nil when the flag is true, and otherwise the round to wait at:
// the one that the next Set after the look at the flag opens.
//
// A Set first opens the flag, then counts itself, then takes the round. A thread
// that found the flag closed and then counts no Set more than before has joined a
// round that no Set had taken when it counted. In a world that is explored nothing
// comes between the look and the count.
func (e *Event) enter(t *gil.Thread) *gil.Gate {
	k := e.bind(t)
	for {
		sets := k.sets.Load() // in an explored world it is not looked at: nobody announces it
		if e.flag.Pass(t, gil.OpWait, 0) == gil.Passed {
			return nil
		}
		r := k.round.Load()
		if r == nil {
			r = new(gil.Gate)
			r.Init(t, 0, e.flag.Name())
			r.WaitFor(gil.WhyEvent)
			if !k.round.CompareAndSwap(nil, r) {
				continue
			}
		} else {
			r.Init(t, 0, e.flag.Name())
		}
		if t.Explored() || k.sets.Load() == sets {
			return r
		}
	}
}
