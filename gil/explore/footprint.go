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
	switch s.kind {
	case kernel.OpAcquire, kernel.OpTryAcquire, kernel.OpWait, kernel.OpJoin, kernel.OpPut, kernel.OpGet, kernel.OpSend, kernel.OpRecv:
		switch {
		case s.flags&implicit != 0:
			return 0, nothing
		case s.flags&refused != 0:
			if s.flags&tries != 0 {
				return s.obj, reads // it has seen the gate closed
			}
			return 0, nothing // its time had run out: what the gate is like does not matter
		case s.permits == gil.All:
			return s.obj, reads // open for everybody, and stays so
		}
		return s.obj, writes
	case kernel.OpRead, kernel.OpPeek:
		return s.obj, reads
	}
	return s.obj, writes
}

// passes reports whether the step took or would take a permit of a gate.
func passes(k kernel.OpKind) bool {
	switch k {
	case kernel.OpAcquire, kernel.OpTryAcquire, kernel.OpWait, kernel.OpJoin, kernel.OpPut, kernel.OpGet, kernel.OpSend, kernel.OpRecv:
		return true
	}
	return false
}
