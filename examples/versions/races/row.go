// Package races is the table of what can go wrong between the threads of a Python
// program, version by version: one small program per row, which mentions no
// version, and one cell per version that says whether the program can ever come to
// grief there.
//
// The cells were measured with real Pythons, each program with four threads for
// some hundred thousand operations, at the default switch interval and at the
// smallest (2.7, 3.6 to 3.14, and 3.13 without a GIL). What they say follows from
// where each version looks whether to switch; the tests of this package show that
// the profiles of package gil look in exactly those places: a cell that can fail
// has a schedule that makes it fail, a cell that cannot has none among all there
// are, for two threads that do their operation twice.
package races

import (
	"fmt"

	"github.com/pygil/pygil/gil"
)

// Row is a program and its fate.
type Row struct {
	Name    string // of the program, a word
	Python  string // its heart in Python
	Breaks  string // what goes wrong when it does
	Cells   string // one letter per Column: x for can go wrong, . for cannot
	Note    string // how it is modelled, if not by the operations of package gil it names
	Program func(t *gil.Thread) (broken bool)
}

// Can reports whether the program can go wrong in a column.
func (r Row) Can(column int) bool { return r.Cells[column] == 'x' }

// Columns are the Pythons of the table, in the order of Row.Cells.
func Columns() []gil.Profile {
	return []gil.Profile{
		gil.CPython27, gil.CPython36, gil.CPython37, gil.CPython38, gil.CPython39, gil.CPython310, gil.CPython311,
		gil.CPython312, gil.CPython313, gil.CPython314, gil.CPython313T,
	}
}

// The fates that most programs share.
const (
	everywhere = "xxxxxxxxxxx"
	nowhere    = "..........."
	until38    = "xxxx......x" // 3.9 has an opcode of its own for `in`, after which it does not look
	until39    = "xxxxx.....x" // 3.10 looks only after calls and jumps that are taken
	until310   = "xxxxxx....x" // 3.11 looks only at calls and backward jumps
)

// Table returns the rows, in the order in which they are printed.
func Table() []Row {
	var rows []Row
	for _, part := range [][]Row{lostUpdates(), lostAttributes(), lostItems(), whole(), checksThenActs(), torn(), iterations()} {
		rows = append(rows, part...)
	}
	for _, r := range rows {
		if len(r.Cells) != len(Columns()) {
			panic(fmt.Sprintf("races: row %s has %d cells", r.Name, len(r.Cells)))
		}
	}
	return rows
}

// threads and times are how much of a program a run has.
const (
	threads = 2
	times   = 2
)

// both runs work on two threads, which it gives their numbers, and waits for them.
func both(t *gil.Thread, work func(t *gil.Thread, n int)) {
	var ts [threads]*gil.Thread
	for n := range ts {
		ts[n] = t.Go(string(rune('a'+n)), func(t *gil.Thread) { work(t, n) })
	}
	gil.JoinAll(t, ts[:]...)
}

// twice is both for work that a loop repeats.
func twice(t *gil.Thread, work func(t *gil.Thread, n, i int)) {
	both(t, func(t *gil.Thread, n int) {
		for i := range gil.Range(t, times) {
			work(t, n, i)
		}
	})
}
