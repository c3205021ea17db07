package pickle

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
)

func encMap(e *encoder, p *plan, v reflect.Value) *Error {
	if v.IsNil() {
		e.code(codeNil)
		return nil
	}
	if done, err := e.identified(identity{v.UnsafePointer(), 0, p.shape}); done || err != nil {
		return err
	}
	n := v.Len()
	e.code(codeNew + n)
	if n == 0 {
		return nil
	}
	if err := e.enter(p); err != nil {
		return err
	}
	var err *Error
	if e.cfg.sorted {
		err = e.sortedEntries(p, v)
	} else {
		err = e.entries(p, v)
	}
	e.depth--
	return err
}

// entryTemps are the variables that a walk over a map needs. Reflection allocates
// them, so they are kept.
type entryTemps struct {
	key, elem reflect.Value
	it        reflect.MapIter
}

func (p *plan) borrowTemps() *entryTemps {
	if t, ok := p.temps.Get().(*entryTemps); ok {
		return t
	}
	return &entryTemps{key: reflect.New(p.key.typ).Elem(), elem: reflect.New(p.elem.typ).Elem()}
}

// returnTemps gives them back without anything of the map in them.
func (p *plan) returnTemps(t *entryTemps) {
	t.key.SetZero()
	t.elem.SetZero()
	t.it.Reset(reflect.Value{})
	p.temps.Put(t)
}

func (e *encoder) entries(p *plan, v reflect.Value) *Error {
	t := p.borrowTemps()
	t.it.Reset(v)
	n := v.Len()
	for t.it.Next() {
		n--
		t.key.SetIterKey(&t.it)
		t.elem.SetIterValue(&t.it)
		if err := e.entry(p, t.key, t.elem); err != nil {
			return err
		}
	}
	p.returnTemps(t)
	return changed(p, n)
}

// changed is an error unless a map had as many entries as it said: a message with
// a wrong count could not be read.
func changed(p *plan, missing int) *Error {
	if missing != 0 {
		return refused(p.typ, "it was changed while it was being written; hold the lock that guards it")
	}
	return nil
}

func (e *encoder) entry(p *plan, key, elem reflect.Value) *Error {
	if err := p.key.enc(e, p.key, key); err != nil {
		return err.inKey(key)
	}
	if err := p.elem.enc(e, p.elem, elem); err != nil {
		return err.inKey(key)
	}
	return nil
}

// dict writes the type that JSON-like values are made of without reflection.
func (e *encoder) dict(m map[string]any) *Error {
	p := e.w.dict
	if m == nil || e.cfg.sorted {
		return encMap(e, p, reflect.ValueOf(m))
	}
	if done, err := e.identified(identity{reflect.ValueOf(m).UnsafePointer(), 0, p.shape}); done || err != nil {
		return err
	}
	e.code(codeNew + len(m))
	if len(m) == 0 {
		return nil
	}
	if err := e.enter(p); err != nil {
		return err
	}
	n := len(m)
	for k, v := range m {
		n--
		if err := e.string(k); err != nil {
			return err
		}
		if err := e.dynamic(v, false); err != nil {
			return err.inKey(reflect.ValueOf(k))
		}
	}
	e.depth--
	return changed(p, n)
}

// sortedEntries keeps each key with its element: no lookup finds a NaN again.
func (e *encoder) sortedEntries(p *plan, v reflect.Value) *Error {
	type pair struct{ key, elem reflect.Value }
	pairs := make([]pair, 0, v.Len())
	for it := v.MapRange(); it.Next(); {
		pairs = append(pairs, pair{it.Key(), it.Value()})
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return compareKeys(a.key, b.key) })
	for _, kv := range pairs {
		if err := e.entry(p, kv.key, kv.elem); err != nil {
			return err
		}
	}
	return nil
}

// compareKeys is an order of a map's keys: by type where they are boxed, then by
// value, composite ones part by part. Pointers are all equal.
func compareKeys(a, b reflect.Value) int {
	if a.Kind() == reflect.Interface {
		switch {
		case a.IsNil() || b.IsNil():
			return cmp.Compare(rank(!a.IsNil()), rank(!b.IsNil()))
		case a.Elem().Type() != b.Elem().Type():
			return strings.Compare(typeName(a.Elem().Type()), typeName(b.Elem().Type()))
		}
		return compareKeys(a.Elem(), b.Elem())
	}
	switch a.Kind() {
	case reflect.Bool:
		return cmp.Compare(rank(a.Bool()), rank(b.Bool()))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return cmp.Compare(a.Int(), b.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return cmp.Compare(a.Uint(), b.Uint())
	case reflect.Float32, reflect.Float64:
		return cmp.Compare(a.Float(), b.Float())
	case reflect.Complex64, reflect.Complex128:
		if c := cmp.Compare(real(a.Complex()), real(b.Complex())); c != 0 {
			return c
		}
		return cmp.Compare(imag(a.Complex()), imag(b.Complex()))
	case reflect.String:
		return strings.Compare(a.String(), b.String())
	case reflect.Array:
		for i := range a.Len() {
			if c := compareKeys(a.Index(i), b.Index(i)); c != 0 {
				return c
			}
		}
	case reflect.Struct:
		for i := range a.NumField() {
			if c := compareKeys(a.Field(i), b.Field(i)); c != 0 {
				return c
			}
		}
	}
	return 0
}

func rank(b bool) int {
	if b {
		return 1
	}
	return 0
}
