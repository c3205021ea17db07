package pickle

import "iter"

// A List is a Python list. It is used as *List: two places that hold the same list
// hold the same pointer.
type List struct {
	// Items may be changed as any slice.
	Items []any
}

// NewList returns a list of these items.
func NewList(items ...any) *List { return &List{items} }

// String returns Python's repr of the list.
func (l *List) String() string { return Repr(l) }

// A Tuple is a Python tuple. Its items are not to be changed.
type Tuple []any

// String returns Python's repr of the tuple.
func (t Tuple) String() string { return Repr(t) }

// A ByteArray is a Python bytearray, used as *ByteArray. Bytes are a []byte.
type ByteArray struct {
	// Bytes may be changed as any slice.
	Bytes []byte
}

// String returns Python's repr of the bytearray.
func (b *ByteArray) String() string { return Repr(b) }

// A Global is the name of a class or function of Python, such as {"datetime",
// "date"}: what a message refers to and what Python imports when it reads one.
type Global struct {
	// Module is where it is found, "builtins" for what needs no import.
	Module string
	// Name is its name there, with dots inside a class.
	Name string
}

// String returns the name with its module, "datetime.date".
func (g Global) String() string { return g.Module + "." + g.Name }

// An Object is an object of some class of Python: what a message says it is to be
// made from. It arrives only if [WithClasses] allows the class. One that is sent is
// imported, called and changed by the Python that reads it, as with any pickle.
//
// Python makes the object as Class(*Args), or as
// Class.__new__(Class, *Args, **Kwargs) when ByNew is set; gives State to
// __setstate__, or else to __dict__; appends Items; and sets Entries.
type Object struct {
	// Class is what is called.
	Class Global
	// ByNew says that the class is not called itself, but its __new__.
	ByNew bool
	// Args are the arguments.
	Args Tuple
	// Kwargs are the keyword arguments, or nil; they need ByNew.
	Kwargs *Dict
	// State mostly is a *Dict of the attributes. When the class has slots it is a
	// Tuple of that, or nil, and a *Dict of the slots. Nil: none.
	State any
	// Items are the items of a class derived from list, or of a deque.
	Items []any
	// Entries are the items of a class derived from dict.
	Entries *Dict
}

// Attr returns an attribute of the object's State. Python: getattr.
func (o *Object) Attr(name string) (v any, ok bool) {
	state := o.State
	if t, slots := state.(Tuple); slots && len(t) == 2 {
		if d, _ := t[1].(*Dict); d != nil {
			if v, ok = d.Get(name); ok {
				return v, true
			}
		}
		state = t[0]
	}
	if d, _ := state.(*Dict); d != nil {
		return d.Get(name)
	}
	return nil, false
}

// String shows the class and what the object is made from.
func (o *Object) String() string { return Repr(o) }

// A Set is a Python set, used as *Set; the zero Set is empty. Two values are the
// same element when they are equal in Python: 1, 1.0 and True are.
type Set struct{ d Dict }

// NewSet returns a set of these items, or an error when one of them cannot be
// hashed.
func NewSet(items ...any) (*Set, error) {
	s := new(Set)
	for _, v := range items {
		if err := s.Add(v); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Add adds an element. The error is an [*Error] when it cannot be hashed: a list, a
// dict, a set. Python: set.add.
func (s *Set) Add(v any) error { return s.d.keep(v, nil, new(keyer)) }

// Has reports whether v is an element. Python: v in s.
func (s *Set) Has(v any) bool { _, ok := s.d.Get(v); return ok }

// Discard removes v if it is an element, and reports that. Python: set.discard.
func (s *Set) Discard(v any) bool { _, ok := s.d.Delete(v); return ok }

// Len returns the number of elements.
func (s *Set) Len() int { return s.d.Len() }

// All yields the elements, in the order in which they came.
func (s *Set) All() iter.Seq[any] { return s.d.Keys() }

// String returns Python's repr of the set.
func (s *Set) String() string { return Repr(s) }

// A FrozenSet is a Python frozenset, used as *FrozenSet.
type FrozenSet struct{ d Dict }

// NewFrozenSet returns a frozenset of these items, or an error when one of them
// cannot be hashed.
func NewFrozenSet(items ...any) (*FrozenSet, error) {
	s, err := NewSet(items...)
	if err != nil {
		return nil, err
	}
	return &FrozenSet{s.d}, nil
}

// Has reports whether v is an element.
func (s *FrozenSet) Has(v any) bool { _, ok := s.d.Get(v); return ok }

// Len returns the number of elements.
func (s *FrozenSet) Len() int { return s.d.Len() }

// All yields the elements, in the order in which they came.
func (s *FrozenSet) All() iter.Seq[any] { return s.d.Keys() }

// String returns Python's repr of the frozenset.
func (s *FrozenSet) String() string { return Repr(s) }

// The values of Python travel between Go programs too.
func init() {
	Register[List]()
	Register[Tuple]()
	Register[ByteArray]()
	Register[Global]()
	Register[Object]()
	Register[Exception]()
	RegisterReducer(func(pairs []any) (*Dict, error) { return NewDict(pairs...) }, "pickle.Dict")
	RegisterReducer(func(items []any) (*Set, error) { return NewSet(items...) }, "pickle.Set")
	RegisterReducer(func(items []any) (*FrozenSet, error) { return NewFrozenSet(items...) }, "pickle.FrozenSet")
}

// Reduce lets the set travel in [Native] messages. It implements [Reducer].
func (s *Set) Reduce() (any, error) { return s.d.keys(), nil }

// Reduce lets the set travel in [Native] messages. It implements [Reducer].
func (s *FrozenSet) Reduce() (any, error) { return s.d.keys(), nil }
