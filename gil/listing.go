package gil

import (
	"slices"
	"strings"

	"github.com/pygil/pygil/internal/bytecode"
)

// A Bytecode is one line of a Listing.
type Bytecode struct {
	Name   string // as Python's dis prints it; BINARY_OP carries its operator
	Tick   bool   // takes one from the check interval: up to 3.1, and there not each one does
	Switch bool   // the interpreter may give the GIL up right after it
}

// A Listing is the bytecodes that a Profile executes for a statement, in their order.
// Of a Python function that is called it has how its frame begins and ends.
type Listing []Bytecode

// Ticks is how many of the bytecodes count for the check interval. It is 0 from 3.2 on,
// where an interval is a time.
func (l Listing) Ticks() (n int) {
	for _, b := range l {
		if b.Tick {
			n++
		}
	}
	return n
}

// String is the names on one line, each after which a switch may come with a dot.
func (l Listing) String() string {
	names := make([]string, len(l))
	for i, b := range l {
		if names[i] = b.Name; b.Switch {
			names[i] += "•"
		}
	}
	return strings.Join(names, " ")
}

// listed are the statements that can be listed: n, a and b are globals, what else is no
// builtin is a local. A loop is one turn of it, from the look at its condition to the
// jump back.
var listed = []struct {
	python string
	parts  []bytecode.Construct
}{
	{"v = n", []bytecode.Construct{bytecode.Load}},
	{"n = v", []bytecode.Construct{bytecode.Store}},
	{"n += 1", []bytecode.Construct{bytecode.Add}},
	{"n = f(n)", []bytecode.Construct{bytecode.Update}},
	{"c[k] += v", []bytecode.Construct{bytecode.ItemAdd}},
	{"c.append(v)", []bytecode.Construct{bytecode.ListAppend}},
	{"f()", []bytecode.Construct{bytecode.CallHead, bytecode.CallTail}},
	{"for i in range(m): pass", []bytecode.Construct{bytecode.RangeHead, bytecode.RangeTail}},
	{"for i in range(m): n += 1", []bytecode.Construct{bytecode.RangeHead, bytecode.Add, bytecode.RangeTail}},
}

// Statements returns the texts that Disassemble knows.
func Statements() []string {
	all := make([]string, len(listed))
	for i, s := range listed {
		all[i] = s.python
	}
	return all
}

// Disassemble lists the bytecodes that this Python executes for a statement, one of
// Statements, and where it may give the GIL up: what a thread executes that does it
// with the methods of this package. Anything else is a *ValueError that names the
// statements there are. It panics with a *ValueError for the zero Profile. Python:
// dis.dis.
func (p Profile) Disassemble(statement string) (Listing, error) {
	p.valid()
	at := slices.IndexFunc(Statements(), func(s string) bool { return s == statement })
	if at < 0 {
		return nil, badValue("", "Disassemble(%q): no such statement is listed; there are %s", statement, strings.Join(Statements(), "; "))
	}
	var seq []bytecode.Instr
	for _, c := range listed[at].parts {
		if p.has(coldCalls) {
			seq = append(seq, bytecode.ColdSequence(p.version, c)...)
		} else {
			seq = append(seq, bytecode.Sequence(p.version, c)...)
		}
	}
	var l Listing
	for i, in := range seq {
		switch {
		case in.IsOpcode():
			l = append(l, Bytecode{in.Name, in.Counted && !p.has(anyCode), p.has(anyCode) || bytecode.Switches(seq, i)})
		case in.Check == bytecode.CheckAfter && len(l) > 0:
			l[len(l)-1].Switch = true // as a frame begins
		}
		if in.Counted && !in.IsOpcode() && len(l) > 0 {
			l[len(l)-1].Tick = true // a call counts when it has returned
		}
	}
	return l, nil
}
