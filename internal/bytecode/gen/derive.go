package main

import (
	"slices"
	"strings"

	"github.com/pygil/pygil/internal/bytecode"
)

// A derivation makes the listing of a Python that hardly any machine has from that of its
// closest relative.
type derivation struct {
	from bytecode.Version
	why  string // the comment of the listing
	edit func(code) code
	line func(string) string // of the source
}

// derivations is used for these versions when they are not installed. Any other version that
// is not installed keeps its stored listing.
var derivations = map[bytecode.Version]derivation{
	bytecode.V31: {bytecode.V27, `
# Derived from the listing of 2.7, not printed by a Python 3.1. The two were developed side by
# side and share the opcodes of the snippets: POP_JUMP_IF_FALSE, DUP_TOPX, SETUP_LOOP and
# WITH_CLEANUP as one opcode. What differs: print is a function; range is what xrange was;
# False is a constant; a with block has no SETUP_WITH, which came with 2.7 and 3.2, but fetches
# __exit__ and calls __enter__ like any method, and then begins with SETUP_FINALLY.
`, edit31, strings.NewReplacer("xrange", "range", "print v", "print(v)").Replace},
	bytecode.V32: {bytecode.V36, `
# Derived from the listing of 3.6, not printed by a Python 3.2. What differs in the snippets:
# WITH_CLEANUP is one opcode; its split into WITH_CLEANUP_START and WITH_CLEANUP_FINISH came
# with 3.5. (That 3.6 packs each opcode into two bytes changes offsets, not opcodes.)
`, edit32, strings.NewReplacer().Replace},
}

// derive returns the text of the listing of v made from another.
func (d derivation) derive(v bytecode.Version, from listing) string {
	l := listing{names: from.names, source: map[string][]string{}, snippets: map[string]code{}}
	for _, name := range from.names {
		for _, line := range from.source[name] {
			l.source[name] = append(l.source[name], d.line(line))
		}
		l.snippets[name] = d.edit(slices.Clone(from.snippets[name]))
	}
	return "python " + v.String() + d.why + l.text()
}

func edit31(c code) code {
	for i, o := range c {
		switch {
		case o.name == "LOAD_GLOBAL" && o.arg == "xrange":
			c[i].arg = "range"
		case o.name == "LOAD_GLOBAL" && o.arg == "False":
			c[i].name = "LOAD_CONST"
		case o.name == "PRINT_ITEM":
			return c.replace(i-1, 3, code{
				{"LOAD_GLOBAL", "print", -1},
				c[i-1],
				{"CALL_FUNCTION", "1", -1},
				{"POP_TOP", "", -1},
			})
		case o.name == "SETUP_WITH":
			return c.replace(i, 2, code{
				{"DUP_TOP", "", -1},
				{"LOAD_ATTR", "__exit__", -1},
				{"ROT_TWO", "", -1},
				{"LOAD_ATTR", "__enter__", -1},
				{"CALL_FUNCTION", "0", -1},
				{"POP_TOP", "", -1},
				{"SETUP_FINALLY", "", o.jump},
			})
		}
	}
	return c
}

func edit32(c code) code {
	if i := slices.IndexFunc(c, func(o op) bool { return o.name == "WITH_CLEANUP_START" }); i >= 0 {
		return c.replace(i, 2, code{{"WITH_CLEANUP", "", -1}})
	}
	return c
}

// replace puts with in the place of n opcodes at i, into which nothing may jump, and moves the
// jumps across the place. The jumps in with count in the old indexes.
func (c code) replace(i, n int, with code) code {
	edited := slices.Concat(c[:i], with, c[i+n:])
	for k, o := range edited {
		if o.jump >= i+n {
			edited[k].jump += len(with) - n
		}
	}
	return edited
}
