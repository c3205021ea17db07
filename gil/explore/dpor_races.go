package explore

import (
	"slices"

	"github.com/pygil/pygil/internal/kernel"
)

// raceFinder computes the happens-before order of a run's transitions and finds its
// races.
//
// Transition e has a clock with an entry per thread: one more than the number of
// the thread's last transition that happens before e or is e. So i happens before
// e if clock(e)[thread of i] > i.
type raceFinder struct {
	width   int     // threads
	clock   []int32 // one row per transition
	last    []int32 // of each thread, its last transition so far, -1 for none
	floor   []int32 // everything here came before the clock last moved
	objects []objectState
	table   []objectEntry // where in objects one is: open addressing, a power of two
	run     uint32        // entries of earlier runs are empty
	readers []reader
	marks   []mark   // of each transition, what it was before that, see dpor_undo.go
	changes []change // what objects were before the transitions, in their order
	floors  []int32  // rows of floor, each before the clock moved
	opener  int32    // of the gate that the transition looked at passes, -1 for none
	where   []int32  // of the feet of the transition looked at, their objects
	pairs   []pair
	row     []int32
	feet    []foot  // of all transitions
	upTo    []int32 // of each transition, where its feet end
	seq     []event
	late    []foot // of the last element of seq
	buf     []foot
	blocks  blocks
	races   []race
	clocks  []int32
}

// race is two transitions that conflict and that nothing else orders: where the block of
// the first begins, the second, its thread, and where in clocks the clock begins that it
// has without the first.
type race struct {
	first, second, thread, clock int32
	missed                       kernel.ObjID // the gate that the second came too late for
	parted                       bool         // the second's block is to wait in its middle
}

// objectState is what has happened to one object.
type objectState struct {
	id       kernel.ObjID
	write    int32 // the last transition that changed it, -1 for none
	kind     kernel.OpKind
	opens    bool     // that one opened a gate
	wasOpen  bool     // and the gate was open for everybody before
	open     bool     // the gate is open for everybody
	closers  [2]int32 // the last transitions that took a permit, of different threads
	closerBy [2]int32
	readers  int32 // those that looked at it since, a list in raceFinder.readers
}

type reader struct{ transition, next int32 }

// pair is an earlier transition that conflicts with the one looked at.
type pair struct {
	at   int32
	late bool // it made the later one possible: an order, and no race
}

// find looks at the transitions that the run before did not have. Races between the
// others have been found then.
func (f *raceFinder) find(x *dpor, r *runner) {
	kept := f.begin(x, r)
	if x.blocks {
		f.follow(x, kept)
	}
	plain := !r.unusual()
	for e := kept; e < x.begun; e++ {
		at, end, all := int(x.start[e]), x.end(r, e), len(f.feet)
		if s := &r.steps[at]; plain && end == at+1 && s.obj != 0 { // as most are
			if s.effect != nothing {
				f.feet = append(f.feet, foot{s.obj, s.effect, int32(at)})
			}
		} else {
			for i := at; i < end; i++ {
				f.feet = r.feet(f.feet, i)
			}
		}
		feet := f.feet[all:]
		f.upTo = append(f.upTo, int32(len(f.feet)))
		first := &r.steps[at]
		u := int(first.thread)
		f.mark(u)
		if first.flags&clocked != 0 {
			f.moved()
		}
		c := f.clock[e*f.width : (e+1)*f.width]
		f.order(x, r, u, c)
		if first.flags&expired != 0 {
			if e >= x.fresh {
				f.missed(x, r, e, u, c, first)
			}
			join(c, f.floor)
		}
		f.pairs, f.where, f.opener = f.pairs[:0], f.where[:0], -1
		for i := range feet {
			o := f.object(feet[i].obj)
			f.where = append(f.where, o)
			f.conflicts(r, &feet[i], &f.objects[o], u, false, x)
		}
		f.reverse(x, r, e, u, c, e >= x.fresh)
		if x.blocks {
			f.use(x, u)
		}
		c[u] = int32(e + 1)
		f.last[u] = int32(e)
		for i := range feet {
			f.update(r, &feet[i], f.where[i], int32(e), int32(u))
		}
		if x.blocks {
			f.end(x, r, e, u)
		}
	}
	f.wakeAll(x, r)
	f.unfinished(x, r)
}

