package pickle

import "encoding/binary"

// What the pointers to values cost, for the bound on memory.
const (
	itemCost   = 16
	listCost   = 24
	dictCost   = 48
	entryCost  = 100 // with its place in the index, and room to grow
	objectCost = 160
)

// compose performs the instructions that make containers, and hands the others on.
func (d *pyDecoder) compose(op byte) *Error {
	switch op {
	case pyEmptyList:
		if err := d.charge(listCost); err != nil {
			return err
		}
		return d.contain(new(List), 1)
	case pyEmptyDict:
		if err := d.charge(dictCost); err != nil {
			return err
		}
		return d.contain(new(Dict), 1)
	case pyEmptySet:
		if err := d.charge(dictCost); err != nil {
			return err
		}
		return d.contain(new(Set), 1)
	case pyEmptyTuple:
		d.push(Tuple{})
		return nil
	case pyTuple1, pyTuple2, pyTuple3:
		items, err := d.last(int(op-pyTuple1) + 1)
		if err != nil {
			return err
		}
		return d.tuple(items)
	case pyTuple, pyList, pyDict, pyFrozenSet, pyAppends, pySetItems, pyAddItems, pyPopMark:
		items, err := d.popMark()
		if err != nil {
			return err
		}
		return d.collect(op, items)
	case pyAppend, pySetItem:
		items, err := d.last(map[byte]int{pyAppend: 1, pySetItem: 2}[op])
		if err != nil {
			return err
		}
		return d.collect(op, items)
	case pyPop:
		// A mark counts as something to pop.
		if n := len(d.marks); n > 0 && d.marks[n-1] == len(d.stack) {
			d.marks = d.marks[:n-1]
			return nil
		}
		_, err := d.pop()
		return err
	case pyDup:
		it, err := d.top()
		if err != nil {
			return err
		}
		if changeable(it.v) {
			d.tangle = true
		}
		d.stack = append(d.stack, *it)
		return nil
	case pyLongBinGet, pyLongBinPut:
		b, err := d.take(4)
		if err != nil {
			return err
		}
		n := binary.LittleEndian.Uint32(b)
		if n > 1<<31-1 {
			return d.fail("", "the pickle numbers an object %d", n)
		}
		if op == pyLongBinPut {
			return d.put(int(n))
		}
		return d.get(int(n))
	case pyBinPut:
		b, err := d.take(1)
		if err != nil {
			return err
		}
		return d.put(int(b[0]))
	case pyByteArray8:
		b, err := d.blob(8)
		if err != nil {
			return err
		}
		d.push(&ByteArray{d.own(b)})
		return nil
	case pyNextBuffer:
		return d.outOfBand()
	case pyReadonlyBuffer:
		it, err := d.top()
		if err != nil {
			return err
		}
		if b, ok := it.v.(*ByteArray); ok {
			it.v = b.Bytes
		}
		return nil
	}
	return d.class(op)
}

// outOfBand takes a buffer that travelled beside the pickle.
func (d *pyDecoder) outOfBand() *Error {
	if d.cfg.buffers == nil || d.buffer >= len(d.cfg.buffers.List) {
		return d.fail("pickle stream refers to out-of-band data but no *buffers* argument was given",
			"the pickle refers to a buffer that did not come with it; decode it WithBuffers")
	}
	d.push(&ByteArray{d.cfg.buffers.List[d.buffer]})
	d.buffer++
	return nil
}

// tuple pushes a tuple of items.
func (d *pyDecoder) tuple(items []pyItem) *Error {
	if err := d.charge(listCost + itemCost*len(items)); err != nil {
		return err
	}
	return d.contain(Tuple(values(items)), depthOf(items))
}

