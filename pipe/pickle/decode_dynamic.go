package pickle

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"unsafe"
)

// dynamic reads a value together with its type.
func (d *decoder) dynamic() (any, *Error) {
	tag, err := d.byte()
	if err != nil {
		return nil, err
	}
	switch tag {
	case tagNil:
		return nil, nil
	case tagInt:
		at := d.pos
		n, err := d.varint()
		if int64(int(n)) != n {
			return nil, d.failAt(at, d.w.basic[tagInt].typ, "%d does not fit", n)
		}
		return int(n), err
	case tagString:
		b, err := d.blob()
		return string(b), err
	case tagBool:
		return d.bool()
	case tagFloat64:
		return d.float64()
	case tagBytes:
		return d.boxedBytes()
	case tagList:
		return d.list()
	case tagDict:
		return d.dict()
	case tagSentinel:
		return d.sentinel()
	}
	d.pos--
	p, err := d.describe(0)
	if err != nil {
		return nil, err
	}
	return d.boxed(p)
}

// boxed reads a value of the plan's type and puts it into an interface.
func (d *decoder) boxed(p *plan) (any, *Error) {
	if err := d.afford(p); err != nil {
		return nil, err
	}
	v := reflect.New(p.typ).Elem()
	if err := d.value(p, v); err != nil {
		return nil, err
	}
	return v.Interface(), nil
}

// value reads a value of the plan's type into v, as it stands in an interface.
func (d *decoder) value(p *plan, v reflect.Value) *Error {
	if !p.boxed {
		return p.dec(d, p, v)
	}
	if err := d.enter(p); err != nil {
		return err
	}
	err := p.dec(d, p, v)
	d.depth--
	return err
}

// afford checks that the message can pay for a variable of the plan's type. A
// small one need not be there in full yet: which of its fields is missing is the
// better error.
func (d *decoder) afford(p *plan) *Error {
	if p.min > smallValue {
		if err := d.claim(d.pos, 1, p.min); err != nil {
			return err
		}
	}
	return d.charge(d.pos, 1, p.size)
}

const smallValue = 1 << 10

func (d *decoder) boxedBytes() (any, *Error) {
	b, again, err := d.bytes(d.w.bytes)
	if err != nil || again != codeSeen && again != codePart {
		return b, err
	}
	var v []byte
	to := reflect.ValueOf(&v).Elem()
	if again == codeSeen {
		err = d.seen(d.w.bytes, to)
	} else {
		err = d.part(d.w.bytes, to)
	}
	return v, err
}

// list reads a []any without reflection.
func (d *decoder) list() (any, *Error) {
	at := d.pos
	p := d.w.list
	code, err := d.uvarint()
	if err != nil {
		return nil, err
	}
	if code < codeNew {
		d.pos = at
		return d.boxed(p)
	}
	n := code - codeNew
	if err := d.claim(at, n, 1); err != nil {
		return nil, err
	}
	if err := d.charge(at, int(n), p.elem.size); err != nil {
		return nil, err
	}
	s := make([]any, n)
	if n == 0 {
		return s, nil
	}
	d.memo = append(d.memo, object{p, unsafe.Pointer(unsafe.SliceData(s)), len(s)})
	if err := d.enter(p); err != nil {
		return nil, err
	}
	for i := range s {
		if s[i], err = d.dynamic(); err != nil {
			return nil, err.inIndex(i)
		}
	}
	d.depth--
	return s, nil
}

// dict reads a map[string]any without reflection.
func (d *decoder) dict() (any, *Error) {
	at := d.pos
	p := d.w.dict
	code, err := d.uvarint()
	if err != nil {
		return nil, err
	}
	if code < codeNew {
		d.pos = at
		return d.boxed(p)
	}
	n, err := d.entries(p, at, code-codeNew)
	if err != nil {
		return nil, err
	}
	m := make(map[string]any, n)
	d.memo = append(d.memo, object{p, reflect.ValueOf(m).UnsafePointer(), 0})
	if err := d.enter(p); err != nil {
		return nil, err
	}
	for range n {
		k, err := d.blob()
		if err != nil {
			return nil, err.in(".key")
		}
		key := string(k)
		if m[key], err = d.dynamic(); err != nil {
			return nil, err.inKey(reflect.ValueOf(key))
		}
	}
	d.depth--
	return m, d.distinct(p, at, len(m), n)
}

// Types that a message spells out and that the program itself never used are
// made by reflection, which keeps them for ever. So their number has an end for
// the whole process, and so have their nesting and size.
const (
	maxForeign   = 10_000
	maxTypeDepth = 64
	maxArray     = 64 << 20 // bytes
)

var foreign struct {
	types  sync.Map // reflect.Type → true
	number atomic.Int32
}

// A derivation is how a type without a name is made of others.
type derivation struct {
	tag       byte
	key, elem *plan
	len       int
}

