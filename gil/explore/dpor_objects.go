package explore

import "github.com/pygil/pygil/internal/kernel"

// objectEntry says where the state of an object is.
type objectEntry struct {
	id    kernel.ObjID
	run   uint32
	index int32
}

// forget makes all objects new.
func (f *raceFinder) forget() {
	f.run++
	if f.run == 0 || f.table == nil {
		f.table, f.run = make([]objectEntry, 64), 1
	}
}

// stateOf is the state of an object. The pointer is good until the next object is asked
// for.
func (f *raceFinder) stateOf(id kernel.ObjID) *objectState { return &f.objects[f.object(id)] }

// object is where in objects one is.
func (f *raceFinder) object(id kernel.ObjID) int32 {
	mask := len(f.table) - 1
	for i := int(uint32(id)^uint32(id>>32)) & mask; ; i = (i + 1) & mask {
		t := &f.table[i]
		if t.run == f.run {
			if t.id == id {
				return t.index
			}
			continue
		}
		if 2*len(f.objects) > len(f.table) {
			f.grow()
			return f.object(id)
		}
		*t = objectEntry{id, f.run, int32(len(f.objects))}
		f.objects = append(f.objects, objectState{id: id, write: -1, closers: [2]int32{-1, -1}, closerBy: [2]int32{-1, -1}, readers: -1})
		return t.index
	}
}

// grow makes the table larger. Objects are put into it in their order, so that the last
// ones can be taken out again (see drop).
func (f *raceFinder) grow() {
	f.table = make([]objectEntry, 2*len(f.table))
	mask := len(f.table) - 1
	for n := range f.objects {
		id := f.objects[n].id
		i := int(uint32(id)^uint32(id>>32)) & mask
		for f.table[i].run == f.run {
			i = (i + 1) & mask
		}
		f.table[i] = objectEntry{id, f.run, int32(n)}
	}
}

// drop forgets all objects but the first n. They are taken out of the table in the
// opposite order, so no search for another one has gone past their places.
func (f *raceFinder) drop(n int32) {
	mask := len(f.table) - 1
	for at := int32(len(f.objects)) - 1; at >= n; at-- {
		id := f.objects[at].id
		i := int(uint32(id)^uint32(id>>32)) & mask
		for f.table[i].run != f.run || f.table[i].index != at {
			i = (i + 1) & mask
		}
		f.table[i].run = 0
	}
	f.objects = f.objects[:n]
}
