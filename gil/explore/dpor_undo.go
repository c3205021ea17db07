package explore

// Two runs that follow each other have most of their transitions in common: DPOR goes
// back no further than it must. What those have done to the state of the race finder
// is kept, and the rest is undone.

// mark is where a transition began: its thread, that thread's last one before, and how
// long the lists of the race finder were.
type mark struct{ thread, last, objects, readers, changes, floors int32 }

// change is what an object was before a transition changed its state.
type change struct {
	at  int32
	was objectState
}

// mark notes that a transition of thread u begins.
func (f *raceFinder) mark(u int) {
	f.marks = append(f.marks, mark{
		int32(u), f.last[u],
		int32(len(f.objects)), int32(len(f.readers)), int32(len(f.changes)), int32(len(f.floors)),
	})
}

// moved notes that the clock has moved: everything so far came before that.
func (f *raceFinder) moved() {
	f.floors = append(f.floors, f.floor[:f.width]...)
	for t, l := range f.last {
		f.floor[t] = l + 1
	}
}

// undo makes everything what it was after the first so many transitions.
func (f *raceFinder) undo(kept int) {
	if kept == len(f.marks) {
		return
	}
	for e := len(f.marks) - 1; e >= kept; e-- {
		m := &f.marks[e]
		f.last[m.thread] = m.last
	}
	m := f.marks[kept]
	for i := len(f.changes) - 1; i >= int(m.changes); i-- {
		c := &f.changes[i]
		f.objects[c.at] = c.was
	}
	if int(m.floors) < len(f.floors) {
		copy(f.floor, f.floors[m.floors:][:f.width])
	}
	f.readers, f.changes, f.floors = f.readers[:m.readers], f.changes[:m.changes], f.floors[:m.floors]
	f.drop(m.objects)
	f.marks = f.marks[:kept]
}
