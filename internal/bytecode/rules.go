package bytecode

import "strings"

// This file is the hand-written half of the package: which opcode is followed by a check, and
// which counts as a tick. The citations name the places in CPython's source where it can be
// read; every line was also seen in samples of where parked threads stand.
//
// How a check is told from none in the source: up to 3.9 an opcode of ceval.c ends in
// FAST_DISPATCH (no check) or DISPATCH (check); in 3.10 only CHECK_EVAL_BREAKER checks; from
// 3.11 on that macro stands in a few opcodes of ceval.c, later bytecodes.c.

// A Callee is what a call opcode calls.
type Callee uint8

const (
	// CalleeC is a C function or type without a specialised form that matters here.
	CalleeC Callee = iota
	// CalleeQuick is one of the C functions for which 3.11 and later have a form of CALL that
	// does not check: len, isinstance, type(x) and list.append as a statement. It takes a few
	// calls to specialise; until then, or cold, it is a CalleeC. Up to 3.10 it always is.
	CalleeQuick
	// CalleePython is a Python function: it gets a frame.
	CalleePython
)

// A Situation is what decides about a check beyond the opcode itself. The zero value is a call
// of a C function, a jump on an operand that is not a bool and is not known to be taken.
type Situation struct {
	Callee Callee
	Jump   Jump
	Bool   bool // a conditional jump whose operand is exactly True or False
	Arg    int  // the argument of RESUME: 0 function start, 1 after yield, 2 yield from, 3 await
}

// A Jump says whether a conditional jump is taken.
type Jump uint8

const (
	// JumpUnknown: the question is open; the answer may be CheckTaken.
	JumpUnknown Jump = iota
	// JumpTaken: it jumps.
	JumpTaken
	// JumpUntaken: it falls through.
	JumpUntaken
)

// Classify applies the rules of v to one opcode and returns it with its flags; Touch is left
// alone. Opcodes that v does not have are classified like unknown ones, which up to 3.9 check
// and later do not.
func Classify(v Version, opcode string, s Situation) Instr {
	in := Instr{Name: opcode, Check: check(v, opcode, s), Shield: shielded(v, opcode)}
	// 2.7 and 3.1: DISPATCH is what takes one from the ticker, so a counted opcode and one
	// after which a check may come are the same thing (ceval.c, _Py_Ticker).
	in.Counted = v.TickGIL() && in.Check != CheckNever
	return in
}

func check(v Version, opcode string, s Situation) Check {
	switch {
	case opcode == EntryName:
		// Up to 3.10 a new or resumed frame starts at the head of the loop, where the check
		// is (PyEval_EvalFrameEx, 3.6+: _PyEval_EvalFrameDefault). From 3.11 on it is RESUME.
		return when(v <= V310)
	case opcode == ReturnName:
		// Up to 3.10 the call opcode of the caller finishes like any other; from 3.11 on the
		// return of a Python function goes straight to the next opcode (no check in CALL's
		// Python path, nor in RETURN_VALUE).
		return when(v <= V310)
	case opcode == BodyName:
		return CheckNever
	case v <= V39:
		return checkEverywhere(v, opcode, s)
	case v == V310:
		return check310(opcode, s)
	}
	return checkBreaker(v, opcode, s)
}

