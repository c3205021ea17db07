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

// A lineage is a gate in the processes that were forked: by the number of their homes.
type lineage map[uint64]*Gate

func (g *Gate) forked(parent, child *Interpreter) {
	from := g.lineage[parent.home.id]
	if from == nil && g.home == parent.home {
		from = g
	}
	if from == nil {
		return
	}
	n := g.heir(child, int(from.permits.Load()))
	if owner := from.owner.Load(); owner != nil && owner == parent.Acting() {
		n.owner.Store(child.process.main)
	} else {
		n.owner.Store(owner)
	}
}

// heir makes the gate that i has where another process of the family has g.
func (g *Gate) heir(i *Interpreter, permits int) *Gate {
	n := &Gate{home: i.home, name: g.name, explain: g.explain, tracked: true}
	n.why.Store(g.why.Load())
	n.id = kernel.ObjID(kernel.Hash(uint64(g.id), uint64(i.pid)))
	n.permits.Store(n.tracked, int32(min(permits, All)))
	n.at.Store(i.home.id)
	if g.lineage == nil {
		g.lineage = lineage{}
	}
	g.lineage[i.home.id] = n
	return n
}

// of is the gate as t's process has it.
func (g *Gate) of(t *Thread) *Gate {
	if t != nil {
		if n := g.lineage[t.home.id]; n != nil {
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
	whole  estate
	first  any // before anybody used it
	values map[uint64]any
}

// bequeath makes a variable that is bound for the first time one that is inherited.
func (s *shared) bequeath(t *Thread, whole estate) {
	s.copies = nil
	if t.interp.w.forks() {
		s.copies = &copies{whole, whole.copied(), map[uint64]any{}}
		t.interp.inherits(s)
	}
}

func (s *shared) forked(parent, child *Interpreter) {
	v, ok := s.copies.values[parent.home.id]
	if s.home == parent.home {
		v, ok = s.copies.whole.copied(), true
	}
	if ok {
		s.copies.values[child.home.id] = v
	}
}

// exchange puts the value of t's process in its place.
func (s *shared) exchange(t *Thread) {
	c := s.copies
	c.values[s.home.id] = c.whole.copied()
	v, ok := c.values[t.home.id]
	if !ok {
		v = c.first
	}
	c.whole.restore(v)
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
