// Wrong takes up 18 claims about threads and processes in Python that are wrong or
// outdated, shows a run that says otherwise, and what is going on in a sentence. What
// depends on the Python is shown under the one of -profile:
//
//	go run ./examples/wrong -profile 3.13t
package main

import (
	"strings"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/rows"
	"github.com/pygil/pygil/gil"
)

func main() { cli.Main("wrong", story) }

func story(s *cli.Show) {
	s.Simulated()
	answer := "no"
	if s.Python.Name() != gil.CPython313.Name() { // where some of them are true
		answer = "with " + s.Python.String()
	}
	for i, c := range rows.Claims() {
		s.Printf("W%d  \"%s\"\n    %s: %s\n    %s\n", c.Number, c.Says, answer, runs[i](s), strings.TrimSpace(c.Truth))
	}
}
