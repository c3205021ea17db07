package pickle

import (
	"cmp"
	"reflect"
	"slices"
)

// Go has pointers into the middle of things: to a field, to an element; and two
// slices may share some of their elements. A reference to the whole cannot say
// that, and a copy of the part would be a different variable on the other side:
// an intrusive ring would no longer close. So when a message has been written,
// what it wrote is checked for memory that occurs twice. Nearly always there is
// none. Otherwise the message is written once more, now with the knowledge of
// what is a part of what: a part is written as its container (which by then is
// in the message or is put there first) and the way in.

// An anatomy says which identities are parts, and of what.
type anatomy map[identity]part

type part struct {
	whole identity
	steps []int // from the whole to the part: fields (as numbered in the plan) and elements
	first int   // of a slice: its first element, counted in the array or slice at the end of the steps
}

// A span is a stretch of memory, an extent the one of an identity.
type span struct{ start, end uintptr }

type extent struct {
	span
	identity
}

// order sorts spans by where they start, the longer first.
func (a span) order(b span) int {
	if c := cmp.Compare(a.start, b.start); c != 0 {
		return c
	}
	return cmp.Compare(b.end, a.end)
}

// extent returns where a variable behind a pointer lies, or the elements of a
// slice: what others may be parts of.
func (id identity) extent() (extent, bool) {
	p := id.shape
	if id.len < 0 || p.recipe != nil {
		return extent{}, false
	}
	n := 1
	switch p.kind {
	case reflect.Slice:
		n = id.len
	case reflect.Pointer:
	default:
		return extent{}, false
	}
	if p.elem.size == 0 {
		return extent{}, false
	}
	start := uintptr(id.ptr)
	return extent{span{start, start + uintptr(n)*uintptr(p.elem.size)}, id}, true
}

// fewExtents is up to how many are compared each with each.
const fewExtents = 8

// overlaps reports whether some memory was written twice.
func (e *encoder) overlaps() bool {
	known := e.memo.known
	if len(known) < 2 {
		return false
	}
	if len(known) <= fewExtents {
		for i, id := range known {
			x, ok := id.extent()
			for j := 0; ok && j < i; j++ {
				if y, ok := known[j].extent(); ok && x.start < y.end && y.start < x.end {
					return true
				}
			}
		}
		return false
	}
	suspects := e.suspects()
	if len(suspects) == 0 {
		return false
	}
	e.spans = e.spans[:0]
	for _, id := range known {
		if slices.Contains(suspects, id.shape) {
			if x, ok := id.extent(); ok {
				e.spans = append(e.spans, x.span)
			}
		}
	}
	slices.SortFunc(e.spans, span.order)
	var end uintptr
	for _, x := range e.spans {
		if x.start < end {
			return true
		}
		end = x.end
	}
	return false
}

// suspects returns which shapes can lie within others of the same message, going
// by their types: a million nodes that point at each other need no comparing. Two
// slices of one type may always share elements.
func (e *encoder) suspects() []*plan {
	var shapes []*plan
	for _, id := range e.memo.known {
		if n := len(shapes); n > 0 && shapes[n-1] == id.shape {
			continue
		}
		if id.shape.recipe == nil && !slices.Contains(shapes, id.shape) {
			shapes = append(shapes, id.shape)
		}
	}
	return slices.DeleteFunc(slices.Clone(shapes), func(a *plan) bool {
		return a.kind != reflect.Slice && !slices.ContainsFunc(shapes, func(b *plan) bool { return e.w.mayShare(a, b) })
	})
}

// mayShare reports whether a pointer can lead to memory that another pointer or
// a slice leads to.
func (w *world) mayShare(a, b *plan) bool {
	if a.kind != reflect.Pointer || b.kind != reflect.Pointer && b.kind != reflect.Slice {
		return false
	}
	key := [2]*plan{a, b}
	if known, ok := w.shared.Load(key); ok {
		return known.(bool)
	}
	x, y := a.typ.Elem(), b.typ.Elem()
	may := x != y && (holds(x, y) || holds(y, x))
	if b.kind == reflect.Slice {
		may = holds(y, x) || holdsArray(x, y)
	}
	w.shared.Store(key, may)
	return may
}

