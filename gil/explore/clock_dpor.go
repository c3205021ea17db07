package explore

import "github.com/pygil/pygil/internal/kernel"

// DPOR with timers that may fire early has one choice more at each node: whether the
// earliest timer fires before anybody runs. That conflicts with everything, so nobody
// sleeps on beyond it, and nothing could be learnt from races with it that trying it
// everywhere does not show. So every thread is tried at every node that does not sleep
// there; sleep sets alone have each class come to its end once (Godefroid: "Partial-order
// methods for the verification of concurrent systems", LNCS 1032, 1996). Runs that find
// themselves among sleepers only are given up as places for more.

func (x *dpor) hurry(early bool) { x.soon = early }

func (x *dpor) early() bool { return x.soon }

// fires first tries what is without the timer. Where everybody who could run sleeps,
// that has been had.
func (x *dpor) fires(p *Point) bool {
	if x.begun == len(x.nodes) {
		n := x.grow(p.r, len(p.r.steps))
		n.asked = true
		awake := false
		for t := p.set.Next(0); t >= 0; t = p.set.Next(t + 1) {
			awake = awake || !n.asleep.has(t)
		}
		if !awake {
			x.fire(n)
		}
	}
	return x.nodes[x.begun].fires
}

// fire has the timer fire before the node's transition, and begins the node anew.
func (x *dpor) fire(n *dporNode) {
	n.fires, n.whole = true, false
	n.thread, n.tried, n.kind = -1, 1, kernel.OpNone
	n.asleep, n.hi = n.asleep[:0], n.lo
	x.sleepers = x.sleepers[:n.lo]
	n.reset(nil, true)
}

// tryAll has all threads tried at the nodes of the run just done, up to where it began
// to repeat another one.
func (x *dpor) tryAll() {
	if x.blocked {
		x.nodes = x.nodes[:x.stuck]
	}
	for d := range x.nodes {
		if n := &x.nodes[d]; !n.whole {
			n.whole = true
			x.wakeAll(n)
		}
	}
}
