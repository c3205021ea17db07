package gil

import (
	"sync"
	"sync/atomic"

	"github.com/pygil/pygil/internal/bytecode"
	"github.com/pygil/pygil/internal/kernel"
)

// shared is what every shared object has: its identity, the interpreter it
// belongs to, and the lock that keeps it whole without a GIL.
type shared struct {
	name    string
	id      kernel.ObjID
	home    *home                // guarded by bind
	at      atomic.Uint64        // the home's number, set last: who sees it sees id and home
	mu      sync.Mutex           // per-object lock of a free-threaded world (PEP 703); never held over code of the user's
	section atomic.Pointer[Gate] // without a GIL: what keeps others out while Python code runs in a call
	bind    sync.Mutex
	mark    mark
	copies  *copies // in processes that were forked; last, as a mark without size would take room there
}

// own is the beginning of every operation on an object: whole, of which s is a part.
// It panics with a *RuntimeError when t is not the thread that acts. It binds the
// object to the interpreter that first uses it and panics when another one does, unless
// that was forked and has a copy; an object whose world has ended begins to belong to
// the new one.
func (s *shared) own(t *Thread, whole estate) {
	if t == nil || s.at.Load() != t.near {
		s.ownSlow(t, whole)
	}
}

func (s *shared) ownSlow(t *Thread, whole estate) {
	t.mustRun()
	if t.dying && t.gil != nil && !t.holds() {
		t.unwind() // its deferred calls must not touch what the holder touches
	}
	if s.at.Load() == t.home.id {
		return
	}
	s.bind.Lock()
	defer s.bind.Unlock()
	mine, at := t.home.world, s.at.Load()
	switch old := s.home; {
	case old == nil:
	case at == t.home.id:
		return
	case old.over(at):
		if mine.Policy == kernel.ExploredPolicy && old.world.Policy == kernel.ExploredPolicy {
			t.interp.outlived(s.describe()) // and its value with it
		}
	case old.world == mine && s.copies != nil:
		s.exchange(t)
		return
	case old.world == mine:
		panic(&RuntimeError{
			Text: "gil: " + s.describe() + " belongs to interpreter " + old.interp.Name() + " and was used from " + t.interp.Name() +
				"; processes and sub-interpreters share nothing, send the value instead",
			Python: "name '" + s.name + "' is not defined",
		})
	default:
		panic(misuse("", "%s belongs to another %v world that is still running and was used by thread %s; make one per world",
			s.describe(), old.world.Policy, t.name))
	}
	s.id = s.identity(t)
	s.home = t.home
	s.bequeath(t, whole)
	s.at.Store(t.home.id)
}

// identity is what reports and the explorer know the object by: in an explored run
// its name, which does not depend on the schedule, as who used the object first
// would. The second object of the same name, and one without a name, is known by
// who used it first all the same: no two objects are ever one.
func (s *shared) identity(t *Thread) kernel.ObjID {
	if t.x != nil && s.name != "" {
		if id := kernel.HashString(s.name); t.interp.w.names.claim(id) {
			return id
		}
	}
	return t.k.NextObject()
}

func (s *shared) describe() string {
	if s.name == "" {
		return "a shared object"
	}
	return "variable " + s.name
}

// settle makes s what its twin has become in a run.
func (s *shared) settle(y *shared) {
	s.id, s.home = y.id, y.home
	s.at.Store(y.at.Load())
}

// begin precedes the moment at which the object is touched; end follows it. What
// lies between them is one C call: nothing switches there. Under a GIL that nobody
// observes they do nothing.
func (s *shared) begin(t *Thread, k OpKind) {
	if !t.plain {
		t.announce(k, s.id, s)
	}
	if raceKernel {
		t.shows(&s.mark, k.Writes(), k != kernel.OpWrite)
	}
}

func (s *shared) end(t *Thread) {
	if t.busy {
		s.part(t)
	}
}

// meet and part are what begin and end have to do about a busy thread.
func (s *shared) meet(t *Thread, k OpKind) {
	if s.copies != nil && s.home != t.home {
		s.exchange(t)
	}
	if t.free {
		s.lockObject(t)
	}
	if t.traced() {
		kind := EvWrite
		if !k.Writes() {
			kind = EvRead
		}
		t.interp.w.emit.event(t, Event{Kind: kind, Obj: uint64(s.id), Name: s.name})
	}
}