// holds reports whether a variable of type t has one of type part in it.
func holds(t, part reflect.Type) bool {
	if t == part {
		return true
	}
	switch t.Kind() {
	case reflect.Array:
		return holds(t.Elem(), part)
	case reflect.Struct:
		for i := range t.NumField() {
			if holds(t.Field(i).Type, part) {
				return true
			}
		}
	}
	return false
}

// holdsArray reports whether a variable of type t has an array in it that can be
// sliced to elements of a type.
func holdsArray(t, elem reflect.Type) bool {
	switch t.Kind() {
	case reflect.Array:
		return t.Elem() == elem || holdsArray(t.Elem(), elem)
	case reflect.Struct:
		for i := range t.NumField() {
			if holdsArray(t.Field(i).Type, elem) {
				return true
			}
		}
	}
	return false
}

// dissect finds the parts among everything that was written.
func (e *encoder) dissect() *Error {
	e.parts = anatomy{}
	var all []extent
	for _, id := range e.memo.known {
		if x, ok := id.extent(); ok {
			all = append(all, x)
		}
	}
	slices.SortFunc(all, func(a, b extent) int { return a.order(b.span) })
	for len(all) > 0 {
		n, end := 1, all[0].end
		for n < len(all) && all[n].start < end {
			end = max(end, all[n].end)
			n++
		}
		if n > 1 {
			if err := e.dissectGroup(all[:n], end); err != nil {
				return err
			}
		}
		all = all[n:]
	}
	return nil
}

// dissectGroup finds, among values that share memory, the one that all the others
// are parts of.
func (e *encoder) dissectGroup(group []extent, end uintptr) *Error {
	wholes := make([]identity, 0, len(group))
	for _, x := range group {
		if x.start == group[0].start && x.end == end {
			wholes = append(wholes, x.identity)
		}
	}
	for _, x := range group {
		// Slices that overlap only partly are parts of one that nobody holds:
		// the one with all their elements.
		if p := x.shape; p.kind == reflect.Slice {
			size := uintptr(p.elem.size)
			if (x.start-group[0].start)%size == 0 && (end-group[0].start)%size == 0 {
				whole := identity{group[0].ptr, int((end - group[0].start) / size), p}
				if !slices.Contains(wholes, whole) {
					wholes = append(wholes, whole)
				}
			}
		}
	}
	for _, whole := range wholes {
		found := anatomy{}
		if fits(group, whole, found) {
			for id, p := range found {
				e.parts[id] = p
			}
			return nil
		}
	}
	return refused(group[1].shape.typ, "it shares memory with another value of the message in a way that cannot be kept; copy it first")
}

// fits finds the way from a whole to each other value of a group.
func fits(group []extent, whole identity, found anatomy) bool {
	for _, x := range group {
		if x.identity == whole {
			continue
		}
		p := part{whole: whole}
		inner, offset := whole.shape.elem, x.start-uintptr(whole.ptr)
		if whole.shape.kind == reflect.Slice {
			size := uintptr(inner.size)
			if x.shape == whole.shape && offset%size == 0 {
				p.first = int(offset / size)
				found[x.identity] = p
				continue
			}
			p.steps = append(p.steps, int(offset/size))
			offset %= size
		}
		switch p.descend(inner, offset, x) {
		case reached:
			found[x.identity] = p
		case lost:
			return false
		}
	}
	return true
}

// What came of looking for a part.
const (
	lost    = iota // it is not there
	reached        // the steps lead to it
	outside        // it lies in what does not travel with the whole, and travels by itself
)

// descend goes from a variable to the part of it at an offset.
func (p *part) descend(at *plan, offset uintptr, x extent) int {
	target := x.shape
	for {
		switch {
		case target.kind == reflect.Pointer && offset == 0 && at.typ == target.elem.typ:
			return reached
		case at.kind == reflect.Array && at.size > 0 && at.recipe == nil && at.methods == nil:
			size := uintptr(at.elem.size)
			i := offset / size
			if target.kind == reflect.Slice && at.elem.typ == target.elem.typ && offset%size == 0 && int(i)+x.len <= at.len {
				p.first = int(i)
				return reached
			}
			p.steps = append(p.steps, int(i))
			at, offset = at.elem, offset%size
		case at.plain:
			i := slices.IndexFunc(at.fields, func(f field) bool {
				start := at.typ.Field(f.index).Offset
				return start <= offset && offset < start+uintptr(f.size)
			})
			if i < 0 {
				return outside
			}
			p.steps = append(p.steps, i)
			offset -= at.typ.Field(at.fields[i].index).Offset
			at = at.fields[i].plan
		case at.kind == reflect.Struct, at.kind == reflect.Array:
			return outside
		default:
			return lost
		}
	}
}

