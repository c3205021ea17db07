package pickle

import (
	"math"
	"reflect"
	"unsafe"
)

// What Python makes by calling a class.

func (e *pyEncoder) byteArray(b *ByteArray) *Error {
	id := identity{ptr: unsafe.Pointer(b)}
	if e.again(id) {
		return nil
	}
	if err := e.global(Global{"builtins", "bytearray"}); err != nil {
		return err
	}
	e.bytes(b.Bytes)
	e.buf = append(e.buf, pyTuple1, pyReduce)
	e.memoize(id)
	return nil
}

// global writes the name of a class or function, once.
func (e *pyEncoder) global(g Global) *Error {
	for i, known := range e.names {
		if known == g {
			n, _ := e.memo.find(identity{len: math.MinInt + i})
			e.refer(n)
			return nil
		}
	}
	if g.Module == "" || g.Name == "" {
		return refused(reflect.TypeFor[Global](), "a class or function has a module and a name")
	}
	if err := e.text(g.Module); err != nil {
		return err
	}
	if err := e.text(g.Name); err != nil {
		return err
	}
	e.buf = append(e.buf, pyStackGlobal)
	if len(e.names) < 64 {
		e.memoize(identity{len: math.MinInt + len(e.names)})
		e.names = append(e.names, g)
	}
	return nil
}

func (e *pyEncoder) exception(x *Exception) *Error {
	id := identity{ptr: unsafe.Pointer(x)}
	if e.again(id) {
		return nil
	}
	if err := e.enter(reflect.TypeFor[*Exception]()); err != nil {
		return err
	}
	if err := e.global(x.Class); err != nil {
		return err
	}
	if err := e.tuple(x.Args); err != nil {
		return err.in(".Args")
	}
	e.buf = append(e.buf, pyReduce)
	e.memoize(id)
	if err := e.state(x.State); err != nil {
		return err
	}
	e.deep--
	return nil
}

func (e *pyEncoder) state(state any) *Error {
	if state == nil {
		return nil
	}
	if err := e.value(state); err != nil {
		return err.in(".State")
	}
	e.buf = append(e.buf, pyBuild)
	return nil
}

func (e *pyEncoder) object(o *Object) *Error {
	id := identity{ptr: unsafe.Pointer(o)}
	if e.again(id) {
		return nil
	}
	if err := e.enter(reflect.TypeFor[*Object]()); err != nil {
		return err
	}
	if err := e.global(o.Class); err != nil {
		return err
	}
	if err := e.tuple(o.Args); err != nil {
		return err.in(".Args")
	}
	switch {
	case o.Kwargs != nil && !o.ByNew:
		return refused(reflect.TypeFor[*Object](), "only an object that is made ByNew has Kwargs").in(".Kwargs")
	case o.Kwargs != nil:
		if err := e.dict(o.Kwargs); err != nil {
			return err.in(".Kwargs")
		}
		e.buf = append(e.buf, pyNewObjEx)
	case o.ByNew:
		e.buf = append(e.buf, pyNewObj)
	default:
		e.buf = append(e.buf, pyReduce)
	}
	e.memoize(id)
	// In the order of Python's save_reduce.
	for i, v := range o.Items {
		if err := e.value(v); err != nil {
			return err.in(".Items").inIndex(i)
		}
		e.buf = append(e.buf, pyAppend)
	}
	if o.Entries != nil {
		if err := e.entries(o.Entries); err != nil {
			return err.in(".Entries")
		}
	}
	if err := e.state(o.State); err != nil {
		return err
	}
	e.deep--
	return nil
}
