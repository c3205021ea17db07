package process

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/pygil/pygil/pipe/pickle"
)

// A pythonObject is an object as a PythonServer holds it. Its methods lock it
// themselves: some wait.
type pythonObject interface {
	methods() map[string]pythonMethod
}

// A valued is a pythonObject of which a copy can be sent.
type valued interface{ value() any }

// A shown is a pythonObject whose repr is not its value's.
type shown interface{ repr() string }

// An undoer takes back what a client got that has died meanwhile.
type undoer interface {
	undo(method string, result any)
}

type pythonMethod func(ctx context.Context, args pickle.Tuple, kwargs *pickle.Dict) (any, error)

// exposed are the names of an object's methods.
func exposed(v pythonObject) pickle.Tuple {
	var names pickle.Tuple
	for name := range v.methods() {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b any) int { n, _ := pickle.Compare(a, b); return n })
	return names
}

// pythonTypes are the types that clients may create.
var pythonTypes = map[string]func(args pickle.Tuple, kwargs *pickle.Dict) (pythonObject, error){
	"list":          newPythonList,
	"dict":          newPythonDict,
	"Namespace":     newPythonNamespace,
	"Value":         newPythonValue,
	"Queue":         newPythonQueue,
	"JoinableQueue": newPythonQueue,
	"Lock":          newPythonLock,
	"Event":         newPythonEvent,
}

func newPythonObject(typeid string, args pickle.Tuple, kwargs *pickle.Dict) (pythonObject, error) {
	make := pythonTypes[typeid]
	if make == nil {
		return nil, pickle.NewException("KeyError", typeid)
	}
	return make(args, kwargs)
}

// invoke runs a method. One that is given what it does not take raises TypeError.
func invoke(ctx context.Context, fn pythonMethod, r pythonCall) (v any, err error) {
	defer func() {
		if x := recover(); x != nil {
			v, err = nil, pickle.NewException("TypeError", fmt.Sprintf("%s(): bad arguments %s", r.method, pickle.Repr(r.args)))
		}
	}()
	return fn(ctx, r.args, r.kwargs)
}

func typeError(format string, args ...any) error {
	return pickle.NewException("TypeError", fmt.Sprintf(format, args...))
}

// argument is argument i, by its place or its name, or what it is without.
func argument(args pickle.Tuple, kwargs *pickle.Dict, i int, name string, without any) any {
	if i < len(args) {
		return args[i]
	}
	if v, ok := kwargs.Get(name); ok {
		return v
	}
	return without
}

// simple makes a method of a function that cannot wait, and runs with a lock held.
func simple(mu *sync.Mutex, least, most int, fn func(args pickle.Tuple) (any, error)) pythonMethod {
	return func(_ context.Context, args pickle.Tuple, kwargs *pickle.Dict) (any, error) {
		if len(args) < least || len(args) > most || kwargs.Len() > 0 {
			return nil, typeError("expected %d to %d arguments, got %d", least, most, len(args)+kwargs.Len())
		}
		mu.Lock()
		defer mu.Unlock()
		return fn(args)
	}
}

// iterate returns the items of what Python would iterate over.
func iterate(v any) ([]any, error) {
	switch v := v.(type) {
	case *pickle.List:
		return v.Items, nil
	case pickle.Tuple:
		return v, nil
	case *pickle.Set:
		return slices.Collect(v.All()), nil
	case *pickle.FrozenSet:
		return slices.Collect(v.All()), nil
	case *pickle.Dict:
		return slices.Collect(v.Keys()), nil
	case []any:
		return v, nil
	}
	return nil, typeError("the object %s is not iterable", pickle.Repr(v))
}

// An iteration is what iterating over a dict's proxy makes: the keys as they were.
type iteration struct {
	mu   sync.Mutex
	left []any
}

func (it *iteration) repr() string { return "<dict_keyiterator object>" }

func (it *iteration) methods() map[string]pythonMethod {
	return map[string]pythonMethod{
		"__next__": simple(&it.mu, 0, 0, func(pickle.Tuple) (any, error) {
			if len(it.left) == 0 {
				return nil, pickle.NewException("StopIteration")
			}
			v := it.left[0]
			it.left = it.left[1:]
			return v, nil
		}),
	}
}

// A pythonDict is a dict of a PythonServer. What it holds is data that nobody
// changes, so that results can be sent without the lock.
type pythonDict struct {
	mu sync.Mutex
	d  *pickle.Dict
}

func newPythonDict(args pickle.Tuple, kwargs *pickle.Dict) (pythonObject, error) {
	d := &pythonDict{d: new(pickle.Dict)}
	return d, d.update(args, kwargs)
}

