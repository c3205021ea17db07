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
	d table[K, V]
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
	return d
}

// Name is the name given to NewDict.
func (d *Dict[K, V]) Name() string { return d.name }

// Peek returns a copy of the items from outside any thread: before a run, after
// it, or from an observer of the virtual world. No explorer sees it.
func (d *Dict[K, V]) Peek() []Item[K, V] {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.d.items()
}

// Index is `v = d[k]`. The error is a *KeyError.
func (d *Dict[K, V]) Index(t *Thread, k K) (v V, err error) {
	d.own(t)
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
	d.own(t)
	d.hashable(k)
	p := t.path(bytecode.SetItem)
	t.pass(&p[0])
	d.write(t, k, v)
	t.pass(&p[1])
}

// Delete is `del d[k]`. The error is a *KeyError.
func (d *Dict[K, V]) Delete(t *Thread, k K) error {
	d.own(t)
	d.hashable(k)
	p := t.path(bytecode.DelItem)
	t.pass(&p[0])
	d.begin(t, kernel.OpUpdate)
	v, ok := d.d.remove(k)
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
	d.own(t)
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
	d.own(t)
	d.hashable(k)
	p := t.path(bytecode.CallMethod1Result)
	t.pass(&p[0])
	v, ok = d.read(t, k)
	t.pass(&p[1])
	return v, ok
}

// GetDefault is `v = d.get(k, def)`: the value, or def when there is none.
func (d *Dict[K, V]) GetDefault(t *Thread, k K, def V) V {
	d.own(t)
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
	d.own(t)
	d.hashable(k)
	p := t.path(bytecode.CallMethod2Result)
	t.pass(&p[0])
	d.begin(t, kernel.OpUpdate)
	v, ok := d.d.get(k)
	if !ok {
		v = def
		d.d.set(k, v)
	}
	saw(&d.shared, t, EvRead, v)
	t.pass(&p[1])
	return v
}

// Pop is `v = d.pop(k)`: it takes the item out. The error is a *KeyError when
// there is none, as when another thread has been faster.
func (d *Dict[K, V]) Pop(t *Thread, k K) (V, error) {
	d.own(t)
	d.hashable(k)
	p := t.path(bytecode.CallMethod1Result)
	t.pass(&p[0])
	d.begin(t, kernel.OpUpdate)
	v, ok := d.d.remove(k)
	sawIf(ok, &d.shared, t, EvRead, v)
	if !ok {
		t.raised(&p[1])
		return v, d.missing(k)
	}
	t.pass(&p[1])
	return v, nil
}

// Update is `d.update(items)`: no other thread sees a part of it.
func (d *Dict[K, V]) Update(t *Thread, items ...Item[K, V]) {
	d.own(t)
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
	d.own(t)
	d.hashable(k)
	p := t.path(bytecode.Contains)
	t.pass(&p[0])
	_, ok := d.read(t, k)
	t.pass(&p[1])
	return ok
}

// Len is `n = len(d)`.
func (d *Dict[K, V]) Len(t *Thread) int {
	d.own(t)
	return d.length(t, func() int { return d.d.used })
}

// Truth is the test in `if d:`, with the jump after it: whether the dict has
// items. There is no call in it, as there is in Len.
func (d *Dict[K, V]) Truth(t *Thread) bool {
	d.own(t)
	return d.truth(t, func() int { return d.d.used })
}

// Clear is `d.clear()`.
func (d *Dict[K, V]) Clear(t *Thread) {
	d.own(t)
	p := t.path(bytecode.CallMethod0)
	t.pass(&p[0])
	d.begin(t, kernel.OpWrite)
	d.d = table[K, V]{}
	d.end(t)
	t.pass(&p[1])
}

// Keys is `ks = list(d)`: one C call, so that it never meets a change.
func (d *Dict[K, V]) Keys(t *Thread) []K {
	d.own(t)
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
	d.own(t)
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
	d.own(t)
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
	sawIf(ok, &d.shared, t, EvRead, v)
	return v, ok
}

// write is the touch of `d[k] = v`.
func (d *Dict[K, V]) write(t *Thread, k K, v V) {
	d.begin(t, kernel.OpWrite)
	d.d.set(k, v)
	saw(&d.shared, t, EvWrite, v)
}

// hashable refuses a key whose dynamic type has no hash before anything is locked
// or changed.
func (d *Dict[K, V]) hashable(k K) {
	switch reflect.TypeFor[K]().Kind() {
	case reflect.Interface, reflect.Struct, reflect.Array: // may hold an interface that holds anything
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

// table is what a dict holds: its entries in the order of their keys' first
// appearance, with a hole where one was deleted, and where each key is. It is laid
// out and grows as CPython's does (Objects/dictobject.c), because that shows: an
// iterator stands at an entry number, and the holes go when the table grows.
type table[K comparable, V any] struct {
	at      map[K]int
	entries []entry[K, V]
	used    int // entries that are no holes
	room    int // entries that can come before the table must grow
}

type entry[K comparable, V any] struct {
	Item[K, V]
	gone bool
}

func (d *table[K, V]) get(k K) (v V, ok bool) {
	i, ok := d.at[k]
	if ok {
		v = d.entries[i].Value
	}
	return v, ok
}

func (d *table[K, V]) set(k K, v V) {
	if i, ok := d.at[k]; ok {
		d.entries[i].Value = v
		return
	}
	if d.room == 0 {
		d.grow()
	}
	d.at[k] = len(d.entries)
	d.entries = append(d.entries, entry[K, V]{Item: Item[K, V]{k, v}})
	d.used++
	d.room--
}

func (d *table[K, V]) remove(k K) (v V, ok bool) {
	i, ok := d.at[k]
	if !ok {
		return v, false
	}
	v = d.entries[i].Value
	d.entries[i] = entry[K, V]{gone: true}
	delete(d.at, k)
	d.used--
	return v, true
}

// grow makes room and closes the holes. A hash table of CPython (3.10 and later)
// has a power of two slots, about three times as many as keys when it has grown,
// and fills two thirds of them.
func (d *table[K, V]) grow() {
	slots := 8
	for slots < 3*d.used|8 {
		slots *= 2
	}
	holds := slots * 2 / 3
	entries := make([]entry[K, V], 0, holds)
	d.at = make(map[K]int, holds)
	for _, e := range d.entries {
		if !e.gone {
			d.at[e.Key] = len(entries)
			entries = append(entries, e)
		}
	}
	d.entries, d.room = entries, holds-len(entries)
}

func (d *table[K, V]) items() []Item[K, V] {
	items := make([]Item[K, V], 0, d.used)
	for i := range d.entries {
		if e := &d.entries[i]; !e.gone {
			items = append(items, e.Item)
		}
	}
	return items
}
