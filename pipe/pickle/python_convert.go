package pickle

import (
	"fmt"
	"math"
	"math/big"
	"reflect"
)

// A pyConverter makes values of the types that a receiver asks for.
type pyConverter struct {
	room  int
	depth int
	deep  int
	made  map[pyMade]reflect.Value // so that what is shared stays shared, and cycles end
}

type pyMade struct {
	from any
	to   reflect.Type
}

func pyConvert(v any, to reflect.Value, room, depth int) error {
	c := pyConverter{room: room, depth: depth}
	x := reflect.New(to.Type()).Elem()
	if err := c.store(v, x); err != nil {
		return err.finish(rootName(to.Type()))
	}
	to.Set(x)
	return nil
}

func (c *pyConverter) refuse(v any, t reflect.Type, why string) *Error {
	reason := fmt.Sprintf("Python's %s was sent where %s is wanted%s", pyTypeName(v), t, why)
	return &Error{Op: opUnmarshal, Type: pyTypeName(v), Offset: -1, Reason: reason, Python: reason}
}

// shared reports whether a container was made into a type before, and stores it.
func (c *pyConverter) shared(v any, to reflect.Value) bool {
	made, ok := c.made[pyMade{v, to.Type()}]
	if ok {
		to.Set(made)
	}
	return ok
}

// remember is called before the parts of a container are made.
func (c *pyConverter) remember(v any, made reflect.Value) {
	if c.made == nil {
		c.made = map[pyMade]reflect.Value{}
	}
	c.made[pyMade{v, made.Type()}] = made
}

// store stores v in to, which is zero.
func (c *pyConverter) store(v any, to reflect.Value) *Error {
	t := to.Type()
	if v == nil {
		switch t.Kind() {
		case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface:
			return nil
		}
		return c.refuse(v, t, "")
	}
	from := reflect.ValueOf(v)
	if from.Type().AssignableTo(t) {
		to.Set(from)
		return nil
	}
	if c.deep++; c.deep > c.depth {
		return c.refuse(v, t, fmt.Sprintf(", nested deeper than WithMaxDepth allows (%d)", c.depth))
	}
	defer func() { c.deep-- }()
	if c.room -= int(t.Size()) + 16; c.room < 0 {
		return c.refuse(v, t, ", and needs more memory than WithMaxMemory allows")
	}
	switch t.Kind() {
	case reflect.Pointer:
		return c.pointer(v, to)
	case reflect.Bool:
		if b, ok := v.(bool); ok {
			to.SetBool(b)
			return nil
		}
	case reflect.String:
		if s, ok := v.(string); ok {
			to.SetString(s)
			return nil
		}
	case reflect.Slice, reflect.Array:
		return c.series(v, to)
	case reflect.Map:
		return c.mapped(v, to)
	case reflect.Struct:
		return c.structure(v, to)
	default:
		if isNumber(t.Kind()) {
			return c.number(v, to)
		}
	}
	return c.refuse(v, t, "")
}

func (c *pyConverter) pointer(v any, to reflect.Value) *Error {
	if reflect.TypeOf(v).Comparable() && c.shared(v, to) {
		return nil
	}
	p := reflect.New(to.Type().Elem())
	switch v.(type) {
	case *List, *Dict, *Set, *FrozenSet, *ByteArray:
		c.remember(v, p)
	}
	if err := c.store(v, p.Elem()); err != nil {
		return err
	}
	to.Set(p)
	return nil
}

// number stores an int, a float or a complex if it is the same afterwards.
func (c *pyConverter) number(v any, to reflect.Value) *Error {
	lost := func() *Error { return c.refuse(v, to.Type(), fmt.Sprintf(", which cannot hold %s", Repr(v))) }
	kind := to.Kind()
	switch n := v.(type) {
	case int:
		return c.integer(big.NewInt(int64(n)), to, lost)
	case *big.Int:
		return c.integer(n, to, lost)
	case float64:
		switch {
		case kind == reflect.Float32 && n == n && float64(float32(n)) != n:
			return lost()
		case to.CanFloat():
			to.SetFloat(n)
			return nil
		case to.CanComplex():
			to.SetComplex(complex(n, 0))
			return nil
		case n == math.Trunc(n) && !math.IsInf(n, 0):
			whole, _ := big.NewFloat(n).Int(nil)
			return c.integer(whole, to, lost)
		}
		return lost()
	case complex128:
		if kind == reflect.Complex128 || kind == reflect.Complex64 && complex128(complex64(n)) == n {
			to.SetComplex(n)
			return nil
		}
		return lost()
	}
	return c.refuse(v, to.Type(), "")
}

