package bytecode_test

import (
	"fmt"

	"github.com/pygil/pygil/internal/bytecode"
)

// Which Pythons can lose an update of g += 1, and where.
func Example() {
	for _, v := range []bytecode.Version{bytecode.V27, bytecode.V310, bytecode.V313} {
		fmt.Printf("%-5v %s\n", v, bytecode.Format(bytecode.Sequence(v, bytecode.Add)))
	}
	// Output:
	// 2.7   LOAD_GLOBAL• LOAD_CONST INPLACE_ADD• STORE_GLOBAL•
	// 3.10  LOAD_GLOBAL LOAD_CONST INPLACE_ADD STORE_GLOBAL
	// 3.13  LOAD_GLOBAL LOAD_CONST BINARY_OP(+=) STORE_GLOBAL
}

// A statement whose path holds code of the caller: f's body runs where the … is.
func ExampleSequence() {
	for _, in := range bytecode.Sequence(bytecode.V310, bytecode.Update) {
		fmt.Println(in.Name, in.Check, in.Touch)
	}
	// Output:
	// LOAD_GLOBAL never none
	// LOAD_GLOBAL never read
	// CALL_FUNCTION never none
	// <entry> after enter
	// <body> never body
	// LOAD_FAST never none
	// RETURN_VALUE never none
	// <return> after none
	// STORE_GLOBAL never write
}

// The ticks of one round of "for i in xrange(n): g += 1" in 2.7.
func ExampleTicks() {
	ticks := 0
	for _, c := range []bytecode.Construct{bytecode.RangeHead, bytecode.Add, bytecode.RangeTail} {
		ticks += bytecode.Ticks(bytecode.Sequence(bytecode.V27, c))
	}
	fmt.Println(ticks)
	// Output: 5
}

// Before it is specialised, len() is a place to switch.
func ExampleColdSequence() {
	fmt.Println(bytecode.Format(bytecode.Sequence(bytecode.V312, bytecode.CallLen)))
	fmt.Println(bytecode.Format(bytecode.ColdSequence(bytecode.V312, bytecode.CallLen)))
	// Output:
	// LOAD_GLOBAL LOAD_FAST CALL STORE_FAST
	// LOAD_GLOBAL LOAD_FAST CALL• STORE_FAST
}

// The same operation under its names.
func ExampleLookup() {
	for _, v := range []bytecode.Version{bytecode.V27, bytecode.V312, bytecode.V314} {
		in := bytecode.Lookup(v, bytecode.OpBinarySubscr)
		fmt.Println(v, in.Name, in.Check)
	}
	// Output:
	// 2.7 BINARY_SUBSCR after
	// 3.12 BINARY_SUBSCR never
	// 3.14 BINARY_OP([]) never
}

// A check that a shield suppresses: nothing comes between the assignment and the try block.
func ExampleSwitches() {
	seq := append([]bytecode.Instr{}, bytecode.Sequence(bytecode.V38, bytecode.Store)...)
	fmt.Println(bytecode.Switches(seq, 1))
	seq = append(seq, bytecode.Sequence(bytecode.V38, bytecode.TryEnter)...)
	fmt.Println(bytecode.Switches(seq, 1))
	// Output:
	// true
	// false
}
