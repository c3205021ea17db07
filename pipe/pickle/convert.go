package pickle

import (
	"math"
	"reflect"
	"unsafe"
)

// A converter turns a decoded value into one of the type that the receiver asked
// for, or says that something would be lost.
type converter struct {
	room   int                          // bytes of memory that may still be asked for
	parted bool                         // some value of the message is a part of another
	done   map[conversion]reflect.Value // so that what is shared stays shared, and cycles end
}

type conversion struct {
	ptr      unsafe.Pointer
	len      int
	from, to reflect.Type
}

func (c *converter) refuse(v reflect.Value, t reflect.Type, why string) *Error {
	from := "nil"
	if v.IsValid() {
		from = v.Type().String()
	}
	err := &Error{Op: opUnmarshal, Type: from, Offset: -1, Reason: from + " was sent where " + t.String() + " is wanted" + why}
	err.Python = err.Reason
	return err
}

func (c *converter) convert(v reflect.Value, t reflect.Type) (reflect.Value, *Error) {
	for v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	if !v.IsValid() {
		switch t.Kind() {
		case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface:
			return reflect.Zero(t), nil
		}
		return v, c.refuse(v, t, "")
	}
	from := v.Type()
	switch {
	case from == t:
		return v, nil
	case t.Kind() == reflect.Interface:
		if !from.Implements(t) {
			return v, c.refuse(v, t, ", which it does not implement")
		}
		to := reflect.New(t).Elem()
		to.Set(v)
		return to, nil
	case from.PkgPath() != "" && t.PkgPath() != "":
		return v, c.refuse(v, t, "")
	}
	switch k := t.Kind(); {
	case isNumber(from.Kind()) && isNumber(k):
		return c.number(v, t)
	case from.Kind() == k && (k == reflect.String || k == reflect.Bool),
		from.Kind() == k && k == reflect.Pointer && from.ConvertibleTo(t):
		return v.Convert(t), nil
	case isList(from.Kind()) && isList(k):
		return c.list(v, t)
	case from.Kind() == reflect.Map && k == reflect.Map:
		return c.dict(v, t)
	case from.Kind() == reflect.Struct && k == reflect.Struct:
		return c.fields(v, t)
	}
	return v, c.refuse(v, t, "")
}

func isNumber(k reflect.Kind) bool { return k >= reflect.Int && k <= reflect.Complex128 }

func isList(k reflect.Kind) bool { return k == reflect.Slice || k == reflect.Array }

// number converts a number and makes sure that it is the same one afterwards.
func (c *converter) number(v reflect.Value, t reflect.Type) (reflect.Value, *Error) {
	complexes := 0
	for _, k := range []reflect.Kind{v.Kind(), t.Kind()} {
		if k == reflect.Complex64 || k == reflect.Complex128 {
			complexes++
		}
	}
	lost := complexes == 1
	if complexes == 0 {
		to := v.Convert(t)
		switch {
		case v.CanFloat() && to.CanFloat():
			lost = v.Float() != to.Float() && v.Float() == v.Float()
		case v.CanFloat():
			lost = !sameNumber(v.Float(), to, v.Type())
		case to.CanFloat():
			lost = !sameNumber(to.Float(), v, t) || !sameInteger(v, to.Convert(v.Type()))
		default:
			lost = !sameInteger(v, to.Convert(v.Type())) || negative(v) != negative(to)
		}
	} else if complexes == 2 {
		x := v.Complex()
		y := v.Convert(t).Complex()
		lost = real(x) != real(y) && real(x) == real(x) || imag(x) != imag(y) && imag(x) == imag(x)
	}
	if lost {
		return v, c.refuse(v, t, ", which cannot hold it")
	}
	return v.Convert(t), nil
}

// sameNumber reports whether a float and an integer are one number. Out of range,
// Go's conversion from a float gives no error but whatever the machine makes of
// it, so the range comes first. Minus zero is no integer.
func sameNumber(f float64, integer reflect.Value, float reflect.Type) bool {
	low, high := -0x1p63, 0x1p63
	if integer.CanUint() {
		low, high = 0, 0x1p64
	}
	return f >= low && f < high && !(f == 0 && math.Signbit(f)) && integer.Convert(float).Float() == f
}