// checkEverywhere is 2.7 to 3.9: a check after every opcode but the cheap ones.
func checkEverywhere(v Version, opcode string, s Situation) Check {
	switch opcode {
	case "NOP", "LOAD_FAST", "LOAD_CONST", "STORE_FAST", "POP_TOP", "ROT_TWO", "ROT_THREE",
		"DUP_TOP", "JUMP_FORWARD", "EXTENDED_ARG":
		return CheckNever // ceval.c of every version, "goto fast_next_opcode" or FAST_DISPATCH
	case "RETURN_VALUE", "YIELD_VALUE":
		return CheckNever // they leave the frame; the caller's call opcode or resume checks
	case "ROT_FOUR":
		return CheckNever // 2.7, 3.1; gone in 3.2, back in 3.8
	case "DUP_TOPX":
		return CheckNever // 2.7, 3.1
	case "DUP_TOP_TWO":
		return CheckNever // 3.2 and later, the successor of DUP_TOPX
	case "POP_JUMP_IF_FALSE", "POP_JUMP_IF_TRUE", "JUMP_IF_FALSE_OR_POP", "JUMP_IF_TRUE_OR_POP":
		// The operands True and False are compared by identity first and take FAST_DISPATCH,
		// jumping or not; any other goes through PyObject_IsTrue and DISPATCH.
		return when(!s.Bool)
	case "BEGIN_FINALLY", "CALL_FINALLY", "END_FINALLY":
		return when(v != V38) // 3.8's are FAST_DISPATCH on the normal path; 3.9 has none of them
	case "END_ASYNC_FOR":
		return when(v != V38 && v != V39) // FAST_DISPATCH where it exists at all
	case "IS_OP", "CONTAINS_OP", "LOAD_ASSERTION_ERROR":
		return when(v != V39) // new in 3.9, with FAST_DISPATCH, where COMPARE_OP had DISPATCH
	}
	return CheckAfter
}

// check310 is 3.10 (bpo-29988): calls, backward jumps and taken conditional jumps only.
func check310(opcode string, s Situation) Check {
	switch opcode {
	case "CALL_FUNCTION", "CALL_FUNCTION_KW", "CALL_FUNCTION_EX", "CALL_METHOD":
		return CheckAfter // C and Python callees alike
	case "JUMP_ABSOLUTE":
		return CheckAfter // the compiler uses it backwards; JUMP_FORWARD does not check
	case "POP_JUMP_IF_FALSE", "POP_JUMP_IF_TRUE":
		return taken(s) // forward or backward, bool or not; JUMP_IF_…_OR_POP do not check
	}
	return CheckNever
}

// checkBreaker is 3.11 and later: the opcodes that contain CHECK_EVAL_BREAKER.
func checkBreaker(v Version, opcode string, s Situation) Check {
	switch opcode {
	case "RESUME":
		return when(s.Arg&3 < 2) // 0 and 1, not after "yield from" and "await"; 3.13 adds a bit 4
	case "JUMP_BACKWARD":
		return CheckAfter // JUMP_BACKWARD_NO_INTERRUPT does not
	case "CALL":
		// Checks when a C function returned. A Python function gets a frame, and its
		// RESUME checks. CALL_LEN, CALL_ISINSTANCE, CALL_TYPE_1 and CALL_LIST_APPEND
		// (3.11: PRECALL_NO_KW_…) have no CHECK_EVAL_BREAKER.
		return when(s.Callee == CalleeC)
	case "CALL_KW":
		return when(s.Callee != CalleePython) // 3.13, 3.14; before that it is KW_NAMES and CALL
	case "CALL_FUNCTION_EX":
		// 3.11 checks for every callee, later versions for C only.
		return when(v == V311 || s.Callee != CalleePython)
	}
	if v == V311 && strings.HasPrefix(opcode, "POP_JUMP_BACKWARD_IF_") {
		return taken(s) // 3.12 ends such loops in JUMP_BACKWARD, its conditional jumps never check
	}
	return CheckNever
}

// shielded says whether a check directly before the opcode is left out, so that nothing can
// come between, say, the acquisition of a lock and the try block that releases it.
func shielded(v Version, opcode string) bool {
	switch opcode {
	case "SETUP_FINALLY":
		return v <= V310 // "make the last opcode before a try: finally: block uninterruptible"
	case "SETUP_WITH", "BEFORE_ASYNC_WITH", "YIELD_FROM":
		return v >= V36 && v <= V310 // bpo-29988, bpo-30039
	}
	return false
}

func when(b bool) Check {
	if b {
		return CheckAfter
	}
	return CheckNever
}

func taken(s Situation) Check {
	switch s.Jump {
	case JumpTaken:
		return CheckAfter
	case JumpUntaken:
		return CheckNever
	}
	return CheckTaken
}
