package process

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// newHosted makes an object of a kind, as a manager holds it.
func newHosted(args []any) (hosted, error) {
	kind, args := args[0].(string), args[1:]
	switch kind {
	case "List":
		return &hostedList{args}, nil
	case "Dict":
		return &hostedDict{at: map[any]*hostedItem{}}, nil
	case "Namespace":
		return &hostedNamespace{map[string]any{}}, nil
	case "Value":
		return &hostedValue{args[0]}, nil
	case "Queue":
		return &hostedQueue{size: args[0].(int)}, nil
	case "Lock":
		return &hostedLock{}, nil
	case "Event":
		return &hostedEvent{}, nil
	case "RLock":
		return &hostedRLock{}, nil
	case "Condition":
		return &hostedCondition{}, nil
	case "Semaphore":
		return &hostedSemaphore{args[0].(int), args[1].(int)}, nil
	case "Barrier":
		return &hostedBarrier{parties: args[0].(int), rounds: map[int]*hostedRound{}}, nil
	case "Array":
		return &hostedArray{hostedList{args}}, nil
	}
	return nil, invalid("", "a manager makes no %s", kind)
}

func unknown(kind, method string) error {
	return invalid("", "a manager's %s has no method %s: the two programs differ", kind, method)
}

// one is the result of a method that has one.
func one(v any) ([]any, bool, error) { return []any{v}, true, nil }

// nothing is the result of a method that has none.
func noResult() ([]any, bool, error) { return nil, true, nil }

func refused(err error) ([]any, bool, error) { return nil, false, err }

type hostedList struct{ v []any }

// index finds element i, from the end if i is negative.
func (l *hostedList) index(i int, what string) (int, error) {
	if i < 0 {
		i += len(l.v)
	}
	if i < 0 || i >= len(l.v) {
		return 0, invalid(what, "the index is out of the range of a list of %d elements", len(l.v))
	}
	return i, nil
}

// find returns the index of the first element that equals x, or -1.
func (l *hostedList) find(x any) int {
	return slices.IndexFunc(l.v, func(y any) bool { return reflect.DeepEqual(x, y) })
}

func (l *hostedList) call(_ *guest, method string, args []any) ([]any, bool, error) {
	switch method {
	case "get":
		i, err := l.index(args[0].(int), "list index out of range")
		if err != nil {
			return refused(err)
		}
		return one(l.v[i])
	case "set":
		i, err := l.index(args[0].(int), "list assignment index out of range")
		if err != nil {
			return refused(err)
		}
		l.v[i] = args[1]
		return noResult()
	case "append":
		l.v = append(l.v, args...)
		return noResult()
	case "insert":
		i, _ := cut(args[0].(int), len(l.v), len(l.v))
		l.v = slices.Insert(l.v, i, args[1])
		return noResult()
	case "pop":
		if len(l.v) == 0 {
			return refused(invalid("pop from empty list", "Pop of an empty list"))
		}
		i, err := l.index(args[0].(int), "pop index out of range")
		if err != nil {
			return refused(err)
		}
		v := l.v[i]
		l.v = slices.Delete(l.v, i, i+1)
		return one(v)
	case "remove":
		i := l.find(args[0])
		if i < 0 {
			return refused(invalid("list.remove(x): x not in list", "Remove of what is not in the list"))
		}
		l.v = slices.Delete(l.v, i, i+1)
		return noResult()
	case "index":
		return one(l.find(args[0]))
	case "count":
		n := 0
		for _, x := range l.v {
			if reflect.DeepEqual(x, args[0]) {
				n++
			}
		}
		return one(n)
	case "len":
		return one(len(l.v))
	case "slice":
		lo, hi := cut(args[0].(int), args[1].(int), len(l.v))
		return slices.Clone(l.v[lo:hi]), true, nil
	case "reverse":
		slices.Reverse(l.v)
		return noResult()
	case "sort":
		if err := sortable(l.v); err != nil {
			return refused(err)
		}
		slices.SortStableFunc(l.v, compareValues)
		return noResult()
	case "clear":
		clear(l.v)
		l.v = l.v[:0]
		return noResult()
	}
	return refused(unknown("list", method))
}

