package timing

import (
	"cmp"
	"slices"
	"time"

	"github.com/pygil/pygil/gil"
)

// seen is what n threads see of the switches between them that compute for so much
// processor time together: how many there are in a second, and the slices.
func seen(p gil.Profile, n int, seed uint64, total time.Duration) (rate float64, all []time.Duration) {
	g := &gaps{left: map[uint32]time.Duration{}}
	m := together(p, n, seed, total, gil.WithObserver(g))
	all = g.slices()
	return float64(len(all)) / m.Now().Seconds(), all
}

// gaps sees what a thread sees of the GIL that only looks at the clock, again and again,
// and takes a gap of more than 30 µs for a loss of it. So the slices of CPython were
// measured.
type gaps struct {
	left   map[uint32]time.Duration
	events []gapEvent
}

// gapEvent is one end of a gap in a thread.
type gapEvent struct {
	at   time.Duration
	back bool
	tid  uint32
}

// Observe keeps the gaps.
func (g *gaps) Observe(e gil.Event) {
	switch e.Kind {
	case gil.EvGILRelease:
		g.left[e.TID] = e.T
	case gil.EvGILAcquire:
		left, seen := g.left[e.TID]
		if !seen {
			left = e.T // its first look at the clock
		}
		if !seen || e.T-left > 30*time.Microsecond {
			g.events = append(g.events, gapEvent{left, false, e.TID}, gapEvent{e.T, true, e.TID})
		}
	}
}

// slices are the times from where a thread came back to where it left, before another
// one came back.
func (g *gaps) slices() (all []time.Duration) {
	slices.SortStableFunc(g.events, func(a, b gapEvent) int {
		switch {
		case a.at != b.at:
			return cmp.Compare(a.at, b.at)
		case a.back == b.back:
			return 0
		case b.back:
			return -1 // whoever comes back does so after the other one has left
		}
		return 1
	})
	var holder uint32
	var since time.Duration
	left := map[uint32]time.Duration{}
	for _, e := range g.events {
		switch {
		case !e.back:
			left[e.tid] = e.at
		case e.tid != holder:
			if end, ok := left[holder]; ok {
				all = append(all, end-since)
			}
			holder, since = e.tid, e.at
		}
	}
	slices.Sort(all)
	return all
}
