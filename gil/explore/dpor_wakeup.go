package explore

// wake is a node of a wake-up tree: a thread that is to perform a transition, how
// the sequence goes on, and the sequences that are to be tried after this one.
type wake struct {
	thread int32
	feet   []foot // what the transition did where the sequence comes from
	draws  []int32
	all    bool // other numbers are to be drawn as well: nothing of the sequence depends on them
	child  *wake
	next   *wake
}

// event is a transition of a sequence.
type event struct {
	at     int32 // its number in the run
	thread int32
	gone   bool // taken off the sequence
}

// take begins the first sequence of a node's tree.
func (x *dpor) take(n *dporNode) {
	w := n.todo
	n.thread, n.todo, n.then = w.thread, w.next, w.child
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
	w.thread, w.child, w.next = thread, nil, nil
	w.draws, w.all = nil, true
	w.feet = append(w.feet[:0], feet...)
	return w
}

// wakeUp makes sure that below the node before the first transition of a race a
// schedule is tried in which the second comes before it: one that begins with all
// transitions of the run that do not happen after the first, and then the second.
func (f *raceFinder) wakeUp(x *dpor, r *runner, race *race) {
	i, e, u := int(race.first), int(race.second), race.thread
	c := f.clocks[race.clock : int(race.clock)+f.width]
	n := &x.nodes[i]
	by := n.thread
	f.seq = f.seq[:0]
	for k, at := i+1, (i+1)*f.width+int(by); k < x.begun; k, at = k+1, at+f.width {
		if f.clock[at] <= int32(i) {
			f.seq = append(f.seq, event{at: int32(k), thread: x.nodes[k].thread})
		}
	}
	f.seq = append(f.seq, event{at: int32(e), thread: u})
	f.late = f.feetOf(e)
	if race.missed != 0 {
		f.late = append(f.lateFoot[:0], foot{race.missed, writes, -1})
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
			if !path.has(int(w.thread)) {
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
				f.remove(w.thread)
			}
			break
		}
		if w == nil {
			break
		}
		if w.child == nil {
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
		if j < len(f.seq)-1 {
			w.draws, w.all = x.nodes[v.at].given(), false
		}
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
			row = f.clock[int(v.at)*f.width : (int(v.at)+1)*f.width]
		}
		for k := range j {
			if o := &f.seq[k]; !o.gone && row[o.thread] > o.at {
				return notAtAll
			}
		}
		return initially
	}
	for j := range f.seq {
		if !f.seq[j].gone && !independent(feet, f.feetIn(j)) {
			return notAtAll
		}
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
	return f.feetOf(int(f.seq[j].at))
}

// remove takes the first transition of a thread off the sequence.
func (f *raceFinder) remove(thread int32) {
	for j := range f.seq {
		if v := &f.seq[j]; !v.gone && v.thread == thread {
			v.gone = true
			return
		}
	}
}

// asThen is the footprint of a sleeper at the node before transition i, in the
// names that this run gives to objects.
func (x *dpor) asThen(r *runner, f *raceFinder, sleeper int32, i int) []foot {
	s := x.sleepers[sleeper]
	return x.now(r, f, int(s.thread), x.prints[s.lo:s.hi], i)
}

// now corrects the name of the object of a footprint: what a thread does first
// after node i it was about to do there, and if it did nothing it still is.
func (x *dpor) now(r *runner, f *raceFinder, thread int, feet []foot, i int) []foot {
	if len(feet) == 0 {
		return feet
	}
	for k := i; k < x.begun; k++ {
		if int(x.nodes[k].thread) == thread {
			if did := f.feetOf(k); len(did) > 0 {
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
