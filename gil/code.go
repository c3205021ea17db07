package gil

import (
	"sync"

	"github.com/pygil/pygil/internal/bytecode"
)

// code is a profile's bytecode, compiled for execution: each construct is cut at
// the moments that the modelled program can see, and what lies between two such
// moments is a single tick call. A construct with n touches has n+1 stretches.
type code struct {
	paths [][]stretch
	ops   []stretch
	any   bool
	sites
}

// stretch is a run of bytecodes between two touches.
type stretch struct {
	ticks int  // what the budget is charged
	extra int  // bytecodes that take time but are no ticks (tick GILs only)
	check bool // the interpreter may switch somewhere in it
}

type codeKey struct {
	version bytecode.Version
	cold    bool
	any     bool
	mutant  uint64 // bytecode.Mutations: 0 outside of tests
}

var codes sync.Map // codeKey → *code; immutable once stored

// compile returns the code of a profile.
func (p Profile) compile() *code {
	key := codeKey{p.version, p.has(coldCalls), p.has(anyCode), bytecode.Mutations()}
	if c, ok := codes.Load(key); ok {
		return c.(*code)
	}
	all := bytecode.Constructs()
	c := &code{paths: make([][]stretch, len(all)), any: key.any}
	for _, k := range all {
		seq := bytecode.Sequence(p.version, k)
		if key.cold {
			seq = bytecode.ColdSequence(p.version, k)
		}
		c.paths[k] = cut(seq, p.version.TickGIL() && !key.any, key.any)
	}
	for _, op := range bytecode.Ops() {
		in := bytecode.Lookup(p.version, op)
		in.Touch = bytecode.TouchNone
		if in.Check == bytecode.CheckTaken {
			in.Check = bytecode.CheckAfter
		}
		c.ops = append(c.ops, cut([]bytecode.Instr{in}, p.version.TickGIL() && !key.any, key.any)[0])
	}
	c.sites = c.around()
	stored, _ := codes.LoadOrStore(key, c)
	return stored.(*code)
}

// cut splits a sequence at its touches.
func cut(seq []bytecode.Instr, ticking, any bool) []stretch {
	out := []stretch{{}}
	for i, in := range seq {
		if in.Touch != bytecode.TouchNone {
			// The opcode's effect comes first, its tick and its check after it.
			out = append(out, stretch{})
		}
		s := &out[len(out)-1]
		switch {
		case ticking && in.Counted:
			s.ticks++
			// A shielded successor puts the check off, it does not remove it: the
			// ticker stays below zero until the next tick that may check.
			s.check = s.check || i+1 == len(seq) || !seq[i+1].Shield
		case ticking:
			if in.IsOpcode() {
				s.extra++
			}
		default:
			if in.IsOpcode() {
				s.ticks++
			}
			s.check = s.check || any && in.IsOpcode() || bytecode.Switches(seq, i)
		}
	}
	return out
}

// path returns the stretches of a construct.
func (t *Thread) path(c bytecode.Construct) []stretch { return t.code.paths[c] }

// pass executes a stretch. In an explored run it takes no time.
func (t *Thread) pass(s *stretch) {
	if t.x == nil {
		t.execute(s)
	} else if s.check {
		t.armed = true
	}
}

func (t *Thread) execute(s *stretch) {
	if s.extra != 0 {
		t.k.Cost(s.extra)
	}
	if s.check {
		t.Tick(s.ticks)
		return
	}
	if t.k.Budget != t.straightTo {
		t.straight = 0 // it has ticked since
	}
	t.k.Budget -= s.ticks
	t.straightTo = t.k.Budget
	if t.straight += s.ticks; t.straight >= straightMax {
		t.straight = 0
		t.look()
	}
}

// No Python program executes this many bytecodes, or this many operations on
// shared objects, without coming to a place where the interpreter may switch. A Go
// loop does, `for x.Load(t) == 0 {}`, because no profile sees its backward jump:
// gil.Range has one, and so has a loop with a tick. It is taken for one that has,
// or a loop that waits for another thread would never end.
const (
	straightMax    = 10_000
	straightOpsMax = 1_000
)

// construct executes a construct that touches nothing.
func (t *Thread) construct(c bytecode.Construct) {
	if raceKernel && t.apart() {
		t.inside(func() { t.construct(c) })
		return
	}
	p := t.path(c)
	for i := range p {
		t.pass(&p[i])
	}
}
