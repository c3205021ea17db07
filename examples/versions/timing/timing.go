// Package timing is what threads cost under each Python's GIL: what was measured
// with CPython on two free cores under Linux, and what a Machine of the Measured
// preset says. Its tests hold each cell to within a fifth of what was measured, for
// several seeds; the time is virtual, so a cell is the same on every computer.
//
// Not every Python was measured. Those that were not have the GIL of one that was,
// and are held to its figures.
package timing

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/pygil/pygil/gil"
)

// Column is a Python of the tables.
type Column struct {
	gil.Profile
	As string // the Python whose figures are those of the column
}

// Columns are the Pythons of the tables.
func Columns() []Column {
	return []Column{
		{gil.CPython27, "2.7"},
		{gil.CPython36, "3.9"},
		{gil.CPython37, "3.9"},
		{gil.CPython38, "3.9"},
		{gil.CPython39, "3.9"},
		{gil.CPython310, "3.9"},
		{gil.CPython311, "3.12"},
		{gil.CPython312, "3.12"},
		{gil.CPython313, "3.13"},
		{gil.CPython314, "3.13"},
	}
}

// Row is a line of a table: a program, what it gives in each Python that was
// measured, and how to find out what it gives here.
type Row struct {
	Name     string                                   // what the threads do, and what of it is measured
	Unit     Unit                                     // of the cells
	Measured map[string]float64                       // by the Python that was measured
	Within   float64                                  // how far a cell may be off, as a part of it; 0 means 0.2
	Run      func(p gil.Profile, seed uint64) float64 // what a Machine gives
}

// Want returns what was measured for a column.
func (r Row) Want(c Column) (float64, bool) {
	v, ok := r.Measured[c.As]
	return v, ok
}

// Agrees reports whether a result is near enough to what was measured. What should be
// nothing may be a fifth.
func (r Row) Agrees(c Column, got float64) bool {
	want, within := r.Measured[c.As], r.Within
	if within == 0 {
		within = fifth
	}
	return math.Abs(got-want) <= allowed(within, want)
}

const fifth = 0.2

func allowed(within, want float64) float64 {
	if want == 0 {
		return fifth
	}
	return within * want
}

// Unit is what the numbers of a row are.
type Unit string

// The units.
const (
	Microseconds Unit = "µs"
	PerSecond    Unit = "/s"
	Ratio        Unit = "×"
	Percent      Unit = "%"
)

// Format shows a number of the unit.
func (u Unit) Format(v float64) string {
	switch {
	case u == Ratio:
		return fmt.Sprintf("%.2f", v)
	case v == 0 || v >= 100 || u != Microseconds:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// A Table is some rows with a title.
type Table struct {
	Title string // a few words
	Text  string // what there is to see
	Rows  []Row  // in the order in which they are printed
}

// Tables returns all tables.
func Tables() []Table { return []Table{convoys(), calls(), switches()} }

// run performs main on a machine of two cores.
func run(p gil.Profile, seed uint64, main func(t *gil.Thread), opts ...gil.Option) *gil.Machine {
	opts = slices.Concat([]gil.Option{gil.Measured(), gil.WithSeed(seed)}, opts, mutant)
	m := gil.NewMachine(cores, opts...)
	if err := m.Run(p, main); err != nil {
		panic(err)
	}
	return m
}

const cores = 2

// mutant changes the machine; only tests set it.
var mutant []gil.Option

// busy starts n threads that compute until done.
func busy(t *gil.Thread, n int, done *bool) []*gil.Thread {
	ts := make([]*gil.Thread, n)
	for i := range ts {
		ts[i] = t.Go("computes", func(t *gil.Thread) {
			for !*done {
				t.Compute(100 * time.Microsecond)
			}
		})
	}
	return ts
}

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
