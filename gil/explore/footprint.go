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
	if s.obj == 0 {
		switch s.kind {
		case kernel.OpPrint:
			return stdout, writes
		case kernel.OpPeek:
			return world, reads
		}
		return 0, nothing
	}
	switch {
	case passes(s.kind):
		switch {
		case s.flags&implicit != 0:
			return 0, nothing
		case s.flags&refused != 0:
			switch {
			case s.flags&tries == 0:
			case s.kind == kernel.OpWait:
				return s.obj, reads // an event is not changed by who finds it set either
			default:
				// It has only seen the gate closed, but elsewhere it would have closed
				// it: what an operation conflicts with must not depend on where it is.
				return s.obj, writes
			}
			return 0, nothing // its time had run out: what the gate is like does not matter
		case s.permits == gil.All:
			return s.obj, reads // open for everybody, and stays so
		}
	case s.kind == kernel.OpRead, s.kind == kernel.OpPeek:
		return s.obj, reads
	}
	return s.obj, writes
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

// feet appends what step i does to all objects. Besides its own there are two that
// hardly any program has: the list of threads, if the program looks at it, and the
// moment at which daemon threads are ended.
func (r *runner) feet(buf []foot, i int) []foot {
	s := &r.steps[i]
	if obj, e := target(s); e != nothing {
		buf = append(buf, foot{obj, e, int32(i)})
	}
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
