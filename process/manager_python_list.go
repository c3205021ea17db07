package process

import (
	"context"
	"math"
	"slices"
	"sync"

	"github.com/pygil/pygil/pipe/pickle"
)

// A pythonList is a list of a PythonServer. Nobody else has its slice: results are
// sent without the lock.
type pythonList struct {
	mu sync.Mutex
	v  []any
}

func newPythonList(args pickle.Tuple, kwargs *pickle.Dict) (pythonObject, error) {
	l := &pythonList{}
	if len(args) > 1 || kwargs.Len() > 0 {
		return nil, typeError("list expected at most 1 argument, got %d", len(args)+kwargs.Len())
	}
	if len(args) == 1 {
		items, err := iterate(args[0])
		if err != nil {
			return nil, err
		}
		l.v = slices.Clone(items)
	}
	return l, nil
}

func (l *pythonList) value() any {
	l.mu.Lock()
	defer l.mu.Unlock()
	return pickle.NewList(slices.Clone(l.v)...)
}

func indexError(what string) error { return pickle.NewException("IndexError", what) }

// at finds an index, from the end if it is negative.
func (l *pythonList) at(v any, what string) (int, error) {
	i, ok := v.(int)
	if b, yes := v.(bool); yes {
		i, ok = map[bool]int{true: 1}[b], true
	}
	if !ok {
		return 0, typeError("list indices must be integers or slices, not %s", pickle.Repr(v))
	}
	if i < 0 {
		i += len(l.v)
	}
	if i < 0 || i >= len(l.v) {
		return 0, indexError(what)
	}
	return i, nil
}

// slice reads a slice object: the indices that it stands for.
func (l *pythonList) slice(v any) (at []int, ok bool, err error) {
	o, _ := v.(*pickle.Object)
	if o == nil || o.Class != (pickle.Global{Module: "builtins", Name: "slice"}) || len(o.Args) != 3 {
		return nil, false, nil
	}
	part := func(i, without int) int {
		switch n := o.Args[i].(type) {
		case nil:
			return without
		case int:
			return n
		}
		err = typeError("slice indices must be integers or None")
		return 1
	}
	n, step := len(l.v), part(2, 1)
	if step == 0 || step == math.MinInt {
		return nil, true, pickle.NewException("ValueError", "slice step cannot be zero")
	}
	clip := func(i, least, most int) int {
		if i < 0 {
			i += n
		}
		return min(max(i, least), most)
	}
	if step > 0 {
		end := clip(part(1, n), 0, n)
		for i := clip(part(0, 0), 0, n); i < end && len(at) < n; i += step {
			at = append(at, i)
			if step > n {
				break
			}
		}
		return at, true, err
	}
	end := -1
	if o.Args[1] != nil {
		end = clip(part(1, 0), -1, n-1)
	}
	for i := clip(part(0, n-1), -1, n-1); i > end && len(at) < n; i += step {
		at = append(at, i)
		if step < -n {
			break
		}
	}
	return at, true, err
}

func (l *pythonList) find(v any, from, to int) int {
	for i := from; i < min(to, len(l.v)); i++ {
		if pickle.Equal(l.v[i], v) {
			return i
		}
	}
	return -1
}

func (l *pythonList) get(a pickle.Tuple) (any, error) {
	at, sliced, err := l.slice(a[0])
	if err != nil {
		return nil, err
	}
	if sliced {
		part := pickle.NewList()
		for _, i := range at {
			part.Items = append(part.Items, l.v[i])
		}
		return part, nil
	}
	i, err := l.at(a[0], "list index out of range")
	if err != nil {
		return nil, err
	}
	return l.v[i], nil
}

func (l *pythonList) set(a pickle.Tuple) (any, error) {
	at, sliced, err := l.slice(a[0])
	if err != nil {
		return nil, err
	}
	if !sliced {
		i, err := l.at(a[0], "list assignment index out of range")
		if err == nil {
			l.v[i] = a[1]
		}
		return nil, err
	}
	items, err := iterate(a[1])
	switch {
	case err != nil:
		return nil, err
	case len(items) != len(at):
		return nil, pickle.NewException("ValueError", "a slice of a list of this server is set to as many items as it has")
	}
	for j, i := range at {
		l.v[i] = items[j]
	}
	return nil, nil
}

func (l *pythonList) del(a pickle.Tuple) (any, error) {
	at, sliced, err := l.slice(a[0])
	if err != nil {
		return nil, err
	}
	if !sliced {
		i, err := l.at(a[0], "list assignment index out of range")
		if err != nil {
			return nil, err
		}
		at = []int{i}
	}
	var left []any
	for i, v := range l.v {
		if !slices.Contains(at, i) {
			left = append(left, v)
		}
	}
	l.v = left
	return nil, nil
}

// repeated is the list n times.
func (l *pythonList) repeated(n any) ([]any, error) {
	times, ok := n.(int)
	if !ok {
		return nil, typeError("can't multiply sequence by non-int %s", pickle.Repr(n))
	}
	if times = max(times, 0); len(l.v) > 0 && times > maxRepeated/len(l.v) {
		return nil, pickle.NewException("MemoryError")
	}
	return slices.Repeat(l.v, times), nil
}

