package pickle

import (
	"bytes"
	"reflect"
	"unsafe"
)

// aliasMin is the length from which WithAliasing makes a difference: a shorter
// slice would keep a whole message alive for the sake of a small copy.
const aliasMin = 4 << 10

func decBytes(d *decoder, p *plan, v reflect.Value) *Error {
	b, again, err := d.bytes(p)
	switch {
	case err != nil:
		return err
	case again == codeSeen:
		return d.seen(p, v)
	case again == codePart:
		return d.part(p, v)
	}
	v.SetBytes(b)
	return nil
}

// bytes reads a byte slice, or returns the code that says that it is another
// one again or a part of it.
func (d *decoder) bytes(p *plan) ([]byte, int, *Error) {
	at := d.pos
	code, err := d.uvarint()
	if err != nil {
		return nil, 0, err
	}
	var b []byte
	switch code {
	case codeNil:
		return nil, codeNil, nil
	case codeSeen, codePart:
		return nil, int(code), nil
	case codeNew:
		return []byte{}, codeNew, nil
	case codeBuffer:
		if b, err = d.buffer(at, p); err != nil {
			return nil, 0, err
		}
	default:
		if err := d.claim(at, code-codeNew, 1); err != nil {
			return nil, 0, err
		}
		if b, err = d.take(int(code - codeNew)); err != nil {
			return nil, 0, err
		}
		if !d.cfg.aliasing || len(b) < aliasMin {
			if err := d.charge(at, len(b), 1); err != nil {
				return nil, 0, err
			}
			b = bytes.Clone(b)[:len(b):len(b)]
		}
	}
	d.memo = append(d.memo, object{p, unsafe.Pointer(unsafe.SliceData(b)), len(b)})
	return b, codeNew, nil
}

// buffer returns the next of the slices that travelled beside the message.
func (d *decoder) buffer(at int, p *plan) ([]byte, *Error) {
	n, err := d.uvarint()
	if err != nil {
		return nil, err
	}
	if d.cfg.buffers == nil || d.buffers >= len(d.cfg.buffers.List) {
		err := d.failAt(at, p.typ, "the message refers to a buffer beside it that did not come; decode it WithBuffers")
		err.Python = "pickle stream refers to out-of-band data but no *buffers* argument was given"
		return nil, err
	}
	b := d.cfg.buffers.List[d.buffers]
	d.buffers++
	if uint64(len(b)) != n || n == 0 {
		return nil, d.failAt(at, p.typ, "the buffer beside the message has %d bytes and should have %d", len(b), n)
	}
	return b[:n:n], nil
}

func decSlice(d *decoder, p *plan, v reflect.Value) *Error {
	if p.elem.bulk && p.elem.kind == reflect.Uint8 {
		return decBytes(d, p, v)
	}
	at := d.pos
	code, err := d.uvarint()
	if err != nil {
		return err
	}
	switch code {
	case codeNil:
		v.SetZero() // it may have had memory, WithReuse
		return nil
	case codeSeen:
		return d.seen(p, v)
	case codePart:
		return d.part(p, v)
	case codeBuffer:
		return d.failAt(at, p.typ, "unknown code %d", code)
	}
	return d.elements(p, v, at, code-codeNew)
}

// reusable reports whether the elements of a slice overwrite whatever was in its memory.
func (p *plan) reusable() bool {
	return p.kind == reflect.Slice && p.recipe == nil && p.methods == nil && p.elem != nil && p.elem.bulk
}

