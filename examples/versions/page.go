package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pygil/pygil/examples/versions/races"
)

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
