package pickle

import (
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"sync"
	"unsafe"
)

// A decoder reads one message. It trusts nothing: a count is paid for with bytes
// that are there, memory is charged before it is asked for, a reference leads to
// a value of the right type, and every table has an end.
type decoder struct {
	data  []byte
	pos   int
	w     *world
	cfg   config
	depth int
	room  int // bytes of memory that may still be asked for
	memo  []object
	types []*plan

	buffers int   // how many of cfg.buffers were used
	rebuilt []any // live objects made so far
	zones   int   // how many more names of time zones may be looked for
	parted  bool  // some value is a part of another
}

// An object is a decoded value with an identity: a pointer, a map or a slice. Its
// number in the memo is known before its contents are.
type object struct {
	plan *plan // nil while a function is still to rebuild it
	ptr  unsafe.Pointer
	len  int
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

func newDecoder(data []byte, opts []Option) *decoder {
	d := decoders.Get().(*decoder)
	d.cfg.init(opts)
	d.w = currentWorld()
	d.data = data
	d.zones = maxZones
	n := len(data)
	if d.cfg.buffers != nil {
		for _, b := range d.cfg.buffers.List {
			n += len(b)
		}
	}
	d.room = d.cfg.room(n)
	return d
}

// free puts the decoder back without anything of the caller's. Plans may stay:
// they live as long as the world does.
func (d *decoder) free() {
	if cap(d.memo) > memoKept {
		d.memo = nil
	}
	clear(d.memo)
	d.memo, d.types = d.memo[:0], d.types[:0]
	d.data, d.pos, d.depth, d.buffers, d.parted = nil, 0, 0, 0, false
	if d.cfg.handles != nil || d.cfg.buffers != nil || d.rebuilt != nil {
		d.cfg, d.rebuilt = config{}, nil
	}
	decoders.Put(d)
}

// open reads what every message starts with.
func (d *decoder) open() *Error {
	switch {
	case len(d.data) == 0:
		err := d.fail(nil, "the message is empty")
		err.Python = "Ran out of input"
		return err
	case len(d.data) > d.cfg.size:
		return d.fail(nil, "the message of %d bytes is longer than WithMaxSize allows (%d bytes)", len(d.data), d.cfg.size)
	case d.data[0] != layout1:
		err := d.fail(nil, "it does not start as a message of this package does")
		err.Python = loadKey(d.data[0])
		return err
	}
	d.pos = 1
	return nil
}

// done checks that nothing is left over.
func (d *decoder) done() *Error {
	if d.pos < len(d.data) {
		return d.fail(nil, "%d bytes follow the value", len(d.data)-d.pos)
	}
	if b := d.cfg.buffers; b != nil && d.buffers < len(b.List) {
		return d.fail(nil, "the message uses %d of the %d buffers that came with it", d.buffers, len(b.List))
	}
	return nil
}

// fail is an error at the byte that is to be read next.
func (d *decoder) fail(t reflect.Type, format string, args ...any) *Error {
	return d.failAt(d.pos, t, format, args...)
}

func (d *decoder) failAt(at int, t reflect.Type, format string, args ...any) *Error {
	err := &Error{Op: opUnmarshal, Reason: fmt.Sprintf(format, args...), Offset: at}
	err.Python = err.Reason
	if t != nil {
		err.Type = t.String()
	}
	return err
}

// failBy is an error that the program's own code returned.
func (d *decoder) failBy(at int, t reflect.Type, what string, cause error) *Error {
	err := d.failAt(at, t, "%s: %s", what, cause)
	err.Err = cause
	err.Python = cause.Error()
	if p, ok := cause.(interface{ PythonText() string }); ok {
		err.Python = p.PythonText()
	}
	return err
}

func (d *decoder) short(what string) *Error {
	err := d.failAt(len(d.data), nil, "the message ends inside %s", what)
	err.Python = truncated
	return err
}

func (d *decoder) left() int { return len(d.data) - d.pos }

func (d *decoder) byte() (byte, *Error) {
	if d.pos >= len(d.data) {
		return 0, d.short("a value")
	}
	b := d.data[d.pos]
	d.pos++
	return b, nil
}

func (d *decoder) uvarint() (uint64, *Error) {
	if d.pos < len(d.data) && d.data[d.pos] < 0x80 {
		d.pos++
		return uint64(d.data[d.pos-1]), nil
	}
	n, size := binary.Uvarint(d.data[d.pos:])
	switch {
	case size == 0:
		return 0, d.short("a number")
	case size < 0:
		return 0, d.fail(nil, "a number has more than 64 bits")
	}
	d.pos += size
	return n, nil
}

func (d *decoder) varint() (int64, *Error) {
	u, err := d.uvarint()
	return unzigzag(u), err
}

// take returns the next n bytes of the message.
func (d *decoder) take(n int) ([]byte, *Error) {
	if n > d.left() {
		return nil, d.short("a value")
	}
	d.pos += n
	return d.data[d.pos-n : d.pos : d.pos], nil
}

// blob reads bytes after their length.
func (d *decoder) blob() ([]byte, *Error) {
	at := d.pos
	n, err := d.uvarint()
	if err != nil {
		return nil, err
	}
	if err := d.claim(at, n, 1); err != nil {
		return nil, err
	}
	return d.take(int(n))
}

// claim checks a count of things that take at least so many bytes each against the
// bytes that are left, before any memory is asked for.
func (d *decoder) claim(at int, n uint64, least int) *Error {
	if least == 0 {
		// What takes no bytes is paid for with memory alone, and what takes
		// neither with nothing: its number has an end all the same.
		if n > math.MaxInt32 {
			return d.failAt(at, nil, "the message claims %d elements", n)
		}
		return nil
	}
	if n > uint64(d.left()/least) {
		err := d.failAt(at, nil, "the message claims %d elements, but only %d bytes are left", n, d.left())
		err.Python = truncated
		return err
	}
	return nil
}

// charge pays for the memory of n things.
func (d *decoder) charge(at int, n, size int) *Error {
	if size > 0 && n > d.room/size {
		return d.failAt(at, nil, "the value would take more memory than such a message may ask for; WithMaxMemory raises the bound")
	}
	d.room -= n * size
	return nil
}

func (d *decoder) enter(p *plan) *Error {
	if d.depth++; d.depth > d.cfg.depth {
		err := d.fail(p.typ, "the value is nested deeper than %d; WithMaxDepth raises the bound", d.cfg.depth)
		err.Python = "maximum recursion depth exceeded"
		return err
	}
	return nil
}

func decBool(d *decoder, p *plan, v reflect.Value) *Error {
	b, err := d.bool()
	v.SetBool(b)
	return err
}

func (d *decoder) bool() (bool, *Error) {
	b, err := d.byte()
	if b > 1 {
		d.pos--
		return false, d.fail(boolType, "%d is no bool", b)
	}
	return b == 1, err
}

func decInt(d *decoder, p *plan, v reflect.Value) *Error {
	n, err := d.varint()
	if err == nil && v.OverflowInt(n) {
		return d.fail(p.typ, "%d does not fit", n)
	}
	v.SetInt(n)
	return err
}

func decInt8(d *decoder, _ *plan, v reflect.Value) *Error {
	b, err := d.byte()
	v.SetInt(int64(int8(b)))
	return err
}

func decUint(d *decoder, p *plan, v reflect.Value) *Error {
	n, err := d.uvarint()
	if err == nil && v.OverflowUint(n) {
		return d.fail(p.typ, "%d does not fit", n)
	}
	v.SetUint(n)
	return err
}

func decUint8(d *decoder, _ *plan, v reflect.Value) *Error {
	b, err := d.byte()
	v.SetUint(uint64(b))
	return err
}

func decFloat32(d *decoder, p *plan, v reflect.Value) *Error {
	return d.numbers(reflect.Float32, v.Addr().UnsafePointer(), 1)
}

func decFloat64(d *decoder, p *plan, v reflect.Value) *Error {
	f, err := d.float64()
	v.SetFloat(f)
	return err
}

func (d *decoder) float64() (float64, *Error) {
	b, err := d.take(8)
	if err != nil {
		return 0, err
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(b)), nil
}

func decComplex64(d *decoder, _ *plan, v reflect.Value) *Error {
	return d.numbers(reflect.Complex64, v.Addr().UnsafePointer(), 1)
}

func decComplex128(d *decoder, _ *plan, v reflect.Value) *Error {
	return d.numbers(reflect.Complex128, v.Addr().UnsafePointer(), 1)
}

func decString(d *decoder, _ *plan, v reflect.Value) *Error {
	b, err := d.blob()
	if err == nil {
		v.SetString(string(b))
	}
	return err
}

func decInterface(d *decoder, p *plan, v reflect.Value) *Error {
	at := d.pos
	x, err := d.dynamic()
	if err != nil || x == nil {
		return err
	}
	rv := reflect.ValueOf(x)
	if p.tag != tagAny && !rv.Type().AssignableTo(p.typ) {
		return d.failAt(at, p.typ, "%s does not implement it", rv.Type())
	}
	v.Set(rv)
	return nil
}

func decPointer(d *decoder, p *plan, v reflect.Value) *Error {
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
	case codePart:
		return d.part(p, v)
	case codeNew:
	default:
		return d.failAt(at, p.typ, "unknown code %d", code)
	}
	if err := d.afford(p.elem); err != nil {
		return err
	}
	if err := d.enter(p); err != nil {
		return err
	}
	to := reflect.New(p.elem.typ)
	d.memo = append(d.memo, object{p, to.UnsafePointer(), 0})
	if p.typ.Name() != "" {
		v.Set(to.Convert(p.typ))
	} else {
		v.Set(to)
	}
	err = p.elem.dec(d, p.elem, to.Elem())
	d.depth--
	return err
}

