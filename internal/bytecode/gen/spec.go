package main

import "github.com/pygil/pygil/internal/bytecode"

// A piece is a path through a snippet, or one of the events that are no opcode.
type piece struct {
	snippet, from, to string
	callee            bytecode.Callee // of every call on it
	boolean           bool            // conditional jumps test exactly True or False
	event             string          // EntryName, ReturnName or BodyName, and nothing else
}

// A mark gives opcodes their Touch: those with one of the names (and, if arg is not empty, that
// argument); with last set only the last of them.
type mark struct {
	names []string
	arg   string
	last  bool
	touch bytecode.Touch
}

// A spec says how a construct is cut out of the snippets.
type spec struct {
	name   string // of the Construct
	pieces []piece
	marks  []mark
}

var (
	callNames = []string{"CALL", "CALL_FUNCTION", "CALL_METHOD"}

	readGlobal  = mark{names: []string{"LOAD_GLOBAL"}, arg: "g", touch: bytecode.TouchRead}
	writeGlobal = mark{names: []string{"STORE_GLOBAL"}, arg: "g", touch: bytecode.TouchWrite}
	readAttr    = mark{names: []string{"LOAD_ATTR"}, arg: "n", touch: bytecode.TouchRead}
	writeAttr   = mark{names: []string{"STORE_ATTR"}, arg: "n", touch: bytecode.TouchWrite}
	readItem    = mark{names: []string{"BINARY_SUBSCR"}, touch: bytecode.TouchRead}
	readItemOp  = mark{names: []string{"BINARY_OP"}, arg: "[]", touch: bytecode.TouchRead} // 3.14
	writeItem   = mark{names: []string{"STORE_SUBSCR", "DELETE_SUBSCR"}, touch: bytecode.TouchWrite}
	call        = mark{names: callNames, last: true, touch: bytecode.TouchCall}
	enter       = mark{names: []string{bytecode.EntryName, "RESUME"}, touch: bytecode.TouchEnter}
	body        = mark{names: []string{bytecode.BodyName}, touch: bytecode.TouchBody}
)

// whole is the construct that is a statement of its own.
func whole(name, snippet string, marks ...mark) spec {
	return spec{name, []piece{{snippet: snippet, from: "BEGIN", to: "END"}}, marks}
}

// part is the construct that is a part of a statement around a body.
func part(name, snippet, from, to string, marks ...mark) spec {
	return spec{name, []piece{{snippet: snippet, from: from, to: to}}, marks}
}

// quick is a statement whose call is specialised to one that does not check.
func quick(name, snippet string) spec {
	s := whole(name, snippet, call)
	s.pieces[0].callee = bytecode.CalleeQuick
	return s
}

// cold is the same spec before specialisation.
func (s spec) cold() spec {
	s.pieces = append([]piece(nil), s.pieces...)
	for i := range s.pieces {
		if s.pieces[i].callee == bytecode.CalleeQuick {
			s.pieces[i].callee = bytecode.CalleeC
		}
	}
	return s
}

// enterFrame is what happens between a call opcode and the first opcode of the function's
// body, leaveFrame what happens between the last one and the opcode after the call.
func enterFrame() []piece {
	return []piece{{event: bytecode.EntryName}, {snippet: "load", from: placeStart, to: "BEGIN"}}
}

func leaveFrame() piece { return piece{event: bytecode.ReturnName} }

func toCall(snippet string) piece {
	return piece{snippet: snippet, from: "BEGIN", to: placeCall, callee: bytecode.CalleePython}
}

func fromCall(snippet string) piece { return piece{snippet: snippet, from: placeCall, to: "END"} }

func pieces(parts ...[]piece) (all []piece) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func branch(name, to string, boolean bool) spec {
	s := part(name, "if", "BEGIN", to)
	s.pieces[0].boolean = boolean
	return s
}

func loop(name, snippet, from, to string) spec {
	s := part(name, snippet, from, to)
	s.pieces[0].boolean = true // i < n gives True or False
	return s
}

