package asyncio

import "time"

// A turn of a loop takes no time on a machine. A loop that is never idle because it
// waits for something by yielding again and again would wait for ever: what it
// waits for needs time that does not pass. So a turn costs what it does in CPython
// when there have been many while the clock stood still.
const (
	turnCost      = 2 * time.Microsecond
	patience      = 1_000   // turns, while another thread wants the GIL
	longPatience  = 1 << 20 // turns, otherwise; after as many again the cost doubles
	mostDoublings = 30
)

// spins is told of every turn in which the loop has something to do.
func (l *Loop) spins() {
	if l.t.Machine() == nil {
		return // time passes by itself, or an explorer lets the others come
	}
	if now := l.Time(); now != l.stillAt {
		l.stillAt, l.still = now, 0
		return
	}
	if l.still++; l.still < patience {
		return
	}
	cost := time.Duration(0)
	switch g := l.t.Interpreter().GIL(); {
	case l.still >= longPatience:
		cost = turnCost << min(l.still/longPatience-1, mostDoublings)
	case g != nil && g.Waiters() > 0:
		cost = turnCost
	default:
		return
	}
	l.t.Compute(cost)
	l.stillAt = l.Time() // that time has passed is no sign that the loop does not spin
}
