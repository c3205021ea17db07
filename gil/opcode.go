package gil

import "github.com/pygil/pygil/internal/bytecode"

// Op is a bytecode by what it does, whatever a version calls it, for Thread.Op.
type Op = bytecode.Op

// The bytecodes. Where a version lacks one, the nearest that it has is executed.
const (
	OpNop                = bytecode.OpNop
	OpLoadFast           = bytecode.OpLoadFast
	OpStoreFast          = bytecode.OpStoreFast
	OpLoadConst          = bytecode.OpLoadConst
	OpLoadGlobal         = bytecode.OpLoadGlobal
	OpStoreGlobal        = bytecode.OpStoreGlobal
	OpLoadAttr           = bytecode.OpLoadAttr
	OpStoreAttr          = bytecode.OpStoreAttr
	OpLoadMethod         = bytecode.OpLoadMethod // 3.7 to 3.11 have LOAD_METHOD, all others LOAD_ATTR
	OpBinaryAdd          = bytecode.OpBinaryAdd
	OpInplaceAdd         = bytecode.OpInplaceAdd
	OpCompare            = bytecode.OpCompare
	OpIsOp               = bytecode.OpIsOp     // up to 3.8 a COMPARE_OP
	OpContains           = bytecode.OpContains // up to 3.8 a COMPARE_OP
	OpUnaryNot           = bytecode.OpUnaryNot
	OpBinarySubscr       = bytecode.OpBinarySubscr // 3.14: BINARY_OP([])
	OpStoreSubscr        = bytecode.OpStoreSubscr
	OpDeleteSubscr       = bytecode.OpDeleteSubscr
	OpPopJumpIfFalse     = bytecode.OpPopJumpIfFalse     // operand not a bool; up to 3.10 in either direction, later forward
	OpPopJumpIfTrue      = bytecode.OpPopJumpIfTrue      // the same
	OpBoolPopJumpIfFalse = bytecode.OpBoolPopJumpIfFalse // operand exactly True or False
	OpBoolPopJumpIfTrue  = bytecode.OpBoolPopJumpIfTrue  // the same
	OpJumpForward        = bytecode.OpJumpForward
	OpJumpBackward       = bytecode.OpJumpBackward // up to 3.10 JUMP_ABSOLUTE
	OpForIter            = bytecode.OpForIter
	OpGetIter            = bytecode.OpGetIter
	OpCallPython         = bytecode.OpCallPython // with what follows the return in the caller; OpEntry and OpReturn are apart
	OpCallC              = bytecode.OpCallC      // neither len, isinstance, type(x) nor list.append, once specialised
	OpCallQuick          = bytecode.OpCallQuick  // one of those four
	OpReturn             = bytecode.OpReturn
	OpYield              = bytecode.OpYield
	OpEntry              = bytecode.OpEntry  // entry of a frame: RESUME, or the event before the first opcode
	OpResume             = bytecode.OpResume // back in a generator after yield: RESUME, or that event
	OpPopTop             = bytecode.OpPopTop
	OpDupTop             = bytecode.OpDupTop // from 3.11 on COPY
	OpRotTwo             = bytecode.OpRotTwo // from 3.11 on SWAP
	OpBuildTuple         = bytecode.OpBuildTuple
	OpBuildList          = bytecode.OpBuildList
	OpUnpack             = bytecode.OpUnpack
	OpSetupFinally       = bytecode.OpSetupFinally // from 3.11 on a try block begins with NOP
	OpSetupWith          = bytecode.OpSetupWith    // 3.1 has none: SETUP_FINALLY; 3.11 BEFORE_WITH; 3.14 LOAD_SPECIAL
)
