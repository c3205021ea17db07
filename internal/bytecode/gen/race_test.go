package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/internal/bytecode"
)

// A called says what the call opcodes of a program call, in order, and what the program's
// shared state sees of it.
type called struct {
	callee bytecode.Callee
	touch  bytecode.Touch // of a Python function's body, or of the C call
}

var (
	pyf   = called{callee: bytecode.CalleePython}
	pyGet = called{bytecode.CalleePython, bytecode.TouchRead}
	pySet = called{bytecode.CalleePython, bytecode.TouchWrite}
	cAny  = called{callee: bytecode.CalleeC}
	cGet  = called{bytecode.CalleeC, bytecode.TouchRead}
	cPop  = called{bytecode.CalleeC, bytecode.TouchWrite}
	qAny  = called{callee: bytecode.CalleeQuick}
	qLen  = called{bytecode.CalleeQuick, bytecode.TouchRead}
)

// truth is the opcode that looks whether a list is empty: TO_BOOL, or before 3.13 the jump.
var truth = mark{names: []string{"TO_BOOL", "POP_JUMP_IF_FALSE", "POP_JUMP_FORWARD_IF_FALSE"}, touch: bytecode.TouchRead}

// raced is the table of what four threads broke in millions of rounds of each program, as the
// Pythons compile it: R where it happened at all. The order of the cells is 2.7 3.6 3.7 3.8
// 3.9 3.10 3.11 3.12 3.13 3.14; 3.1 and 3.2 are taken to do what 2.7 and 3.6 did.
var raced = []struct {
	snippet string
	calls   []called
	boolean bool
	marks   []mark
	cells   string
}{
	{"add", nil, false, []mark{readGlobal, writeGlobal}, "RRRRR00000"},
	{"race_tmp", nil, false, []mark{readGlobal, writeGlobal}, "RRRRR00000"},
	{"race_branch", nil, false, []mark{readGlobal, writeGlobal}, "RRRRRR0000"},
	{"race_loop", nil, false, []mark{readGlobal, writeGlobal}, "RRRRRRRRRR"},
	{"race_pyf", []called{pyf}, false, []mark{readGlobal, writeGlobal}, "RRRRRRRRRR"},
	{"race_pyf_first", []called{pyf}, false, []mark{readGlobal, writeGlobal}, "RRRRR00000"},
	{"race_len", []called{qAny}, false, []mark{readGlobal, writeGlobal}, "RRRRRR0000"},
	{"race_abs", []called{cAny}, false, []mark{readGlobal, writeGlobal}, "RRRRRRRRRR"},
	{"race_int", []called{cAny}, false, []mark{readGlobal, writeGlobal}, "RRRRRRRRRR"},
	{"race_count", []called{cAny}, false, []mark{readGlobal, writeGlobal}, "RRRRRRRRRR"},
	{"race_sleep", []called{cAny}, false, []mark{readGlobal, writeGlobal}, "RRRRRRRRRR"},
	{"attr_add", nil, false, []mark{readAttr, writeAttr}, "RRRRR00000"},
	{"race_get_set", []called{pyGet, pySet}, false, nil, "RRRRRRRRRR"},
	{"item_add", nil, false, []mark{readItem, readItemOp, writeItem}, "RRRRR00000"},
	{"race_dict_get", []called{cGet}, false, []mark{writeItem}, "RRRRRRRRRR"},
	{"race_lazy_class", []called{cAny}, true, []mark{readItem, readItemOp, writeItem}, "RRRRRRRRRR"},
	{"race_lazy_one", nil, true, []mark{readItem, readItemOp, writeItem}, "RRRRR00000"},
	{"race_missing", nil, true, []mark{missing, writeItem}, "RRRR000000"},
	{"race_missing_pyf", []called{pyf}, true, []mark{missing, writeItem}, "RRRRRRRRRR"},
	{"race_pop", []called{cPop}, false, []mark{truth}, "RRRRR00000"},
	{"race_len_pop", []called{qLen, cPop}, true, nil, "RRRRRR0000"},
	{"race_bank", nil, true, []mark{readAttr, writeAttr}, "RRRRR00000"},
	{"race_pair", nil, false, pair, "RRRRR00000"},
	{"race_pair_pyf", []called{pyf}, false, pair, "RRRRRRRRRR"},
	{"swap", nil, false, specs[bytecode.Swap2].marks, "RRRRR00000"},
	{"append", []called{{bytecode.CalleeQuick, bytecode.TouchWrite}}, false, nil, "0000000000"},
	{"set_item", nil, false, []mark{writeItem}, "0000000000"},
}

