package process

import (
	"context"
	"strings"
)

// A ListProxy stands for a list of a manager; see [Manager.List]. Indices count from
// the end when they are negative; one that is out of range is a [*ValueError].
// Every method may block for as long as the manager takes to answer, and gives the
// GIL up meanwhile. Python: multiprocessing.managers.ListProxy.
type ListProxy struct{ *proxy }

// List makes a list. Python: manager.list(values).
func (m *Manager) List(ctx context.Context, values ...any) (*ListProxy, error) {
	p, err := m.create(ctx, "List", values...)
	if err != nil {
		return nil, err
	}
	return &ListProxy{p}, nil
}

// value asks for a method with one result.
func value[T any](ctx context.Context, p *proxy, method string, args ...any) (v T, err error) {
	out, err := p.ask(ctx, method, args...)
	if err == nil && out[0] != nil {
		v = out[0].(T)
	}
	return v, err
}

// found asks for a method that says whether it found what it was asked for.
func found(ctx context.Context, p *proxy, method string, args ...any) (any, bool, error) {
	out, err := p.ask(ctx, method, args...)
	if err != nil {
		return nil, false, err
	}
	return out[0], out[1].(bool), nil
}

// Get returns element i. Python: l[i].
func (l *ListProxy) Get(ctx context.Context, i int) (any, error) {
	return value[any](ctx, l.proxy, "get", i)
}

// Set sets element i. Python: l[i] = v.
func (l *ListProxy) Set(ctx context.Context, i int, v any) error { return l.do(ctx, "set", i, v) }

// Append adds values at the end. Python: l.append(v), l.extend(values).
func (l *ListProxy) Append(ctx context.Context, values ...any) error {
	return l.do(ctx, "append", values...)
}

// Insert puts v before element i. Python: l.insert(i, v).
func (l *ListProxy) Insert(ctx context.Context, i int, v any) error {
	return l.do(ctx, "insert", i, v)
}

// Pop removes element i and returns it; -1 is the last. Python: l.pop(i).
func (l *ListProxy) Pop(ctx context.Context, i int) (any, error) {
	return value[any](ctx, l.proxy, "pop", i)
}

// Remove removes the first element that equals v. Python: l.remove(v), del l[i].
func (l *ListProxy) Remove(ctx context.Context, v any) error { return l.do(ctx, "remove", v) }

// Index returns the index of the first element that equals v, or -1. Python:
// l.index(v).
func (l *ListProxy) Index(ctx context.Context, v any) (int, error) {
	return value[int](ctx, l.proxy, "index", v)
}

// Count returns how many elements equal v. Python: l.count(v).
func (l *ListProxy) Count(ctx context.Context, v any) (int, error) {
	return value[int](ctx, l.proxy, "count", v)
}

// Len returns the number of elements. Python: len(l).
func (l *ListProxy) Len(ctx context.Context) (int, error) {
	return value[int](ctx, l.proxy, "len")
}

// Slice returns a copy of the elements from lo up to hi, cut to the list. Python:
// l[lo:hi].
func (l *ListProxy) Slice(ctx context.Context, lo, hi int) ([]any, error) {
	return l.ask(ctx, "slice", lo, hi)
}

// Copy returns a copy of the list. Python: l[:], l._getvalue().
func (l *ListProxy) Copy(ctx context.Context) ([]any, error) {
	return l.Slice(ctx, 0, int(^uint(0)>>1))
}

// Reverse reverses the list. Python: l.reverse().
func (l *ListProxy) Reverse(ctx context.Context) error { return l.do(ctx, "reverse") }

// Sort sorts a list of ints and floats, or of strings. Python: l.sort().
func (l *ListProxy) Sort(ctx context.Context) error { return l.do(ctx, "sort") }

// Clear empties the list. Python: l.clear(), from 3.14.
func (l *ListProxy) Clear(ctx context.Context) error { return l.do(ctx, "clear") }

// A DictProxy stands for a dict of a manager; see [Manager.Dict]. A key that cannot
// be compared is a [*ValueError]. What it says about keys that are missing, Python
// says with KeyError. Every method may block for as long as the manager takes to
// answer, and gives the GIL up meanwhile. Python:
// multiprocessing.managers.DictProxy.
type DictProxy struct{ *proxy }

// Dict makes an empty dict. Python: manager.dict().
func (m *Manager) Dict(ctx context.Context) (*DictProxy, error) {
	p, err := m.create(ctx, "Dict")
	if err != nil {
		return nil, err
	}
	return &DictProxy{p}, nil
}

// Get returns the value of a key, and whether there is one. Python: d[key],
// d.get(key), key in d.
func (d *DictProxy) Get(ctx context.Context, key any) (v any, ok bool, err error) {
	return found(ctx, d.proxy, "get", key)
}

// Set sets the value of a key. Python: d[key] = v.
func (d *DictProxy) Set(ctx context.Context, key, v any) error { return d.do(ctx, "set", key, v) }

