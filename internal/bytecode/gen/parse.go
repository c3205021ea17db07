package main

import (
	"fmt"
	"strconv"
	"strings"
)

// A listing is what one Python compiles every snippet of listing.py to.
type listing struct {
	python   string          // the exact version, as in "3.12.1"
	opcodes  map[string]bool // every opcode it has; empty in a derived listing
	names    []string        // of the snippets, in order
	source   map[string][]string
	snippets map[string]code
}

// A code is one compiled snippet.
type code []op

// An op is one opcode of it. Jump is the index of the opcode a jump leads to, -1 for others.
type op struct {
	name, arg string
	jump      int
}

// parseListing reads what listing.py prints. Lines that begin with "#" are comments: above the
// snippets they say where the listing comes from, in a snippet they are its source.
func parseListing(text string) (listing, error) {
	l := listing{opcodes: map[string]bool{}, source: map[string][]string{}, snippets: map[string]code{}}
	var current string
	for n, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0:
		case fields[0] == "#":
			if current != "" {
				_, source, _ := strings.Cut(line, "# ")
				l.source[current] = append(l.source[current], source)
			}
		case fields[0] == "python" && len(fields) == 2:
			l.python = fields[1]
		case fields[0] == "opcodes":
			for _, name := range fields[1:] {
				l.opcodes[name] = true
			}
		case fields[0] == "snippet" && len(fields) == 2:
			current = fields[1]
			l.names = append(l.names, current)
		default:
			o, err := parseOp(fields, len(l.snippets[current]))
			if err != nil {
				return l, fmt.Errorf("line %d: %w", n+1, err)
			}
			l.snippets[current] = append(l.snippets[current], o)
		}
	}
	if l.python == "" || len(l.snippets) == 0 {
		return l, fmt.Errorf("no listing: it must have a python line and snippets")
	}
	return l, l.check()
}

func parseOp(fields []string, want int) (op, error) {
	if index, err := strconv.Atoi(fields[0]); err != nil || index != want || len(fields) < 2 {
		return op{}, fmt.Errorf("want opcode number %d and its name, got %q", want, strings.Join(fields, " "))
	}
	o := op{name: fields[1], arg: strings.Join(fields[2:], " "), jump: -1}
	if target, ok := strings.CutPrefix(o.arg, "-> "); ok {
		index, err := strconv.Atoi(target)
		if err != nil {
			return op{}, fmt.Errorf("jump to %q", target)
		}
		o.arg, o.jump = "", index
	}
	return o, nil
}

// check finds jumps out of a snippet and, where the listing names its Python's opcodes, names
// that are none of them.
func (l listing) check() error {
	for _, name := range l.names {
		c := l.snippets[name]
		for _, o := range c {
			if o.jump < -1 || o.jump >= len(c) {
				return fmt.Errorf("snippet %s jumps to %d of %d", name, o.jump, len(c))
			}
			if len(l.opcodes) > 0 && !l.opcodes[o.name] {
				return fmt.Errorf("snippet %s: %s is no opcode of %s", name, o.name, l.python)
			}
		}
	}
	return nil
}

// text writes the snippets as listing.py does.
func (l listing) text() string {
	var b strings.Builder
	for _, name := range l.names {
		fmt.Fprintf(&b, "\nsnippet %s\n", name)
		for _, line := range l.source[name] {
			fmt.Fprintf(&b, "    # %s\n", line)
		}
		for i, o := range l.snippets[name] {
			arg := o.arg
			if o.jump >= 0 {
				arg = fmt.Sprintf("-> %d", o.jump)
			}
			b.WriteString(strings.TrimRight(fmt.Sprintf("    %3d %s %s", i, o.name, arg), " ") + "\n")
		}
	}
	return b.String()
}
