package asyncio

import "time"

// timer is an entry of the heap.
type timer struct {
	when      time.Duration
	seq       uint64
	job       job
	id        uint32 // for observers, when it was told of
	cancelled bool
	place     place
	owned     bool // by the loop: nobody outside keeps it, so it can be used again
	next      *timer
}

// place is where a timer is. It is used again only when it is nowhere: a task may
// be cancelled in the turn in which its timer has come due and not yet run.
type place uint8

const (
	nowhere place = iota
	inHeap
	inReady
)

// timers is the heap of what is to run later. Cancelled entries stay until they
// come up or until they are more than half of over a hundred, as in Python: with
// equal deadlines the order depends on them.
//
// Two orders are offered for equal deadlines. By default they run in the order in
// which they were made. Exact reproduces CPython's heapq, whose handles compare
// by deadline only: a pushed leaf rises while it is less than its parent; to pop,
// the last leaf takes the root's place, sinks along the smaller children to the
// bottom, the right one winning ties, and rises again.
type timers struct {
	heap      []*timer
	exact     bool
	seq       uint64
	cancelled int
	free      *timer
	seen      *observer // of the world, nil without one
}

// What Python's _MIN_SCHEDULED_TIMER_HANDLES and
// _MIN_CANCELLED_TIMER_HANDLES_FRACTION are.
const (
	rebuildAbove = 100
	rebuildPart  = 2 // more than one in two
)

func (h *timers) less(a, b *timer) bool {
	if a.when != b.when {
		return a.when < b.when
	}
	return !h.exact && a.seq < b.seq
}

// get returns a timer to be pushed; one that is owned comes from earlier use.
func (h *timers) get(owned bool) *timer {
	if t := h.free; owned && t != nil {
		h.free = t.next
		*t = timer{owned: true}
		return t
	}
	return &timer{owned: owned}
}

func (h *timers) push(t *timer) {
	h.seq++
	t.seq = h.seq
	t.place = inHeap
	h.heap = append(h.heap, t)
	h.rise(0, len(h.heap)-1)
	if h.seen != nil {
		h.seen.armed(t)
	}
}

// rise moves the entry at pos up to at most start.
func (h *timers) rise(start, pos int) {
	t := h.heap[pos]
	for pos > start {
		up := (pos - 1) / 2
		if !h.less(t, h.heap[up]) {
			break
		}
		h.heap[pos] = h.heap[up]
		pos = up
	}
	h.heap[pos] = t
}

// sink moves the entry at pos to the bottom along the smaller children, then up
// to its place.
func (h *timers) sink(pos int) {
	start, end := pos, len(h.heap)
	t := h.heap[pos]
	for child := 2*pos + 1; child < end; child = 2*pos + 1 {
		if right := child + 1; right < end && !h.less(h.heap[child], h.heap[right]) {
			child = right
		}
		h.heap[pos] = h.heap[child]
		pos = child
	}
	h.heap[pos] = t
	h.rise(start, pos)
}

func (h *timers) pop() *timer {
	n := len(h.heap) - 1
	t, last := h.heap[0], h.heap[n]
	h.heap[n] = nil
	h.heap = h.heap[:n]
	if n > 0 {
		h.heap[0] = last
		h.sink(0)
	}
	t.place = nowhere
	return t
}

// cancel marks a timer; one that is in the heap stays there for now.
func (h *timers) cancel(t *timer) {
	if t.cancelled {
		return
	}
	t.cancelled = true
	t.job = job{}
	if h.seen != nil && t.place != nowhere {
		h.seen.disarmed(t)
	}
	switch t.place {
	case inHeap:
		h.cancelled++
	case nowhere:
		h.release(t)
	}
}

// release makes an owned timer that is out of the heap free for use.
func (h *timers) release(t *timer) {
	if t.owned {
		t.job = job{}
		t.next, h.free = h.free, t
	}
}

// tidy drops cancelled timers: all of them when they are the greater part of
// many, otherwise those at the head.
func (h *timers) tidy() {
	if n := len(h.heap); n > rebuildAbove && h.cancelled*rebuildPart > n {
		kept := h.heap[:0]
		for _, t := range h.heap {
			if t.cancelled {
				t.place = nowhere
				h.release(t)
			} else {
				kept = append(kept, t)
			}
		}
		clear(h.heap[len(kept):n])
		h.heap, h.cancelled = kept, 0
		for i := len(kept)/2 - 1; i >= 0; i-- {
			h.sink(i)
		}
		return
	}
	for len(h.heap) > 0 && h.heap[0].cancelled {
		h.cancelled--
		h.release(h.pop())
	}
}