func (s *shared) part(t *Thread) {
	if t.free {
		s.unlockObject(t)
	}
}

// raised executes what is left of a construct whose C call has raised: the
// opcodes up to the handler. Up to 3.10 the interpreter looks whether to switch
// before it executes the handler, whatever opcode raised; later ones do not look.
func (t *Thread) raised(s *stretch) {
	t.pass(&stretch{ticks: s.ticks, extra: s.extra, check: t.interp.prof.version <= bytecode.V310 || t.code.any})
}

// Var is a variable that threads share: a Python global. Every access is the
// bytecodes of the profile, so a switch can come exactly where one can come in
// Python: between the load and the store of `x += 1` up to 3.9, not from 3.10 on.
// Without a GIL a Var loses updates too, but never memory safety. An attribute,
// `o.n`, is the same to every Python: it has its checks in the same places and
// takes as many ticks.
//
// A Var belongs to the interpreter that first uses it, see [NewVar]. Its methods
// give the GIL up only where the profile's bytecodes look whether to switch; they
// panic with a *RuntimeError when t is not the thread that acts.
//
// Plain Go variables that threads capture are shared as well; they are invisible
// to the explorer and to the profile, and a switch comes between their accesses
// only where the program ticks.
type Var[T any] struct {
	shared
	twin twin[Var[T]]
	v    T
}

// NewVar makes a variable with a name for reports and its first value. The zero
// Var is one without a name that holds the zero T.
//
// Another interpreter that uses it, as a sub-interpreter or an emulated process
// is, panics with a *RuntimeError whose Python text is that of a NameError; so
// does another world while the first one runs. When that has ended the variable
// begins to belong to the next, with the value it has. A program that is explored
// must make its variables itself: one that outlives a run makes the next one fail.
// And it should give each variable, list and dict a name of its own: that is what
// the explorer knows it by, whatever the schedule.
//
//go:norace
func NewVar[T any](name string, v T) *Var[T] {
	return &Var[T]{shared: shared{name: name}, v: v}
}

// saw is end for an operation on s that took v out of it, which is EvRead, or put it
// in, EvWrite.
func saw[T any](s *shared, t *Thread, k EventKind, v T) {
	if t.busy {
		sawBusy(s, t, k, v)
	}
}

func sawBusy[T any](s *shared, t *Thread, k EventKind, v T) {
	told(s, t, k, v)
	s.part(t)
}

func told[T any](s *shared, t *Thread, k EventKind, v T) {
	if e := t.interp.w.emit; e != nil && e.values != nil {
		e.value(t, Event{Kind: k, Obj: uint64(s.id), Name: s.name}, v, false)
	}
}

// about tells which item of a container the operation on s is about, before saw.
func about[K any](s *shared, t *Thread, k EventKind, at K) {
	if t.busy {
		aboutBusy(s, t, k, at)
	}
}

func aboutBusy[K any](s *shared, t *Thread, k EventKind, at K) {
	if e := t.interp.w.emit; e != nil && e.items != nil {
		e.value(t, Event{Kind: k, Obj: uint64(s.id), Name: s.name}, at, true)
	}
}

// sawIf is saw for an operation that may have found nothing.
func sawIf[T any](found bool, s *shared, t *Thread, k EventKind, v T) {
	if found {
		saw(s, t, k, v)
	} else {
		s.end(t)
	}
}

// aside is the variable that the inside uses instead of x, see outside. When the run
// is over x takes its value and place.
//
//go:norace
func (x *Var[T]) aside(t *Thread) *Var[T] {
	y, s := x.twin.get()
	if y != nil && s == t.box {
		return y
	}
	y = new(Var[T])
	y.name, y.home, y.v = clean(x.name), x.home, x.v
	x.twin.set(y, t.box)
	t.box.afterwards(func() {
		x.twin.set(nil, nil)
		x.v = y.v
		x.settle(&y.shared)
	})
	return y
}

// Load is `v = x`: one read.
func (x *Var[T]) Load(t *Thread) T {
	if raceKernel && t.apart() {
		y := x.aside(t)
		return within(t, func() T { return y.Load(t) })
	}
	x.own(t, x)
	p := t.path(bytecode.Load)
	t.pass(&p[0])
	x.begin(t, kernel.OpRead)
	v := x.v
	saw(&x.shared, t, EvRead, v)
	t.pass(&p[1])
	return v
}

