package pickle_test

import (
	"fmt"
	"math"
	"math/big"
	"reflect"
	"time"
	"unsafe"
)

// difference compares two values as a receiver could: types, values, nil against
// empty, and which pointers, maps and slices are the same ones. It returns "" or
// says where they differ.
func difference(a, b any) string {
	c := comparison{to: map[spot]spot{}, from: map[spot]spot{}}
	if why := c.values(reflect.ValueOf(a), reflect.ValueOf(b)); why != "" {
		return why
	}
	return c.memory()
}

// memory compares which memory is shared: what overlaps on one side overlaps in
// the same way on the other.
func (c *comparison) memory() string {
	type extent struct{ start, end, other, otherEnd uintptr }
	var all []extent
	for x, y := range c.to {
		size := uintptr(0)
		switch x.typ.Kind() {
		case reflect.Pointer:
			size = x.typ.Elem().Size()
		case reflect.Slice:
			size = uintptr(x.len) * x.typ.Elem().Size()
		}
		if size > 0 {
			all = append(all, extent{uintptr(x.ptr), uintptr(x.ptr) + size, uintptr(y.ptr), uintptr(y.ptr) + size})
		}
	}
	for i, x := range all {
		for _, y := range all[:i] {
			left := x.start < y.end && y.start < x.end
			right := x.other < y.otherEnd && y.other < x.otherEnd
			if left != right || left && x.start-y.start != x.other-y.other {
				return fmt.Sprintf(": memory shared on the left %v, on the right %v", left, right)
			}
		}
	}
	return ""
}

type spot struct {
	ptr unsafe.Pointer
	len int
	typ reflect.Type
}

type comparison struct{ to, from map[spot]spot }

// met notes that two identities stand for each other and reports whether that
// was known, or why it cannot be.
func (c *comparison) met(a, b reflect.Value) (known bool, why string) {
	x, y := spot{a.UnsafePointer(), 0, a.Type()}, spot{b.UnsafePointer(), 0, b.Type()}
	if a.Kind() == reflect.Slice {
		x.len, y.len = a.Len(), b.Len()
	}
	if other, ok := c.to[x]; ok {
		if other != y {
			return true, ": shared on the left, not on the right"
		}
		return true, ""
	}
	if _, ok := c.from[y]; ok {
		return true, ": shared on the right, not on the left"
	}
	c.to[x], c.from[y] = y, x
	return false, ""
}

func (c *comparison) values(a, b reflect.Value) string {
	if a.IsValid() != b.IsValid() {
		return fmt.Sprintf(": %v against %v", a, b)
	}
	if !a.IsValid() {
		return ""
	}
	if a.Type() != b.Type() {
		return fmt.Sprintf(": type %v against %v", a.Type(), b.Type())
	}
	if done, why := c.special(a, b); done {
		return why
	}
	switch a.Kind() {
	case reflect.Interface:
		if a.IsNil() || b.IsNil() {
			if a.IsNil() != b.IsNil() {
				return ": nil against a value"
			}
			return ""
		}
		return c.values(a.Elem(), b.Elem())
	case reflect.Pointer, reflect.Map, reflect.Slice:
		return c.references(a, b)
	case reflect.Array:
		for i := range a.Len() {
			if why := c.values(a.Index(i), b.Index(i)); why != "" {
				return fmt.Sprintf("[%d]%s", i, why)
			}
		}
		return ""
	case reflect.Struct:
		for i := range a.NumField() {
			if why := c.values(a.Field(i), b.Field(i)); why != "" {
				return "." + a.Type().Field(i).Name + why
			}
		}
		return ""
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		if a.IsNil() && b.IsNil() {
			return ""
		}
		return ": not nil"
	}
	return c.basic(a, b)
}

