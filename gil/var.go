package gil

import (
	"sync"

	"github.com/pygil/pygil/internal/bytecode"
	"github.com/pygil/pygil/internal/kernel"
)

// shared is what every shared object has: its identity, the interpreter it
// belongs to, and the lock that keeps it whole without a GIL.
type shared struct {
	name   string
	id     kernel.ObjID
	interp *Interpreter
	world  *kernel.World
	mu     sync.Mutex // per-object lock of a free-threaded world (PEP 703)
	bind   sync.Mutex
}

// own binds the object to the interpreter that first uses it and panics with a
// *RuntimeError when another one does. An object whose world has ended begins to
// belong to the new one.
func (s *shared) own(t *Thread) {
	if t.free || s.interp != t.interp || s.world != t.world {
		s.bindTo(t)
	}
}

func (s *shared) bindTo(t *Thread) {
	s.bind.Lock()
	defer s.bind.Unlock()
	mine := t.world
	if s.interp == t.interp && s.world == mine {
		return
	}
	switch {
	case s.interp == nil:
	case s.world == mine:
		panic(&RuntimeError{
			Text: "gil: " + s.describe() + " belongs to interpreter " + s.interp.Name() + " and was used from " + t.interp.Name() +
				"; processes and sub-interpreters share nothing, send the value instead",
			Python: "name '" + s.name + "' is not defined",
		})
	case !s.world.Ended():
		panic(misuse("", "%s belongs to another %v world that is still running and was used by thread %s; make one per world",
			s.describe(), s.world.Policy, t.name))
	}
	s.interp, s.world = t.interp, mine
	s.id = t.k.NextObject()
}

func (s *shared) describe() string {
	if s.name == "" {
		return "a shared object"
	}
	return "variable " + s.name
}

// begin precedes the moment at which the object is touched; end follows it.
func (s *shared) begin(t *Thread, k OpKind) {
	if t.x != nil {
		t.announce(k, s.id)
	} else if t.free {
		t.kern.Sync(&t.k)
		s.mu.Lock()
	}
	if t.traced() {
		kind := EvWrite
		if !k.Writes() {
			kind = EvRead
		}
		t.interp.w.emit.event(t, Event{Kind: kind, Obj: uint64(s.id), Name: s.name})
	}
}

func (s *shared) end(t *Thread) {
	if t.free && t.x == nil {
		s.mu.Unlock()
	}
}

// Var is a variable that threads share: a Python global. Every access is the
// bytecodes of the profile, so a switch can come exactly where one can come in
// Python: between the load and the store of `x += 1` up to 3.9, not from 3.10 on.
// Without a GIL a Var loses updates too, but never memory safety.
//
// Plain Go variables that threads capture are shared as well; they are invisible
// to the explorer and to the profile, and a switch comes between their accesses
// only where the program ticks.
type Var[T any] struct {
	shared
	v T
}

// NewVar makes a variable with a name for reports and its first value.
func NewVar[T any](name string, v T) *Var[T] { return &Var[T]{shared: shared{name: name}, v: v} }

// Load is `v = x`.
func (x *Var[T]) Load(t *Thread) T {
	x.own(t)
	p := t.path(bytecode.Load)
	t.pass(&p[0])
	v := x.read(t)
	t.pass(&p[1])
	return v
}

// Store is `x = v`.
func (x *Var[T]) Store(t *Thread, v T) {
	x.own(t)
	p := t.path(bytecode.Store)
	t.pass(&p[0])
	x.write(t, v)
	t.pass(&p[1])
}

// Update is `x = f(x)` with a Python function f: the load, the call with the
// entry of its frame, the store. It loses updates under every profile.
func (x *Var[T]) Update(t *Thread, f func(T) T) {
	x.own(t)
	p := t.path(bytecode.Update)
	t.pass(&p[0])
	v := x.read(t)
	t.pass(&p[1])
	t.pass(&p[2])
	v = f(v)
	t.pass(&p[3])
	x.write(t, v)
	t.pass(&p[4])
}

// Swap stores v and returns the old value in one C call, which nothing can come
// between.
func (x *Var[T]) Swap(t *Thread, v T) T {
	x.own(t)
	p := t.path(bytecode.CallCResult)
	t.pass(&p[0])
	x.begin(t, kernel.OpUpdate)
	old := x.v
	x.v = v
	x.end(t)
	t.pass(&p[1])
	return old
}

// Peek returns the value from outside any thread: before a run, after it, or from
// an observer of the virtual world.
func (x *Var[T]) Peek() T {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.v
}

// Name is the name given to NewVar.
func (x *Var[T]) Name() string { return x.name }

func (x *Var[T]) read(t *Thread) T {
	x.begin(t, kernel.OpRead)
	v := x.v
	x.end(t)
	return v
}

func (x *Var[T]) write(t *Thread, v T) {
	x.begin(t, kernel.OpWrite)
	x.v = v
	x.end(t)
}

// CompareAndSwap stores v if the variable holds old, in one C call that nothing
// can come between, and reports whether it did. Values are compared with ==; it
// panics for a type that cannot be.
func (x *Var[T]) CompareAndSwap(t *Thread, old, v T) (swapped bool) {
	x.own(t)
	p := t.path(bytecode.CallCResult)
	t.pass(&p[0])
	x.begin(t, kernel.OpUpdate)
	if any(x.v) == any(old) {
		x.v = v
		swapped = true
	}
	x.end(t)
	t.pass(&p[1])
	return swapped
}

// Number is what Add adds.
type Number interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

// Add is `x += d`, the profile's own bytecodes: torn up to 3.9, whole from 3.10
// on, torn again without a GIL.
func Add[N Number](t *Thread, x *Var[N], d N) {
	x.own(t)
	p := t.path(bytecode.Add)
	t.pass(&p[0])
	v := x.read(t)
	t.pass(&p[1])
	x.write(t, v+d)
	t.pass(&p[2])
}
