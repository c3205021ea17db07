package bytecode

import "strings"

// A Check says when the interpreter looks, with respect to one opcode, whether it has to give
// the GIL up.
type Check uint8

const (
	// CheckNever: the next opcode starts without a look.
	CheckNever Check = iota
	// CheckAfter: once this opcode has completed, before the next one starts.
	CheckAfter
	// CheckTaken: as CheckAfter, but only when this opcode jumps. A [Sequence] is a path that
	// was walked, so it holds CheckAfter or CheckNever in its place; only [Lookup] and
	// [Classify] with an unknown outcome return CheckTaken.
	CheckTaken
)

// String returns "never", "after" or "taken".
func (c Check) String() string {
	switch c {
	case CheckNever:
		return "never"
	case CheckAfter:
		return "after"
	case CheckTaken:
		return "taken"
	}
	return "unknown check"
}

// A Touch says what an opcode does to the program that is modelled.
type Touch uint8

const (
	// TouchNone: nothing that another thread could see.
	TouchNone Touch = iota
	// TouchRead: reads the shared variable, attribute or item.
	TouchRead
	// TouchWrite: writes or deletes it.
	TouchWrite
	// TouchCall: the C call happens here, as a whole.
	TouchCall
	// TouchEnter: a frame of a Python function is entered; its body runs after this.
	TouchEnter
	// TouchBody: a placeholder for the code of the caller. It is no opcode and costs nothing.
	TouchBody
)

// String returns "none", "read", "write", "call", "enter" or "body".
func (t Touch) String() string {
	switch t {
	case TouchNone:
		return "none"
	case TouchRead:
		return "read"
	case TouchWrite:
		return "write"
	case TouchCall:
		return "call"
	case TouchEnter:
		return "enter"
	case TouchBody:
		return "body"
	}
	return "unknown touch"
}

// Names of the events in a sequence that are no opcodes. They take no time of their own.
const (
	// EntryName is the entry of a frame up to 3.10; from 3.11 on RESUME is in its place.
	EntryName = "<entry>"
	// ReturnName is what remains of a call opcode when the Python function it called has
	// returned: the check that follows it (up to 3.10) and, with ticks, its count.
	ReturnName = "<return>"
	// BodyName is the place of the caller's code.
	BodyName = "<body>"
)

// An Instr is one opcode on the path through a construct, or one of the events above.
type Instr struct {
	// Name is the name in Python's dis module; BINARY_OP carries its operator, as in
	// "BINARY_OP(+=)".
	Name string
	// Check is when the interpreter looks whether to switch.
	Check Check
	// Touch is what it does to the modelled program.
	Touch Touch
	// Counted: up to 3.1, it takes one from the ticker. Always false from 3.2 on.
	Counted bool
	// Shield: no check happens directly before this opcode, whatever precedes it. With ticks
	// the check is not lost: the ticker stays below zero and the next counted opcode checks.
	Shield bool
}

// IsOpcode reports whether i is an opcode and not an event such as [EntryName].
func (i Instr) IsOpcode() bool { return i.Name != "" && i.Name[0] != '<' }

// Switches reports whether a switch may come right after seq[i] with seq[i+1], if there is
// one, coming next. It is the one place that combines Check and Shield.
func Switches(seq []Instr, i int) bool {
	return seq[i].Check == CheckAfter && (i+1 == len(seq) || !seq[i+1].Shield)
}

// Ticks returns how many counted opcodes seq holds: what it takes from the ticker of a tick
// GIL. It is 0 for every sequence of 3.2 and later.
func Ticks(seq []Instr) int {
	n := 0
	for _, in := range seq {
		if in.Counted {
			n++
		}
	}
	return n
}

// Opcodes returns how many opcodes seq holds, events not included.
func Opcodes(seq []Instr) int {
	n := 0
	for _, in := range seq {
		if in.IsOpcode() {
			n++
		}
	}
	return n
}

// Format writes a sequence on one line: the names in order, "•" behind each after which a
// switch may come ("•?" when only a jump decides), "◦" for a frame entry that is no opcode but
// where a switch may come, and "…" for the caller's code.
func Format(seq []Instr) string {
	var b strings.Builder
	for i, in := range seq {
		if i > 0 {
			b.WriteByte(' ')
		}
		switch {
		case in.Name == BodyName:
			b.WriteString("…")
		case in.Name == EntryName && Switches(seq, i):
			b.WriteString("◦")
		case Switches(seq, i):
			b.WriteString(in.Name + "•")
		case in.Check == CheckTaken:
			b.WriteString(in.Name + "•?")
		default:
			b.WriteString(in.Name)
		}
	}
	return b.String()
}
