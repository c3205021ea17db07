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
	"slices"
	"strings"

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

const preface = `# Which Python loses what

Two threads do the same thing twice. ✗ says that there is an interleaving in which
it goes wrong, · that there is none, among all that this version of CPython allows.
3.13t is 3.13 without the GIL. Written by ` + "`go run ./examples/versions -markdown`" + `;
` + "`go run ./examples/versions swap 3.9`" + ` shows an interleaving.

The GIL does not make a statement whole: it is given up between two bytecodes, where
the interpreter looks whether to. Up to 3.9 that is after nearly every one; 3.10 looks
after calls and jumps that are taken; from 3.11 on it looks at calls and at backward
jumps. So ` + "`g += 1`" + ` lost updates for twenty years, has not since 3.10, and does
again as soon as there is a call in it, or no GIL. The lock is right everywhere.
`

func page(out io.Writer, rows []races.Row) {
	fmt.Fprint(out, preface, "\n")
	fmt.Fprint(out, "| program | what breaks |")
	for _, p := range races.Columns() {
		fmt.Fprintf(out, " %v |", p)
	}
	fmt.Fprintf(out, "\n|---|---|%s\n", strings.Repeat("---|", len(races.Columns())))
	var notes []string
	for _, r := range rows {
		mark := ""
		if r.Note != "" {
			if !slices.Contains(notes, r.Note) {
				notes = append(notes, r.Note)
			}
			mark = fmt.Sprintf(" (%d)", slices.Index(notes, r.Note)+1)
		}
		fmt.Fprintf(out, "| `%s`%s | %s |", strings.ReplaceAll(r.Python, "|", `\|`), mark, r.Breaks)
		for _, p := range races.Columns() {
			fmt.Fprintf(out, " %s |", judge(r, p))
		}
		fmt.Fprintln(out)
	}
	fmt.Fprintln(out, "\nHow what Go has no form for is modelled:")
	fmt.Fprintln(out)
	for i, n := range notes {
		fmt.Fprintf(out, "%d. %s\n", i+1, n)
	}
}

func one(out io.Writer, name, version string) error {
	p, err := gil.LookupProfile(version)
	if err != nil {
		return err
	}
	rows := races.Table()
	i := slices.IndexFunc(rows, func(r races.Row) bool { return r.Name == name })
	if i < 0 {
		return fmt.Errorf("no program is called %s; run without arguments to see them", name)
	}
	v := rows[i].Judge(p)
	if v.Failure == nil {
		fmt.Fprintf(out, "%s under %v: %v\n", rows[i].Python, p, v.Report)
		return nil
	}
	fmt.Fprintf(out, "%s under %v: %s\n\n%s\n", rows[i].Python, p, rows[i].Breaks, v.Failure.Table())
	return nil
}
