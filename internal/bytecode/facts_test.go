package bytecode_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	. "github.com/pygil/pygil/internal/bytecode"
)

// This file holds what was measured and read in real Pythons, as three judges of a set of
// tables: each returns what it finds wrong. TestMutants shows that they are awake.

// ticked is how many ticks one round of a loop takes in 2.7, its own FOR_ITER and
// JUMP_ABSOLUTE included. They were measured through the interpreter's own counter of checks.
var ticked = []struct {
	body  string
	cs    []Construct
	ticks int
}{
	{"pass", []Construct{RangeHead, RangeTail}, 2},
	{"x += 1 (local)", []Construct{RangeHead, LocalAdd, RangeTail}, 3},
	{"x = y; x = y; x = y (locals)", []Construct{RangeHead, LocalCopy, LocalCopy, LocalCopy, RangeTail}, 2},
	{"g += 1 (global)", []Construct{RangeHead, Add, RangeTail}, 5},
	{"while i < n: i += 1", []Construct{LocalAdd, WhileTail}, 3},
	{"if b: pass, b is True", []Construct{RangeHead, BoolBranchUntaken, RangeTail}, 2},
	{"if b: pass, b is 1", []Construct{RangeHead, BranchUntaken, RangeTail}, 3},
	{"f(), a Python function", []Construct{RangeHead, CallHead, CallTail, RangeTail}, 4},
	{"abs(1)", []Construct{RangeHead, CallC, RangeTail}, 3},
	{"o.x = 1", []Construct{RangeHead, AttrStore, RangeTail}, 3},
	{"try: pass finally: pass", []Construct{RangeHead, TryEnter, TryExit, TryEnd, RangeTail}, 5},
}

func judgeTicks(from tables) (wrong []string) {
	for _, row := range ticked {
		for _, v := range []Version{V27, V31} {
			if got := Ticks(from.path(v, row.cs...)); got != row.ticks {
				wrong = append(wrong, fmt.Sprintf("%v: %s takes %d ticks, want %d", v, row.body, got, row.ticks))
			}
		}
	}
	return wrong
}

func TestTickTable(t *testing.T) { assert.Empty(t, judgeTicks(Sequence)) }

