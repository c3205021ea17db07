package main

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/pygil/pygil/internal/bytecode"
)

// build returns the sequence of a construct in one version.
func (s spec) build(v bytecode.Version, l listing) ([]bytecode.Instr, error) {
	var seq []bytecode.Instr
	var ops []op // beside seq, for the marks
	for _, p := range s.pieces {
		steps, err := p.steps(v, l)
		if err != nil {
			return nil, fmt.Errorf("%v in %v: %w", s.name, v, err)
		}
		for _, st := range steps {
			seq = append(seq, classify(v, st, p.callee, p.boolean))
			ops = append(ops, st.op)
		}
	}
	for _, m := range s.marks {
		m.set(seq, ops)
	}
	return seq, nil
}

func (p piece) steps(v bytecode.Version, l listing) ([]step, error) {
	switch p.event {
	case "":
		c, ok := l.snippets[p.snippet]
		if !ok {
			return nil, fmt.Errorf("no snippet %s", p.snippet)
		}
		return c.path(p.from, p.to)
	case bytecode.EntryName, bytecode.ReturnName:
		if v >= bytecode.V311 {
			return nil, nil // RESUME is an opcode of the snippet; nothing happens on return
		}
	}
	return []step{{op: op{name: p.event, jump: -1}}}, nil
}

// classify applies the rules to one step. A call of a Python function itself never checks
// here: what remains of it after the return is the ReturnName event.
func classify(v bytecode.Version, st step, callee bytecode.Callee, boolean bool) bytecode.Instr {
	s := bytecode.Situation{Callee: callee, Jump: st.outcome, Bool: boolean}
	if st.name == "RESUME" {
		s.Arg, _ = strconv.Atoi(st.arg)
	}
	in := bytecode.Classify(v, st.name, s)
	if callee == bytecode.CalleePython && isCall(st.name) {
		in.Check, in.Counted = bytecode.CheckNever, false
	}
	if st.name == "BINARY_OP" {
		in.Name += "(" + st.arg + ")"
	}
	return in
}

func (m mark) set(seq []bytecode.Instr, ops []op) {
	last := -1
	for i, o := range ops {
		if !slices.Contains(m.names, o.name) || m.arg != "" && m.arg != o.arg {
			continue
		}
		if !m.last {
			seq[i].Touch = m.touch
		}
		last = i
	}
	if m.last && last >= 0 {
		seq[last].Touch = m.touch
	}
}
