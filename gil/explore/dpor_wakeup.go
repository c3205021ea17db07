package explore

import "github.com/pygil/pygil/internal/kernel"

// wake is a node of a wake-up tree: a thread that is to perform a block, how
// the sequence goes on, and the sequences that are to be tried after this one.
type wake struct {
	thread int32
	feet   []foot // what the block did where the sequence comes from
	named  bool   // the first of them is what it did first
	draws  []int32
	parted bool // it has to wait in its middle
	all    bool // other numbers are to be drawn as well: nothing of the sequence depends on them
	child  *wake
	next   *wake
}

// event is a block of a sequence.
type event struct {
	at, last int32 // the first and last of its transitions, as numbers of the run
	thread   int32
	gate     kernel.ObjID // where it waits in its middle, and others come in
	gone     bool         // taken off the sequence
}

// take begins the first sequence of a node's tree.
func (x *dpor) take(n *dporNode) {
	w := n.todo
	n.thread, n.todo, n.then = w.thread, w.next, w.child
	n.parted = w.parted
	n.reset(w.draws, w.all || x.late)
	w.next, w.child = x.spare, nil
	x.spare = w
}

// follows reports whether a sequence is left to be tried. One that cannot be
// followed, because the fair filter holds its thread back or a semaphore had more
// permits than it seemed, is given up for trying every thread.
func (x *dpor) follows(n *dporNode) bool {
	for n.todo != nil && !n.enabled.has(int(n.todo.thread)) {
		w := n.todo
		n.todo, w.next = w.next, nil
		x.free(w)
		x.wakeAll(n)
	}
	return n.todo != nil
}

// drop forgets a node's tree.
func (x *dpor) drop(n *dporNode) {
	x.free(n.todo)
	x.free(n.then)
	n.todo, n.then = nil, nil
}

// free puts a tree by for later use.
func (x *dpor) free(w *wake) {
	for w != nil {
		x.free(w.child)
		next := w.next
		w.child, w.next = nil, x.spare
		x.spare = w
		w = next
	}
}

func (x *dpor) newWake(thread int32, feet []foot) *wake {
	w := x.spare
	if w == nil {
		w = new(wake)
	} else {
		x.spare = w.next
	}
	w.thread, w.child, w.next, w.parted, w.named = thread, nil, nil, false, false
	w.draws, w.all = nil, true
	w.feet = append(w.feet[:0], feet...)
	return w
}

// wakeUp makes sure that below the node before the first block of a race a schedule is
// tried in which the second comes before it: one that begins with all blocks of the run
// that do not happen after the first, and then the second.
func (f *raceFinder) wakeUp(x *dpor, r *runner, race race) {
	i, e, u := int(race.first), int(race.second), race.thread
	c := f.clocks[race.clock : int(race.clock)+f.width]
	n := &x.nodes[i]
	own := e
	f.seq, f.blocks.then = f.seq[:0], nil
	if x.blocks {
		if own = f.own(x, r, i, e, int(u)); !f.apart(x, i, own, int(u), c) {
			return
		}
		if race.parted { // and then what it has to wait for
			f.blocks.then = f.blockFeet(x, i)
		}
	} else {
		for k, at := i+1, (i+1)*f.width+int(n.thread); k < x.begun; k, at = k+1, at+f.width {
			if f.clock[at] <= int32(i) {
				f.seq = append(f.seq, event{at: int32(k), last: int32(k), thread: x.nodes[k].thread})
			}
		}
	}
	f.seq = append(f.seq, event{at: int32(own), last: int32(e), thread: u})
	if f.late = f.feetOf(e); x.blocks {
		f.late = f.blockFeet(x, e)
	}
	if own != e || race.missed != 0 {
		f.ownFeet(x, own, e, race.missed)
	}
	for s := n.lo; s < n.hi; s++ {
		if how := f.begins(x, x.sleepers[s].thread, x.asThen(r, f, s, i), c); how == initially || how == independently && !x.sleepers[s].light {
			return // what begins with the sleeper has been explored
		}
	}
	if !n.enabled.has(int(f.seq[0].thread)) {
		x.wakeAll(n)
		return
	}
	at := &n.todo
	for path := bitset(nil); ; {
		w := *at
		for ; w != nil; w = w.next {
			feet := w.feet
			if w.named && !path.has(int(w.thread)) {
				feet = x.now(r, f, int(w.thread), feet, i)
			}
			how := f.begins(x, w.thread, feet, c)
			if how == initially && !f.draws(x, w) {
				how = notAtAll
			}
			if how == notAtAll {
				at = &w.next
				continue
			}
			if how == initially {
				v, left := f.remove(w.thread)
				if v.gate != 0 {
					w.parted = true
				}
				if left == 0 && race.parted {
					w.parted = true
					return
				}
			}
			break
		}
		if w == nil {
			break
		}
		if w.child == nil && !race.parted {
			return // a sequence of the tree is the beginning of this one
		}
		path.add(int(w.thread))
		at = &w.child
	}
	for j, v := range f.seq {
		if v.gone {
			continue
		}
		w := x.newWake(v.thread, f.feetIn(j))
		w.named = x.names(w.feet, int(v.at)) && (w.feet[0].step >= 0 || v.at == v.last)
		if j < len(f.seq)-1 {
			w.draws, w.all = x.nodes[v.at].given(), false
		}
		w.parted = v.gate != 0 || race.parted && j == len(f.seq)-1
		*at = w
		at = &w.child
	}
}

