package gil

import "github.com/pygil/pygil/internal/kernel"

// A release of the tick GIL lasts for less than a microsecond: the thread takes it back
// as soon as it has woken a waiter, who is on its way for some forty. What helps the
// waiter is that the next release follows soon. With the default interval of 100 ticks
// there is one every half microsecond, and who tries in vain meets another before it is
// asleep again, which takes about a microsecond; with a longer interval it meets none,
// and hardly ever gets the GIL.
//
// A Machine lets a waiter arrive while the release lasts, which fits the default and
// shorter intervals: 7 400 switches in a second were measured, on two cores. Of releases
// that are more than a microsecond apart only some are open to whoever arrives: so many
// that there are the 160 switches in a second that were measured with 1 000 ticks, and
// 23 with 10 000.
var openReleases = []point{{201, 1}, {1001, 0.023}, {10001, 0.0055}} // by ticks

// openPart is the part of the releases that are open for a period of so many ticks.
func openPart(period int64) float64 { return min(1, between(openReleases, float64(period))) }

// shut reports whether the release that t has begun is over before next, who was
// picked, can arrive. One that comes from a call is awake.
func (g *GIL) shut(t *Thread, next gilWaiter) bool {
	if g.rule != legacyRule || t.timed == nil || next.called || t.interp.w.opts.machine.wakeLatency == 0 {
		return false
	}
	const draws = 1 << 20
	part := openPart(g.run())
	return part < 1 && float64(g.kern.Choose(&t.k, kernel.ChooseSuccessor, draws)) >= part*draws
}
