package timing_test

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/pygil/pygil/examples/versions/timing"
	"github.com/pygil/pygil/gil"
)

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

// With an interval of 1 µs most switches are over before anybody who only looks at the
// clock notices: 1 937 to 3 463 a second were seen of some forty thousand, with a median
// of 24 to 34 µs between them and one slice in ten that seemed to last for 0.3 to 1 ms.
// A Machine seen in this way shows the same. With longer intervals all are seen.
func TestGaps(t *testing.T) {
	seen := func(interval time.Duration) (rate float64, all []time.Duration) {
		g := &gaps{left: map[uint32]time.Duration{}}
		took := timing.Watch(gil.CPython312.WithSwitchInterval(interval), 200*time.Millisecond, g)
		all = g.slices()
		return float64(len(all)) / took.Seconds(), all
	}
	micro, slices1 := seen(time.Microsecond)
	milli, slices1000 := seen(time.Millisecond)
	assert.True(t, 1937*0.8 < micro && micro < 3463*1.2, "%v", micro)
	assert.InDelta(t, 28*time.Microsecond, slices1[len(slices1)/2], float64(9*time.Microsecond))
	assert.InDelta(t, 650*time.Microsecond, slices1[len(slices1)*9/10], float64(350*time.Microsecond))
	assert.InDelta(t, 1000, milli, 200)
	assert.InDelta(t, 1040*time.Microsecond, slices1000[len(slices1000)/2], float64(100*time.Microsecond))
}
