package bytecode_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	. "github.com/pygil/pygil/internal/bytecode"
)

// tables is where a judge takes sequences from: the real ones, or those with a mutation.
type tables func(Version, Construct) []Instr

// path is a program made of constructs, walked in order.
func (from tables) path(v Version, cs ...Construct) []Instr {
	var seq []Instr
	for _, c := range cs {
		seq = append(seq, from(v, c)...)
	}
	return seq
}

func TestEverySequenceIsThere(t *testing.T) {
	mayBeEmpty := []Construct{TryExit, TryEnd} // 3.9 and later have no opcode for them
	for _, c := range Constructs() {
		for _, v := range Versions() {
			for _, get := range []tables{Sequence, ColdSequence} {
				seq := get(v, c)
				if len(seq) == 0 && !slices.Contains(mayBeEmpty, c) {
					t.Errorf("%v in %v is empty", c, v)
				}
				for _, in := range seq {
					assert.NotEmpty(t, in.Name, "%v in %v", c, v)
					assert.NotEqual(t, CheckTaken, in.Check, "%v in %v: a path knows whether it jumps", c, v)
					assert.Falsef(t, in.Counted && !v.TickGIL(), "%v in %v: %s is counted, without ticks", c, v, in.Name)
					assert.Equal(t, in.Name == BodyName, in.Touch == TouchBody, "%v in %v: %s", c, v, in.Name)
				}
			}
		}
	}
}

// touches is what each construct does to the modelled program, in order, on every version.
var touches = map[Construct]string{
	Load: "read", Store: "write", Add: "read write", Update: "read enter body write",
	Swap2: "read read write write", LocalAdd: "", LocalCopy: "", AttrLoad: "read", AttrStore: "write",
	AttrAdd: "read write", Item: "read", SetItem: "write", DelItem: "write", ItemAdd: "read write",
	Contains: "read", CallMethod0: "call", CallMethod1: "call", CallMethod2: "call",
	CallMethod0Result: "call", CallMethod1Result: "call", CallMethod2Result: "call",
	ListAppend: "call", CallLen: "call", CallC: "call", CallCResult: "call", ListOf: "call",
	ListItems: "call", Sleep: "call", Print: "call", RangeSetup: "", RangeHead: "", RangeTail: "",
	RangeEnd: "", IterSetup: "", IterHead: "read", IterTail: "", IterEnd: "read", WhileHead: "",
	WhileTail: "", WhileEnd: "", WhileSkip: "", CallHead: "enter", CallTail: "", BranchTaken: "",
	BranchUntaken: "", BoolBranchTaken: "", BoolBranchUntaken: "", LockAcquire: "call",
	LockTry: "call", LockRelease: "call", WithEnter: "call", WithExit: "call", TryEnter: "",
	TryExit: "", TryEnd: "",
}

func TestTouches(t *testing.T) {
	require.Len(t, touches, len(Constructs()))
	for c, want := range touches {
		for _, v := range Versions() {
			if c == Print && v == V27 {
				want = "call call" // PRINT_ITEM and PRINT_NEWLINE each write
			} else {
				want = touches[c]
			}
			var got []string
			for _, in := range Sequence(v, c) {
				if in.Touch != TouchNone {
					got = append(got, in.Touch.String())
				}
			}
			assert.Equal(t, want, strings.Join(got, " "), "%v in %v", c, v)
		}
	}
}

// Specialisation takes checks away and does nothing else, and only from 3.11 on.
func TestColdSequences(t *testing.T) {
	differ := map[Construct]bool{}
	for _, c := range Constructs() {
		for _, v := range Versions() {
			warm, cold := Sequence(v, c), ColdSequence(v, c)
			if slices.Equal(warm, cold) {
				continue
			}
			differ[c] = true
			assert.GreaterOrEqual(t, v, V311, "%v", c)
			require.Len(t, cold, len(warm))
			for i := range warm {
				if warm[i] != cold[i] {
					assert.Equal(t, "CALL", warm[i].Name)
					assert.Equal(t, CheckNever, warm[i].Check)
					assert.Equal(t, CheckAfter, cold[i].Check)
				}
			}
		}
	}
	assert.Equal(t, map[Construct]bool{CallLen: true, ListAppend: true}, differ)
}