func (c *pyConverter) integer(n *big.Int, to reflect.Value, lost func() *Error) *Error {
	switch {
	case to.CanInt():
		if !n.IsInt64() || to.OverflowInt(n.Int64()) {
			return lost()
		}
		to.SetInt(n.Int64())
	case to.CanUint():
		if !n.IsUint64() || to.OverflowUint(n.Uint64()) {
			return lost()
		}
		to.SetUint(n.Uint64())
	default:
		f, _ := new(big.Float).SetInt(n).Float64()
		if math.IsInf(f, 0) {
			return lost()
		}
		back, _ := big.NewFloat(f).Int(nil)
		if single := to.Kind() == reflect.Float32 || to.Kind() == reflect.Complex64; back.Cmp(n) != 0 || single && float64(float32(f)) != f {
			return lost()
		}
		if to.CanComplex() {
			to.SetComplex(complex(f, 0))
		} else {
			to.SetFloat(f)
		}
	}
	return nil
}

// series stores a list, a tuple or bytes in a slice or array.
func (c *pyConverter) series(v any, to reflect.Value) *Error {
	t := to.Type()
	var items []any
	switch v := v.(type) {
	case *List:
		items = v.Items
	case Tuple:
		items = v
	case *Set:
		items = v.d.keys()
	case *FrozenSet:
		items = v.d.keys()
	case []byte:
		return c.byteSeries(v, v, to)
	case *ByteArray:
		return c.byteSeries(v, v.Bytes, to)
	default:
		return c.refuse(v, t, "")
	}
	if t.Kind() == reflect.Array {
		if t.Len() != len(items) {
			return c.refuse(v, t, fmt.Sprintf(": it has %d items", len(items)))
		}
		return c.items(items, to)
	}
	_, isTuple := v.(Tuple)
	if !isTuple && c.shared(v, to) {
		return nil
	}
	if size := int(t.Elem().Size()); size > 0 && len(items) > c.room/size {
		return c.refuse(v, t, ", and needs more memory than WithMaxMemory allows")
	}
	s := reflect.MakeSlice(t, len(items), len(items))
	if !isTuple {
		c.remember(v, s)
	}
	if err := c.items(items, s); err != nil {
		return err
	}
	to.Set(s)
	return nil
}

func (c *pyConverter) items(items []any, to reflect.Value) *Error {
	for i, v := range items {
		if err := c.store(v, to.Index(i)); err != nil {
			return err.inIndex(i)
		}
	}
	return nil
}

func (c *pyConverter) byteSeries(v any, b []byte, to reflect.Value) *Error {
	t := to.Type()
	switch {
	case t.Elem().Kind() != reflect.Uint8:
		return c.refuse(v, t, "")
	case t.Kind() == reflect.Slice:
		to.SetBytes(b)
	case t.Len() != len(b):
		return c.refuse(v, t, fmt.Sprintf(": it has %d bytes", len(b)))
	default:
		reflect.Copy(to, reflect.ValueOf(b))
	}
	return nil
}

// mapped stores a dict in a map, and a set in a map to struct{}.
func (c *pyConverter) mapped(v any, to reflect.Value) *Error {
	t := to.Type()
	var d *Dict
	switch v := v.(type) {
	case *Dict:
		d = v
	case *Set:
		d = &v.d
	case *FrozenSet:
		d = &v.d
	}
	if _, dict := v.(*Dict); d == nil || !dict && (t.Elem().Kind() != reflect.Struct || t.Elem().NumField() > 0) {
		return c.refuse(v, t, "")
	}
	if c.shared(v, to) {
		return nil
	}
	m := reflect.MakeMap(t)
	c.remember(v, m)
	for k, x := range d.All() {
		key, value := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
		if err := c.store(k, key); err != nil {
			return err.in("[key]")
		}
		if key.Kind() == reflect.Interface && !key.Comparable() {
			return c.refuse(k, t.Key(), ", and no map of Go has such keys: use a *pickle.Dict")
		}
		if _, dict := v.(*Dict); dict {
			if err := c.store(x, value); err != nil {
				return err.inKey(key)
			}
		}
		m.SetMapIndex(key, value)
	}
	to.Set(m)
	return nil
}

// structure stores a dict in a struct with fields of the names of its keys.
func (c *pyConverter) structure(v any, to reflect.Value) *Error {
	t := to.Type()
	if t == bigType {
		switch n := v.(type) {
		case int:
			to.Set(reflect.ValueOf(*big.NewInt(int64(n))))
			return nil
		case *big.Int:
			to.Set(reflect.ValueOf(*new(big.Int).Set(n)))
			return nil
		}
	}
	d, ok := v.(*Dict)
	if !ok {
		if p := reflect.ValueOf(v); p.Kind() == reflect.Pointer && p.Type().Elem() == t {
			to.Set(p.Elem()) // a List, an Exception
			return nil
		}
		return c.refuse(v, t, "")
	}
	p := pyTypeOf(t)
	if p.bad != "" {
		return c.refuse(v, t, ": "+p.bad)
	}
	left := d.Len()
	for _, f := range p.fields {
		x, ok := d.Get(f.name)
		if !ok {
			continue
		}
		left--
		if err := c.store(x, to.FieldByIndex(f.index)); err != nil {
			return err.inField(f.name)
		}
	}
	if left > 0 {
		return c.refuse(v, t, ", which has no field for some of its keys")
	}
	return nil
}
