package pickle

import (
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"sync"
	"unsafe"
)

// An encoder writes one message.
type encoder struct {
	buf   []byte
	start int // where in buf the message starts
	w     *world
	cfg   config
	depth int
	memo  memo
	types []*plan      // those that were spelled out, by number
	open  map[int]bool // rebuilt values whose state is being written
	// The states of rebuilt values. Written a second time, a value keeps the
	// state it had: a handle was added for it once.
	states map[identity]reflect.Value

	spans []span  // scratch
	parts anatomy // what lies inside what, once that turned out to matter
}

var encoders = sync.Pool{New: func() any { return new(encoder) }}

func newEncoder(opts []Option) *encoder {
	e := encoders.Get().(*encoder)
	e.cfg.init(opts)
	e.w = currentWorld()
	return e
}

// scratchKept is the largest buffer that a pooled encoder keeps for Marshal.
const scratchKept = 64 << 10

// free puts the encoder back without anything of the caller's. Plans may stay:
// they live as long as the world does.
func (e *encoder) free() {
	e.memo.reset()
	e.types = e.types[:0]
	e.buf = e.buf[:0]
	e.depth = 0
	if cap(e.spans) > memoKept {
		e.spans = nil
	}
	if e.cfg.handles != nil || e.cfg.buffers != nil {
		e.cfg = config{}
	}
	if e.open != nil || e.states != nil || e.parts != nil {
		e.open, e.states, e.parts = nil, nil, nil
	}
	encoders.Put(e)
}

// message appends the message for v to e.buf, or says why it cannot.
func (e *encoder) message(v any) *Error {
	e.start = len(e.buf)
	buffers := 0
	if b := e.cfg.buffers; b != nil {
		buffers = len(b.List)
	}
	e.buf = append(e.buf, layout1)
	err := e.dynamic(v, false)
	if err == nil && e.overlaps() {
		// Some pointer or slice leads into the middle of another value. Now that
		// it is known where everything lies, the message is written again.
		if err = e.dissect(); err == nil {
			e.again(buffers)
			err = e.dynamic(v, false)
		}
	}
	if err == nil && len(e.buf)-e.start > e.cfg.size {
		err = e.tooLong(reflect.TypeOf(v))
	}
	if err != nil && e.cfg.buffers != nil {
		e.cfg.buffers.List = e.cfg.buffers.List[:buffers]
	}
	return err
}

// again goes back to the start of the message.
func (e *encoder) again(buffers int) {
	e.buf = append(e.buf[:e.start], layout1)
	e.depth = 0
	e.memo.reset()
	e.types = e.types[:0]
	if b := e.cfg.buffers; b != nil {
		b.List = b.List[:buffers]
	}
}

func (e *encoder) tooLong(t reflect.Type) *Error {
	if t == nil {
		t = anyType
	}
	return refused(t, fmt.Sprintf("the message is longer than WithMaxSize allows (%d bytes)", e.cfg.size))
}

var anyType = reflect.TypeFor[any]()

// enter goes one level deeper, into a value of the plan's type.
func (e *encoder) enter(p *plan) *Error {
	if e.depth++; e.depth > e.cfg.depth {
		err := refused(p.typ, fmt.Sprintf("the value is nested deeper than %d; flatten it, or raise WithMaxDepth", e.cfg.depth))
		err.Python = "maximum recursion depth exceeded while pickling an object"
		return err
	}
	return nil
}

func (e *encoder) code(n int) { e.buf = appendUvarint(e.buf, uint64(n)) }

func (e *encoder) seen(number int) {
	e.buf = appendUvarint(append(e.buf, codeSeen), uint64(number))
}

// blob writes bytes with their length.
func (e *encoder) blob(data []byte) *Error {
	if len(data) > e.cfg.size {
		return e.tooLong(e.w.bytes.typ)
	}
	e.buf = append(appendUvarint(e.buf, uint64(len(data))), data...)
	return nil
}

// identified writes a reference to a value that was written before, or to a part
// of one, and reports whether it did. Otherwise the value has a number from now on.
func (e *encoder) identified(id identity) (bool, *Error) {
	if n, ok := e.memo.find(id); ok {
		e.seen(n)
		return true, nil
	}
	if e.parts != nil {
		if done, err := e.part(id); done || err != nil {
			return done, err
		}
	}
	e.memo.add(id)
	return false, nil
}

func encBool(e *encoder, _ *plan, v reflect.Value) *Error {
	e.bool(v.Bool())
	return nil
}

func (e *encoder) bool(b bool) {
	if b {
		e.buf = append(e.buf, 1)
	} else {
		e.buf = append(e.buf, 0)
	}
}

func encInt(e *encoder, _ *plan, v reflect.Value) *Error {
	e.buf = appendVarint(e.buf, v.Int())
	return nil
}

func encInt8(e *encoder, _ *plan, v reflect.Value) *Error {
	e.buf = append(e.buf, byte(v.Int()))
	return nil
}

func encUint(e *encoder, _ *plan, v reflect.Value) *Error {
	e.buf = appendUvarint(e.buf, v.Uint())
	return nil
}

func encUint8(e *encoder, _ *plan, v reflect.Value) *Error {
	e.buf = append(e.buf, byte(v.Uint()))
	return nil
}

// A NaN among float32 goes through no float64, which would quieten it.
func encFloat32(e *encoder, _ *plan, v reflect.Value) *Error {
	bits := math.Float32bits(float32(v.Float()))
	if v.Float() != v.Float() {
		bits = *(*uint32)(address(v))
	}
	e.buf = binary.LittleEndian.AppendUint32(e.buf, bits)
	return nil
}

func encFloat64(e *encoder, _ *plan, v reflect.Value) *Error {
	e.buf = binary.LittleEndian.AppendUint64(e.buf, math.Float64bits(v.Float()))
	return nil
}

