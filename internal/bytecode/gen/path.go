package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pygil/pygil/internal/bytecode"
)

// A step is one opcode on a path, with the outcome of a conditional jump.
type step struct {
	op
	outcome bytecode.Jump
}

// Places in a snippet between which a path leads. The names of markers (BEGIN, BODY, FINAL,
// END) are places too, and so is FOR_ITER: before the opcode.
const (
	placeStart  = "^"    // the first opcode of the function
	placeReturn = "$"    // after a RETURN opcode
	placeCall   = "CALL" // after the first call opcode
)

// place returns the place in front of c[i], or "".
func (c code) place(i int) string {
	switch {
	case isMarker(c[i]):
		return c[i].arg
	case c[i].name == "FOR_ITER":
		return c[i].name
	case i > 0 && isCall(c[i-1].name) && c[i-1].name != "PRECALL":
		return placeCall
	}
	return ""
}

// start returns the index of the first opcode behind the first such place.
func (c code) start(place string) (int, error) {
	if place == placeStart {
		return 0, nil
	}
	for i := range c {
		if c.place(i) == place {
			if isMarker(c[i]) {
				return i + 2, nil // the marker is LOAD_GLOBAL, POP_TOP
			}
			return i, nil
		}
	}
	return 0, fmt.Errorf("no %s", place)
}

// next returns where execution may go from c[i], and with which outcome.
func (c code) next(i int) (to []int, outcome []bytecode.Jump) {
	o := c[i]
	switch {
	case o.jump >= 0 && isJump(o.name):
		return []int{o.jump}, []bytecode.Jump{bytecode.JumpTaken}
	case o.jump >= 0 && isConditional(o.name):
		return []int{i + 1, o.jump}, []bytecode.Jump{bytecode.JumpUntaken, bytecode.JumpTaken}
	case isReturn(o.name) || o.name == "RERAISE" || o.name == "RAISE_VARARGS":
		return nil, nil
	}
	return []int{i + 1}, []bytecode.Jump{bytecode.JumpUnknown}
}

// path returns the shortest path between two places that meets no other marker on its way.
func (c code) path(from, to string) ([]step, error) {
	all, err := c.paths(from, to, 1)
	if err != nil {
		return nil, err
	}
	shortest := all[0]
	for _, p := range all {
		if len(p) < len(shortest) {
			shortest = p
		}
	}
	return shortest, nil
}

// paths returns every path between two places that meets no other marker on its way and no
// opcode more than visits times. There is at least one, or an error.
func (c code) paths(from, to string, visits int) ([][]step, error) {
	first, err := c.start(from)
	if err != nil {
		return nil, err
	}
	var all [][]step
	seen := make([]int, len(c))
	var walk func(i int, path []step)
	walk = func(i int, path []step) {
		if i == len(c) || seen[i] == visits {
			return
		}
		switch place := c.place(i); {
		case place == to:
			all = append(all, slices.Clone(path))
			return
		case isMarker(c[i]):
			return
		}
		if to == placeReturn && isReturn(c[i].name) {
			all = append(all, append(slices.Clone(path), step{op: c[i]}))
			return
		}
		seen[i]++
		next, outcome := c.next(i)
		for n := range next {
			walk(next[n], append(path, step{c[i], outcome[n]}))
		}
		seen[i]--
	}
	walk(first, nil)
	if len(all) == 0 {
		return nil, fmt.Errorf("no path from %s to %s", from, to)
	}
	return all, nil
}

func isMarker(o op) bool {
	return o.name == "LOAD_GLOBAL" && slices.Contains([]string{"BEGIN", "BODY", "FINAL", "END"}, o.arg)
}

func isReturn(name string) bool { return name == "RETURN_VALUE" || name == "RETURN_CONST" }

func isJump(name string) bool {
	return name == "JUMP_FORWARD" || name == "JUMP_ABSOLUTE" || strings.HasPrefix(name, "JUMP_BACKWARD")
}

// isConditional leaves out SETUP_FINALLY and its like, which name a handler and do not jump.
func isConditional(name string) bool {
	return name == "FOR_ITER" || strings.HasPrefix(name, "POP_JUMP_") || strings.HasPrefix(name, "JUMP_IF_")
}

func isCall(name string) bool { return strings.HasPrefix(name, "CALL") || name == "PRECALL" }
