package bytecode

import "fmt"

// An Op is an opcode by what it does, whatever its version calls it. [Lookup] gives the real
// one.
type Op uint8

const (
	OpNop Op = iota
	OpLoadFast
	OpStoreFast
	OpLoadConst
	OpLoadGlobal
	OpStoreGlobal
	OpLoadAttr
	OpStoreAttr
	OpLoadMethod // 3.7 to 3.11 have LOAD_METHOD, all others LOAD_ATTR
	OpBinaryAdd
	OpInplaceAdd
	OpCompare
	OpIsOp     // up to 3.8 a COMPARE_OP
	OpContains // up to 3.8 a COMPARE_OP
	OpUnaryNot
	OpBinarySubscr // 3.14: BINARY_OP([])
	OpStoreSubscr
	OpDeleteSubscr
	OpPopJumpIfFalse     // operand not a bool; up to 3.10 in either direction, later forward
	OpPopJumpIfTrue      // the same
	OpBoolPopJumpIfFalse // operand exactly True or False
	OpBoolPopJumpIfTrue  // the same
	OpJumpForward
	OpJumpBackward // up to 3.10 JUMP_ABSOLUTE
	OpForIter
	OpGetIter
	OpCallPython // with what follows the return in the caller; OpEntry and OpReturn are apart
	OpCallC      // neither len, isinstance, type(x) nor list.append, once specialised
	OpCallQuick  // one of those four
	OpReturn
	OpYield
	OpEntry  // entry of a frame: RESUME, or the event before the first opcode
	OpResume // back in a generator after yield: RESUME, or that event
	OpPopTop
	OpDupTop // from 3.11 on COPY
	OpRotTwo // from 3.11 on SWAP
	OpBuildTuple
	OpBuildList
	OpUnpack
	OpSetupFinally // from 3.11 on a try block begins with NOP
	OpSetupWith    // 3.1 has none: SETUP_FINALLY; 3.11 BEFORE_WITH; 3.14 LOAD_SPECIAL

	numOps = int(iota)
)

// since says how an opcode is called from a version on.
type since struct {
	from Version
	name string
}

var opNames = [numOps][]since{
	OpNop:                {{V27, "NOP"}},
	OpLoadFast:           {{V27, "LOAD_FAST"}, {V314, "LOAD_FAST_BORROW"}},
	OpStoreFast:          {{V27, "STORE_FAST"}},
	OpLoadConst:          {{V27, "LOAD_CONST"}},
	OpLoadGlobal:         {{V27, "LOAD_GLOBAL"}},
	OpStoreGlobal:        {{V27, "STORE_GLOBAL"}},
	OpLoadAttr:           {{V27, "LOAD_ATTR"}},
	OpStoreAttr:          {{V27, "STORE_ATTR"}},
	OpLoadMethod:         {{V27, "LOAD_ATTR"}, {V37, "LOAD_METHOD"}, {V312, "LOAD_ATTR"}},
	OpBinaryAdd:          {{V27, "BINARY_ADD"}, {V311, "BINARY_OP(+)"}},
	OpInplaceAdd:         {{V27, "INPLACE_ADD"}, {V311, "BINARY_OP(+=)"}},
	OpCompare:            {{V27, "COMPARE_OP"}},
	OpIsOp:               {{V27, "COMPARE_OP"}, {V39, "IS_OP"}},
	OpContains:           {{V27, "COMPARE_OP"}, {V39, "CONTAINS_OP"}},
	OpUnaryNot:           {{V27, "UNARY_NOT"}},
	OpBinarySubscr:       {{V27, "BINARY_SUBSCR"}, {V314, "BINARY_OP([])"}},
	OpStoreSubscr:        {{V27, "STORE_SUBSCR"}},
	OpDeleteSubscr:       {{V27, "DELETE_SUBSCR"}},
	OpPopJumpIfFalse:     jumpIfFalse,
	OpPopJumpIfTrue:      jumpIfTrue,
	OpBoolPopJumpIfFalse: jumpIfFalse,
	OpBoolPopJumpIfTrue:  jumpIfTrue,
	OpJumpForward:        {{V27, "JUMP_FORWARD"}},
	OpJumpBackward:       {{V27, "JUMP_ABSOLUTE"}, {V311, "JUMP_BACKWARD"}},
	OpForIter:            {{V27, "FOR_ITER"}},
	OpGetIter:            {{V27, "GET_ITER"}},
	OpCallPython:         callNames,
	OpCallC:              callNames,
	OpCallQuick:          callNames,
	OpReturn:             {{V27, "RETURN_VALUE"}},
	OpYield:              {{V27, "YIELD_VALUE"}},
	OpEntry:              {{V27, EntryName}, {V311, "RESUME"}},
	OpResume:             {{V27, EntryName}, {V311, "RESUME"}},
	OpPopTop:             {{V27, "POP_TOP"}},
	OpDupTop:             {{V27, "DUP_TOP"}, {V311, "COPY"}},
	OpRotTwo:             {{V27, "ROT_TWO"}, {V311, "SWAP"}},
	OpBuildTuple:         {{V27, "BUILD_TUPLE"}},
	OpBuildList:          {{V27, "BUILD_LIST"}},
	OpUnpack:             {{V27, "UNPACK_SEQUENCE"}},
	OpSetupFinally:       {{V27, "SETUP_FINALLY"}, {V311, "NOP"}},
	OpSetupWith: {
		{V27, "SETUP_WITH"},
		{V31, "SETUP_FINALLY"},
		{V32, "SETUP_WITH"},
		{V311, "BEFORE_WITH"},
		{V314, "LOAD_SPECIAL"},
	},
}

var (
	jumpIfFalse = []since{{V27, "POP_JUMP_IF_FALSE"}, {V311, "POP_JUMP_FORWARD_IF_FALSE"}, {V312, "POP_JUMP_IF_FALSE"}}
	jumpIfTrue  = []since{{V27, "POP_JUMP_IF_TRUE"}, {V311, "POP_JUMP_FORWARD_IF_TRUE"}, {V312, "POP_JUMP_IF_TRUE"}}
	callNames   = []since{{V27, "CALL_FUNCTION"}, {V311, "CALL"}}
)

// Lookup returns the opcode that does op in v, with its flags, or the nearest one where v has
// none. It looks names up: whoever executes opcodes asks once for each and keeps the answers.
// It panics for an unknown version or opcode.
//
// Of a conditional jump Check may be CheckTaken. Touch is always TouchNone, but TouchEnter for
// [OpEntry].
func Lookup(v Version, op Op) Instr {
	if int(v) >= numVersions || int(op) >= numOps {
		panic(fmt.Sprintf("bytecode: no opcode %d in version %d: the last are %d and %d (%v)",
			uint8(op), uint8(v), numOps-1, numVersions-1, Version(numVersions-1)))
	}
	var s Situation
	switch op {
	case OpBoolPopJumpIfFalse, OpBoolPopJumpIfTrue:
		s.Bool = true
	case OpCallPython:
		s.Callee = CalleePython
	case OpCallQuick:
		s.Callee = CalleeQuick
	case OpResume:
		s.Arg = 1
	}
	in := Classify(v, opName(v, op), s)
	if op == OpEntry {
		in.Touch = TouchEnter
	}
	return in
}

func opName(v Version, op Op) string {
	var name string
	for _, s := range opNames[op] {
		if v >= s.from {
			name = s.name
		}
	}
	return name
}

// Ops returns every Op, in a slice of its own.
func Ops() []Op {
	all := make([]Op, numOps)
	for i := range all {
		all[i] = Op(i)
	}
	return all
}