// marked is where a switch may come in a statement, version by version.
var marked = []struct {
	statement string
	cs        []Construct
	marks     map[string]string // first and last version: the sequence
}{
	{"g += 1", []Construct{Add}, map[string]string{
		"2.7-3.9":   "LOAD_GLOBAL• LOAD_CONST INPLACE_ADD• STORE_GLOBAL•",
		"3.10-3.10": "LOAD_GLOBAL LOAD_CONST INPLACE_ADD STORE_GLOBAL",
		"3.11-3.13": "LOAD_GLOBAL LOAD_CONST BINARY_OP(+=) STORE_GLOBAL",
		"3.14-3.14": "LOAD_GLOBAL LOAD_SMALL_INT BINARY_OP(+=) STORE_GLOBAL",
	}},
	{"for i in range(n): g += 1", []Construct{RangeHead, Add, RangeTail}, map[string]string{
		"2.7-3.9":   "FOR_ITER• STORE_FAST LOAD_GLOBAL• LOAD_CONST INPLACE_ADD• STORE_GLOBAL• JUMP_ABSOLUTE•",
		"3.10-3.10": "FOR_ITER STORE_FAST LOAD_GLOBAL LOAD_CONST INPLACE_ADD STORE_GLOBAL JUMP_ABSOLUTE•",
		"3.11-3.13": "FOR_ITER STORE_FAST LOAD_GLOBAL LOAD_CONST BINARY_OP(+=) STORE_GLOBAL JUMP_BACKWARD•",
		"3.14-3.14": "FOR_ITER STORE_FAST LOAD_GLOBAL LOAD_SMALL_INT BINARY_OP(+=) STORE_GLOBAL JUMP_BACKWARD•",
	}},
	{"o.n += 1", []Construct{AttrAdd}, map[string]string{
		"2.7-3.9":   "LOAD_FAST DUP_TOP LOAD_ATTR• LOAD_CONST INPLACE_ADD• ROT_TWO STORE_ATTR•",
		"3.10-3.10": "LOAD_FAST DUP_TOP LOAD_ATTR LOAD_CONST INPLACE_ADD ROT_TWO STORE_ATTR",
		"3.11-3.13": "LOAD_FAST COPY LOAD_ATTR LOAD_CONST BINARY_OP(+=) SWAP STORE_ATTR",
		"3.14-3.14": "LOAD_FAST_BORROW COPY LOAD_ATTR LOAD_SMALL_INT BINARY_OP(+=) SWAP STORE_ATTR",
	}},
	{"c[k] += n", []Construct{ItemAdd}, map[string]string{
		"2.7-3.1":   "LOAD_FAST LOAD_FAST DUP_TOPX BINARY_SUBSCR• LOAD_FAST INPLACE_ADD• ROT_THREE STORE_SUBSCR•",
		"3.2-3.9":   "LOAD_FAST LOAD_FAST DUP_TOP_TWO BINARY_SUBSCR• LOAD_FAST INPLACE_ADD• ROT_THREE STORE_SUBSCR•",
		"3.10-3.10": "LOAD_FAST LOAD_FAST DUP_TOP_TWO BINARY_SUBSCR LOAD_FAST INPLACE_ADD ROT_THREE STORE_SUBSCR",
		"3.11-3.12": "LOAD_FAST LOAD_FAST COPY COPY BINARY_SUBSCR LOAD_FAST BINARY_OP(+=) SWAP SWAP STORE_SUBSCR",
		"3.13-3.13": "LOAD_FAST_LOAD_FAST COPY COPY BINARY_SUBSCR LOAD_FAST BINARY_OP(+=) SWAP SWAP STORE_SUBSCR",
		"3.14-3.14": "LOAD_FAST_BORROW_LOAD_FAST_BORROW COPY COPY BINARY_OP([]) LOAD_FAST_BORROW BINARY_OP(+=) SWAP SWAP STORE_SUBSCR",
	}},
	{"g = f(g)", []Construct{Update}, map[string]string{
		"2.7-3.9":   "LOAD_GLOBAL• LOAD_GLOBAL• CALL_FUNCTION ◦ … LOAD_FAST RETURN_VALUE <return>• STORE_GLOBAL•",
		"3.10-3.10": "LOAD_GLOBAL LOAD_GLOBAL CALL_FUNCTION ◦ … LOAD_FAST RETURN_VALUE <return>• STORE_GLOBAL",
		"3.11-3.11": "LOAD_GLOBAL LOAD_GLOBAL PRECALL CALL RESUME• … LOAD_FAST RETURN_VALUE STORE_GLOBAL",
		"3.12-3.13": "LOAD_GLOBAL LOAD_GLOBAL CALL RESUME• … LOAD_FAST RETURN_VALUE STORE_GLOBAL",
		"3.14-3.14": "LOAD_GLOBAL LOAD_GLOBAL CALL RESUME• … LOAD_FAST_BORROW RETURN_VALUE STORE_GLOBAL",
	}},
	{"f()", []Construct{CallHead, CallTail}, map[string]string{
		"2.7-3.10":  "LOAD_FAST CALL_FUNCTION ◦ LOAD_CONST RETURN_VALUE <return>• POP_TOP",
		"3.11-3.11": "PUSH_NULL LOAD_FAST PRECALL CALL RESUME• LOAD_CONST RETURN_VALUE POP_TOP",
		"3.12-3.12": "PUSH_NULL LOAD_FAST CALL RESUME• RETURN_CONST POP_TOP",
		"3.13-3.13": "LOAD_FAST PUSH_NULL CALL RESUME• RETURN_CONST POP_TOP",
		"3.14-3.14": "LOAD_FAST_BORROW PUSH_NULL CALL RESUME• LOAD_CONST RETURN_VALUE POP_TOP",
	}},
	{"b = k in c", []Construct{Contains}, map[string]string{
		"2.7-3.8":   "LOAD_FAST LOAD_FAST COMPARE_OP• STORE_FAST",
		"3.9-3.12":  "LOAD_FAST LOAD_FAST CONTAINS_OP STORE_FAST",
		"3.13-3.13": "LOAD_FAST_LOAD_FAST CONTAINS_OP STORE_FAST",
		"3.14-3.14": "LOAD_FAST_BORROW_LOAD_FAST_BORROW CONTAINS_OP STORE_FAST",
	}},
	{"l.append(v)", []Construct{ListAppend}, map[string]string{
		"2.7-3.6":   "LOAD_FAST LOAD_ATTR• LOAD_FAST CALL_FUNCTION• POP_TOP",
		"3.7-3.9":   "LOAD_FAST LOAD_METHOD• LOAD_FAST CALL_METHOD• POP_TOP",
		"3.10-3.10": "LOAD_FAST LOAD_METHOD LOAD_FAST CALL_METHOD• POP_TOP",
		"3.11-3.11": "LOAD_FAST LOAD_METHOD LOAD_FAST PRECALL CALL POP_TOP",
		"3.12-3.13": "LOAD_FAST LOAD_ATTR LOAD_FAST CALL POP_TOP",
		"3.14-3.14": "LOAD_FAST_BORROW LOAD_ATTR LOAD_FAST_BORROW CALL POP_TOP",
	}},
	{"l.remove(v)", []Construct{CallMethod1}, map[string]string{
		"2.7-3.6":   "LOAD_FAST LOAD_ATTR• LOAD_FAST CALL_FUNCTION• POP_TOP",
		"3.7-3.9":   "LOAD_FAST LOAD_METHOD• LOAD_FAST CALL_METHOD• POP_TOP",
		"3.10-3.10": "LOAD_FAST LOAD_METHOD LOAD_FAST CALL_METHOD• POP_TOP",
		"3.11-3.11": "LOAD_FAST LOAD_METHOD LOAD_FAST PRECALL CALL• POP_TOP",
		"3.12-3.13": "LOAD_FAST LOAD_ATTR LOAD_FAST CALL• POP_TOP",
		"3.14-3.14": "LOAD_FAST_BORROW LOAD_ATTR LOAD_FAST_BORROW CALL• POP_TOP",
	}},
	{"n = len(c)", []Construct{CallLen}, map[string]string{
		"2.7-3.9":   "LOAD_GLOBAL• LOAD_FAST CALL_FUNCTION• STORE_FAST",
		"3.10-3.10": "LOAD_GLOBAL LOAD_FAST CALL_FUNCTION• STORE_FAST",
		"3.11-3.11": "LOAD_GLOBAL LOAD_FAST PRECALL CALL STORE_FAST",
		"3.12-3.13": "LOAD_GLOBAL LOAD_FAST CALL STORE_FAST",
		"3.14-3.14": "LOAD_GLOBAL LOAD_FAST_BORROW CALL STORE_FAST",
	}},
	{"a, b = b, a", []Construct{Swap2}, map[string]string{
		"2.7-3.9":   "LOAD_GLOBAL• LOAD_GLOBAL• ROT_TWO STORE_GLOBAL• STORE_GLOBAL•",
		"3.10-3.10": "LOAD_GLOBAL LOAD_GLOBAL ROT_TWO STORE_GLOBAL STORE_GLOBAL",
		"3.11-3.14": "LOAD_GLOBAL LOAD_GLOBAL SWAP STORE_GLOBAL STORE_GLOBAL",
	}},
	{"with lock:", []Construct{WithEnter}, map[string]string{
		"2.7-2.7":   "LOAD_FAST SETUP_WITH• POP_TOP",
		"3.1-3.1":   "LOAD_FAST DUP_TOP LOAD_ATTR• ROT_TWO LOAD_ATTR• CALL_FUNCTION• POP_TOP SETUP_FINALLY•",
		"3.2-3.9":   "LOAD_FAST SETUP_WITH• POP_TOP",
		"3.10-3.10": "LOAD_FAST SETUP_WITH POP_TOP",
		"3.11-3.13": "LOAD_FAST BEFORE_WITH POP_TOP",
		"3.14-3.14": "LOAD_FAST_BORROW COPY LOAD_SPECIAL SWAP SWAP LOAD_SPECIAL CALL• POP_TOP",
	}},
	{"out of with lock:", []Construct{WithExit}, map[string]string{
		"2.7-3.2":   "POP_BLOCK• LOAD_CONST WITH_CLEANUP• END_FINALLY•",
		"3.6-3.7":   "POP_BLOCK• LOAD_CONST WITH_CLEANUP_START• WITH_CLEANUP_FINISH• END_FINALLY•",
		"3.8-3.8":   "POP_BLOCK• BEGIN_FINALLY WITH_CLEANUP_START• WITH_CLEANUP_FINISH• END_FINALLY",
		"3.9-3.9":   "POP_BLOCK• LOAD_CONST DUP_TOP DUP_TOP CALL_FUNCTION• POP_TOP JUMP_FORWARD",
		"3.10-3.10": "POP_BLOCK LOAD_CONST DUP_TOP DUP_TOP CALL_FUNCTION• POP_TOP",
		"3.11-3.11": "LOAD_CONST LOAD_CONST LOAD_CONST PRECALL CALL• POP_TOP JUMP_FORWARD",
		"3.12-3.14": "LOAD_CONST LOAD_CONST LOAD_CONST CALL• POP_TOP",
	}},
	{"for i in range(n): before", []Construct{RangeSetup}, map[string]string{
		"2.7-3.7":   "SETUP_LOOP• LOAD_GLOBAL• LOAD_FAST CALL_FUNCTION• GET_ITER•",
		"3.8-3.9":   "LOAD_GLOBAL• LOAD_FAST CALL_FUNCTION• GET_ITER•",
		"3.10-3.10": "LOAD_GLOBAL LOAD_FAST CALL_FUNCTION• GET_ITER",
		"3.11-3.11": "LOAD_GLOBAL LOAD_FAST PRECALL CALL• GET_ITER",
		"3.12-3.13": "LOAD_GLOBAL LOAD_FAST CALL• GET_ITER",
		"3.14-3.14": "LOAD_GLOBAL LOAD_FAST_BORROW CALL• GET_ITER",
	}},
	{"for x in c: the whole, with one item", []Construct{IterSetup, IterHead, IterTail, IterEnd}, map[string]string{
		"2.7-3.7":   "SETUP_LOOP• LOAD_FAST GET_ITER• FOR_ITER• STORE_FAST JUMP_ABSOLUTE• FOR_ITER• POP_BLOCK•",
		"3.8-3.9":   "LOAD_FAST GET_ITER• FOR_ITER• STORE_FAST JUMP_ABSOLUTE• FOR_ITER•",
		"3.10-3.10": "LOAD_FAST GET_ITER FOR_ITER STORE_FAST JUMP_ABSOLUTE• FOR_ITER",
		"3.11-3.11": "LOAD_FAST GET_ITER FOR_ITER STORE_FAST JUMP_BACKWARD• FOR_ITER",
		"3.12-3.12": "LOAD_FAST GET_ITER FOR_ITER STORE_FAST JUMP_BACKWARD• FOR_ITER END_FOR",
		"3.13-3.13": "LOAD_FAST GET_ITER FOR_ITER STORE_FAST JUMP_BACKWARD• FOR_ITER END_FOR POP_TOP",
		"3.14-3.14": "LOAD_FAST_BORROW GET_ITER FOR_ITER STORE_FAST JUMP_BACKWARD• FOR_ITER END_FOR POP_ITER",
	}},
	{"while i < n: entered", []Construct{WhileHead}, map[string]string{
		"2.7-3.7":   "SETUP_LOOP• LOAD_FAST LOAD_FAST COMPARE_OP• POP_JUMP_IF_FALSE",
		"3.8-3.9":   "LOAD_FAST LOAD_FAST COMPARE_OP• POP_JUMP_IF_FALSE",
		"3.10-3.10": "LOAD_FAST LOAD_FAST COMPARE_OP POP_JUMP_IF_FALSE",
		"3.11-3.11": "LOAD_FAST LOAD_FAST COMPARE_OP POP_JUMP_FORWARD_IF_FALSE",
		"3.12-3.12": "LOAD_FAST LOAD_FAST COMPARE_OP POP_JUMP_IF_FALSE",
		"3.13-3.13": "LOAD_FAST_LOAD_FAST COMPARE_OP POP_JUMP_IF_FALSE",
		"3.14-3.14": "LOAD_FAST_BORROW_LOAD_FAST_BORROW COMPARE_OP POP_JUMP_IF_FALSE NOT_TAKEN",
	}},
	{"while i < n: skipped", []Construct{WhileSkip}, map[string]string{
		"2.7-3.7":   "SETUP_LOOP• LOAD_FAST LOAD_FAST COMPARE_OP• POP_JUMP_IF_FALSE POP_BLOCK•",
		"3.8-3.9":   "LOAD_FAST LOAD_FAST COMPARE_OP• POP_JUMP_IF_FALSE",
		"3.10-3.10": "LOAD_FAST LOAD_FAST COMPARE_OP POP_JUMP_IF_FALSE•",
		"3.11-3.11": "LOAD_FAST LOAD_FAST COMPARE_OP POP_JUMP_FORWARD_IF_FALSE",
		"3.12-3.12": "LOAD_FAST LOAD_FAST COMPARE_OP POP_JUMP_IF_FALSE",
		"3.13-3.13": "LOAD_FAST_LOAD_FAST COMPARE_OP POP_JUMP_IF_FALSE",
		"3.14-3.14": "LOAD_FAST_BORROW_LOAD_FAST_BORROW COMPARE_OP POP_JUMP_IF_FALSE",
	}},
	{"while i < n: the end", []Construct{WhileEnd}, map[string]string{
		"2.7-3.7":   "JUMP_ABSOLUTE• LOAD_FAST LOAD_FAST COMPARE_OP• POP_JUMP_IF_FALSE POP_BLOCK•",
		"3.8-3.9":   "JUMP_ABSOLUTE• LOAD_FAST LOAD_FAST COMPARE_OP• POP_JUMP_IF_FALSE",
		"3.10-3.10": "LOAD_FAST LOAD_FAST COMPARE_OP POP_JUMP_IF_TRUE",
		"3.11-3.11": "LOAD_FAST LOAD_FAST COMPARE_OP POP_JUMP_BACKWARD_IF_TRUE",
		"3.12-3.12": "LOAD_FAST LOAD_FAST COMPARE_OP POP_JUMP_IF_FALSE",
		"3.13-3.13": "LOAD_FAST_LOAD_FAST COMPARE_OP POP_JUMP_IF_FALSE",
		"3.14-3.14": "JUMP_BACKWARD• LOAD_FAST_BORROW_LOAD_FAST_BORROW COMPARE_OP POP_JUMP_IF_FALSE",
	}},
	{"while i < n: again", []Construct{WhileTail}, map[string]string{
		"2.7-3.9":   "JUMP_ABSOLUTE• LOAD_FAST LOAD_FAST COMPARE_OP• POP_JUMP_IF_FALSE",
		"3.10-3.10": "LOAD_FAST LOAD_FAST COMPARE_OP POP_JUMP_IF_TRUE•",
		"3.11-3.11": "LOAD_FAST LOAD_FAST COMPARE_OP POP_JUMP_BACKWARD_IF_TRUE•",
		"3.12-3.12": "LOAD_FAST LOAD_FAST COMPARE_OP POP_JUMP_IF_FALSE JUMP_BACKWARD•",
		"3.13-3.13": "LOAD_FAST_LOAD_FAST COMPARE_OP POP_JUMP_IF_FALSE JUMP_BACKWARD•",
		"3.14-3.14": "JUMP_BACKWARD• LOAD_FAST_BORROW_LOAD_FAST_BORROW COMPARE_OP POP_JUMP_IF_FALSE NOT_TAKEN",
	}},
	{"if x: skipped", []Construct{BranchTaken}, map[string]string{
		"2.7-3.10":  "LOAD_FAST POP_JUMP_IF_FALSE•",
		"3.11-3.11": "LOAD_FAST POP_JUMP_FORWARD_IF_FALSE",
		"3.12-3.12": "LOAD_FAST POP_JUMP_IF_FALSE",
		"3.13-3.13": "LOAD_FAST TO_BOOL POP_JUMP_IF_FALSE",
		"3.14-3.14": "LOAD_FAST_BORROW TO_BOOL POP_JUMP_IF_FALSE",
	}},
	{"if x: entered", []Construct{BranchUntaken}, map[string]string{
		"2.7-3.9":   "LOAD_FAST POP_JUMP_IF_FALSE•",
		"3.10-3.10": "LOAD_FAST POP_JUMP_IF_FALSE",
		"3.11-3.11": "LOAD_FAST POP_JUMP_FORWARD_IF_FALSE",
		"3.12-3.12": "LOAD_FAST POP_JUMP_IF_FALSE",
		"3.13-3.13": "LOAD_FAST TO_BOOL POP_JUMP_IF_FALSE",
		"3.14-3.14": "LOAD_FAST_BORROW TO_BOOL POP_JUMP_IF_FALSE NOT_TAKEN",
	}},
}