// begin forgets the run before, but for the transitions that this one has from it. It
// returns how many these are.
func (f *raceFinder) begin(x *dpor, r *runner) (kept int) {
	width, transitions := len(r.threads), x.begun
	if width == f.width && r.daemons == 0 { // which operation ends daemons is known afterwards
		kept = min(x.fresh, transitions, len(f.marks))
		if x.blocks {
			kept = min(kept, len(f.blocks.all)) // some have been found only now
		}
	}
	f.width = width
	if n := width * transitions; cap(f.clock) < n {
		f.clock = append(make([]int32, 0, 2*n), f.clock[:width*kept]...)[:n]
	} else {
		f.clock = f.clock[:n]
	}
	f.row = grown(f.row, width)
	if f.upTo, f.feet = f.upTo[:kept], f.feet[:0]; kept > 0 {
		f.feet = f.feet[:f.upTo[kept-1]]
		f.undo(kept)
		return kept
	}
	f.last = grown(f.last, width)
	f.floor = grown(f.floor, width)
	for i := range width {
		f.last[i], f.floor[i] = -1, 0
	}
	f.objects, f.readers = f.objects[:0], f.readers[:0]
	f.marks, f.changes, f.floors = f.marks[:0], f.changes[:0], f.floors[:0]
	f.forget()
	return 0
}

// feetOf is what transition e does, the last of them being one that was not
// performed.
func (f *raceFinder) feetOf(e int) []foot {
	if e == 0 {
		return f.feet[:f.upTo[0]]
	}
	return f.feet[f.upTo[e-1]:f.upTo[e]]
}

func grown(s []int32, n int) []int32 {
	if cap(s) < n {
		return make([]int32, n)
	}
	return s[:n]
}

// order sets c to what thread u has before its next transition: what its last one
// had, or the start of the thread.
func (f *raceFinder) order(x *dpor, r *runner, u int, c []int32) {
	switch l := f.last[u]; {
	case l >= 0:
		copy(c, f.clock[int(l)*f.width:])
	case r.threads[u].parent >= 0:
		born, _ := slices.BinarySearch(x.start, r.threads[u].born+1)
		copy(c, f.clock[(born-1)*f.width:born*f.width])
	default:
		clear(c)
	}
}

func join(c, o []int32) {
	for i, v := range o[:len(c)] {
		if v > c[i] {
			c[i] = v
		}
	}
}

// missed looks for the race of transition e whose time had run out: had it come
// before whoever closed the gate, it would have passed.
func (f *raceFinder) missed(x *dpor, r *runner, e, u int, c []int32, s *step) {
	if !passes(s.kind) || s.permits < 0 || s.flags&tries != 0 {
		return
	}
	f.pairs = f.pairs[:0]
	f.conflicts(r, &foot{s.obj, writes, -1}, f.stateOf(s.obj), u, true, x)
	for _, p := range f.pairs {
		if by := x.nodes[p.at].thread; c[by] <= p.at {
			f.race(x, int(p.at), e, u, c, s.obj)
		}
	}
}

// conflicts collects the earlier transitions that conflict with a foot of thread u on
// object o. One that is pending waits at a closed gate.
func (f *raceFinder) conflicts(r *runner, t *foot, o *objectState, u int, pending bool, x *dpor) {
	waits := false
	permits := int32(0)
	if t.step >= 0 {
		s := &r.steps[t.step]
		waits, permits = passes(s.kind) && s.permits >= 0 && s.flags&(tries|overdue) == 0, s.permits
	}
	if pending || waits && o.write >= 0 && o.opens && f.enables(o, permits) {
		// It could not have come before whoever opened the gate, but before whoever
		// had closed it. Where one block did both, the gate was open before it.
		if !pending {
			f.opener = o.write
		}
		c := 0
		if o.closerBy[0] == int32(u) {
			c = 1
		}
		if !pending && (o.closers[c] < 0 || x.nodes[o.closers[c]].head != x.nodes[o.write].head) {
			f.pairs = append(f.pairs, pair{o.write, true})
		}
		if o.closers[c] >= 0 && !x.lockless {
			f.pairs = append(f.pairs, pair{o.closers[c], false})
		}
	} else if o.write >= 0 {
		f.pairs = append(f.pairs, pair{o.write, false})
	}
	if t.effect == writes && !pending { // whoever has looked at a closed gate has done so after it was closed
		for i := o.readers; i >= 0; i = f.readers[i].next {
			f.pairs = append(f.pairs, pair{f.readers[i].transition, false})
		}
	}
}

// enables reports whether the gate was closed before it was last opened, when a
// thread passed it next that found so many permits.
func (f *raceFinder) enables(o *objectState, permits int32) bool {
	switch o.kind {
	case kernel.OpExit:
		return true
	case kernel.OpSet:
		return !o.wasOpen
	}
	return permits <= 1
}

