package gil

import (
	"maps"
	"slices"

	"github.com/pygil/pygil/internal/kernel"
)

// What a process that was forked has of its parent: the variables and the gates that
// its parent had used by then, as they were at that moment. A lock that another
// thread of the parent held is held in the child by nobody, for ever; the thread that
// forks is the main thread of the child, and what it held that one holds. What an
// object of package threading has beside its gates is in a Kin.

// inherited is what a forked process gets a copy of.
type inherited interface {
	forked(parent, child *Interpreter)
}

// forks reports whether processes of this world are copies of their parents.
func (w *world) forks() bool { return w.opts.machine.method == Fork && !w.live() }

// inherits notes what the processes that i starts get a copy of.
func (i *Interpreter) inherits(x inherited) {
	if i.w.forks() {
		i.estate = append(i.estate, x)
	}
}

// fork copies what the parent has.
func (i *Interpreter) fork(parent *Interpreter) {
	i.base, i.shared = 0, parent.base+parent.shared+parent.private.Load()
	for _, x := range parent.estate {
		x.forked(parent, i)
		i.estate = append(i.estate, x)
	}
}

// A lineage is a gate in processes that were forked: by the number of their homes.
type lineage struct {
	at   map[uint64]gateState // as it was at the fork
	mine map[uint64]*Gate     // of processes that have used it since
}

type gateState struct {
	permits int32
	owner   *Thread
}

func (g *Gate) forked(parent, child *Interpreter) {
	if g.lineage == nil {
		g.lineage = &lineage{map[uint64]gateState{}, map[uint64]*Gate{}}
	}
	l := g.lineage
	state, ok := l.at[parent.home.id]
	if now := l.mine[parent.home.id]; now != nil {
		state, ok = gateState{now.permits.Load(), now.owner.Load()}, true
	}
	if !ok && g.home == parent.home {
		state, ok = gateState{g.permits.Load(), g.owner.Load()}, true
	}
	if ok {
		if state.owner != nil && state.owner == parent.Acting() {
			state.owner = child.process.main
		}
		l.at[child.home.id] = state
	}
}

// inherit makes t's process's own copy of a gate that another process of the family
// has bound: as it was at the fork, or unused.
func (g *Gate) inherit(t *Thread, permits int) {
	if g.lineage == nil {
		g.lineage = &lineage{map[uint64]gateState{}, map[uint64]*Gate{}}
	}
	l := g.lineage
	if l.mine[t.home.id] != nil {
		return
	}
	state, ok := l.at[t.home.id]
	if !ok {
		state.permits = int32(min(permits, All))
	}
	n := &Gate{home: t.home, name: g.name, why: g.why, explain: g.explain, tracked: true}
	n.id = kernel.ObjID(kernel.Hash(uint64(g.id), uint64(t.interp.pid)))
	n.permits.Store(state.permits)
	n.owner.Store(state.owner)
	n.at.Store(t.home.id)
	l.mine[t.home.id] = n
}

// of is the gate as t's process has it.
func (g *Gate) of(t *Thread) *Gate {
	if t != nil {
		if n := g.lineage.mine[t.home.id]; n != nil {
			return n
		}
	}
	return g
}

// ofActing is the gate as the process of the thread that runs has it.
func (g *Gate) ofActing() *Gate {
	if g.lineage != nil {
		return g.of(g.home.interp.Acting())
	}
	return g
}

// An estate is a variable, list or dict as far as forked processes have copies of it.
type estate interface {
	copied() any   // the value, nothing of which changes when it does
	restore(v any) // what copied has returned
}

// copies are a variable's values in the processes of a family: of those that do not
// have it at the moment, for there is one place for the value, and whoever touches it
// puts his there.
type copies struct {
	first  any // before anybody used it
	values map[uint64]any
}

// bequeath makes a variable that is bound for the first time one that is inherited.
func (s *shared) bequeath(t *Thread) {
	s.copies = nil
	if s.payload != nil && t.interp.w.forks() {
		s.copies = &copies{s.payload.copied(), map[uint64]any{}}
		t.interp.inherits(s)
	}
}

func (s *shared) forked(parent, child *Interpreter) {
	v, ok := s.copies.values[parent.home.id]
	if s.home == parent.home {
		v, ok = s.payload.copied(), true
	}
	if ok {
		s.copies.values[child.home.id] = v
	}
}

// exchange puts the value of t's process in its place.
func (s *shared) exchange(t *Thread) {
	c := s.copies
	c.values[s.home.id] = s.payload.copied()
	v, ok := c.values[t.home.id]
	if !ok {
		v = c.first
	}
	s.payload.restore(v)
	s.home = t.home
	s.at.Store(t.home.id)
}

// Pointers in the values stay the same.

func (x *Var[T]) copied() any   { return x.v }
func (x *Var[T]) restore(v any) { x.v, _ = v.(T) } // a nil interface is no T

func (l *List[T]) copied() any   { return slices.Clone(l.v) }
func (l *List[T]) restore(v any) { l.v = slices.Clone(v.([]T)) }

func (d *Dict[K, V]) copied() any   { return d.d.clone() }
func (d *Dict[K, V]) restore(v any) { t := v.(table[K, V]); d.d = t.clone() }

func (d *table[K, V]) clone() table[K, V] {
	return table[K, V]{maps.Clone(d.at), slices.Clone(d.entries), d.used, d.room}
}