// beginning says whether a sequence can be reordered to begin with a transition.
type beginning uint8

const (
	notAtAll      beginning = iota
	initially               // it is in the sequence, and nothing there has to come before it
	independently           // it is not, and conflicts with nothing there
)

// begins looks whether the sequence can be reordered, or extended, to begin with
// the next transition of a thread. The last element's clock is c.
func (f *raceFinder) begins(x *dpor, thread int32, feet []foot, c []int32) beginning {
	for j := range f.seq {
		v := &f.seq[j]
		if v.gone || v.thread != thread {
			continue
		}
		row := c
		if j < len(f.seq)-1 {
			row = f.clock[int(v.last)*f.width : (int(v.last)+1)*f.width]
		}
		for k := range j {
			o := &f.seq[k]
			if !o.gone && (row[o.thread] > o.at || x.blocks && !(independent(feet, f.feetIn(k)) && o.leaves(feet))) {
				return notAtAll
			}
		}
		return initially
	}
	for j := range f.seq {
		if v := &f.seq[j]; !v.gone && !(independent(feet, f.feetIn(j)) && v.leaves(feet)) {
			return notAtAll
		}
	}
	if !independent(feet, f.blocks.then) {
		return notAtAll
	}
	return independently
}

// draws looks whether what a thread draws in its first transition of the sequence is
// what it draws in a tree. What it draws in the sequence's last transition does not
// matter to the sequence: where the tree has one number for it, it has the others too.
func (f *raceFinder) draws(x *dpor, w *wake) bool {
	for j := range f.seq[:len(f.seq)-1] {
		if v := &f.seq[j]; !v.gone && v.thread == w.thread {
			return w.all || x.late || x.nodes[v.at].like(w.draws)
		}
	}
	return true
}

// feetIn is what element j of the sequence does there.
func (f *raceFinder) feetIn(j int) []foot {
	if j == len(f.seq)-1 {
		return f.late
	}
	return f.between(int(f.seq[j].at), int(f.seq[j].last))
}

// remove takes the first block of a thread off the sequence. It returns that, and how many
// are left.
func (f *raceFinder) remove(thread int32) (v *event, left int) {
	for j := range f.seq {
		o := &f.seq[j]
		if v == nil && !o.gone && o.thread == thread {
			v, o.gone = o, true
		}
		if !o.gone {
			left++
		}
	}
	return v, left
}

// asThen is the footprint of a sleeper at the node before transition i, in the
// names that this run gives to objects.
func (x *dpor) asThen(r *runner, f *raceFinder, sleeper int32, i int) []foot {
	s := x.sleepers[sleeper]
	if !s.named {
		return x.prints[s.lo:s.hi]
	}
	return x.now(r, f, int(s.thread), x.prints[s.lo:s.hi], i)
}

// now corrects the name of the object of a footprint: what a thread does first
// after node i it was about to do there, and if it did nothing it still is.
func (x *dpor) now(r *runner, f *raceFinder, thread int, feet []foot, i int) []foot {
	for k := i; k < x.begun; k++ {
		if int(x.nodes[k].thread) == thread {
			if did := f.blockFeet(x, k); x.names(did, k) {
				feet[0].obj = did[0].obj
			}
			return feet
		}
	}
	if op := r.k.Pending(thread); op.Obj != 0 && !r.threads[thread].over {
		feet[0].obj = op.Obj
	}
	return feet
}

// wakeAll has every thread tried that can run at the node.
func (x *dpor) wakeAll(n *dporNode) {
	at := &n.todo
	var have bitset
	if n.thread >= 0 {
		have.add(int(n.thread))
	}
	for ; *at != nil; at = &(*at).next {
		have.add(int((*at).thread))
	}
	for t := n.enabled.firstFrom(0); t >= 0; t = n.enabled.firstFrom(t + 1) {
		if !n.asleep.has(t) && !have.has(t) {
			*at = x.newWake(int32(t), nil)
			at = &(*at).next
		}
	}
}