func negative(v reflect.Value) bool { return v.CanInt() && v.Int() < 0 }

func sameInteger(a, b reflect.Value) bool {
	if a.CanInt() {
		return a.Int() == b.Int()
	}
	return a.Uint() == b.Uint()
}

// again returns what an object was converted to before. If it was not, made is
// called and what it returns is remembered before its parts are converted.
func (c *converter) again(v reflect.Value, n int, t reflect.Type, made func() reflect.Value) (reflect.Value, bool, *Error) {
	if c.parted {
		return v, false, c.refuse(v, t, "; converting it would tear apart what other values of the message are parts of")
	}
	key := conversion{v.UnsafePointer(), n, v.Type(), t}
	if to, ok := c.done[key]; ok {
		return to, true, nil
	}
	to := made()
	if c.done == nil {
		c.done = map[conversion]reflect.Value{}
	}
	c.done[key] = to
	return to, false, nil
}

// charge pays for the memory of what n things are converted to: things without
// size, of which a message may claim any number, may become some that have one.
func (c *converter) charge(v reflect.Value, t reflect.Type, n int, size uintptr) *Error {
	if size > 0 && n > c.room/int(size) {
		return c.refuse(v, t, ", which would take more memory than such a message may ask for; WithMaxMemory raises the bound")
	}
	c.room -= n * int(size)
	return nil
}

func (c *converter) list(v reflect.Value, t reflect.Type) (reflect.Value, *Error) {
	n := v.Len()
	if t.Kind() == reflect.Slice && !v.Type().ConvertibleTo(t) {
		if err := c.charge(v, t, n, t.Elem().Size()); err != nil {
			return v, err
		}
	}
	var to reflect.Value
	switch {
	case t.Kind() == reflect.Array:
		if t.Len() != n || v.Kind() == reflect.Slice && v.IsNil() {
			return v, c.refuse(v, t, "")
		}
		to = reflect.New(t).Elem()
	case v.Kind() == reflect.Array:
		to = reflect.MakeSlice(t, n, n)
	case v.IsNil():
		return reflect.Zero(t), nil
	default:
		if v.Type().ConvertibleTo(t) {
			return v.Convert(t), nil // the same elements
		}
		var done bool
		var err *Error
		to, done, err = c.again(v, n, t, func() reflect.Value { return reflect.MakeSlice(t, n, n) })
		if done || err != nil {
			return to, err
		}
	}
	for i := range n {
		x, err := c.convert(v.Index(i), t.Elem())
		if err != nil {
			return v, err.inIndex(i)
		}
		to.Index(i).Set(x)
	}
	return to, nil
}

func (c *converter) dict(v reflect.Value, t reflect.Type) (reflect.Value, *Error) {
	switch {
	case v.IsNil():
		return reflect.Zero(t), nil
	case v.Type().ConvertibleTo(t):
		return v.Convert(t), nil
	}
	if err := c.charge(v, t, v.Len(), t.Key().Size()+t.Elem().Size()); err != nil {
		return v, err
	}
	to, done, err := c.again(v, 0, t, func() reflect.Value { return reflect.MakeMapWithSize(t, v.Len()) })
	if done || err != nil {
		return to, err
	}
	for it := v.MapRange(); it.Next(); {
		key, err := c.convert(it.Key(), t.Key())
		if err != nil {
			return v, err.inKey(it.Key())
		}
		elem, err := c.convert(it.Value(), t.Elem())
		if err != nil {
			return v, err.inKey(it.Key())
		}
		to.SetMapIndex(key, elem)
	}
	if to.Len() < v.Len() {
		return v, c.refuse(v, t, ", in which two of its keys are one")
	}
	return to, nil
}

func (c *converter) fields(v reflect.Value, t reflect.Type) (reflect.Value, *Error) {
	from := v.Type()
	if from.NumField() != t.NumField() {
		return v, c.refuse(v, t, "")
	}
	to := reflect.New(t).Elem()
	for i := range from.NumField() {
		f, g := from.Field(i), t.Field(i)
		if f.Name != g.Name || !f.IsExported() {
			return v, c.refuse(v, t, "")
		}
		x, err := c.convert(v.Field(i), g.Type)
		if err != nil {
			return v, err.inField(f.Name)
		}
		to.Field(i).Set(x)
	}
	return to, nil
}
