package main

import (
	"slices"
	"testing"

	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/rows"
	"github.com/pygil/pygil/gil"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(rows.Main(m)) }

func Example() {
	cli.Example("refcounts", story)
	// Output:
	// refcounts: Python 3.13, 4 cores, seed 1, simulated time
	//
	// A reference count that is 1, after two threads took a reference and dropped it
	// with the GIL             [1]
	// no lock at all           [0 1 2]
	// no GIL, atomic counts    [1]
	// 0 or less is an object that was freed while in use, more than 1 one that is
	// never freed.
	//
	// A counter of the program, after two threads added 1, in Python 3.13
	// without a lock           [1 2]
	// with a lock              [2]
	// The GIL guards Python's objects, not what the program means by them.
	// One run on 4 cores leaves 2: par 1, conc 1. All others had to be looked for.
}

func TestCounts(t *testing.T) {
	right := func(c counting) bool { return slices.Equal(counts(c), []int{1}) }
	rows.Check(t, 30, right(countings[0]), !right(countings[1]), right(countings[2]))
}

func TestTotals(t *testing.T) {
	lost, right := totals(gil.CPython313, false), totals(gil.CPython313, true)
	rows.Check(t, 31, slices.Contains(lost, 1), slices.Equal(right, []int{2}))
}