// between reports whether v is one of first-last.
func between(span string, v Version) bool {
	first, last, _ := strings.Cut(span, "-")
	at := func(name string) int {
		return slices.IndexFunc(Versions(), func(v Version) bool { return v.String() == name })
	}
	return at(first) <= int(v) && int(v) <= at(last)
}

func judgeMarks(from tables) (wrong []string) {
	for _, row := range marked {
		for _, v := range Versions() {
			want := "nothing"
			for span, marks := range row.marks {
				if between(span, v) {
					want = marks
				}
			}
			if got := Format(from.path(v, row.cs...)); got != want {
				wrong = append(wrong, fmt.Sprintf("%v: %s is\n%s, want\n%s", v, row.statement, got, want))
			}
		}
	}
	return wrong
}

func TestMarks(t *testing.T) { assert.Empty(t, judgeMarks(Sequence)) }

// raced is which programs lost updates, or broke what they had just tested, when four threads
// ran them: R for those versions in which they did in any of millions of rounds. The order is
// 2.7 3.1 3.2 3.6 3.7 3.8 3.9 3.10 3.11 3.12 3.13 3.14; for 3.1 and 3.2, which were not
// measured, it is what 2.7 and 3.6 did.
var raced = []struct {
	program string
	cs      []Construct
	cells   string
}{
	{"g += 1", []Construct{Add}, "RRRRRRR00000"},
	{"g = f(g)", []Construct{Update}, "RRRRRRRRRRRR"},
	{"t = g; t += 1; g = t", []Construct{Load, LocalAdd, Store}, "RRRRRRR00000"},
	{"the same with an if that jumps", []Construct{Load, BranchTaken, LocalAdd, Store}, "RRRRRRRR0000"},
	{"the same with an if that does not", []Construct{Load, BranchUntaken, LocalAdd, Store}, "RRRRRRR00000"},
	{"the same with an if on a bool", []Construct{Load, BoolBranchTaken, LocalAdd, Store}, "RRRRRRRR0000"},
	{"the same with a loop", []Construct{Load, RangeHead, LocalAdd, RangeTail, RangeEnd, Store}, "RRRRRRRRRRRR"},
	{"the same with a while loop", []Construct{Load, WhileHead, LocalAdd, WhileTail, LocalAdd, WhileEnd, Store}, "RRRRRRRRRRRR"},
	{"t = g; f(); g = t + 1", []Construct{Load, CallHead, CallTail, LocalAdd, Store}, "RRRRRRRRRRRR"},
	{"t = f(); t += g; g = t", []Construct{CallHead, CallTail, Load, LocalAdd, Store}, "RRRRRRR00000"},
	{"g = g + len(t)", []Construct{Load, CallLen, LocalAdd, Store}, "RRRRRRRR0000"},
	{"g = g + abs(1)", []Construct{Load, CallC, LocalAdd, Store}, "RRRRRRRRRRRR"},
	{"g = g + t.count(1)", []Construct{Load, CallMethod1Result, LocalAdd, Store}, "RRRRRRRRRRRR"},
	{"t = g; sleep(0); g = t + 1", []Construct{Load, Sleep, LocalAdd, Store}, "RRRRRRRRRRRR"},
	{"o.n += 1", []Construct{AttrAdd}, "RRRRRRR00000"},
	{"t = o.n; o.n = t", []Construct{AttrLoad, LocalAdd, AttrStore}, "RRRRRRR00000"},
	{"d[k] += 1", []Construct{ItemAdd}, "RRRRRRR00000"},
	{"t = d[k]; d[k] = t", []Construct{Item, LocalAdd, SetItem}, "RRRRRRR00000"},
	{"d[k] = d.get(k, 0) + 1", []Construct{CallMethod2Result, LocalAdd, SetItem}, "RRRRRRRRRRRR"},
	{"if k not in d: d[k] = v", []Construct{Contains, BoolBranchUntaken, SetItem}, "RRRRRR000000"},
	{"if k not in d: d[k] = f()", []Construct{Contains, BoolBranchUntaken, CallHead, CallTail, SetItem}, "RRRRRRRRRRRR"},
	{"if len(l) > 0: l.pop()", []Construct{CallLen, BoolBranchUntaken, CallMethod0}, "RRRRRRRR0000"},
	{"x = i; y = i seen apart", []Construct{Store, Store}, "RRRRRRR00000"},
	{"x = i; f(); y = i seen apart", []Construct{Store, CallHead, CallTail, Store}, "RRRRRRRRRRRR"},
	{"a, b = b, a", []Construct{Swap2}, "RRRRRRR00000"},
	{"l.append(v)", []Construct{ListAppend}, "000000000000"},
	{"d[k] = v", []Construct{SetItem}, "000000000000"},
	{"list(d)", []Construct{ListOf}, "000000000000"},
}