func encComplex64(e *encoder, _ *plan, v reflect.Value) *Error {
	bits := (*[2]uint32)(address(v))
	e.buf = binary.LittleEndian.AppendUint32(e.buf, bits[0])
	e.buf = binary.LittleEndian.AppendUint32(e.buf, bits[1])
	return nil
}

func encComplex128(e *encoder, _ *plan, v reflect.Value) *Error {
	c := v.Complex()
	e.buf = binary.LittleEndian.AppendUint64(e.buf, math.Float64bits(real(c)))
	e.buf = binary.LittleEndian.AppendUint64(e.buf, math.Float64bits(imag(c)))
	return nil
}

// address returns where a value's memory is, in a copy if it has none of its own.
func address(v reflect.Value) unsafe.Pointer {
	if !v.CanAddr() {
		c := reflect.New(v.Type())
		c.Elem().Set(v)
		return c.UnsafePointer()
	}
	return v.Addr().UnsafePointer()
}

func encString(e *encoder, _ *plan, v reflect.Value) *Error { return e.string(v.String()) }

func (e *encoder) string(s string) *Error {
	if len(s) > e.cfg.size {
		return e.tooLong(e.w.basic[tagString].typ)
	}
	e.buf = appendString(e.buf, s)
	return nil
}

func encInterface(e *encoder, p *plan, v reflect.Value) *Error {
	if v.IsNil() {
		e.buf = append(e.buf, tagNil)
		return nil
	}
	return e.dynamic(v.Interface(), p.tag == tagError)
}

func encPointer(e *encoder, p *plan, v reflect.Value) *Error {
	if v.IsNil() {
		e.code(codeNil)
		return nil
	}
	if done, err := e.identified(identity{v.UnsafePointer(), 0, p.shape}); done || err != nil {
		return err
	}
	e.code(codeNew)
	return e.pointed(p, v.Elem())
}

// pointed writes the variable behind a new pointer.
func (e *encoder) pointed(p *plan, v reflect.Value) *Error {
	if err := e.enter(p); err != nil {
		return err
	}
	err := p.elem.enc(e, p.elem, v)
	e.depth--
	return err
}

func (e *encoder) bytes(p *plan, b []byte) *Error {
	if len(b) == 0 {
		e.code(codeNew)
		return nil
	}
	if done, err := e.identified(identity{unsafe.Pointer(unsafe.SliceData(b)), len(b), p.shape}); done || err != nil {
		return err
	}
	if buffers := e.cfg.buffers; buffers.wants(len(b)) {
		e.code(codeBuffer)
		e.code(len(b))
		buffers.List = append(buffers.List, b[:len(b):len(b)])
		return nil
	}
	if len(b) > e.cfg.size {
		return e.tooLong(p.typ)
	}
	e.code(codeNew + len(b))
	e.buf = append(e.buf, b...)
	return nil
}

func encSlice(e *encoder, p *plan, v reflect.Value) *Error {
	if v.IsNil() {
		e.code(codeNil)
		return nil
	}
	if p.elem.bulk && p.elem.kind == reflect.Uint8 {
		return e.bytes(p, v.Bytes())
	}
	n := v.Len()
	if n > 0 {
		if done, err := e.identified(identity{v.UnsafePointer(), n, p.shape}); done || err != nil {
			return err
		}
	}
	e.code(codeNew + n)
	return e.elements(p, v)
}

// elements writes the elements of a new slice.
func (e *encoder) elements(p *plan, v reflect.Value) *Error {
	n := v.Len()
	if p.elem.min == 0 || n == 0 {
		return nil // no bytes at all, however many they are
	}
	if p.elem.bulk {
		e.numbers(p.elem.kind, v.UnsafePointer(), n)
		return nil
	}
	if err := e.enter(p); err != nil {
		return err
	}
	for i := range n {
		if err := p.elem.enc(e, p.elem, v.Index(i)); err != nil {
			return err.inIndex(i)
		}
	}
	e.depth--
	return nil
}

func encArray(e *encoder, p *plan, v reflect.Value) *Error {
	if p.min == 0 {
		return nil
	}
	if p.elem.bulk {
		e.numbers(p.elem.kind, address(v), p.len)
		return nil
	}
	for i := range p.len {
		if err := p.elem.enc(e, p.elem, v.Index(i)); err != nil {
			return err.inIndex(i)
		}
	}
	return nil
}

func encStruct(e *encoder, p *plan, v reflect.Value) *Error {
	for i := range p.fields {
		f := &p.fields[i]
		if err := f.enc(e, f.plan, v.Field(f.index)); err != nil {
			return err.inField(f.name)
		}
	}
	return nil
}

func encRefused(_ *encoder, p *plan, _ reflect.Value) *Error {
	return refused(p.typ, p.advice)
}

// encOutcast writes a func, a chan or an address: nil loses nothing.
func encOutcast(e *encoder, p *plan, v reflect.Value) *Error {
	if !v.IsNil() {
		return refused(p.typ, p.advice)
	}
	e.code(codeNil)
	return nil
}

// reduced returns the state of a value that functions take apart.
func (e *encoder) reduced(p *plan, v reflect.Value) (reflect.Value, error) {
	if p.kind != reflect.Pointer && p.kind != reflect.Map {
		return p.recipe.reduce(e.cfg.handles, v)
	}
	id := identity{v.UnsafePointer(), 0, p}
	if state, ok := e.states[id]; ok {
		return state, nil
	}
	state, err := p.recipe.reduce(e.cfg.handles, v)
	if err == nil {
		if e.states == nil {
			e.states = map[identity]reflect.Value{}
		}
		e.states[id] = state
	}
	return state, err
}