// sortable says why values cannot be sorted: they must be ints, floats, or strings.
func sortable(v []any) error {
	for i := range v {
		switch v[i].(type) {
		case int, float64, string:
			_, text := v[i].(string)
			if _, first := v[0].(string); text == first {
				continue
			}
		}
		return invalid(fmt.Sprintf("'<' not supported between instances of '%T' and '%T'", v[i], v[0]),
			"Sort: a %T cannot be compared with a %T: ints and floats can, and strings", v[i], v[0])
	}
	return nil
}

func compareValues(a, b any) int {
	number := func(v any) float64 {
		if n, ok := v.(int); ok {
			return float64(n)
		}
		return v.(float64)
	}
	switch x := a.(type) {
	case string:
		return cmp.Compare(x, b.(string))
	case int:
		if y, ok := b.(int); ok {
			return cmp.Compare(x, y)
		}
	}
	return cmp.Compare(number(a), number(b))
}

// A hostedDict remembers the order in which its keys came, as Python's does.
type hostedDict struct {
	at   map[any]*hostedItem
	next int
}

type hostedItem struct {
	v     any
	order int
}

func (d *hostedDict) set(k, v any) {
	if item := d.at[k]; item != nil {
		item.v = v
		return
	}
	d.next++
	d.at[k] = &hostedItem{v, d.next}
}

// keys are in their order.
func (d *hostedDict) keys() []any {
	keys := slices.Collect(maps.Keys(d.at))
	slices.SortFunc(keys, func(a, b any) int { return cmp.Compare(d.at[a].order, d.at[b].order) })
	return keys
}

func (d *hostedDict) call(_ *guest, method string, args []any) ([]any, bool, error) {
	keyed := len(args) > 0 && method != "update"
	if keyed && args[0] != nil && !reflect.ValueOf(args[0]).Comparable() {
		return refused(invalid(fmt.Sprintf("unhashable type: '%T'", args[0]), "a %T cannot be a key: it cannot be compared", args[0]))
	}
	switch method {
	case "get":
		if item := d.at[args[0]]; item != nil {
			return []any{item.v, true}, true, nil
		}
		return []any{nil, false}, true, nil
	case "set":
		d.set(args[0], args[1])
		return noResult()
	case "setdefault":
		if d.at[args[0]] == nil {
			d.set(args[0], args[1])
		}
		return one(d.at[args[0]].v)
	case "pop":
		item := d.at[args[0]]
		if item == nil {
			return []any{nil, false}, true, nil
		}
		delete(d.at, args[0])
		return []any{item.v, true}, true, nil
	case "len":
		return one(len(d.at))
	case "keys":
		return d.keys(), true, nil
	case "values", "items":
		var out []any
		for _, k := range d.keys() {
			if method == "items" {
				out = append(out, k)
			}
			out = append(out, d.at[k].v)
		}
		return out, true, nil
	case "update":
		for i := 0; i+1 < len(args); i += 2 {
			d.set(args[i], args[i+1])
		}
		return noResult()
	case "clear":
		clear(d.at)
		return noResult()
	}
	return refused(unknown("dict", method))
}

type hostedNamespace struct{ at map[string]any }

func (n *hostedNamespace) call(_ *guest, method string, args []any) ([]any, bool, error) {
	name := args[0].(string)
	missing := func() ([]any, bool, error) {
		return refused(invalid(fmt.Sprintf("'Namespace' object has no attribute '%s'", name), "the namespace has no %q: set it first", name))
	}
	v, ok := n.at[name]
	switch method {
	case "get":
		if !ok {
			return missing()
		}
		return one(v)
	case "set":
		n.at[name] = args[1]
		return noResult()
	case "delete":
		if !ok {
			return missing()
		}
		delete(n.at, name)
		return noResult()
	}
	return refused(unknown("namespace", method))
}

type hostedValue struct{ v any }

func (h *hostedValue) call(_ *guest, method string, args []any) ([]any, bool, error) {
	switch method {
	case "get":
		return one(h.v)
	case "set":
		h.v = args[0]
		return noResult()
	}
	return refused(unknown("value", method))
}