// maxRepeated bounds what multiplying a list makes, in items.
const maxRepeated = 1 << 24

func (l *pythonList) methods() map[string]pythonMethod {
	do := func(least, most int, fn func(a pickle.Tuple) (any, error)) pythonMethod {
		return simple(&l.mu, least, most, fn)
	}
	extend := func(a pickle.Tuple) (any, error) {
		items, err := iterate(a[0])
		l.v = slices.Concat(l.v, items)
		return nil, err
	}
	times := func(a pickle.Tuple) (any, error) {
		v, err := l.repeated(a[0])
		return pickle.NewList(v...), err
	}
	return map[string]pythonMethod{
		"__getitem__":  do(1, 1, l.get),
		"__setitem__":  do(2, 2, l.set),
		"__delitem__":  do(1, 1, l.del),
		"__contains__": do(1, 1, func(a pickle.Tuple) (any, error) { return l.find(a[0], 0, math.MaxInt) >= 0, nil }),
		"__len__":      do(0, 0, func(pickle.Tuple) (any, error) { return len(l.v), nil }),
		"__add__": do(1, 1, func(a pickle.Tuple) (any, error) {
			other, ok := a[0].(*pickle.List)
			if !ok {
				return nil, typeError("can only concatenate list (not %s) to list", pickle.Repr(a[0]))
			}
			return pickle.NewList(slices.Concat(l.v, other.Items)...), nil
		}),
		"__mul__":  do(1, 1, times),
		"__rmul__": do(1, 1, times),
		"__imul__": do(1, 1, func(a pickle.Tuple) (any, error) {
			v, err := l.repeated(a[0])
			if err == nil {
				l.v = v
			}
			return nil, err
		}),
		"append": do(1, 1, func(a pickle.Tuple) (any, error) {
			l.v = append(l.v, a[0])
			return nil, nil
		}),
		"extend": do(1, 1, extend),
		"insert": do(2, 2, func(a pickle.Tuple) (any, error) {
			i, ok := a[0].(int)
			if !ok {
				return nil, typeError("%s cannot be interpreted as an integer", pickle.Repr(a[0]))
			}
			if i < 0 {
				i = max(i+len(l.v), 0)
			}
			l.v = slices.Insert(l.v, min(i, len(l.v)), a[1])
			return nil, nil
		}),
		"pop": do(0, 1, func(a pickle.Tuple) (any, error) {
			if len(l.v) == 0 {
				return nil, indexError("pop from empty list")
			}
			i, err := l.at(argument(a, new(pickle.Dict), 0, "", -1), "pop index out of range")
			if err != nil {
				return nil, err
			}
			v := l.v[i]
			l.v = slices.Delete(l.v, i, i+1)
			return v, nil
		}),
		"remove": do(1, 1, func(a pickle.Tuple) (any, error) {
			i := l.find(a[0], 0, math.MaxInt)
			if i < 0 {
				return nil, pickle.NewException("ValueError", "list.remove(x): x not in list")
			}
			l.v = slices.Delete(l.v, i, i+1)
			return nil, nil
		}),
		"index": do(1, 3, func(a pickle.Tuple) (any, error) {
			from, to := argument(a, new(pickle.Dict), 1, "", 0).(int), argument(a, new(pickle.Dict), 2, "", math.MaxInt).(int)
			from, _ = cut(from, len(l.v), len(l.v))
			_, to = cut(0, to, len(l.v))
			if i := l.find(a[0], from, to); i >= 0 {
				return i, nil
			}
			return nil, pickle.NewException("ValueError", pickle.Repr(a[0])+" is not in list")
		}),
		"count": do(1, 1, func(a pickle.Tuple) (any, error) {
			n := 0
			for _, v := range l.v {
				if pickle.Equal(v, a[0]) {
					n++
				}
			}
			return n, nil
		}),
		"reverse": do(0, 0, func(pickle.Tuple) (any, error) {
			slices.Reverse(l.v)
			return nil, nil
		}),
		"__reversed__": do(0, 0, func(pickle.Tuple) (any, error) {
			v := slices.Clone(l.v)
			slices.Reverse(v)
			return pickle.NewList(v...), nil
		}),
		"clear": do(0, 0, func(pickle.Tuple) (any, error) { l.v = nil; return nil, nil }),
		"copy":  do(0, 0, func(pickle.Tuple) (any, error) { return pickle.NewList(slices.Clone(l.v)...), nil }),
		"sort":  l.sort,
	}
}

// sort sorts, in reverse if asked; a key is a function and cannot travel.
func (l *pythonList) sort(_ context.Context, args pickle.Tuple, kwargs *pickle.Dict) (any, error) {
	reverse, _ := kwargs.Get("reverse")
	if len(args) > 0 || kwargs.Len() > 1 || kwargs.Len() == 1 && reverse == nil {
		return nil, typeError("sort() takes reverse only")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	v := slices.Clone(l.v)
	var failed error
	slices.SortStableFunc(v, func(a, b any) int {
		n, err := pickle.Compare(a, b)
		if failed == nil {
			failed = err
		}
		if pickle.Equal(reverse, true) {
			return -n
		}
		return n
	})
	if failed == nil {
		l.v = v
	}
	return nil, failed
}