func (c *comparison) basic(a, b reflect.Value) string {
	ok := false
	switch {
	case a.CanInt():
		ok = a.Int() == b.Int()
	case a.CanUint():
		ok = a.Uint() == b.Uint()
	case a.CanFloat():
		ok = math.Float64bits(a.Float()) == math.Float64bits(b.Float())
	case a.CanComplex():
		x, y := a.Complex(), b.Complex()
		ok = math.Float64bits(real(x)) == math.Float64bits(real(y)) && math.Float64bits(imag(x)) == math.Float64bits(imag(y))
	case a.Kind() == reflect.String:
		ok = a.String() == b.String()
	case a.Kind() == reflect.Bool:
		ok = a.Bool() == b.Bool()
	}
	if !ok {
		return fmt.Sprintf(": %v against %v", a, b)
	}
	return ""
}

// special compares the types whose fields are nobody's business.
func (c *comparison) special(a, b reflect.Value) (bool, string) {
	if !a.CanInterface() || !b.CanInterface() {
		return false, ""
	}
	equal, why := true, ""
	switch x := a.Interface().(type) {
	case time.Time:
		y := b.Interface().(time.Time)
		n, o := x.Zone()
		m, p := y.Zone()
		equal = x.Round(0).Equal(y) && n == m && o == p
	case big.Int:
		y := b.Interface().(big.Int)
		equal = x.Cmp(&y) == 0
	case big.Rat:
		y := b.Interface().(big.Rat)
		equal = x.Cmp(&y) == 0
	case big.Float:
		y := b.Interface().(big.Float)
		equal = x.Text('p', 0) == y.Text('p', 0) && x.Prec() == y.Prec() && x.Mode() == y.Mode() && x.Acc() == y.Acc()
	case account: // it counts how often it was made
		equal = x.owner == b.Interface().(account).owner
	default:
		return false, ""
	}
	if !equal {
		why = fmt.Sprintf(": %v against %v", a, b)
	}
	return true, why
}

func (c *comparison) references(a, b reflect.Value) string {
	if a.IsNil() || b.IsNil() {
		if a.IsNil() != b.IsNil() {
			return fmt.Sprintf(": nil %v against %v", a.IsNil(), b.IsNil())
		}
		return ""
	}
	if a.Kind() != reflect.Pointer && a.Len() != b.Len() {
		return fmt.Sprintf(": length %d against %d", a.Len(), b.Len())
	}
	sizeless := a.Kind() == reflect.Pointer && a.Type().Elem().Size() == 0 ||
		a.Kind() == reflect.Slice && (a.Len() == 0 || a.Type().Elem().Size() == 0)
	if !sizeless {
		if known, why := c.met(a, b); known {
			return why
		}
	}
	switch a.Kind() {
	case reflect.Pointer:
		return c.values(a.Elem(), b.Elem())
	case reflect.Slice:
		if sizeless {
			return ""
		}
		for i := range a.Len() {
			if why := c.values(a.Index(i), b.Index(i)); why != "" {
				return fmt.Sprintf("[%d]%s", i, why)
			}
		}
		return ""
	}
	return c.maps(a, b)
}

// maps pairs the entries of two maps: by key where a key can be looked up, and
// otherwise (NaN, pointers) by trying.
func (c *comparison) maps(a, b reflect.Value) string {
	type entry struct{ key, elem reflect.Value }
	var rest []entry
	for it := b.MapRange(); it.Next(); {
		rest = append(rest, entry{it.Key(), it.Value()})
	}
next:
	for it := a.MapRange(); it.Next(); {
		why := ": no such key"
		for i, other := range rest {
			trial := comparison{clone(c.to), clone(c.from)}
			if trial.values(it.Key(), other.key) != "" {
				continue
			}
			if why = trial.values(it.Value(), other.elem); why == "" {
				*c = trial
				rest = append(rest[:i], rest[i+1:]...)
				continue next
			}
		}
		return fmt.Sprintf("[%v]%s", it.Key(), why)
	}
	return ""
}

func clone(m map[spot]spot) map[spot]spot {
	n := make(map[spot]spot, len(m))
	for k, v := range m {
		n[k] = v
	}
	return n
}