// update takes the foot of transition e into the state of its object, the at'th.
func (f *raceFinder) update(r *runner, t *foot, at, e, u int32) {
	o := &f.objects[at]
	f.changes = append(f.changes, change{at, *o})
	if t.effect == reads {
		f.readers = append(f.readers, reader{e, o.readers})
		o.readers = int32(len(f.readers) - 1)
		return
	}
	s := &r.steps[t.step]
	o.write, o.kind, o.readers = e, s.kind, -1
	if s.flags&refused != 0 && passes(s.kind) {
		o.opens = false
		return // it has changed nothing
	}
	o.opens, o.wasOpen = opens(s), o.open
	switch {
	case s.kind == kernel.OpSet:
		o.open = true
	case s.kind == kernel.OpClear:
		o.open = false // who waited before it has been let through or waits in any case
	case passes(s.kind) && !o.opens:
		o.open = false
		if o.closerBy[0] != u {
			o.closers[1], o.closerBy[1] = o.closers[0], o.closerBy[0]
		}
		o.closers[0], o.closerBy[0] = e, u
	}
}

// reverse finds the races among the collected pairs, the latest first, and orders
// the transition, whose clock is c, after them.
func (f *raceFinder) reverse(x *dpor, r *runner, e, u int, c []int32, fresh bool) {
	switch {
	case len(f.pairs) < 2:
	case len(f.pairs) == 2:
		if p := f.pairs; p[0].at < p[1].at {
			p[0], p[1] = p[1], p[0]
		}
	default:
		slices.SortFunc(f.pairs, func(a, b pair) int { return int(b.at - a.at) })
	}
	late := false
	for _, p := range f.pairs {
		late = late || p.late
	}
	for _, p := range f.pairs {
		i := int(p.at)
		n := &x.nodes[i]
		if p.late || late && slices.ContainsFunc(f.pairs, func(l pair) bool { return l.late && x.nodes[l.at].head == n.head }) {
			continue // whatever else is in the two blocks: the one needs the other
		}
		if c[n.thread] > p.at {
			continue
		}
		if fresh {
			f.race(x, i, e, u, c, 0)
		}
		join(c, f.clock[i*f.width:(i+1)*f.width])
	}
	if !late {
		return
	}
	for _, p := range f.pairs {
		if p.late {
			join(c, f.clock[int(p.at)*f.width:(int(p.at)+1)*f.width])
		}
	}
}

// race notes that transition e of thread u, whose clock is c, could have come before
// transition i: before the block of that, or, if e needs the beginning of it, in its
// middle, if there is a place to wait.
func (f *raceFinder) race(x *dpor, i, e, u int, c []int32, missed kernel.ObjID) {
	n := &x.nodes[i]
	before := c[n.thread]
	if before <= n.head {
		f.races = append(f.races, race{n.head, int32(e), int32(u), int32(len(f.clocks)), missed, false})
		f.clocks = append(f.clocks, c...)
		return
	}
	for w := int(before); w <= i; w++ {
		f.part(x, w)
	}
}

// unfinished treats what unfinished threads were about to do as their last
// transitions, or nothing beyond a deadlock would be explored.
func (f *raceFinder) unfinished(x *dpor, r *runner) {
	all := len(f.feet)
	for u := range r.threads {
		th := &r.threads[u]
		if th.over {
			continue
		}
		op := r.k.Pending(u)
		if op.Kind == kernel.OpNone {
			continue
		}
		s := step{kind: op.Kind, obj: op.Obj, thread: int32(u), permits: 1}
		s.effect = effectOf(&s)
		f.order(x, r, u, f.row)
		f.pairs, f.feet = f.pairs[:0], f.feet[:all]
		if obj, effect := target(&s); effect != nothing {
			f.feet = append(f.feet, foot{obj, effect, -1})
			f.conflicts(r, &f.feet[all], f.stateOf(obj), u, passes(op.Kind), x)
		}
		if th.daemon {
			f.feet = append(f.feet, foot{daemons, reads, -1})
			f.conflicts(r, &f.feet[len(f.feet)-1], f.stateOf(daemons), u, false, x)
		}
		f.upTo = append(f.upTo[:x.begun], int32(len(f.feet)))
		f.reverse(x, r, x.begun, u, f.row, true)
		if x.blocks {
			f.use(x, u)
		}
		f.wakeAll(x, r)
	}
}

// wakeAll sees to all races that have been found.
func (f *raceFinder) wakeAll(x *dpor, r *runner) {
	for i := 0; i < len(f.races); i++ { // there may be more on the way
		f.wakeUp(x, r, f.races[i])
	}
	f.races, f.clocks = f.races[:0], f.clocks[:0]
}