// part writes a part as its whole and the way in, if that is what it is.
func (e *encoder) part(id identity) (bool, *Error) {
	p, ok := e.parts[id]
	if !ok {
		return false, nil
	}
	e.code(codePart)
	whole := p.whole.shape
	if err := e.describe(whole); err != nil {
		return true, err
	}
	if err := e.enter(whole); err != nil {
		return true, err
	}
	v := reflect.New(whole.typ).Elem()
	(&object{whole, p.whole.ptr, p.whole.len}).store(v)
	if err := whole.enc(e, whole, v); err != nil {
		return true, err
	}
	e.depth--
	e.code(len(p.steps))
	for _, i := range p.steps {
		e.code(i)
	}
	if id.shape.kind == reflect.Slice {
		e.code(p.first)
		e.code(id.len)
	}
	return true, nil
}

// part reads a part of another value into v, a pointer or a slice.
func (d *decoder) part(p *plan, v reflect.Value) *Error {
	at := d.pos
	whole, err := d.describe(0)
	if err != nil {
		return err
	}
	if whole.recipe != nil || whole.methods != nil || whole.kind != reflect.Pointer && whole.kind != reflect.Slice {
		return d.failAt(at, p.typ, "the message takes a part of a %s", whole.typ)
	}
	if err := d.enter(whole); err != nil {
		return err
	}
	c := reflect.New(whole.typ).Elem()
	if err := whole.dec(d, whole, c); err != nil {
		return err
	}
	d.depth--
	d.parted = true
	if c.IsNil() {
		return d.failAt(at, p.typ, "the message takes a part of nil")
	}
	// From here on cur is a variable and plan its plan, but for the first step
	// into a slice.
	cur, plan := c, whole
	if whole.kind == reflect.Pointer {
		cur, plan = c.Elem(), whole.elem
	}
	steps, err := d.uvarint()
	if err != nil {
		return err
	}
	for ; steps > 0; steps-- {
		at := d.pos
		i, err := d.uvarint()
		if err != nil {
			return err
		}
		switch {
		case plan.plain && i < uint64(len(plan.fields)):
			f := &plan.fields[i]
			cur, plan = cur.Field(f.index), f.plan
		case (plan == whole && plan.kind == reflect.Slice || plan.kind == reflect.Array && plan.methods == nil) && i < uint64(cur.Len()):
			cur, plan = cur.Index(int(i)), plan.elem
		default:
			return d.failAt(at, p.typ, "the message takes part %d of a %s", i, plan.typ)
		}
	}
	if p.kind == reflect.Pointer {
		if plan.typ != p.elem.typ || cur.Kind() == reflect.Slice && plan == whole {
			return d.fail(p.typ, "the message takes a %s for it", plan.typ)
		}
		(&object{ptr: cur.Addr().UnsafePointer()}).store(v)
		return nil
	}
	return d.partSlice(p, v, cur, plan, plan == whole)
}

// partSlice reads which elements of an array, or of the whole if that is a
// slice, a slice has.
func (d *decoder) partSlice(p *plan, v, cur reflect.Value, plan *plan, isWhole bool) *Error {
	at := d.pos
	first, err := d.uvarint()
	if err != nil {
		return err
	}
	n, err := d.uvarint()
	if err != nil {
		return err
	}
	if plan.kind != reflect.Array && !(isWhole && plan.kind == reflect.Slice) || plan.typ.Elem() != p.typ.Elem() ||
		n == 0 || n > uint64(cur.Len()) || first > uint64(cur.Len())-n {
		return d.failAt(at, p.typ, "the message takes elements %d to %d of a %s for it", first, first+n, plan.typ)
	}
	(&object{ptr: cur.Index(int(first)).Addr().UnsafePointer(), len: int(n)}).store(v)
	return nil
}
