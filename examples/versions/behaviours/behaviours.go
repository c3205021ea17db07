// Package behaviours is what differs from one Python to the next besides where it
// switches and what that costs: how locks change hands, what a wait with a timeout
// does, what Thread.start waits for, what the intervals are, which calls give the GIL
// up, what a sub-interpreter has of its own. Each row asks one question of a program
// that mentions no version; its tests ask every version.
package behaviours

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pygil/pygil/gil"
)

// Row is a question and its answers.
type Row struct {
	Name   string                     // a word
	Asks   string                     // the question
	Cells  []string                   // the answer of each Column
	Answer func(p gil.Profile) string // finds it out
}

// Columns are the Pythons of the table, in the order of Row.Cells.
func Columns() []gil.Profile {
	return []gil.Profile{
		gil.CPython27, gil.CPython36, gil.CPython37, gil.CPython38, gil.CPython39, gil.CPython310, gil.CPython311,
		gil.CPython312, gil.CPython313, gil.CPython314, gil.CPython313T, gil.CPython314T,
	}
}

// Table returns the rows, in the order in which they are printed.
func Table() []Row {
	var rows []Row
	for _, part := range [][]Row{gils(), locks(), waits(), threads(), interpreters(), free(), calls()} {
		rows = append(rows, part...)
	}
	for _, r := range rows {
		if len(r.Cells) != len(Columns()) {
			panic(fmt.Sprintf("behaviours: row %s has %d cells", r.Name, len(r.Cells)))
		}
	}
	return rows
}

// by spells the cells out: a word for some columns, and so on, as in by("no", 6, "yes", 6).
func by(parts ...any) (cells []string) {
	for i := 0; i < len(parts); i += 2 {
		cells = append(cells, strings.Split(strings.Repeat(parts[i].(string)+"\n", parts[i+1].(int)), "\n")[:parts[i+1].(int)]...)
	}
	return cells
}

// run performs main on a machine of two cores of the Measured preset.
func run(p gil.Profile, main func(t *gil.Thread), opts ...gil.Option) *gil.Machine {
	m := gil.NewMachine(2, append([]gil.Option{gil.Measured()}, opts...)...)
	if err := m.Run(p, main); err != nil {
		panic(err)
	}
	return m
}

// ask is run for a question that the program answers.
func ask(question func(t *gil.Thread) string) func(p gil.Profile) string {
	return func(p gil.Profile) (answer string) {
		run(p, func(t *gil.Thread) { answer = question(t) })
		return answer
	}
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// text is what Python's exception says, or fine.
func text(f func()) (says string) {
	defer func() {
		if err, ok := recover().(interface{ PythonText() string }); ok {
			says = err.PythonText()
		}
	}()
	f()
	return "fine"
}

func errorText(err error) string {
	var e interface {
		error
		PythonText() string
	}
	if errors.As(err, &e) {
		return e.PythonText()
	}
	return "fine"
}

const ms = time.Millisecond
