package gil

import "github.com/pygil/pygil/internal/kernel"

// A release of the tick GIL lasts for less than a microsecond: the thread takes it back
// as soon as it has woken a waiter, who is on its way for some twenty. What helps the
// waiter is that the next release follows soon. With the default interval of 100 ticks
// there is one every half microsecond, and who tries in vain meets another before it is
// asleep again, which takes about a microsecond; with a longer interval it meets none,
// and hardly ever gets the GIL.
//
// All this was watched with a library between CPython 2.7 and the semaphore that its GIL
// is: sem_post takes 7 to 10 µs when there is somebody asleep and a quarter of one when
// there is not, who was woken tries 14 to 22 µs later, and gets the GIL in half of the
// cases with 100 ticks and in one of 20 to 60 with 1 000. What 20 µs of a quarter of a
// microsecond for each half microsecond of work come to makes those 7 to 10 some 13,
// which are half of what Measured says of a core that was left idle; so is the latency.
//
// A Machine lets a waiter arrive while the release lasts, which fits the default and
// shorter intervals: of 13 000 switches in a second on two cores 7 400 keep a thread
// away for 30 µs and more. Of releases that are more than a microsecond apart only some
// are open to whoever arrives: so many that there are the 160 switches in a second that
// were measured with 1 000 ticks, and 23 with 10 000.
var openReleases = []point{{201, 1}, {1001, 0.0125}, {10001, 0.0045}} // by ticks

// openPart is the part of the releases that are open for a period of so many ticks.
func openPart(period int64) float64 { return min(1, between(openReleases, float64(period))) }

// open reports whether the release that t has begun lasts until next, who was picked,
// can arrive. One that comes from a call is awake.
func (g *GIL) open(t *Thread, next gilWaiter) bool {
	if g.rule != legacyRule || t.timed == nil || next.called || t.interp.w.opts.machine.wakeLatency == 0 {
		return true
	}
	const draws = 1 << 20
	part := openPart(g.run())
	return part >= 1 || float64(g.kern.Choose(&t.k, kernel.ChooseSuccessor, draws)) < part*draws
}