// Store is `x = v`: one write.
func (x *Var[T]) Store(t *Thread, v T) {
	if raceKernel && t.apart() {
		y, p := x.aside(t), hold(v)
		t.inside(func() { y.Store(t, *p) })
		return
	}
	x.own(t, x)
	p := t.path(bytecode.Store)
	t.pass(&p[0])
	x.begin(t, kernel.OpWrite)
	x.v = v
	saw(&x.shared, t, EvWrite, v)
	t.pass(&p[1])
}

// Update is `x = f(x)` with a Python function f: the load, the call with the
// entry of its frame, the store. It loses updates under every profile.
func (x *Var[T]) Update(t *Thread, f func(T) T) {
	if raceKernel && t.apart() {
		y := x.aside(t)
		p := hold(f(within(t, func() T { return y.fetch(t) })))
		t.inside(func() { y.replace(t, *p) })
		return
	}
	x.replace(t, f(x.fetch(t)))
}

// fetch is the first half of an update, up to the body of the function.
func (x *Var[T]) fetch(t *Thread) T {
	x.own(t, x)
	p := t.path(bytecode.Update)
	t.pass(&p[0])
	x.begin(t, kernel.OpRead)
	v := x.v
	saw(&x.shared, t, EvRead, v)
	t.pass(&p[1])
	t.pass(&p[2])
	return v
}

// replace is the second half, with what the function has returned.
func (x *Var[T]) replace(t *Thread, v T) {
	p := t.path(bytecode.Update)
	t.pass(&p[3])
	x.begin(t, kernel.OpWrite)
	x.v = v
	saw(&x.shared, t, EvWrite, v)
	t.pass(&p[4])
}

// Swap stores v and returns the old value in one C call, which nothing can come
// between.
func (x *Var[T]) Swap(t *Thread, v T) T {
	if raceKernel && t.apart() {
		y, p := x.aside(t), hold(v)
		return within(t, func() T { return y.Swap(t, *p) })
	}
	x.own(t, x)
	p := t.path(bytecode.CallCResult)
	t.pass(&p[0])
	x.begin(t, kernel.OpUpdate)
	old := x.v
	x.v = v
	saw(&x.shared, t, EvWrite, v)
	t.pass(&p[1])
	return old
}

// Peek returns the value from outside any thread: before a run, after it, or from
// an observer of the virtual world. No explorer sees it.
func (x *Var[T]) Peek() T {
	if y, s := x.twin.get(); raceKernel && y != nil {
		return peeked(s, y.Peek)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.v
}

// Name is the name given to NewVar.
func (x *Var[T]) Name() string { return x.name }

// CompareAndSwap stores v if the variable holds old, in one C call that nothing
// can come between, and reports whether it did. Values are compared with ==, or,
// where Go cannot, as reflect.DeepEqual compares them.
func (x *Var[T]) CompareAndSwap(t *Thread, old, v T) (swapped bool) {
	if raceKernel && t.apart() {
		y, p, q := x.aside(t), hold(old), hold(v)
		return within(t, func() bool { return y.CompareAndSwap(t, *p, *q) })
	}
	x.own(t, x)
	p := t.path(bytecode.CallCResult)
	t.pass(&p[0])
	x.begin(t, kernel.OpUpdate)
	if swapped = same(t, x.v, old); swapped {
		x.v = v
	}
	saw(&x.shared, t, EvWrite, x.v)
	t.pass(&p[1])
	return swapped
}

// Number is what Add adds.
type Number interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

// Add is `x += d`, a read and a write with the profile's own bytecodes around
// them: torn up to 3.9, whole from 3.10 on, torn again without a GIL.
func Add[N Number](t *Thread, x *Var[N], d N) {
	if raceKernel && t.apart() {
		y := x.aside(t)
		t.inside(func() { Add(t, y, d) })
		return
	}
	x.own(t, x)
	p := t.path(bytecode.Add)
	t.pass(&p[0])
	x.begin(t, kernel.OpRead)
	v := x.v
	saw(&x.shared, t, EvRead, v)
	t.pass(&p[1])
	x.begin(t, kernel.OpWrite)
	x.v = v + d
	saw(&x.shared, t, EvWrite, v+d)
	t.pass(&p[2])
}