// specs is in the order of the constants.
var specs = []spec{
	whole("Load", "load", readGlobal),
	whole("Store", "store", writeGlobal),
	whole("Add", "add", readGlobal, writeGlobal),
	{"Update", pieces([]piece{toCall("update")}, enterFrame(), []piece{
		{event: bytecode.BodyName},
		{snippet: "identity", from: "BEGIN", to: placeReturn},
		leaveFrame(), fromCall("update"),
	}), []mark{readGlobal, enter, body, writeGlobal}},
	whole("Swap2", "swap",
		mark{names: []string{"LOAD_GLOBAL"}, touch: bytecode.TouchRead},
		mark{names: []string{"STORE_GLOBAL"}, touch: bytecode.TouchWrite}),
	whole("LocalAdd", "local_add"),
	whole("LocalCopy", "local_copy"),
	whole("AttrLoad", "attr_load", readAttr),
	whole("AttrStore", "attr_store", writeAttr),
	whole("AttrAdd", "attr_add", readAttr, writeAttr),

	whole("Item", "item", readItem, readItemOp),
	whole("SetItem", "set_item", writeItem),
	whole("DelItem", "del_item", writeItem),
	whole("ItemAdd", "item_add", readItem, readItemOp, writeItem),
	whole("Contains", "contains",
		mark{names: []string{"COMPARE_OP", "CONTAINS_OP"}, touch: bytecode.TouchRead}),

	whole("CallMethod0", "method0", call),
	whole("CallMethod1", "method1", call),
	whole("CallMethod2", "method2", call),
	whole("CallMethod0Result", "method0_result", call),
	whole("CallMethod1Result", "method1_result", call),
	whole("CallMethod2Result", "method2_result", call),
	quick("ListAppend", "append"),
	quick("CallLen", "len"),
	whole("CallC", "call_c", call),
	whole("CallCResult", "call_c_result", call),
	whole("ListOf", "list", call),
	whole("ListItems", "list_items", call),
	whole("Sleep", "sleep", call),
	whole("Print", "print", call,
		mark{names: []string{"PRINT_ITEM", "PRINT_NEWLINE"}, touch: bytecode.TouchCall}),

	part("RangeSetup", "range", "BEGIN", "FOR_ITER"),
	part("RangeHead", "range", "FOR_ITER", "BODY"),
	part("RangeTail", "range", "BODY", "FOR_ITER"),
	part("RangeEnd", "range", "FOR_ITER", "END"),
	part("IterSetup", "iter", "BEGIN", "FOR_ITER"),
	part("IterHead", "iter", "FOR_ITER", "BODY", mark{names: []string{"FOR_ITER"}, touch: bytecode.TouchRead}),
	part("IterTail", "iter", "BODY", "FOR_ITER"),
	part("IterEnd", "iter", "FOR_ITER", "END", mark{names: []string{"FOR_ITER"}, touch: bytecode.TouchRead}),
	loop("WhileHead", "while", "BEGIN", "BODY"),
	loop("WhileTail", "while", "BODY", "BODY"),
	loop("WhileEnd", "while", "BODY", "END"),
	loop("WhileSkip", "while", "BEGIN", "END"),

	{"CallHead", pieces([]piece{toCall("call")}, enterFrame()), []mark{enter}},
	{"CallTail", []piece{{snippet: "load", from: "END", to: placeReturn}, leaveFrame(), fromCall("call")}, nil},

	branch("BranchTaken", "END", false),
	branch("BranchUntaken", "BODY", false),
	branch("BoolBranchTaken", "END", true),
	branch("BoolBranchUntaken", "BODY", true),

	whole("LockAcquire", "acquire", call),
	whole("LockTry", "try_acquire", call),
	whole("LockRelease", "release", call),
	part("WithEnter", "with", "BEGIN", "BODY",
		mark{names: append([]string{"SETUP_WITH", "BEFORE_WITH"}, callNames...), touch: bytecode.TouchCall}),
	part("WithExit", "with", "BODY", "END",
		mark{names: append([]string{"WITH_CLEANUP", "WITH_CLEANUP_START"}, callNames...), touch: bytecode.TouchCall}),
	part("TryEnter", "finally", "BEGIN", "BODY"),
	part("TryExit", "finally", "BODY", "FINAL"),
	part("TryEnd", "finally", "FINAL", "END"),
}

// differs reports whether the two specs differ in what their calls call.
func (s spec) differs(other spec) bool {
	for i := range s.pieces {
		if s.pieces[i].callee != other.pieces[i].callee {
			return true
		}
	}
	return false
}
