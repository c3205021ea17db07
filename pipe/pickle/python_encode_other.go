package pickle

import (
	"math/big"
	"reflect"
	"slices"
	"sync"
	"time"
)

// A pyType is what is known of a Go type that has a form in Python.
type pyType struct {
	shape  plan // tells things of this type from others at the same address
	fields []pyField
	bad    string // why a struct has no form
}

type pyField struct {
	name  string
	index []int
}

var pyTypes sync.Map // reflect.Type to *pyType

func pyTypeOf(t reflect.Type) *pyType {
	if p, ok := pyTypes.Load(t); ok {
		return p.(*pyType)
	}
	p := &pyType{}
	if t.Kind() == reflect.Struct {
		p.fill(t, nil)
	}
	kept, _ := pyTypes.LoadOrStore(t, p)
	return kept.(*pyType)
}

// fill lists the fields of a struct; those of an embedded one are its own.
func (p *pyType) fill(t reflect.Type, at []int) {
	switch {
	case t == reflect.TypeFor[time.Time]():
		p.bad = "Python has several forms for a time; send its Unix seconds, or its text"
		return
	case t.Implements(handleReducerType) || reflect.PointerTo(t).Implements(handleReducerType):
		p.bad = "a live object of this program means nothing to Python"
		return
	}
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("pickle")
		if tag == "-" || f.Name == "_" {
			continue
		}
		index := append(slices.Clone(at), i)
		switch {
		case f.Anonymous && f.Type.Kind() == reflect.Struct && tag == "":
			p.fill(f.Type, index)
		case !f.IsExported():
			p.bad = hiddenFieldAdvice(t, f)
		default:
			name := f.Name
			if tag != "" {
				name = tag
			}
			if slices.ContainsFunc(p.fields, func(g pyField) bool { return g.name == name }) {
				p.bad = "two of its fields are named " + name
			}
			p.fields = append(p.fields, pyField{name, index})
		}
	}
}

// other writes a value of a type that is not this package's.
func (e *pyEncoder) other(v reflect.Value) *Error {
	t := v.Type()
	switch v.Kind() {
	case reflect.Bool:
		e.bool(v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		e.int(v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		if n := v.Uint(); n > 1<<63-1 {
			e.big(new(big.Int).SetUint64(n))
		} else {
			e.int(int64(n))
		}
	case reflect.Float32, reflect.Float64:
		e.float(v.Float())
	case reflect.Complex64, reflect.Complex128:
		return e.complex(v.Complex())
	case reflect.String:
		return e.text(v.String())
	case reflect.Interface:
		return e.value(v.Interface())
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			e.bytes(v.Bytes())
			return nil
		}
		if t.ConvertibleTo(anySlice) { // a named []any
			return e.value(v.Convert(anySlice).Interface())
		}
		id := identity{v.UnsafePointer(), v.Len(), &pyTypeOf(t).shape}
		if v.Len() == 0 {
			id = e.nobody()
		}
		return e.series(v, id)
	case reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			b := make([]byte, v.Len())
			reflect.Copy(reflect.ValueOf(b), v)
			e.bytes(b)
			return nil
		}
		return e.series(v, e.nobody())
	case reflect.Map:
		return e.mapped(v)
	case reflect.Struct:
		return e.structure(v, e.nobody())
	case reflect.Pointer:
		return e.pointed(v)
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		if v.Kind() != reflect.UnsafePointer && v.IsNil() {
			e.buf = append(e.buf, pyNone)
			return nil
		}
		return refused(t, adviceFor(t))
	}
	return nil
}

var (
	anySlice = reflect.TypeFor[[]any]()
	intSlice = reflect.TypeFor[[]int]()
	bigType  = reflect.TypeFor[big.Int]()
)

// pointed writes what a pointer leads to. Only structs keep their identity: the
// rest of Python's values of these kinds cannot change.
func (e *pyEncoder) pointed(v reflect.Value) *Error {
	if v.IsNil() {
		e.buf = append(e.buf, pyNone)
		return nil
	}
	t := v.Type()
	if t.Implements(errorType) {
		return refused(t, "errors are exceptions in Python: send pickle.ExceptionOf(err), or a *pickle.Exception")
	}
	to := v.Elem()
	if to.Kind() == reflect.Struct && to.Type() != bigType {
		return e.structure(to, identity{v.UnsafePointer(), 0, &pyTypeOf(to.Type()).shape})
	}
	// A pointer may lead to itself.
	if err := e.enter(t); err != nil {
		return err
	}
	if err := e.value(to.Interface()); err != nil {
		return err
	}
	e.deep--
	return nil
}

