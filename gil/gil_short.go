package gil

import (
	"time"

	"github.com/pygil/pygil/internal/kernel"
)

// A core whose thread sleeps for a short time does not go idle, and is back much sooner
// than one that was left for a switch interval of 5 ms. Threads that count in turn who
// has the GIL, under CPython 3.9, 3.12 and 3.13 on two free cores, found switches 18 to
// 25 µs further apart than an interval of 1 to 200 µs is long; of 1 ms it was 45 to 65.
const shortInterval = 300 * time.Microsecond

// lateTimers is how much later than asked a wait of such an interval ends. The rest of
// those 18 to 25 µs and more are the two wakes of a switch. What there is for 100 µs is
// chosen for the slices of 124 to 132 µs that were measured with it.
var lateTimers = []point{{1e3, 16e3}, {100e3, 26e3}} // both in nanoseconds

// short reports whether who waits for t's GIL sleeps so shortly that its core stays
// awake, on a Machine that tells such wakes apart.
func (g *GIL) short(t *Thread) bool {
	return t.timed != nil && g.rule == intervalRule && g.due() < kernel.Time(shortInterval) && t.interp.w.opts.machine.lightWake > 0
}

// waitsOn has the ceder, whose GIL t has taken, begin its wait for it.
func (g *GIL) waitsOn(t, ceder *Thread) {
	due, how := g.due(), kernel.NotLight
	if g.short(t) {
		due += kernel.Time(between(lateTimers, float64(due)))
		how = kernel.EarlyLight
	}
	t.timed.WaitOn(&t.k, &ceder.k, due, how)
}
