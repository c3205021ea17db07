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

// object is the state of an object. The pointer is good until the next one is asked
// for.
func (f *raceFinder) object(id kernel.ObjID) *objectState {
	mask := len(f.table) - 1
	for i := int(uint32(id)^uint32(id>>32)) & mask; ; i = (i + 1) & mask {
		t := &f.table[i]
		if t.run == f.run {
			if t.id == id {
				return &f.objects[t.index]
			}
			continue
		}
		if 2*len(f.objects) > len(f.table) {
			f.grow()
			return f.object(id)
		}
		*t = objectEntry{id, f.run, int32(len(f.objects))}
		f.objects = append(f.objects, objectState{write: -1, closers: [2]int32{-1, -1}, closerBy: [2]int32{-1, -1}, readers: -1})
		return &f.objects[len(f.objects)-1]
	}
}

// grow makes the table larger.
func (f *raceFinder) grow() {
	old := f.table
	f.table = make([]objectEntry, 2*len(old))
	mask := len(f.table) - 1
	for _, t := range old {
		if t.run != f.run {
			continue
		}
		i := int(uint32(t.id)^uint32(t.id>>32)) & mask
		for f.table[i].run == f.run {
			i = (i + 1) & mask
		}
		f.table[i] = t
	}
}
