package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/pygil/pygil/examples/versions/behaviours"
)

const behavioursPreface = `# What else differs

Each answer was found out by a program that ran under each of 2.7, 3.6 to 3.14 and, without
a GIL, 3.13t and 3.14t.
`

// answers runs a row under every version and says once what neighbours have in common:
// "3.6 to 3.11: fine".
func answers(r behaviours.Row) string {
	columns := behaviours.Columns()
	var parts []string
	for from := 0; from < len(columns); {
		answer := r.Answer(columns[from])
		to := from
		for to+1 < len(columns) && columns[to+1].FreeThreaded() == columns[from].FreeThreaded() && r.Answer(columns[to+1]) == answer {
			to++
		}
		versions := columns[from].Name()
		if to > from {
			versions += " to " + columns[to].Name()
		}
		parts = append(parts, versions+": "+answer)
		from = to + 1
	}
	first, same := "", true
	for i, p := range parts {
		_, answer, _ := strings.Cut(p, ": ")
		if i == 0 {
			first = answer
		}
		same = same && answer == first
	}
	if same {
		return first + ", everywhere"
	}
	return strings.Join(parts, "; ")
}

func behavioursTable(out io.Writer, rows []behaviours.Row) {
	for _, r := range rows {
		fmt.Fprintf(out, "%s\n    %s\n", r.Asks, answers(r))
	}
}

func behavioursPage(out io.Writer, rows []behaviours.Row) {
	fmt.Fprint(out, behavioursPreface, "\n| question | answer |\n|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(out, "| %s | %s |\n", r.Asks, answers(r))
	}
}
