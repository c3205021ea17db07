// Traces draws three runs with one legend: the convoy behind a thread that
// computes, the battle for the GIL of Python 2.7 on two cores, and the same two
// threads under the GIL of 3.13. It writes the pictures that the README shows, and
// one more trace that a viewer opens, into a folder:
//
//	go run ./examples/traces folder
package main

import (
	"bytes"
	"fmt"
	"os"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/trace"
)

// draw returns the files by name, and the runs.
func draw() (map[string][]byte, []*trace.Timeline, error) {
	files := map[string][]byte{}
	var all []*trace.Timeline
	for _, r := range []struct {
		title   string
		python  gil.Profile
		program func(*gil.Thread)
	}{
		{"convoy", gil.CPython313, convoy},
		{"two threads, the GIL up to 3.1", gil.CPython27, battle},
		{"two threads, the GIL since 3.2", gil.CPython313, battle},
	} {
		tl, err := record(r.title, r.python, r.program)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, tl)
	}
	var svg, chrome bytes.Buffer
	if err := trace.WriteSVG(&svg, trace.SVG{Width: 900, Most: 150_000, SameScale: true, Title: "Three runs, one legend"}, all...); err != nil {
		return nil, nil, err
	}
	files["gils.svg"] = svg.Bytes()
	if err := all[0].WriteChrome(&chrome, trace.Chrome{Locks: true}); err != nil {
		return nil, nil, err
	}
	files["convoy.json"] = chrome.Bytes()
	return files, all, nil
}

func main() {
	if len(os.Args) != 2 || os.Args[1][0] == '-' {
		fmt.Fprintln(os.Stderr, "usage: go run ./examples/traces folder\nThe Pythons, two cores and the seed are those of the pictures, which are traces themselves: no flags.\nEvery other example draws its own runs with -trace FILE.")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "traces:", err)
		os.Exit(1)
	}
}
