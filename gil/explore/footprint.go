package explore

import (
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/kernel"
)

// effect says how an operation takes part in conflicts: two operations on one
// object conflict when one of them writes.
type effect uint8

const (
	nothing effect = iota
	reads
	writes
)

// stdout is the object of prints, daemons that of the moment at which daemon
// threads are ended.
const (
	stdout  kernel.ObjID = 1
	daemons kernel.ObjID = 2
	world   kernel.ObjID = 3 // the list of threads
)

// target is the object that a step is about, and what it does to it.
func target(s *step) (kernel.ObjID, effect) {
	if s.obj != 0 {
		return s.obj, s.effect
	}
	return common(s.kind)
}

// common is what an operation without an object of its own is about.
func common(k kernel.OpKind) (kernel.ObjID, effect) {
	switch k {
	case kernel.OpPrint:
		return stdout, writes
	case kernel.OpPeek:
		return world, reads
	}
	return 0, nothing
}

// effectOf is what a step does to its object, if it has one.
func effectOf(s *step) effect {
	switch {
	case passes(s.kind):
		switch {
		case s.flags&implicit != 0:
			return nothing
		case s.flags&refused != 0:
			switch {
			case s.flags&tries == 0:
			case s.kind == kernel.OpWait:
				return reads // an event is not changed by who finds it set either
			default:
				// It has only seen the gate closed, but elsewhere it would have closed
				// it: what an operation conflicts with must not depend on where it is.
				return writes
			}
			return nothing // its time had run out: what the gate is like does not matter
		case s.permits == gil.All:
			return reads // open for everybody, and stays so
		}
	case s.kind == kernel.OpRead, s.kind == kernel.OpPeek:
		return reads
	}
	return writes
}

// takers is the kinds of operation that take a permit of a gate, as bits.
const takers uint64 = 1<<kernel.OpAcquire | 1<<kernel.OpTryAcquire | 1<<kernel.OpTake | 1<<kernel.OpWait | 1<<kernel.OpJoin |
	1<<kernel.OpPut | 1<<kernel.OpGet | 1<<kernel.OpSend | 1<<kernel.OpRecv

// passes reports whether the step took or would take a permit of a gate.
func passes(k kernel.OpKind) bool { return takers>>k&1 != 0 }

// opens reports whether the step may have opened a gate.
func opens(s *step) bool {
	switch s.kind {
	case kernel.OpRelease, kernel.OpNotify, kernel.OpSet, kernel.OpExit:
		return true
	}
	return passes(s.kind) && s.permits < 0
}

// foot is what a step does to one object.
type foot struct {
	obj    kernel.ObjID
	effect effect
	step   int32
}

// feet appends what step i does to all objects. Besides its own there are some that
// hardly any program has.
func (r *runner) feet(buf []foot, i int) []foot {
	s := &r.steps[i]
	if obj, e := target(s); e != nothing {
		buf = append(buf, foot{obj, e, int32(i)})
	}
	if r.unusual() {
		buf = r.rare(buf, i)
	}
	return buf
}

// unusual reports whether steps do something to other objects than their own.
func (r *runner) unusual() bool { return r.conf.kills > 0 || r.observed || r.daemons != 0 }

// rare appends what a step does to the list of threads, if the program looks at it, to
// the moment at which daemon threads are ended, and to who may die.
func (r *runner) rare(buf []foot, i int) []foot {
	s := &r.steps[i]
	if r.conf.kills > 0 {
		if s.kind == kernel.OpKill {
			buf = append(buf, foot{deaths, writes, int32(i)})
		} else {
			buf = append(buf, foot{deaths, reads, int32(i)})
		}
	}
	if r.observed && (s.kind == kernel.OpStart || s.kind == kernel.OpExit) {
		buf = append(buf, foot{world, writes, int32(i)})
	}
	if r.daemons != 0 {
		switch {
		case r.threads[s.thread].daemon:
			buf = append(buf, foot{daemons, reads, int32(i)})
		case s.flags&kills != 0:
			buf = append(buf, foot{daemons, writes, int32(i)})
		}
	}
	return buf
}

// independent reports whether no two of the feet conflict.
func independent(a, b []foot) bool {
	for i := range a {
		for j := range b {
			if a[i].obj == b[j].obj && (a[i].effect == writes || b[j].effect == writes) {
				return false
			}
		}
	}
	return true
}