var (
	missing = mark{names: []string{"COMPARE_OP", "CONTAINS_OP"}, touch: bytecode.TouchRead}
	pair    = []mark{{names: []string{"STORE_GLOBAL"}, touch: bytecode.TouchWrite}}
)

func TestRaceTable(t *testing.T) {
	listings, err := readListings(folder)
	require.NoError(t, err)
	measured := slices.DeleteFunc(bytecode.Versions(), func(v bytecode.Version) bool { return v == bytecode.V31 || v == bytecode.V32 })
	for _, row := range raced {
		racy := func(v bytecode.Version) bool {
			paths, err := listings[v].snippets[row.snippet].paths("BEGIN", "END", 2)
			require.NoError(t, err, "%s in %v", row.snippet, v)
			for _, p := range paths {
				if races(program(v, p, row.calls, row.boolean, row.marks)) {
					return true
				}
			}
			return false
		}
		var got strings.Builder
		for _, v := range measured {
			if racy(v) {
				got.WriteByte('R')
			} else {
				got.WriteByte('0')
			}
		}
		assert.Equal(t, row.cells, got.String(), row.snippet)
		assert.Equal(t, racy(bytecode.V27), racy(bytecode.V31), "%s in 3.1", row.snippet)
		assert.Equal(t, racy(bytecode.V36), racy(bytecode.V32), "%s in 3.2", row.snippet)
	}
}

// program turns a path into a sequence, with the bodies of the functions it calls.
func program(v bytecode.Version, path []step, calls []called, boolean bool, marks []mark) []bytecode.Instr {
	var seq []bytecode.Instr
	var ops []op
	add := func(in bytecode.Instr, o op) { seq, ops = append(seq, in), append(ops, o) }
	for _, st := range path {
		if !isCall(st.name) || st.name == "PRECALL" {
			add(classify(v, st, bytecode.CalleeC, boolean), st.op)
			continue
		}
		call := calls[0]
		calls = calls[1:]
		in := classify(v, st, call.callee, boolean)
		if call.callee != bytecode.CalleePython {
			in.Touch = call.touch
			add(in, st.op)
			continue
		}
		add(in, st.op)
		add(bytecode.Lookup(v, bytecode.OpEntry), op{name: bytecode.EntryName})
		add(bytecode.Instr{Name: bytecode.BodyName, Touch: call.touch}, op{name: bytecode.BodyName})
		add(bytecode.Classify(v, bytecode.ReturnName, bytecode.Situation{}), op{name: bytecode.ReturnName})
	}
	for _, m := range marks {
		m.set(seq, ops)
	}
	return seq
}

// races reports whether a switch may come between the first opcode that touches shared state
// and the last, if that one writes.
func races(seq []bytecode.Instr) bool {
	first, last := -1, -1
	for i, in := range seq {
		if in.Touch == bytecode.TouchRead || in.Touch == bytecode.TouchWrite {
			if first < 0 {
				first = i
			}
			if in.Touch == bytecode.TouchWrite {
				last = i
			}
		}
	}
	for i := first; i >= 0 && i < last; i++ {
		if bytecode.Switches(seq, i) {
			return true
		}
	}
	return false
}
