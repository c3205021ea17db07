package process

import (
	"context"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pygil/pygil/pipe/pickle"
)

// The objects of a PythonServer that methods can wait for are the manager's own.

func newSeat(v hosted) seat { return seat{v: v, changed: make(chan struct{})} }

// wait does a method of a hosted object, waiting for it if block says so, for
// seconds, or without end when that is None. It reports whether it was done.
func (p *seat) wait(ctx context.Context, block bool, seconds any, method string, args ...any) (out []any, done bool, err error) {
	r := &managerCall{Method: method, Args: args}
	out, done, err = p.call(nil, r)
	if done || err != nil || !block {
		return out, done, err
	}
	if seconds != nil {
		s, err := number(seconds)
		if err != nil {
			return nil, false, err
		}
		if s <= 0 {
			return nil, false, nil
		}
		if s < math.MaxInt64/float64(time.Second)/2 {
			var stop context.CancelFunc
			ctx, stop = context.WithTimeout(ctx, time.Duration(s*float64(time.Second)))
			defer stop()
		}
	}
	return p.await(ctx, nil, r)
}

func number(v any) (float64, error) {
	switch n := v.(type) {
	case int:
		return float64(n), nil
	case float64:
		return n, nil
	}
	return 0, typeError("%s is no number of seconds", pickle.Repr(v))
}

func truth(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case int:
		return v != 0
	}
	return v != nil
}

type pythonQueue struct {
	seat
	q *hostedQueue
}

func newPythonQueue(args pickle.Tuple, kwargs *pickle.Dict) (pythonObject, error) {
	size, ok := argument(args, kwargs, 0, "maxsize", 0).(int)
	if !ok || len(args) > 1 {
		return nil, typeError("Queue takes a maxsize")
	}
	q := &hostedQueue{size: size}
	return &pythonQueue{newSeat(q), q}, nil
}

func (q *pythonQueue) repr() string { return "<queue.Queue object>" }

func (q *pythonQueue) undo(method string, result any) {
	if !strings.HasPrefix(method, "get") {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.q.v = slices.Insert(q.q.v, 0, result)
	q.announce()
}

func (q *pythonQueue) methods() map[string]pythonMethod {
	put := func(ctx context.Context, v any, block bool, timeout any) (any, error) {
		if err := badTimeout(block, timeout); err != nil && q.q.size > 0 {
			return nil, err
		}
		_, done, err := q.wait(ctx, block, timeout, "put", v)
		if err == nil && !done {
			err = pickle.NewException("queue.Full")
		}
		return nil, err
	}
	get := func(ctx context.Context, block bool, timeout any) (any, error) {
		if err := badTimeout(block, timeout); err != nil {
			return nil, err
		}
		out, done, err := q.wait(ctx, block, timeout, "get")
		if err == nil && !done {
			err = pickle.NewException("queue.Empty")
		}
		if err != nil {
			return nil, err
		}
		return out[0], nil
	}
	ask := func(method string) pythonMethod {
		return func(ctx context.Context, args pickle.Tuple, kwargs *pickle.Dict) (any, error) {
			out, _, err := q.wait(ctx, false, nil, method)
			if err != nil {
				return nil, pickle.NewException("ValueError", "task_done() called too many times")
			}
			if len(out) == 0 {
				return nil, nil
			}
			return out[0], nil
		}
	}
	return map[string]pythonMethod{
		"put": func(ctx context.Context, a pickle.Tuple, k *pickle.Dict) (any, error) {
			item := argument(a, k, 0, "item", missing{})
			if item == (missing{}) {
				return nil, typeError("put() missing 1 required positional argument: 'item'")
			}
			return put(ctx, item, truth(argument(a, k, 1, "block", true)), argument(a, k, 2, "timeout", nil))
		},
		"put_nowait": func(ctx context.Context, a pickle.Tuple, k *pickle.Dict) (any, error) {
			return put(ctx, a[0], false, nil)
		},
		"get": func(ctx context.Context, a pickle.Tuple, k *pickle.Dict) (any, error) {
			return get(ctx, truth(argument(a, k, 0, "block", true)), argument(a, k, 1, "timeout", nil))
		},
		"get_nowait": func(ctx context.Context, a pickle.Tuple, k *pickle.Dict) (any, error) { return get(ctx, false, nil) },
		"qsize":      ask("qsize"),
		"full":       ask("full"),
		"empty": func(ctx context.Context, a pickle.Tuple, k *pickle.Dict) (any, error) {
			out, _, err := q.wait(ctx, false, nil, "qsize")
			return err == nil && out[0] == 0, err
		},
		"task_done": ask("task_done"),
		"join": func(ctx context.Context, a pickle.Tuple, k *pickle.Dict) (any, error) {
			_, _, err := q.wait(ctx, true, nil, "join")
			return nil, err
		},
	}
}

type missing struct{}

// badTimeout refuses a timeout below zero, as Python's queues do.
func badTimeout(block bool, timeout any) error {
	if !block || timeout == nil {
		return nil
	}
	s, err := number(timeout)
	if err == nil && s < 0 {
		err = pickle.NewException("ValueError", "'timeout' must be a non-negative number")
	}
	return err
}

type pythonLock struct{ seat }

func newPythonLock(args pickle.Tuple, kwargs *pickle.Dict) (pythonObject, error) {
	return &pythonLock{newSeat(&hostedLock{})}, nil
}

func (l *pythonLock) repr() string { return "<lock object>" }

func (l *pythonLock) undo(method string, result any) {
	if method == "acquire" && result == true {
		_, _, _ = l.call(nil, &managerCall{Method: "release"})
	}
}

func (l *pythonLock) methods() map[string]pythonMethod {
	return map[string]pythonMethod{
		"acquire": func(ctx context.Context, a pickle.Tuple, k *pickle.Dict) (any, error) {
			block, timeout := truth(argument(a, k, 0, "blocking", true)), argument(a, k, 1, "timeout", -1)
			if s, err := number(timeout); err != nil {
				return nil, err
			} else if s == -1 {
				timeout = nil
			} else if !block {
				return nil, pickle.NewException("ValueError", "can't specify a timeout for a non-blocking call")
			} else if s < 0 {
				return nil, pickle.NewException("ValueError", "timeout value must be a non-negative number")
			}
			_, done, err := l.wait(ctx, block, timeout, "acquire")
			return done, err
		},
		"release": func(ctx context.Context, a pickle.Tuple, k *pickle.Dict) (any, error) {
			if _, _, err := l.wait(ctx, false, nil, "release"); err != nil {
				return nil, pickle.NewException("RuntimeError", "release unlocked lock")
			}
			return nil, nil
		},
	}
}

type pythonEvent struct{ seat }

func newPythonEvent(args pickle.Tuple, kwargs *pickle.Dict) (pythonObject, error) {
	return &pythonEvent{newSeat(&hostedEvent{})}, nil
}

func (e *pythonEvent) repr() string { return "<threading.Event object>" }

func (e *pythonEvent) methods() map[string]pythonMethod {
	do := func(method string) pythonMethod {
		return func(ctx context.Context, a pickle.Tuple, k *pickle.Dict) (any, error) {
			out, _, err := e.wait(ctx, false, nil, method)
			if err != nil || len(out) == 0 {
				return nil, err
			}
			return out[0], nil
		}
	}
	return map[string]pythonMethod{
		"set":    do("set"),
		"clear":  do("clear"),
		"is_set": do("is_set"),
		"wait": func(ctx context.Context, a pickle.Tuple, k *pickle.Dict) (any, error) {
			out, _, err := e.wait(ctx, false, nil, "is_set")
			if err != nil {
				return nil, err
			}
			_, done, err := e.seat.wait(ctx, true, argument(a, k, 0, "timeout", nil), "wait", out[1])
			return done, err
		},
	}
}

type pythonNamespace struct {
	mu sync.Mutex
	d  *pickle.Dict
}

func newPythonNamespace(args pickle.Tuple, kwargs *pickle.Dict) (pythonObject, error) {
	if len(args) > 0 {
		return nil, typeError("Namespace takes keyword arguments only")
	}
	return &pythonNamespace{d: kwargs}, nil
}

func (n *pythonNamespace) value() any {
	n.mu.Lock()
	defer n.mu.Unlock()
	state := new(pickle.Dict)
	for k, v := range n.d.All() {
		_ = state.Set(k, v)
	}
	return &pickle.Object{Class: pickle.Global{Module: managersModule, Name: "Namespace"}, ByNew: true, State: state}
}

func (n *pythonNamespace) repr() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var all []string
	for k, v := range n.d.All() {
		if name, _ := k.(string); !strings.HasPrefix(name, "_") {
			all = append(all, name+"="+pickle.Repr(v))
		}
	}
	slices.Sort(all)
	return "Namespace(" + strings.Join(all, ", ") + ")"
}

