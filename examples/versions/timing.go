package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/pygil/pygil/examples/versions/timing"
)

const timingPreface = `# What threads cost

Measured with CPython on two free cores under Linux, and beside it in brackets what a
Machine of the Measured preset says, for the Pythons that were measured: 3.9 has the
GIL of 3.2 to 3.10, 3.12 that of 3.11 too, 3.13 that of 3.14 too.
`

// measuredColumns are those that were measured, not only compared.
func measuredColumns() (cs []timing.Column) {
	for _, c := range timing.Columns() {
		if c.As == c.Name() {
			cs = append(cs, c)
		}
	}
	return cs
}

// timingCell shows what was measured and what comes out here.
func timingCell(r timing.Row, c timing.Column) string {
	want, ok := r.Want(c)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%s (%s)", r.Unit.Format(want), r.Unit.Format(r.Run(c.Profile, 0)))
}

func timingTable(out io.Writer, tables []timing.Table) {
	for _, t := range tables {
		fmt.Fprintf(out, "%s\n\n%s\n\n%-84s %4s", t.Title, t.Text, "", "")
		for _, c := range measuredColumns() {
			fmt.Fprintf(out, "%15s", c.As)
		}
		fmt.Fprintln(out)
		for _, r := range t.Rows {
			fmt.Fprintf(out, "%-84s %4s", r.Name, r.Unit)
			for _, c := range measuredColumns() {
				fmt.Fprintf(out, "%15s", timingCell(r, c))
			}
			fmt.Fprintln(out)
		}
		fmt.Fprintln(out)
	}
}

func timingPage(out io.Writer, tables []timing.Table) {
	fmt.Fprint(out, timingPreface)
	for _, t := range tables {
		fmt.Fprintf(out, "\n## %s\n\n%s\n\n| | |", t.Title, t.Text)
		for _, c := range measuredColumns() {
			fmt.Fprintf(out, " %s |", c.As)
		}
		fmt.Fprintf(out, "\n|---|---|%s\n", strings.Repeat("---|", len(measuredColumns())))
		for _, r := range t.Rows {
			fmt.Fprintf(out, "| %s | %s |", r.Name, r.Unit)
			for _, c := range measuredColumns() {
				fmt.Fprintf(out, " %s |", timingCell(r, c))
			}
			fmt.Fprintln(out)
		}
	}
}