// seen reads a reference to an object into v, a pointer, map or slice.
func (d *decoder) seen(p *plan, v reflect.Value) *Error {
	o, err := d.known(p.typ)
	if err != nil {
		return err
	}
	if o.plan.shape != p.shape {
		return d.fail(p.typ, "the message refers to a %s", o.plan.typ)
	}
	o.store(v)
	return nil
}

// known reads the number of an object.
func (d *decoder) known(t reflect.Type) (*object, *Error) {
	at := d.pos
	n, err := d.uvarint()
	if err != nil {
		return nil, err
	}
	if n >= uint64(len(d.memo)) || d.memo[n].plan == nil {
		err := d.failAt(at, t, "the message refers to value %d, which it does not have yet", n)
		err.Python = fmt.Sprintf("Memo value not found at index %d", n)
		return nil, err
	}
	return &d.memo[n], nil
}

// store sets v, whose shape is the object's own, to the object. A pointer or a map
// is one word that leads to it, whatever the name of its type.
func (o *object) store(v reflect.Value) {
	if v.Kind() == reflect.Slice {
		s := reflect.SliceAt(v.Type().Elem(), o.ptr, o.len)
		if s.Type() != v.Type() {
			s = s.Convert(v.Type())
		}
		v.Set(s)
		return
	}
	*(*unsafe.Pointer)(v.Addr().UnsafePointer()) = o.ptr
}

func decRefused(d *decoder, p *plan, _ reflect.Value) *Error {
	return d.fail(p.typ, "no value of this type can arrive")
}

// decOutcast reads a func, a chan or an address, which can only be nil.
func decOutcast(d *decoder, p *plan, _ reflect.Value) *Error {
	code, err := d.byte()
	if err == nil && code != codeNil {
		d.pos--
		return d.fail(p.typ, "no value of this type can arrive but nil")
	}
	return err
}