// series writes a slice or array as a list.
func (e *pyEncoder) series(v reflect.Value, id identity) *Error {
	if e.again(id) {
		return nil
	}
	if err := e.enter(v.Type()); err != nil {
		return err
	}
	e.buf = append(e.buf, pyEmptyList)
	e.memoize(id)
	if v.Type() == intSlice {
		e.ints(v.Interface().([]int))
		e.deep--
		return nil
	}
	for start := 0; start < v.Len(); start += pyBatch {
		e.open(v.Len())
		for i := start; i < min(start+pyBatch, v.Len()); i++ {
			if err := e.element(v.Index(i)); err != nil {
				return err.inIndex(i)
			}
		}
		e.close(v.Len(), pyAppend, pyAppends)
	}
	e.deep--
	return nil
}

// ints writes the items of a list of ints.
func (e *pyEncoder) ints(ns []int) {
	for start := 0; start < len(ns); start += pyBatch {
		e.open(len(ns))
		for _, n := range ns[start:min(start+pyBatch, len(ns))] {
			e.int(int64(n))
		}
		e.close(len(ns), pyAppend, pyAppends)
	}
}

// element writes a value without making an any of the plain ones.
func (e *pyEncoder) element(v reflect.Value) *Error {
	switch v.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		e.int(v.Int())
	case reflect.Float32, reflect.Float64:
		e.float(v.Float())
	case reflect.Bool:
		e.bool(v.Bool())
	case reflect.String:
		return e.text(v.String())
	default:
		if !v.CanInterface() {
			return e.other(v)
		}
		return e.value(v.Interface())
	}
	return nil
}

// mapped writes a map as a dict.
func (e *pyEncoder) mapped(v reflect.Value) *Error {
	id := identity{ptr: v.UnsafePointer()}
	if v.IsNil() {
		id = e.nobody()
	}
	if e.again(id) {
		return nil
	}
	if err := e.enter(v.Type()); err != nil {
		return err
	}
	e.buf = append(e.buf, pyEmptyDict)
	e.memoize(id)
	if e.cfg.sorted {
		return e.sorted(v)
	}
	n, i := v.Len(), 0
	key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
	for it := v.MapRange(); it.Next(); {
		if i%pyBatch == 0 {
			e.open(n)
		}
		key.SetIterKey(it)
		value.SetIterValue(it)
		if err := e.entry(key, value); err != nil {
			return err
		}
		if i++; i%pyBatch == 0 || i == n {
			e.close(n, pySetItem, pySetItems)
		}
	}
	e.deep--
	return nil
}

// sorted writes the entries of a map in the order of their keys.
func (e *pyEncoder) sorted(v reflect.Value) *Error {
	type pair struct{ key, value reflect.Value }
	var pairs []pair
	for it := v.MapRange(); it.Next(); {
		pairs = append(pairs, pair{it.Key(), it.Value()})
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return compareKeys(a.key, b.key) })
	for start := 0; start < len(pairs); start += pyBatch {
		e.open(len(pairs))
		for _, p := range pairs[start:min(start+pyBatch, len(pairs))] {
			if err := e.entry(p.key, p.value); err != nil {
				return err
			}
		}
		e.close(len(pairs), pySetItem, pySetItems)
	}
	e.deep--
	return nil
}

func (e *pyEncoder) entry(k, v reflect.Value) *Error {
	if k.Kind() != reflect.String {
		if _, err := new(keyer).key(k.Interface()); err != nil {
			return refused(k.Type(), "it is the key of a map, and nothing that Python can hash; use a key that is a number or a string").in("[key]")
		}
	}
	if err := e.element(k); err != nil {
		return err.in("[key]")
	}
	if err := e.element(v); err != nil {
		return err.inKey(k)
	}
	return nil
}

// structure writes a struct as the dict of its fields.
func (e *pyEncoder) structure(v reflect.Value, id identity) *Error {
	p := pyTypeOf(v.Type())
	if p.bad != "" {
		return refused(v.Type(), p.bad)
	}
	if e.again(id) {
		return nil
	}
	if err := e.enter(v.Type()); err != nil {
		return err
	}
	e.buf = append(e.buf, pyEmptyDict)
	e.memoize(id)
	if n := len(p.fields); n > 0 {
		e.open(n)
		for _, f := range p.fields {
			if err := e.text(f.name); err != nil {
				return err
			}
			if err := e.element(v.FieldByIndex(f.index)); err != nil {
				return err.inField(f.name)
			}
		}
		e.close(n, pySetItem, pySetItems)
	}
	e.deep--
	return nil
}
