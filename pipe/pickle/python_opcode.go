package pickle

// The instructions of CPython's pickle, protocols 0 to 5: a program for a machine
// with a stack of values, marks on it, and a memo. PEP 307, 3154 and 574.
const (
	pyProtocol = 4 // written
	pyNewest   = 5 // read

	pyMark           = '('
	pyStop           = '.'
	pyPop            = '0'
	pyPopMark        = '1'
	pyDup            = '2'
	pyFloat          = 'F'
	pyInt            = 'I'
	pyBinInt         = 'J'
	pyBinInt1        = 'K'
	pyLong           = 'L'
	pyBinInt2        = 'M'
	pyNone           = 'N'
	pyPersID         = 'P'
	pyBinPersID      = 'Q'
	pyReduce         = 'R'
	pyString         = 'S'
	pyBinString      = 'T'
	pyShortBinString = 'U'
	pyUnicode        = 'V'
	pyBinUnicode     = 'X'
	pyAppend         = 'a'
	pyBuild          = 'b'
	pyGlobal         = 'c'
	pyDict           = 'd'
	pyEmptyDict      = '}'
	pyAppends        = 'e'
	pyGet            = 'g'
	pyBinGet         = 'h'
	pyInst           = 'i'
	pyLongBinGet     = 'j'
	pyList           = 'l'
	pyEmptyList      = ']'
	pyObj            = 'o'
	pyPut            = 'p'
	pyBinPut         = 'q'
	pyLongBinPut     = 'r'
	pySetItem        = 's'
	pyTuple          = 't'
	pyEmptyTuple     = ')'
	pySetItems       = 'u'
	pyBinFloat       = 'G'

	// Protocol 2.
	pyProto    = 0x80
	pyNewObj   = 0x81
	pyExt1     = 0x82
	pyExt2     = 0x83
	pyExt4     = 0x84
	pyTuple1   = 0x85
	pyTuple2   = 0x86
	pyTuple3   = 0x87
	pyNewTrue  = 0x88
	pyNewFalse = 0x89
	pyLong1    = 0x8a
	pyLong4    = 0x8b

	// Protocol 3.
	pyBinBytes      = 'B'
	pyShortBinBytes = 'C'

	// Protocol 4.
	pyShortBinUnicode = 0x8c
	pyBinUnicode8     = 0x8d
	pyBinBytes8       = 0x8e
	pyEmptySet        = 0x8f
	pyAddItems        = 0x90
	pyFrozenSet       = 0x91
	pyNewObjEx        = 0x92
	pyStackGlobal     = 0x93
	pyMemoize         = 0x94
	pyFrame           = 0x95

	// Protocol 5.
	pyByteArray8     = 0x96
	pyNextBuffer     = 0x97
	pyReadonlyBuffer = 0x98
)
