// Package bytecode knows what each version of CPython executes for the constructs that package
// gil offers, and after which opcodes the interpreter looks whether to give the GIL up. It is
// data: it runs nothing, and nothing in it changes.
//
// # Where a switch can come
//
// A switch can come only at a check, and a check is made at a few places only:
//
//   - Up to 3.1 the GIL counts. Nearly every opcode takes one from a ticker that all threads
//     share, and the check follows the opcode that takes it below zero. [Instr].Counted says
//     which opcodes count.
//   - From 3.2 to 3.9 a check follows every opcode but the cheap ones: loads and stores of
//     locals and constants, stack shuffling, forward jumps, conditional jumps on exactly True
//     or False. The entry of a frame is a check, too.
//   - In 3.10 a check follows frame entry, calls, backward jumps, and POP_JUMP_IF_… when it
//     jumps, in either direction.
//   - From 3.11 on a check follows calls of C code and backward jumps, and RESUME, the first
//     opcode of a function, contains one. The return of a Python function does not check.
//
// So g += 1 can be torn up to 3.9 and cannot from 3.10 on, and g = f(g) can be torn everywhere:
//
//	2.7   LOAD_GLOBAL• LOAD_CONST INPLACE_ADD• STORE_GLOBAL•
//	3.12  LOAD_GLOBAL LOAD_CONST BINARY_OP(+=) STORE_GLOBAL
//	3.12  LOAD_GLOBAL LOAD_GLOBAL CALL RESUME• … LOAD_FAST RETURN_VALUE STORE_GLOBAL
//
// "•" marks the opcodes after which a switch can come; [Format] writes it. A few opcodes are
// shields: directly before them no check is made ([Instr].Shield), so that nothing comes
// between, for example, the last opcode before a try block and the block. [Switches] combines
// the two and is what decides.
//
// # Sequences are paths
//
// A [Sequence] is not code but what is executed: one way through the code of a [Construct], with
// every jump decided. A construct with a body, like a loop, a call or a with block, is cut into
// the parts around it; [Update] holds its body in the form of a placeholder. Where a frame is
// entered that has no RESUME, and where a call opcode still has its check to make after the
// function has returned, an event stands in the sequence that is no opcode: [EntryName] and
// [ReturnName]. [Instr].Touch says what an opcode does to the program that is modelled.
//
// Functions that a construct calls are globals, as usual in a program, but for f() and the
// construct [CallC], whose function is a local: that is the form in which their ticks were
// measured.
//
// # Specialisation
//
// From 3.11 on the interpreter rewrites opcodes that it has executed a few times. This matters
// in one place: the specialised calls of len, isinstance, type(x) and, as a statement,
// list.append do not check, while the general CALL does. Sequence is the steady state;
// [ColdSequence] is how the code runs before that, or for ever where nothing is specialised, as
// with the GIL of 3.13t switched on.
//
// # Where the tables come from
//
// The opcodes are those that Python's own dis prints. The command gen has every Python it finds
// disassemble one set of snippets into testdata/dis and makes table.go from that; testdata/dis
// holds the listings of the versions that are not installed, too, each with a word on where it
// is from. The checks are rules written by hand from CPython's source: rules.go. The tests hold
// both against what was measured: ticks, where parked threads stand, and which programs lost
// updates.
package bytecode

//go:generate go run ./gen