// SetDefault sets the value of a key that has none, and returns the value that it
// then has. Python: d.setdefault(key, v).
func (d *DictProxy) SetDefault(ctx context.Context, key, v any) (any, error) {
	return value[any](ctx, d.proxy, "setdefault", key, v)
}

// Pop removes a key and returns its value, and whether there was one. Python:
// d.pop(key), del d[key].
func (d *DictProxy) Pop(ctx context.Context, key any) (v any, ok bool, err error) {
	return found(ctx, d.proxy, "pop", key)
}

// Len returns the number of keys. Python: len(d).
func (d *DictProxy) Len(ctx context.Context) (int, error) {
	return value[int](ctx, d.proxy, "len")
}

// Keys returns the keys in the order in which they came. Python: d.keys().
func (d *DictProxy) Keys(ctx context.Context) ([]any, error) { return d.ask(ctx, "keys") }

// Values returns the values in the order of the keys. Python: d.values().
func (d *DictProxy) Values(ctx context.Context) ([]any, error) { return d.ask(ctx, "values") }

// Copy returns a copy of the dict. Python: d.copy(), d.items().
func (d *DictProxy) Copy(ctx context.Context) (map[any]any, error) {
	out, err := d.ask(ctx, "items")
	if err != nil {
		return nil, err
	}
	all := make(map[any]any, len(out)/2)
	for i := 0; i+1 < len(out); i += 2 {
		all[out[i]] = out[i+1]
	}
	return all, nil
}

// Update sets the values of several keys at once. Python: d.update(all).
func (d *DictProxy) Update(ctx context.Context, all map[any]any) error {
	args := make([]any, 0, 2*len(all))
	for k, v := range all {
		args = append(args, k, v)
	}
	return d.do(ctx, "update", args...)
}

// Clear empties the dict. Python: d.clear().
func (d *DictProxy) Clear(ctx context.Context) error { return d.do(ctx, "clear") }

// A NamespaceProxy stands for a namespace of a manager; see [Manager.Namespace].
// Python: multiprocessing.managers.NamespaceProxy.
type NamespaceProxy struct{ *proxy }

// Namespace makes an empty namespace. Python: manager.Namespace().
func (m *Manager) Namespace(ctx context.Context) (*NamespaceProxy, error) {
	p, err := m.create(ctx, "Namespace")
	if err != nil {
		return nil, err
	}
	return &NamespaceProxy{p}, nil
}

// public checks an attribute's name.
func public(name string) error {
	if name == "" || strings.HasPrefix(name, "_") {
		return invalid("", "Namespace: the attribute %q cannot be shared: give a name without a leading underscore", name)
	}
	return nil
}

// Get returns an attribute. One that was never set is a [*ValueError]. Python:
// ns.name.
func (n *NamespaceProxy) Get(ctx context.Context, name string) (any, error) {
	if err := public(name); err != nil {
		return nil, err
	}
	return value[any](ctx, n.proxy, "get", name)
}

// Set sets an attribute. Python: ns.name = v.
func (n *NamespaceProxy) Set(ctx context.Context, name string, v any) error {
	if err := public(name); err != nil {
		return err
	}
	return n.do(ctx, "set", name, v)
}

// Delete removes an attribute. Python: del ns.name.
func (n *NamespaceProxy) Delete(ctx context.Context, name string) error {
	if err := public(name); err != nil {
		return err
	}
	return n.do(ctx, "delete", name)
}

// A ValueProxy stands for a value of a manager; see [Manager.Value]. Python:
// multiprocessing.managers.ValueProxy.
type ValueProxy struct{ *proxy }

// Value makes a value of any type that can travel. Python: manager.Value(type, v).
func (m *Manager) Value(ctx context.Context, v any) (*ValueProxy, error) {
	p, err := m.create(ctx, "Value", v)
	if err != nil {
		return nil, err
	}
	return &ValueProxy{p}, nil
}

// Get returns the value. Python: v.value.
func (v *ValueProxy) Get(ctx context.Context) (any, error) { return value[any](ctx, v.proxy, "get") }

// Set sets the value. Python: v.value = x.
func (v *ValueProxy) Set(ctx context.Context, x any) error { return v.do(ctx, "set", x) }

func init() {
	registerProxy("List", func(p *proxy) *ListProxy { return &ListProxy{p} })
	registerProxy("Dict", func(p *proxy) *DictProxy { return &DictProxy{p} })
	registerProxy("Namespace", func(p *proxy) *NamespaceProxy { return &NamespaceProxy{p} })
	registerProxy("Value", func(p *proxy) *ValueProxy { return &ValueProxy{p} })
	registerProxy("Queue", func(p *proxy) *QueueProxy { return &QueueProxy{p} })
	registerProxy("Lock", func(p *proxy) *LockProxy { return &LockProxy{p} })
	registerProxy("Event", func(p *proxy) *EventProxy { return &EventProxy{p} })
}