func (n *pythonNamespace) methods() map[string]pythonMethod {
	absent := func(name any) error {
		s, _ := name.(string)
		return pickle.NewException("AttributeError", "'Namespace' object has no attribute '"+s+"'")
	}
	return map[string]pythonMethod{
		"__getattribute__": simple(&n.mu, 1, 1, func(a pickle.Tuple) (any, error) {
			if v, ok := n.d.Get(a[0]); ok {
				return v, nil
			}
			return nil, absent(a[0])
		}),
		"__setattr__": simple(&n.mu, 2, 2, func(a pickle.Tuple) (any, error) {
			if _, ok := a[0].(string); !ok {
				return nil, typeError("attribute name must be string, not %s", pickle.Repr(a[0]))
			}
			return nil, n.d.Set(a[0], a[1])
		}),
		"__delattr__": simple(&n.mu, 1, 1, func(a pickle.Tuple) (any, error) {
			if _, ok := n.d.Delete(a[0]); !ok {
				return nil, absent(a[0])
			}
			return nil, nil
		}),
	}
}

type pythonValue struct {
	mu       sync.Mutex
	typecode any
	v        any
}

func newPythonValue(args pickle.Tuple, kwargs *pickle.Dict) (pythonObject, error) {
	if len(args) < 2 {
		return nil, typeError("Value takes a typecode and a value")
	}
	return &pythonValue{typecode: args[0], v: args[1]}, nil
}

func (p *pythonValue) value() any {
	p.mu.Lock()
	defer p.mu.Unlock()
	state, _ := pickle.NewDict("_typecode", p.typecode, "_value", p.v)
	return &pickle.Object{Class: pickle.Global{Module: managersModule, Name: "Value"}, ByNew: true, State: state}
}

func (p *pythonValue) repr() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return "Value(" + pickle.Repr(p.typecode) + ", " + pickle.Repr(p.v) + ")"
}

func (p *pythonValue) methods() map[string]pythonMethod {
	return map[string]pythonMethod{
		"get": simple(&p.mu, 0, 0, func(pickle.Tuple) (any, error) { return p.v, nil }),
		"set": simple(&p.mu, 1, 1, func(a pickle.Tuple) (any, error) { p.v = a[0]; return nil, nil }),
	}
}