// describe reads a type.
func (d *decoder) describe(depth int) (*plan, *Error) {
	at := d.pos
	tag, err := d.byte()
	if err != nil {
		return nil, err
	}
	if tag > tagNil && tag < tagBasicEnd {
		return d.w.basic[tag], nil
	}
	if depth >= maxTypeDepth {
		return nil, d.failAt(at, nil, "a type is made of more than %d others", maxTypeDepth)
	}
	how := derivation{tag: tag}
	switch tag {
	case tagSeen:
		n, err := d.uvarint()
		if err != nil {
			return nil, err
		}
		if n >= uint64(len(d.types)) {
			return nil, d.failAt(at, nil, "the message refers to type %d, which it does not have yet", n)
		}
		return d.types[n], nil
	case tagNamed:
		p, err := d.namedType(at)
		if err != nil {
			return nil, err
		}
		d.types = append(d.types, p)
		return p, nil
	case tagArray:
		n, err := d.uvarint()
		if err != nil {
			return nil, err
		}
		how.len = int(min(n, maxArray+1))
	case tagMap:
		if how.key, err = d.describe(depth + 1); err != nil {
			return nil, err
		}
	case tagPointer, tagSlice:
	default:
		err := d.failAt(at, nil, "unknown type %d", tag)
		err.Python = loadKey(tag)
		return nil, err
	}
	if how.elem, err = d.describe(depth + 1); err != nil {
		return nil, err
	}
	p, reason := d.w.derive(how)
	if p == nil {
		return nil, d.failAt(at, how.elem.typ, "%s", reason)
	}
	d.types = append(d.types, p)
	return p, nil
}

// namedType reads the name of a registered type and compares its structure.
func (d *decoder) namedType(at int) (*plan, *Error) {
	name, err := d.blob()
	if err != nil {
		return nil, err
	}
	print, err := d.take(4)
	if err != nil {
		return nil, err
	}
	n := d.w.byName[string(name)]
	if n == nil {
		if len(name) > maxName {
			name = name[:maxName]
		}
		err := d.failAt(at, nil, "the type %q is not registered here; call pickle.Register in both programs", name)
		err.Python = "Can't get attribute '" + string(name) + "' on <module 'main'>"
		return nil, err
	}
	p := d.w.namedPlan(n)
	if p.print != binary.LittleEndian.Uint32(print) {
		return nil, d.failAt(at, p.typ, "the sender's %s is made of other fields than the receiver's; build both from the same source", n.name)
	}
	return p, nil
}

// derive returns the plan of a type without a name, or says why there is none.
func (w *world) derive(how derivation) (*plan, string) {
	if p, ok := w.derived.Load(how); ok {
		return p.(*plan), ""
	}
	switch {
	case how.tag == tagArray && how.len > maxArray/max(how.elem.size, 1):
		return nil, "an array type is too large; register it under a name of its own"
	case how.tag == tagMap && !how.key.typ.Comparable():
		return nil, "a map cannot have keys of type " + how.key.typ.String()
	case foreign.number.Load() >= maxForeign:
		return nil, fmt.Sprintf("messages have brought %d types that the program does not use", maxForeign)
	}
	var t reflect.Type
	switch how.tag {
	case tagPointer:
		t = reflect.PointerTo(how.elem.typ)
	case tagSlice:
		t = reflect.SliceOf(how.elem.typ)
	case tagArray:
		t = reflect.ArrayOf(how.len, how.elem.typ)
	case tagMap:
		t = reflect.MapOf(how.key.typ, how.elem.typ)
	}
	if _, known := foreign.types.LoadOrStore(t, true); !known {
		foreign.number.Add(1)
	}
	p := w.plan(t)
	w.derived.Store(how, p)
	return p, ""
}

// native notes a type that the program itself has, so that it never counts as
// one that messages brought.
func (w *world) native(p *plan) {
	how := derivation{elem: p.elem}
	switch p.kind {
	case reflect.Pointer:
		how.tag = tagPointer
	case reflect.Slice:
		how.tag = tagSlice
	case reflect.Array:
		how.tag, how.len = tagArray, p.len
	case reflect.Map:
		how.tag, how.key = tagMap, p.key
	default:
		return
	}
	if p.typ.Name() == "" && p.recipe == nil {
		w.derived.Store(how, p)
	}
}

func loadKey(b byte) string { return fmt.Sprintf("invalid load key, '\\x%02x'.", b) }

// quickInt reads a message that is an int and nothing else, and reports whether
// it is one.
func quickInt(data []byte) (int, bool) {
	if len(data) < 3 || data[0] != layout1 || data[1] != tagInt {
		return 0, false
	}
	u, size := binary.Uvarint(data[2:])
	n := unzigzag(u)
	return int(n), size == len(data)-2 && int64(int(n)) == n
}

// quickString is quickInt for a string.
func quickString(data []byte) (string, bool) {
	if len(data) < 3 || data[0] != layout1 || data[1] != tagString {
		return "", false
	}
	n, size := binary.Uvarint(data[2:])
	if size <= 0 || n != uint64(len(data)-2-size) || len(data) > DefaultMaxSize {
		return "", false
	}
	return string(data[2+size:]), true
}