// collect performs an instruction on the items that it found on the stack.
func (d *pyDecoder) collect(op byte, items []pyItem) *Error {
	switch op {
	case pyPopMark:
		return nil
	case pyTuple:
		if len(items) == 0 {
			d.push(Tuple{})
			return nil
		}
		return d.tuple(items)
	case pyList:
		if err := d.charge(listCost + itemCost*len(items)); err != nil {
			return err
		}
		return d.contain(&List{values(items)}, depthOf(items))
	case pyDict:
		it := pyItem{new(Dict), depthOf(items)}
		if err := d.setItems(it.v.(*Dict), items); err != nil {
			return err
		}
		return d.contain(it.v, it.deep)
	case pyFrozenSet:
		s := new(FrozenSet)
		if err := d.addItems(&s.d, items); err != nil {
			return err
		}
		return d.contain(s, depthOf(items))
	}
	deep := depthOf(items)
	to, err := d.top()
	if err != nil {
		return err
	}
	if to.deep = max(to.deep, deep); to.deep > d.cfg.depth {
		return d.tooDeep()
	}
	switch v := to.v.(type) {
	case *List:
		if op == pyAppend || op == pyAppends {
			return d.append(&v.Items, items)
		}
	case *Dict:
		if op == pySetItem || op == pySetItems {
			return d.setItems(v, items)
		}
	case *Set:
		if op == pyAddItems {
			return d.addItems(&v.d, items)
		}
	case *Object:
		switch op {
		case pyAppend, pyAppends:
			return d.append(&v.Items, items)
		case pySetItem, pySetItems:
			if v.Entries == nil {
				v.Entries = new(Dict)
			}
			return d.setItems(v.Entries, items)
		}
	}
	return d.fail("", "the pickle puts items into a %s", pyTypeName(to.v))
}

func (d *pyDecoder) append(to *[]any, items []pyItem) *Error {
	// The room that growing wastes counts too.
	if err := d.charge(itemCost * len(items)); err != nil {
		return err
	}
	l := *to
	if l == nil {
		l = make([]any, 0, len(items))
	}
	for i := range items {
		l = append(l, items[i].v)
	}
	*to = l
	return nil
}

func (d *pyDecoder) setItems(to *Dict, items []pyItem) *Error {
	if len(items)%2 != 0 {
		return d.fail("odd number of items for SETITEMS", "a key of a dict has no value")
	}
	if err := d.charge(entryCost * len(items) / 2); err != nil {
		return err
	}
	to.expect(len(items) / 2)
	for i := 0; i < len(items); i += 2 {
		if err := to.keep(items[i].v, items[i+1].v, &d.keys); err != nil {
			return d.badKey(err)
		}
	}
	return nil
}

func (d *pyDecoder) addItems(to *Dict, items []pyItem) *Error {
	if err := d.charge(entryCost * len(items)); err != nil {
		return err
	}
	to.expect(len(items))
	for i := range items {
		if err := to.keep(items[i].v, nil, &d.keys); err != nil {
			return d.badKey(err)
		}
	}
	return nil
}

func (d *pyDecoder) badKey(err error) *Error {
	if e, ok := err.(*Error); ok {
		return d.fail(e.Python, "%s", e.Reason)
	}
	return d.fail("", "%v", err)
}

// tooDeep reports whether more than limit containers lie within each other. What
// leads back to itself counts once.
func tooDeep(v any, limit int) bool {
	type visit struct {
		id   any
		kids []any
		deep int
	}
	known := map[any]int{} // 0: on the way down
	var path []visit
	enter := func(v any) (deep int, entered bool) {
		id, kids := inside(v)
		if id == nil {
			return 0, false
		}
		if deep, ok := known[id]; ok {
			return deep, false
		}
		known[id] = 0
		path = append(path, visit{id, kids, 1})
		return 0, true
	}
	if _, entered := enter(v); !entered {
		return false
	}
	for len(path) > 0 {
		at := &path[len(path)-1]
		if len(path) > limit || at.deep > limit {
			return true
		}
		if len(at.kids) == 0 {
			deep := at.deep
			known[at.id] = deep
			path = path[:len(path)-1]
			if n := len(path); n > 0 {
				path[n-1].deep = max(path[n-1].deep, deep+1)
			}
			continue
		}
		kid := at.kids[0]
		at.kids = at.kids[1:]
		if deep, entered := enter(kid); !entered {
			at.deep = max(at.deep, deep+1)
		}
	}
	return false
}

// inside returns what a container is known by and what it contains.
func inside(v any) (id any, kids []any) {
	switch v := v.(type) {
	case *List:
		return v, v.Items
	case Tuple:
		if len(v) > 0 {
			return &v[0], v
		}
	case *Dict:
		for k, x := range v.All() {
			kids = append(kids, k, x)
		}
		return v, kids
	case *Set:
		return v, v.d.keys()
	case *FrozenSet:
		return v, v.d.keys()
	case *Exception:
		return v, []any{v.Args, v.State}
	case *Object:
		kids = append([]any{v.Args, v.State}, v.Items...)
		if v.Kwargs != nil {
			kids = append(kids, v.Kwargs)
		}
		if v.Entries != nil {
			kids = append(kids, v.Entries)
		}
		return v, kids
	}
	return nil, nil
}