// elements reads a new slice of n elements into v.
func (d *decoder) elements(p *plan, v reflect.Value, at int, n uint64) *Error {
	if err := d.claim(at, n, p.elem.min); err != nil {
		return err
	}
	count := int(n)
	if err := d.charge(at, count, p.elem.size); err != nil {
		return err
	}
	if count == 0 {
		v.Set(reflect.MakeSlice(p.typ, 0, 0))
		return nil
	}
	v.Grow(count)
	v.SetLen(count)
	v.SetCap(count)
	d.memo = append(d.memo, object{p, v.UnsafePointer(), count})
	if p.elem.min == 0 {
		return nil
	}
	if p.elem.bulk {
		return d.numbers(p.elem.kind, v.UnsafePointer(), count)
	}
	if err := d.enter(p); err != nil {
		return err
	}
	for i := range count {
		if err := p.elem.dec(d, p.elem, v.Index(i)); err != nil {
			return err.inIndex(i)
		}
	}
	d.depth--
	return nil
}

func decArray(d *decoder, p *plan, v reflect.Value) *Error {
	if p.min == 0 {
		return nil
	}
	if err := d.claim(d.pos, 1, p.min); err != nil {
		return err
	}
	if p.elem.bulk {
		return d.numbers(p.elem.kind, v.Addr().UnsafePointer(), p.len)
	}
	for i := range p.len {
		if err := p.elem.dec(d, p.elem, v.Index(i)); err != nil {
			return err.inIndex(i)
		}
	}
	return nil
}

func decStruct(d *decoder, p *plan, v reflect.Value) *Error {
	for i := range p.fields {
		f := &p.fields[i]
		if err := f.dec(d, f.plan, v.Field(f.index)); err != nil {
			return err.inField(f.name)
		}
	}
	return nil
}

// mapOverhead is what an empty map takes, roughly.
const mapOverhead = 48

func decMap(d *decoder, p *plan, v reflect.Value) *Error {
	at := d.pos
	code, err := d.uvarint()
	if err != nil {
		return err
	}
	switch code {
	case codeNil:
		return nil
	case codeSeen:
		return d.seen(p, v)
	case codePart, codeBuffer:
		return d.failAt(at, p.typ, "unknown code %d", code)
	}
	n, err := d.entries(p, at, code-codeNew)
	if err != nil {
		return err
	}
	m := reflect.MakeMapWithSize(p.typ, n)
	v.Set(m)
	d.memo = append(d.memo, object{p, m.UnsafePointer(), 0})
	if n == 0 {
		return nil
	}
	if err := d.enter(p); err != nil {
		return err
	}
	t := p.borrowTemps()
	key, elem := t.key, t.elem
	for range n {
		if !p.key.whole {
			key.SetZero()
		}
		if !p.elem.whole {
			elem.SetZero()
		}
		at := d.pos
		if err := p.key.dec(d, p.key, key); err != nil {
			return err.in(".key")
		}
		// A key of an interface type may hold anything, and a map panics on
		// what cannot be compared.
		if p.key.mixed && !key.Comparable() {
			err := d.failAt(at, p.key.typ, "the message uses a value as a key that cannot be compared")
			err.Python = "unhashable type: '" + p.key.typ.String() + "'"
			return err
		}
		if err := p.elem.dec(d, p.elem, elem); err != nil {
			return err.inKey(key)
		}
		m.SetMapIndex(key, elem)
	}
	p.returnTemps(t)
	d.depth--
	return d.distinct(p, at, m.Len(), n)
}

// entries checks the number of entries that a map claims.
func (d *decoder) entries(p *plan, at int, n uint64) (int, *Error) {
	least := p.key.min + p.elem.min
	if least < 0 { // more than an int holds
		least = max(p.key.min, p.elem.min)
	}
	if least == 0 && n > 1 {
		return 0, d.failAt(at, p.typ, "the message claims %d equal keys", n)
	}
	if err := d.claim(at, n, least); err != nil {
		return 0, err
	}
	if err := d.charge(at, 1, mapOverhead); err != nil {
		return 0, err
	}
	return int(n), d.charge(at, int(n), p.key.size+p.elem.size)
}

// distinct refuses a map in which one key came twice: the second would have
// replaced the first without a word.
func (d *decoder) distinct(p *plan, at, have, want int) *Error {
	if have < want {
		return d.failAt(at, p.typ, "a key of the map occurs twice")
	}
	return nil
}