func (d *pythonDict) update(args pickle.Tuple, kwargs *pickle.Dict) error {
	if len(args) > 1 {
		return typeError("update expected at most 1 argument, got %d", len(args))
	}
	for _, from := range append(slices.Clone(args), kwargs) {
		if from, ok := from.(*pickle.Dict); ok {
			for k, v := range from.All() {
				if err := d.d.Set(k, v); err != nil {
					return unhashableKey(err)
				}
			}
			continue
		}
		pairs, err := iterate(from)
		if err != nil {
			return err
		}
		for _, pair := range pairs {
			kv, err := iterate(pair)
			if err != nil || len(kv) != 2 {
				return typeError("cannot convert dictionary update sequence element %s to a key and a value", pickle.Repr(pair))
			}
			if err := d.d.Set(kv[0], kv[1]); err != nil {
				return unhashableKey(err)
			}
		}
	}
	return nil
}

// unhashableKey is the TypeError of a key.
func unhashableKey(err error) error {
	if e, ok := err.(*pickle.Error); ok {
		return pickle.NewException("TypeError", e.PythonText())
	}
	return err
}

func (d *pythonDict) value() any {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.copy()
}

func (d *pythonDict) copy() *pickle.Dict {
	out := new(pickle.Dict)
	for k, v := range d.d.All() {
		_ = out.Set(k, v) // it was a key
	}
	return out
}

func (d *pythonDict) methods() map[string]pythonMethod {
	do := func(least, most int, fn func(a pickle.Tuple) (any, error)) pythonMethod {
		return simple(&d.mu, least, most, fn)
	}
	get := func(k any) (any, bool, error) {
		if v, ok := d.d.Get(k); ok {
			return v, true, nil
		}
		return nil, false, unhashableKey(new(pickle.Set).Add(k))
	}
	return map[string]pythonMethod{
		"__contains__": do(1, 1, func(a pickle.Tuple) (any, error) { _, ok, err := get(a[0]); return ok, err }),
		"__getitem__": do(1, 1, func(a pickle.Tuple) (any, error) {
			v, ok, err := get(a[0])
			if err == nil && !ok {
				err = pickle.NewException("KeyError", a[0])
			}
			return v, err
		}),
		"get": do(1, 2, func(a pickle.Tuple) (any, error) {
			v, ok, err := get(a[0])
			if !ok && len(a) == 2 {
				v = a[1]
			}
			return v, err
		}),
		"__setitem__": do(2, 2, func(a pickle.Tuple) (any, error) { return nil, unhashableKey(d.d.Set(a[0], a[1])) }),
		"setdefault": do(1, 2, func(a pickle.Tuple) (any, error) {
			v, ok, err := get(a[0])
			if ok || err != nil {
				return v, err
			}
			v = argument(a, new(pickle.Dict), 1, "", nil)
			return v, d.d.Set(a[0], v)
		}),
		"__delitem__": do(1, 1, func(a pickle.Tuple) (any, error) {
			_, ok, err := get(a[0])
			if err == nil && !ok {
				err = pickle.NewException("KeyError", a[0])
			}
			d.d.Delete(a[0])
			return nil, err
		}),
		"pop": do(1, 2, func(a pickle.Tuple) (any, error) {
			v, ok, err := get(a[0])
			switch {
			case ok:
				d.d.Delete(a[0])
			case err == nil && len(a) == 2:
				v = a[1]
			case err == nil:
				err = pickle.NewException("KeyError", a[0])
			}
			return v, err
		}),
		"popitem": do(0, 0, func(pickle.Tuple) (any, error) {
			keys := slices.Collect(d.d.Keys())
			if len(keys) == 0 {
				return nil, pickle.NewException("KeyError", "popitem(): dictionary is empty")
			}
			k := keys[len(keys)-1]
			v, _ := d.d.Delete(k)
			return pickle.Tuple{k, v}, nil
		}),
		"__len__": do(0, 0, func(pickle.Tuple) (any, error) { return d.d.Len(), nil }),
		"clear":   do(0, 0, func(pickle.Tuple) (any, error) { d.d.Clear(); return nil, nil }),
		"copy":    do(0, 0, func(pickle.Tuple) (any, error) { return d.copy(), nil }),
		"keys":    do(0, 0, func(pickle.Tuple) (any, error) { return pickle.NewList(slices.Collect(d.d.Keys())...), nil }),
		"values": do(0, 0, func(pickle.Tuple) (any, error) {
			l := pickle.NewList()
			for _, v := range d.d.All() {
				l.Items = append(l.Items, v)
			}
			return l, nil
		}),
		"items": do(0, 0, func(pickle.Tuple) (any, error) {
			l := pickle.NewList()
			for k, v := range d.d.All() {
				l.Items = append(l.Items, pickle.Tuple{k, v})
			}
			return l, nil
		}),
		"__iter__": do(0, 0, func(pickle.Tuple) (any, error) { return &iteration{left: slices.Collect(d.d.Keys())}, nil }),
		"update": func(_ context.Context, args pickle.Tuple, kwargs *pickle.Dict) (any, error) {
			d.mu.Lock()
			defer d.mu.Unlock()
			return nil, d.update(args, kwargs)
		},
	}
}