// The opcodes that Lookup names exist in the listings, and a construct and Lookup agree.
func TestLookup(t *testing.T) {
	for _, v := range Versions() {
		known := opcodes(t, v)
		for _, op := range Ops() {
			in := Lookup(v, op)
			assert.NotEmpty(t, in.Name, "%v: opcode %d", v, op)
			name, _, _ := strings.Cut(in.Name, "(")
			assert.Falsef(t, in.IsOpcode() && !known[name], "%v has no %s", v, name)
		}
		same := func(op Op, c Construct) {
			found := slices.ContainsFunc(Sequence(v, c), func(in Instr) bool {
				want := Lookup(v, op)
				return in.Name == want.Name && in.Check == want.Check && in.Counted == want.Counted && in.Shield == want.Shield
			})
			assert.Truef(t, found, "%v: %v is not in %v: %s", v, Lookup(v, op), c, Format(Sequence(v, c)))
		}
		same(OpLoadGlobal, Load)
		same(OpStoreGlobal, Store)
		same(OpInplaceAdd, Add)
		same(OpLoadAttr, AttrLoad)
		same(OpStoreAttr, AttrStore)
		same(OpBinarySubscr, Item)
		same(OpStoreSubscr, SetItem)
		same(OpDeleteSubscr, DelItem)
		same(OpContains, Contains)
		same(OpLoadMethod, CallMethod0)
		same(OpCallC, CallC)
		same(OpCallQuick, CallLen)
		same(OpPopTop, CallC)
		same(OpGetIter, RangeSetup)
		same(OpForIter, RangeHead)
		same(OpStoreFast, RangeHead)
		same(OpJumpBackward, RangeTail)
		same(OpEntry, CallHead)
		same(OpSetupFinally, TryEnter)
		same(OpSetupWith, WithEnter)
		same(OpCompare, WhileHead)
		if v != V310 { // whose jumps answer CheckTaken
			same(OpPopJumpIfFalse, BranchTaken)
			same(OpBoolPopJumpIfFalse, BoolBranchTaken)
		}
	}
	assert.Equal(t, CheckTaken, Lookup(V310, OpPopJumpIfFalse).Check)
	assert.Equal(t, CheckTaken, Lookup(V310, OpBoolPopJumpIfTrue).Check)
	assert.False(t, Switches([]Instr{Lookup(V310, OpPopJumpIfTrue)}, 0), "not known to jump")
	assert.Equal(t, "POP_JUMP_IF_TRUE•?", Format([]Instr{Lookup(V310, OpPopJumpIfTrue)}))
	assert.Equal(t, CheckAfter, Lookup(V310, OpCallPython).Check)
	assert.Equal(t, CheckNever, Lookup(V311, OpCallPython).Check)
	for _, v := range Versions() {
		assert.Equal(t, Lookup(v, OpEntry).Name, Lookup(v, OpResume).Name)
		assert.Equal(t, CheckAfter, Lookup(v, OpResume).Check)
		assert.Equal(t, Lookup(v, OpContains).Check, Lookup(v, OpIsOp).Check, "%v", v)
	}
	assert.Equal(t, TouchEnter, Lookup(V27, OpEntry).Touch)
}

func TestBadInput(t *testing.T) {
	assert.PanicsWithValue(t, "bytecode: unknown version 99, the last is 3.14", func() { Sequence(99, Load) })
	assert.PanicsWithValue(t, fmt.Sprintf("bytecode: unknown construct 200, the last is %v", TryEnd), func() { ColdSequence(V27, 200) })
	assert.Panics(t, func() { Lookup(V27, 200) })
	assert.Panics(t, func() { Lookup(99, OpNop) })
	assert.Equal(t, "unknown version", Version(99).String())
	assert.Equal(t, "unknown construct", Construct(200).String())
	assert.Equal(t, "unknown check", Check(9).String())
	assert.Equal(t, "unknown touch", Touch(9).String())
}

func TestNames(t *testing.T) {
	names := map[string]bool{}
	for _, v := range Versions() {
		names[v.String()] = true
	}
	for _, c := range Constructs() {
		names[c.String()] = true
	}
	assert.Len(t, names, len(Versions())+len(Constructs()), "each has a name of its own")
	assert.Equal(t, "ItemAdd", ItemAdd.String())
	assert.Equal(t, "3.10", V310.String())
	assert.Equal(t, "never after taken", fmt.Sprint(CheckNever, " ", CheckAfter, " ", CheckTaken))
}
