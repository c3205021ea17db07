package futex

import (
	"runtime"
	"time"
)

// Soon is how long a leader that hopes looks again and again before it sleeps: about as
// long as falling asleep and being woken takes. Only tests change it.
var Soon = 20 * time.Microsecond

// despair bounds how many waits in a row go without hope, as a power of two.
const despair = 8

// hope is what a room's leaders have learned about looking a little longer before they
// sleep. Where two processes answer each other at once, the answer comes sooner than a
// sleeper could be woken, and nobody needs the kernel. Where it does not, looking only
// takes a processor from others: the more often it was in vain, the more waits go
// without it. It belongs to the leader.
type hope struct {
	vain int // how much oftener it was in vain than not, up to despair
	rest int // waits that go without
}

// meets looks for a while whether q has what it wants, and reports whether it has. It
// raises no flag, so that whoever brings it makes no system call.
func (h *hope) meets(q *Quest) bool {
	if h.rest > 0 {
		h.rest--
		return false
	}
	if runtime.GOMAXPROCS(0) == 1 {
		return false
	}
	for begin := time.Now(); time.Since(begin) < Soon; {
		if q.Try() {
			h.vain = max(h.vain-1, 0)
			return true
		}
	}
	h.rest = 1<<h.vain - 1
	h.vain = min(h.vain+1, despair)
	return false
}
