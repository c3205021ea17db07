package pickle

import (
	"encoding/binary"
	"math"
	"reflect"
	"slices"
	"unsafe"
)

// dynamic writes a value together with its type. Where the place it comes from
// is an error, carry says that an error that cannot travel as it is travels as a
// CarriedError.
func (e *encoder) dynamic(v any, carry bool) *Error {
	switch x := v.(type) {
	case nil:
		e.buf = append(e.buf, tagNil)
		return nil
	case int:
		e.buf = appendVarint(append(e.buf, tagInt), int64(x))
		return nil
	case string:
		e.buf = append(e.buf, tagString)
		return e.string(x)
	case bool:
		e.buf = append(e.buf, tagBool)
		e.bool(x)
		return nil
	case float64:
		e.buf = binary.LittleEndian.AppendUint64(append(e.buf, tagFloat64), math.Float64bits(x))
		return nil
	case []byte:
		e.buf = append(e.buf, tagBytes)
		if x == nil {
			e.code(codeNil)
			return nil
		}
		return e.bytes(e.w.bytes, x)
	case []any:
		e.buf = append(e.buf, tagList)
		return e.list(x)
	case map[string]any:
		e.buf = append(e.buf, tagDict)
		return e.dict(x)
	}
	rv := reflect.ValueOf(v)
	p := e.w.plan(rv.Type())
	if p.carrier && rv.Comparable() {
		if name, ok := e.w.names[v.(error)]; ok {
			e.buf = appendString(append(e.buf, tagSentinel), name)
			return nil
		}
	}
	if carry && !p.described() {
		return e.carry(v.(error))
	}
	if p.asks {
		return p.enc(e, p, rv)
	}
	if err := e.describe(p); err != nil {
		return err
	}
	if !p.boxed {
		return p.enc(e, p, rv)
	}
	if err := e.enter(p); err != nil {
		return err
	}
	err := p.enc(e, p, rv)
	e.depth--
	return err
}

// list writes the type that JSON-like values are made of without reflection.
func (e *encoder) list(s []any) *Error {
	if s == nil {
		e.code(codeNil)
		return nil
	}
	p := e.w.list
	if len(s) > 0 {
		if done, err := e.identified(identity{unsafe.Pointer(unsafe.SliceData(s)), len(s), p.shape}); done || err != nil {
			return err
		}
	}
	e.code(codeNew + len(s))
	if err := e.enter(p); err != nil {
		return err
	}
	for i, v := range s {
		if err := e.dynamic(v, false); err != nil {
			return err.inIndex(i)
		}
	}
	e.depth--
	return nil
}

// described reports whether describe has the words for the plan's type.
func (p *plan) described() bool {
	switch {
	case p.asks:
		return false
	case p.tag != 0 || p.name != "":
		return true
	case p.typ.Name() != "":
		return false
	}
	switch p.kind {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return p.elem.described()
	case reflect.Map:
		return p.key.described() && p.elem.described()
	}
	return false
}

// describe writes a type: in full the first time, by its number from then on.
func (e *encoder) describe(p *plan) *Error {
	if p.tag != 0 {
		e.buf = append(e.buf, p.tag)
		return nil
	}
	if i := slices.Index(e.types, p); i >= 0 {
		e.buf = appendUvarint(append(e.buf, tagSeen), uint64(i))
		return nil
	}
	var err *Error
	switch {
	case p.asks:
		return p.enc(e, p, reflect.Zero(p.typ))
	case p.name != "":
		e.buf = append(e.buf, p.words...)
	case p.typ.Name() != "":
		return e.unregistered(p)
	case p.kind == reflect.Pointer:
		e.buf = append(e.buf, tagPointer)
		err = e.describe(p.elem)
	case p.kind == reflect.Slice:
		e.buf = append(e.buf, tagSlice)
		err = e.describe(p.elem)
	case p.kind == reflect.Array:
		e.buf = appendUvarint(append(e.buf, tagArray), uint64(p.len))
		err = e.describe(p.elem)
	case p.kind == reflect.Map:
		e.buf = append(e.buf, tagMap)
		if err = e.describe(p.key); err == nil {
			err = e.describe(p.elem)
		}
	default:
		return e.unregistered(p)
	}
	e.types = append(e.types, p)
	return err
}

// unregistered is the error for a type that has no words. What is wrong with the
// type itself comes first: registering it would not help.
func (e *encoder) unregistered(p *plan) *Error {
	if p.advice != "" {
		return refused(p.typ, p.advice)
	}
	err := refused(p.typ, "the receiver would not know the type; call pickle.Register["+p.typ.String()+"]() in both programs")
	module := "main"
	if p.typ.PkgPath() != "" {
		module = p.typ.PkgPath()
	}
	err.Python = "Can't pickle <class '" + typeName(p.typ) + "'>: attribute lookup " + p.typ.Name() + " on " + module + " failed"
	return err
}

// scalar appends the whole message for a value of the commonest types, without
// anything that others need.
func scalar(dst []byte, v any) ([]byte, bool) {
	switch x := v.(type) {
	case nil:
		return append(dst, layout1, tagNil), true
	case int:
		return appendVarint(append(dst, layout1, tagInt), int64(x)), true
	case bool:
		return append(dst, layout1, tagBool, byte(rank(x))), true
	case float64:
		return binary.LittleEndian.AppendUint64(append(dst, layout1, tagFloat64), math.Float64bits(x)), true
	case string:
		if len(x) < scratchKept {
			return appendString(append(dst, layout1, tagString), x), true
		}
	}
	return dst, false
}
