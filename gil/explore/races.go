package explore

import (
	"fmt"

	"github.com/pygil/pygil/internal/kernel"
)

// clock is a vector clock: how far of each thread is known.
type clock []int32

func (c *clock) at(i int) int32 {
	if i < len(*c) {
		return (*c)[i]
	}
	return 0
}

func (c *clock) set(i int, v int32) {
	for len(*c) <= i {
		*c = append(*c, 0)
	}
	(*c)[i] = v
}

func (c *clock) join(o clock) {
	for i, v := range o {
		if v > c.at(i) {
			c.set(i, v)
		}
	}
}

// gateClocks are what is known at each gate.
type gateClocks map[kernel.ObjID]*clock

// passed is what step s of thread t, which knows mine, does at its gate. Passing a
// gate or looking at one learns what those knew who opened it; opening one tells. A
// gate that is closed again is passed by one at a time.
func (gs gateClocks) passed(s *step, mine *clock, t int) {
	g := gs[s.obj]
	if g == nil {
		g = new(clock)
		gs[s.obj] = g
	}
	mine.join(*g)
	if s.kind != kernel.OpPeek && s.kind != kernel.OpJoin {
		g.join(*mine)
		mine.set(t, mine.at(t)+1)
	}
}

// access is one side of a race.
type raceSide struct {
	step   int
	thread int32
	at     int32 // the thread's clock
	wrote  bool
}

// variable is what the race detector knows of one shared object: who wrote it last
// and who has read it since (FastTrack's epochs, with the reads kept one by one).
type variable struct {
	write raceSide
	reads []raceSide
}

// race finds the first two accesses of one object in the run just done that
// nothing orders, one of them a write.
func (r *runner) race() (first, second int, found bool) {
	r.races(func(i, j int) bool {
		first, second, found = i, j, true
		return false
	})
	return first, second, found
}

// races finds accesses that nothing orders, for each access the first such other
// one, until yield returns false. Only accesses of variables, lists and dicts
// can race; everything that threads wait at, and every start and end of a thread,
// orders.
//
// An atomic call, such as Var.Swap or a method of List or Dict, races with a plain
// access, but not with another atomic call.
func (r *runner) races(yield func(first, second int) bool) {
	threads := make([]clock, len(r.threads))
	gates := make(gateClocks)
	vars := make(map[kernel.ObjID]*variable)
	for i := range threads {
		threads[i].set(i, 1)
	}
	begun := make([]bool, len(r.threads))
	starts := make(map[int32]int32) // thread → children started so far
	for n := range r.steps {
		s := &r.steps[n]
		t := int(s.thread)
		begun[t] = true
		mine := &threads[t]
		switch s.kind {
		case kernel.OpStart:
			starts[s.thread]++
			for c := range r.threads {
				if r.threads[c].parent == s.thread && r.threads[c].nth == starts[s.thread] {
					threads[c].join(*mine)
				}
			}
			mine.set(t, mine.at(t)+1)
			continue
		case kernel.OpRead, kernel.OpWrite, kernel.OpUpdate:
			v := vars[s.obj]
			if v == nil {
				v = &variable{write: raceSide{step: -1}}
				vars[s.obj] = v
			}
			if other, ok := v.conflict(r, s, *mine); ok && !yield(other, n) {
				return
			}
			side := raceSide{step: n, thread: s.thread, at: mine.at(t), wrote: s.kind != kernel.OpRead}
			if side.wrote {
				v.write, v.reads = side, v.reads[:0]
			} else {
				v.read(side)
			}
			continue
		}
		if s.obj == 0 {
			continue
		}
		gates.passed(s, mine, t)
	}
}

// conflict looks for an access that the step's thread knows nothing of.
func (v *variable) conflict(r *runner, s *step, mine clock) (other int, ok bool) {
	unknown := func(o *raceSide) bool {
		if o.step < 0 || o.thread == s.thread || o.at <= mine.at(int(o.thread)) {
			return false
		}
		return s.kind != kernel.OpUpdate || r.steps[o.step].kind != kernel.OpUpdate
	}
	if unknown(&v.write) {
		return v.write.step, true
	}
	if s.kind == kernel.OpRead {
		return 0, false
	}
	for i := range v.reads {
		if unknown(&v.reads[i]) {
			return v.reads[i].step, true
		}
	}
	return 0, false
}

// read keeps the latest read of each thread.
func (v *variable) read(side raceSide) {
	for i := range v.reads {
		if v.reads[i].thread == side.thread {
			v.reads[i] = side
			return
		}
	}
	v.reads = append(v.reads, side)
}

// raced is the diagnosis of a race in the run just done, nil when there is none.
// Its text tells races apart and so must not depend on the schedule.
func (r *runner) raced() error {
	a, b, ok := r.race()
	if !ok {
		return nil
	}
	x, y := &r.steps[a], &r.steps[b]
	p, q := r.nameOf(int(x.thread))+" "+x.kind.String(), r.nameOf(int(y.thread))+" "+y.kind.String()
	if q < p {
		p, q = q, p
	}
	return &Diagnosis{
		Kind:    Race,
		Text:    fmt.Sprintf("data race: nothing orders %s and %s of one variable; guard both with the same lock", p, q),
		Threads: []string{r.nameOf(int(x.thread)), r.nameOf(int(y.thread))},
	}
}

// lost finds a write that overwrote another one unseen: the last access of a
// variable by its thread was a read of it that is older than what was overwritten.
func (r *runner) lost() (read, overwritten, write int, found bool) {
	type seen struct {
		obj     kernel.ObjID
		step    int
		version int
	}
	type state struct{ version, write int }
	vars := make(map[kernel.ObjID]*state)
	last := make([]seen, len(r.threads))
	for n := range r.steps {
		s := &r.steps[n]
		if s.kind != kernel.OpRead && s.kind != kernel.OpWrite && s.kind != kernel.OpUpdate {
			continue
		}
		v := vars[s.obj]
		if v == nil {
			v = &state{}
			vars[s.obj] = v
		}
		l := &last[s.thread]
		switch s.kind {
		case kernel.OpRead:
			*l = seen{s.obj, n, v.version}
			continue
		case kernel.OpWrite:
			if l.obj == s.obj && l.version < v.version {
				return l.step, v.write, n, true
			}
		}
		v.version++
		v.write = n
		*l = seen{}
	}
	return 0, 0, 0, false
}

// lostUpdate is the diagnosis of a lost update in the run just done, nil when
// there is none.
func (r *runner) lostUpdate() error {
	_, over, w, ok := r.lost()
	if !ok {
		return nil
	}
	a, b := r.nameOf(int(r.steps[w].thread)), r.nameOf(int(r.steps[over].thread))
	return &Diagnosis{
		Kind: LostUpdate,
		Text: fmt.Sprintf("lost update: %s wrote over what %s had written since %s looked; read and write under one lock, or with CompareAndSwap",
			a, b, a),
		Threads: []string{a, b},
	}
}
