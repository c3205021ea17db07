package threading

import (
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
}

func (e *Event) bind(t *gil.Thread) {
	e.flag.WaitFor(gil.WhyEvent)
	e.flag.Init(t, 0, named(e.Name, "an event"))
}

// Set makes the flag true and wakes all threads that wait. Python: event.set().
func (e *Event) Set(t *gil.Thread) {
	if !e.flag.Bound(t) {
		e.bind(t)
	}
	t.Before(gil.SiteMethod)
	e.flag.Open(t, gil.OpSet, gil.All)
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
//
// An explorer sees the look at the flag and the wait as two operations, as between
// them, before the thread waits, a Set and a Clear may come that it does not notice.
// In other worlds the gate does both at once.
func (e *Event) await(t *gil.Thread, d time.Duration) bool {
	polled := polls(t)
	if (polled || t.Explored()) && e.flag.Pass(t, gil.OpWait, 0) == gil.Passed {
		return true
	}
	if polled {
		if d == gil.Forever {
			e.flag.Pass(t, gil.OpWait, gil.Forever)
		} else {
			passPolling(&e.flag, t, d)
		}
		return e.flag.Peek(t, gil.OpPeek) != 0
	}
	end := gil.Forever
	if d != gil.Forever {
		end = until(t, d)
	}
	return e.flag.Pass(t, gil.OpWait, end) == gil.Passed
}
