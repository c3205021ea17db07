package gil

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/pygil/pygil/internal/bytecode"
	"github.com/pygil/pygil/internal/kernel"
)

// Dict is a Python dict that threads share. Every method is the construct its
// comment names, executed as the profile's bytecodes, with the dict touched in
// one C call, as with a List: what is torn is two calls in a row, and AddTo up to
// 3.9 and without a GIL.
//
// A key that is missing is a *KeyError, which matches ErrKey; nothing has changed
// then. A key whose dynamic type Go cannot hash panics with a *ValueError where
// Python has its TypeError.
//
// Items are kept in the order in which their keys came first, as Python does from
// 3.7 on, under every profile; older Pythons order them by hash.
//
// The zero Dict is an empty one without a name. A Dict belongs to the interpreter
// that first uses it, as a Var does. Methods give the GIL up only where the
// profile's bytecodes look whether to switch, and panic with a *RuntimeError when
// t is not the thread that acts.
type Dict[K comparable, V any] struct {
	shared
	twin  twin[Dict[K, V]]
	first []Item[K, V] // with the race detector: of one that has not been used yet
	d     table[K, V]
}

// Item is a key of a Dict and its value.
type Item[K comparable, V any] struct {
	Key   K
	Value V
}

// NewDict makes a dict with a name for reports and its first items.
func NewDict[K comparable, V any](name string, items ...Item[K, V]) *Dict[K, V] {
	d := &Dict[K, V]{shared: shared{name: name}}
	for _, it := range items {
		d.hashable(it.Key)
		d.d.set(it.Key, it.Value)
	}
	if raceKernel {
		d.begun(items)
	}
	return d
}

// begun keeps what a dict begins with for the inside, which cannot look at a table
// that the program has made.
//
//go:norace
func (d *Dict[K, V]) begun(items []Item[K, V]) { d.first = holdAll(items) }

// aside is the dict that the inside uses, see Var.aside.
//
//go:norace
func (d *Dict[K, V]) aside(t *Thread) *Dict[K, V] {
	y, s := d.twin.get()
	if y != nil && s == t.box {
		return y
	}
	y = new(Dict[K, V])
	y.name, y.home, y.first = clean(d.name), d.home, d.first
	y.twin.mark()
	d.twin.set(y, t.box)
	t.inside(func() {
		for _, it := range y.first {
			y.d.set(it.Key, it.Value)
		}
		y.first = nil
	})
	t.box.afterwards(func() {
		d.twin.set(nil, nil)
		d.d = y.d
		d.settle(&y.shared)
	})
	return y
}

// Name is the name given to NewDict.
func (d *Dict[K, V]) Name() string { return d.name }

