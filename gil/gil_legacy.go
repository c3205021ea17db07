package gil

import (
	"time"

	"github.com/pygil/pygil/internal/kernel"
)

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

// Of more than two threads some are always awake. A release wakes one of those that
// sleep even if others are on their way: there is no order, and no count of those. As the
// cores compute, nobody has to be got out of idle, which makes sem_post cheaper, 2.2 µs,
// and whoever was woken runs as soon as a core changes to it: 2 µs after somebody else
// began to wait. So the GIL goes from core to core, three hundred thousand times a
// second. (What was watched: four threads count down, on two cores.)
//
// Such an awake one may also come between a release and the next. With nobody asleep a
// release takes a quarter of a microsecond, shortRelease; it is the fifth percentile, and
// the median is hardly more. And who finds the GIL taken is not asleep yet: on the way to
// sleep the system looks once more, and sends it back to try again if the GIL is free. It
// takes twice fallsAsleep to learn that, 0.41 to 0.44 µs. Waits as short as that were one
// of twelve.
//
// Where only one thread waits, on a core of its own, none of this is followed: what it
// meets on its way is in the figures above. So with check intervals of less than 40 ticks
// two threads hand the GIL over too seldom: there a release follows before the last one
// who lost it is asleep, and 240 000 to 1 500 000 hand-overs were counted in a second.
const (
	shortRelease = 240 * kernel.Time(time.Nanosecond)
	fallsAsleep  = 200 * kernel.Time(time.Nanosecond)
)

// offer lets whoever is there while t's release lasts have the GIL, which is free; next
// was picked. It reports false when t is to unwind and does not hold it.
func (g *GIL) offer(t *Thread, next gilWaiter) bool {
	g.coming++ // t comes as well
	awake := next.t == nil
	switch {
	case awake:
		t.spend(t.timed.About(&t.k, shortRelease))
	case g.crowded(t):
		t.lightly(kernel.BusyLight)
		awake, next.t.awake = true, true
		g.awake++
	case next.called:
		t.lightly(kernel.EarlyLight)
	default:
		t.lightly(kernel.DozingLight)
	}
	if next.t != nil && !g.open(t, next) {
		g.coming--
		g.seize(t)
		g.signal(t, next)
		return true
	}
	g.signal(t, next)
	g.kern.Sync(&t.k)
	g.coming--
	if awake && g.locked {
		g.settle(t)
	}
	return g.take(t)
}

// crowded reports whether a waiter of t's GIL runs only when a core changes to it, on a
// Machine that tells such wakes apart.
func (g *GIL) crowded(t *Thread) bool {
	return g.rule == legacyRule && t.timed != nil && t.interp.w.opts.machine.lightWake > 0 && t.timed.Crowded()
}

// came records that t, which was woken, is there, or will not come. It reports whether it
// was awake.
func (g *GIL) came(t *Thread) (awake bool) {
	g.coming--
	if t.awake {
		g.awake--
	}
	awake, t.awake = t.awake, false
	return awake
}

// settle is what t does that has found the GIL taken, until it is asleep or the GIL is
// free.
func (g *GIL) settle(t *Thread) {
	g.coming++
	g.awake++
	for g.locked {
		g.kern.Poke(&t.k, &g.holder.k) // it has to look: a release does not go unnoticed
		t.spend(fallsAsleep)
		if g.locked {
			break
		}
		t.spend(fallsAsleep)
	}
	g.awake--
	g.coming--
}
