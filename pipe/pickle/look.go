package pickle

import (
	"reflect"
	"unsafe"
)

// A look walks through a value ahead of somebody else's encoder.
type look struct {
	forms []reflect.Type                 // interfaces of types that encode themselves
	leaf  func(reflect.Value) string     // why a value does not travel, or ""
	sent  func(reflect.StructField) bool // a field that the encoder sees
	skip  func(reflect.StructField) bool // a field that the program asked it not to see
	depth int

	level  int
	values int            // how many values the encoder will see
	active map[visit]bool // what the walk is inside of
	known  map[visit]int  // what it has been through, and how many values that was
}

type visit struct {
	ptr unsafe.Pointer
	len int
	typ reflect.Type
}

// maxValues bounds what shared values may grow to when each use is written out:
// a list of two times a list of two times … doubles at each level.
const maxValues = 1 << 26

func (l *look) at(v reflect.Value) *Error {
	if !v.IsValid() {
		return nil
	}
	t := v.Type()
	l.values++
	if v.Kind() != reflect.Interface {
		for _, form := range l.forms {
			if t.Implements(form) || reflect.PointerTo(t).Implements(form) {
				return nil
			}
		}
	}
	if reason := l.leaf(v); reason != "" {
		return refused(t, reason)
	}
	switch v.Kind() {
	case reflect.Interface:
		return l.at(v.Elem())
	case reflect.Pointer, reflect.Map, reflect.Slice:
		if v.IsNil() {
			return nil
		}
		return l.enter(v)
	}
	return l.parts(v)
}

func (l *look) enter(v reflect.Value) *Error {
	here := visit{v.UnsafePointer(), 0, v.Type()}
	if v.Kind() == reflect.Slice {
		here.len = v.Len()
	}
	if n, ok := l.known[here]; ok {
		if l.values += n; l.values > maxValues {
			return refused(v.Type(), "written out at each of its uses, what is shared in it would fill the memory; only the native codec keeps it shared")
		}
		return nil
	}
	if l.active[here] {
		return refused(v.Type(), "the value contains itself, and only the native codec has a form for that")
	}
	if l.level >= l.depth {
		return refused(v.Type(), "the value is nested deeper than WithMaxDepth allows")
	}
	if l.active == nil {
		l.active, l.known = map[visit]bool{}, map[visit]int{}
	}
	l.active[here] = true
	l.level++
	before := l.values
	err := l.parts(v)
	l.known[here] = l.values - before
	l.level--
	delete(l.active, here)
	return err
}

func (l *look) parts(v reflect.Value) *Error {
	switch v.Kind() {
	case reflect.Pointer:
		return l.at(v.Elem())
	case reflect.Slice, reflect.Array:
		if k := v.Type().Elem().Kind(); isNumber(k) || k == reflect.Bool {
			return nil
		}
		for i := range v.Len() {
			if err := l.at(v.Index(i)); err != nil {
				return err.inIndex(i)
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if err := l.at(it.Key()); err != nil {
				return err.inKey(it.Key())
			}
			if err := l.at(it.Value()); err != nil {
				return err.inKey(it.Key())
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if f.Name == "_" || l.skip != nil && l.skip(f) {
				continue
			}
			if !l.sent(f) {
				return refused(v.Type(), "its field "+f.Name+" is unexported and would be dropped; export it, or use the native codec, which names the ways out")
			}
			if err := l.at(v.Field(i)); err != nil {
				return err.inField(f.Name)
			}
		}
	}
	return nil
}
