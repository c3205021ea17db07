// Versions prints which Python loses what: programs of two threads against versions
// of CPython, each cell decided on the spot by going through all interleavings of
// the program under that version. It takes some seconds.
//
//	go run ./examples/versions              the table
//	go run ./examples/versions swap 3.9     the interleaving in which a program goes wrong
//	go run ./examples/versions timing       what threads cost under each GIL, beside what was measured
//	go run ./examples/versions behaviours   what else differs from version to version
//	go run ./examples/versions -markdown    all of it as the page beside this file
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/pygil/pygil/examples/versions/behaviours"
	"github.com/pygil/pygil/examples/versions/races"
	"github.com/pygil/pygil/examples/versions/timing"
	"github.com/pygil/pygil/gil"
)

func main() {
	if err := run(os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "versions:", err)
		os.Exit(2)
	}
}

func run(out io.Writer, args []string) error {
	switch {
	case len(args) == 0:
		table(out, races.Table())
	case len(args) == 1 && args[0] == "-markdown":
		page(out, races.Table())
		fmt.Fprintln(out)
		timingPage(out, timing.Tables())
		fmt.Fprintln(out)
		behavioursPage(out, behaviours.Table())
	case len(args) == 1 && args[0] == "behaviours":
		behavioursTable(out, behaviours.Table())
	case len(args) == 1 && args[0] == "timing":
		timingTable(out, timing.Tables())
	case len(args) == 2:
		return one(out, args[0], args[1])
	default:
		return fmt.Errorf("give nothing, timing, behaviours, -markdown, or a program and a version, as in: swap 3.9")
	}
	return nil
}

// judge decides one cell.
func judge(r races.Row, p gil.Profile) string {
	switch v := r.Judge(p); {
	case v.Failure != nil:
		return "✗"
	case v.Certain():
		return "·"
	}
	return "?"
}

func table(out io.Writer, rows []races.Row) {
	fmt.Fprintf(out, "%-20s", "")
	for _, p := range races.Columns() {
		fmt.Fprintf(out, "%6v", p)
	}
	fmt.Fprintln(out)
	for _, r := range rows {
		fmt.Fprintf(out, "%-20s", r.Name)
		for _, p := range races.Columns() {
			fmt.Fprintf(out, "%6s", judge(r, p))
		}
		fmt.Fprintf(out, "   %s\n", r.Python)
	}
	fmt.Fprintln(out, "\n✗ it can go wrong, for there is an interleaving; · it cannot, in none of all there are")
}