// Peek returns a copy of the items from outside any thread: before a run, after
// it, or from an observer of the virtual world. No explorer sees it.
func (d *Dict[K, V]) Peek() []Item[K, V] {
	if y, s := d.twin.get(); raceKernel && y != nil {
		return peeked(s, y.Peek)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.d.items()
}

// Index is `v = d[k]`. The error is a *KeyError.
func (d *Dict[K, V]) Index(t *Thread, k K) (v V, err error) {
	if raceKernel && t.apart() {
		d.hashable(k)
		y, p := d.aside(t), hold(k)
		return within2(t, func() (V, error) { return y.Index(t, *p) })
	}
	d.own(t, d)
	d.hashable(k)
	p := t.path(bytecode.Item)
	t.pass(&p[0])
	v, ok := d.read(t, k)
	if !ok {
		t.raised(&p[1])
		return v, d.missing(k)
	}
	t.pass(&p[1])
	return v, nil
}

// Set is `d[k] = v`.
func (d *Dict[K, V]) Set(t *Thread, k K, v V) {
	if raceKernel && t.apart() {
		d.hashable(k)
		y, p, q := d.aside(t), hold(k), hold(v)
		t.inside(func() { y.Set(t, *p, *q) })
		return
	}
	d.own(t, d)
	d.hashable(k)
	p := t.path(bytecode.SetItem)
	t.pass(&p[0])
	d.write(t, k, v)
	t.pass(&p[1])
}

// Delete is `del d[k]`. The error is a *KeyError.
func (d *Dict[K, V]) Delete(t *Thread, k K) error {
	if raceKernel && t.apart() {
		d.hashable(k)
		y, p := d.aside(t), hold(k)
		return within(t, func() error { return y.Delete(t, *p) })
	}
	d.own(t, d)
	d.hashable(k)
	p := t.path(bytecode.DelItem)
	t.pass(&p[0])
	d.begin(t, kernel.OpUpdate)
	v, ok := d.d.remove(k)
	about(&d.shared, t, EvRead, k)
	sawIf(ok, &d.shared, t, EvRead, v)
	if !ok {
		t.raised(&p[1])
		return d.missing(k)
	}
	t.pass(&p[1])
	return nil
}

// AddTo is `d[k] += n`, a read and a write with the profile's own bytecodes around
// them: torn up to 3.9, whole from 3.10 on, torn again without a GIL. The error is
// a *KeyError.
func AddTo[K comparable, N Number](t *Thread, d *Dict[K, N], k K, n N) error {
	if raceKernel && t.apart() {
		d.hashable(k)
		y, p := d.aside(t), hold(k)
		return within(t, func() error { return AddTo(t, y, *p, n) })
	}
	d.own(t, d)
	d.hashable(k)
	p := t.path(bytecode.ItemAdd)
	t.pass(&p[0])
	v, ok := d.read(t, k)
	if !ok {
		t.raised(&p[1])
		return d.missing(k)
	}
	t.pass(&p[1])
	d.write(t, k, v+n)
	t.pass(&p[2])
	return nil
}

// Get is `v = d.get(k)`: the value and whether there is one.
func (d *Dict[K, V]) Get(t *Thread, k K) (v V, ok bool) {
	if raceKernel && t.apart() {
		d.hashable(k)
		y, p := d.aside(t), hold(k)
		return within2(t, func() (V, bool) { return y.Get(t, *p) })
	}
	d.own(t, d)
	d.hashable(k)
	p := t.path(bytecode.CallMethod1Result)
	t.pass(&p[0])
	v, ok = d.read(t, k)
	t.pass(&p[1])
	return v, ok
}

// GetDefault is `v = d.get(k, def)`: the value, or def when there is none.
func (d *Dict[K, V]) GetDefault(t *Thread, k K, def V) V {
	if raceKernel && t.apart() {
		d.hashable(k)
		y, p, q := d.aside(t), hold(k), hold(def)
		return within(t, func() V { return y.GetDefault(t, *p, *q) })
	}
	d.own(t, d)
	d.hashable(k)
	p := t.path(bytecode.CallMethod2Result)
	t.pass(&p[0])
	v, ok := d.read(t, k)
	t.pass(&p[1])
	if !ok {
		return def
	}
	return v
}

// SetDefault is `v = d.setdefault(k, def)`: the value, which is def from now on
// when there was none. Of several threads that come at once one sets.
func (d *Dict[K, V]) SetDefault(t *Thread, k K, def V) V {
	if raceKernel && t.apart() {
		d.hashable(k)
		y, p, q := d.aside(t), hold(k), hold(def)
		return within(t, func() V { return y.SetDefault(t, *p, *q) })
	}
	d.own(t, d)
	d.hashable(k)
	p := t.path(bytecode.CallMethod2Result)
	t.pass(&p[0])
	d.begin(t, kernel.OpUpdate)
	v, ok := d.d.get(k)
	if !ok {
		v = def
		d.d.set(k, v)
	}
	about(&d.shared, t, EvRead, k)
	saw(&d.shared, t, EvRead, v)
	t.pass(&p[1])
	return v
}

// Pop is `v = d.pop(k)`: it takes the item out. The error is a *KeyError when
// there is none, as when another thread has been faster.
func (d *Dict[K, V]) Pop(t *Thread, k K) (V, error) {
	if raceKernel && t.apart() {
		d.hashable(k)
		y, p := d.aside(t), hold(k)
		return within2(t, func() (V, error) { return y.Pop(t, *p) })
	}
	d.own(t, d)
	d.hashable(k)
	p := t.path(bytecode.CallMethod1Result)
	t.pass(&p[0])
	d.begin(t, kernel.OpUpdate)
	v, ok := d.d.remove(k)
	about(&d.shared, t, EvRead, k)
	sawIf(ok, &d.shared, t, EvRead, v)
	if !ok {
		t.raised(&p[1])
		return v, d.missing(k)
	}
	t.pass(&p[1])
	return v, nil
}

// Update is `d.update(items)`: no other thread sees a part of it. The items are values,
// also those that Items of another dict returned, which see that dict as it was then.
func (d *Dict[K, V]) Update(t *Thread, items ...Item[K, V]) {
	if raceKernel && t.apart() {
		for i := range items {
			d.hashable(items[i].Key)
		}
		y, held := d.aside(t), holdAll(items)
		t.inside(func() { y.Update(t, held...) })
		return
	}
	d.own(t, d)
	for i := range items {
		d.hashable(items[i].Key)
	}
	p := t.path(bytecode.CallMethod1)
	t.pass(&p[0])
	d.begin(t, kernel.OpUpdate)
	if d.d.used == 0 {
		d.d = table[K, V]{} // an empty dict becomes a copy of the other one, holes and all are gone
	}
	for _, it := range items {
		d.d.set(it.Key, it.Value)
	}
	saw(&d.shared, t, EvWrite, items)
	t.pass(&p[1])
}

// Contains is `b = k in d`.
func (d *Dict[K, V]) Contains(t *Thread, k K) bool {
	if raceKernel && t.apart() {
		d.hashable(k)
		y, p := d.aside(t), hold(k)
		return within(t, func() bool { return y.Contains(t, *p) })
	}
	d.own(t, d)
	d.hashable(k)
	p := t.path(bytecode.Contains)
	t.pass(&p[0])
	_, ok := d.read(t, k)
	t.pass(&p[1])
	return ok
}

// Len is `n = len(d)`.
func (d *Dict[K, V]) Len(t *Thread) int {
	if raceKernel && t.apart() {
		y := d.aside(t)
		return within(t, func() int { return y.Len(t) })
	}
	d.own(t, d)
	return d.length(t, func() int { return d.d.used })
}

// Truth is the test in `if d:`, with the jump after it: whether the dict has
// items. There is no call in it, as there is in Len.
func (d *Dict[K, V]) Truth(t *Thread) bool {
	if raceKernel && t.apart() {
		y := d.aside(t)
		return within(t, func() bool { return y.Truth(t) })
	}
	d.own(t, d)
	return d.truth(t, func() int { return d.d.used })
}

// Clear is `d.clear()`.
func (d *Dict[K, V]) Clear(t *Thread) {
	if raceKernel && t.apart() {
		y := d.aside(t)
		t.inside(func() { y.Clear(t) })
		return
	}
	d.own(t, d)
	p := t.path(bytecode.CallMethod0)
	t.pass(&p[0])
	d.begin(t, kernel.OpWrite)
	d.d = table[K, V]{}
	saw(&d.shared, t, EvWrite, map[K]V(nil))
	t.pass(&p[1])
}

// Keys is `ks = list(d)`: one C call, so that it never meets a change.
func (d *Dict[K, V]) Keys(t *Thread) []K {
	if raceKernel && t.apart() {
		y := d.aside(t)
		return within(t, func() []K { return y.Keys(t) })
	}
	d.own(t, d)
	p := t.path(bytecode.ListOf)
	t.pass(&p[0])
	d.begin(t, kernel.OpRead)
	ks := make([]K, 0, d.d.used)
	for i := range d.d.entries {
		if e := &d.d.entries[i]; !e.gone {
			ks = append(ks, e.Key)
		}
	}
	saw(&d.shared, t, EvRead, ks)
	t.pass(&p[1])
	return ks
}

// Values is `vs = list(d.values())`, copied in one C call.
func (d *Dict[K, V]) Values(t *Thread) []V {
	if raceKernel && t.apart() {
		y := d.aside(t)
		return within(t, func() []V { return y.Values(t) })
	}
	d.own(t, d)
	p := t.path(bytecode.ListItems)
	t.pass(&p[0])
	d.begin(t, kernel.OpRead)
	vs := make([]V, 0, d.d.used)
	for i := range d.d.entries {
		if e := &d.d.entries[i]; !e.gone {
			vs = append(vs, e.Value)
		}
	}
	saw(&d.shared, t, EvRead, vs)
	t.pass(&p[1])
	return vs
}

// Items is `xs = list(d.items())`, copied in one C call.
func (d *Dict[K, V]) Items(t *Thread) []Item[K, V] {
	if raceKernel && t.apart() {
		y := d.aside(t)
		return within(t, func() []Item[K, V] { return y.Items(t) })
	}
	d.own(t, d)
	p := t.path(bytecode.ListItems)
	t.pass(&p[0])
	d.begin(t, kernel.OpRead)
	items := d.d.items()
	saw(&d.shared, t, EvRead, items)
	t.pass(&p[1])
	return items
}

// read is the touch of `d[k]`.
func (d *Dict[K, V]) read(t *Thread, k K) (V, bool) {
	d.begin(t, kernel.OpRead)
	v, ok := d.d.get(k)
	about(&d.shared, t, EvRead, k)
	sawIf(ok, &d.shared, t, EvRead, v)
	return v, ok
}

// write is the touch of `d[k] = v`.
func (d *Dict[K, V]) write(t *Thread, k K, v V) {
	d.begin(t, kernel.OpWrite)
	d.d.set(k, v)
	about(&d.shared, t, EvWrite, k)
	saw(&d.shared, t, EvWrite, v)
}

// hashable refuses a key whose dynamic type has no hash before anything is locked
// or changed.
func (d *Dict[K, V]) hashable(k K) {
	switch reflect.TypeFor[K]().Kind() {
	case reflect.Interface, reflect.Struct, reflect.Array: // may hold an interface that holds anything
		if raceKernel && d.twin.marked() {
			return // the outside has looked
		}
		d.hashableAny(k)
	}
}

// hashableAny is apart from hashable because it allocates.
func (d *Dict[K, V]) hashableAny(k K) {
	v := reflect.ValueOf(&k).Elem()
	if v.Comparable() {
		return
	}
	kind := fmt.Sprintf("%T", k)
	switch reflect.TypeOf(k).Kind() {
	case reflect.Slice:
		kind = "list"
	case reflect.Map:
		kind = "dict"
	}
	panic(badValue("unhashable type: '"+kind+"'",
		"%s: a key of type %T cannot be hashed; use a string, a number or an array", d.describe(), k))
}

// ErrKey is matched by every *KeyError.
var ErrKey = errors.New("gil: no such key in the dict")

// KeyError is a key that a dict does not have.
type KeyError struct {
	Dict string // the dict's name
	Key  any
}

func (d *Dict[K, V]) missing(k K) error { return &KeyError{Dict: d.name, Key: k} }

// Error says which key of which dict.
func (e *KeyError) Error() string {
	return fmt.Sprintf("gil: dict %q has no key %s; use GetDefault or SetDefault, or handle ErrKey", e.Dict, Repr(e.Key))
}

// PythonText returns the text that Python's exception carries: the key's repr.
func (e *KeyError) PythonText() string { return Repr(e.Key) }

// Is makes every KeyError match ErrKey.
func (e *KeyError) Is(target error) bool { return target == ErrKey }