// races reports whether a switch may come between the first and the last opcode of seq that
// touch something shared.
func races(seq []Instr) bool {
	first, last := -1, -1
	for i, in := range seq {
		switch in.Touch {
		case TouchRead, TouchWrite, TouchCall:
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	for i := first; i >= 0 && i < last; i++ {
		if Switches(seq, i) {
			return true
		}
	}
	return false
}

// cells writes for each version whether the program races.
func cells(from tables, cs []Construct) string {
	var b strings.Builder
	for _, v := range Versions() {
		seq := from.path(v, cs...)
		if i := slices.IndexFunc(seq, func(in Instr) bool { return in.Touch == TouchCall }); i >= 0 && cs[0] == Load {
			seq[i].Touch = TouchNone // abs(1) touches nothing: it only lies between
		}
		if races(seq) {
			b.WriteByte('R')
		} else {
			b.WriteByte('0')
		}
	}
	return b.String()
}

func judgeRaces(from tables) (wrong []string) {
	for _, row := range raced {
		if got := cells(from, row.cs); got != row.cells {
			wrong = append(wrong, fmt.Sprintf("%s: %s, want %s", row.program, got, row.cells))
		}
	}
	return wrong
}

func TestRaceTable(t *testing.T) { assert.Empty(t, judgeRaces(Sequence)) }

// During the warm-up of 3.11 and later, len() is as good as any call at making a race.
func TestColdLenRaces(t *testing.T) {
	program := []Construct{Load, CallLen, LocalAdd, Store}
	assert.Equal(t, "RRRRRRRR0000", cells(Sequence, program))
	assert.Equal(t, "RRRRRRRRRRRR", cells(ColdSequence, program))
}

// Whatever single check of whatever construct the judges know is turned round, and whatever
// single tick is left out or added, one of them objects.
func TestMutants(t *testing.T) {
	known := map[Construct]bool{}
	for _, row := range marked {
		for _, c := range row.cs {
			known[c] = true
		}
	}
	counted := map[Construct]bool{}
	for _, row := range ticked {
		for _, c := range row.cs {
			counted[c] = true
		}
	}
	mutants := 0
	for _, v := range Versions() {
		for _, c := range Constructs() {
			for i := range Sequence(v, c) {
				mutate := func(change func(*Instr)) tables {
					mutants++
					return func(atV Version, atC Construct) []Instr {
						seq := Sequence(atV, atC)
						if atV == v && atC == c {
							seq = slices.Clone(seq)
							change(&seq[i])
						}
						return seq
					}
				}
				seq := Sequence(v, c)
				// Directly before a shield the check could not happen anyway.
				same := i+1 < len(seq) && seq[i+1].Shield
				if known[c] && !same && seq[i].Name != BodyName {
					m := mutate(func(in *Instr) { in.Check = CheckAfter - in.Check })
					assert.NotEmptyf(t, judgeMarks(m), "%v: %v[%d] %v", v, c, i, seq[i])
				}
				if counted[c] && v.TickGIL() {
					m := mutate(func(in *Instr) { in.Counted = !in.Counted })
					assert.NotEmptyf(t, judgeTicks(m), "%v: tick of %v[%d]", v, c, i)
				}
			}
		}
	}
	assert.Greater(t, mutants, 500)
	t.Logf("%d mutants", mutants)
}
