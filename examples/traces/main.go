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
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/trace"
)

// convoy is a thread that computes and one that answers requests: each answer waits
// for a whole switch interval.
func convoy(m *gil.Thread) {
	cpu := m.Go("compute", func(t *gil.Thread) { t.Compute(45 * time.Millisecond) })
	io := m.Go("answer", func(t *gil.Thread) {
		for range 5 {
			t.IO(2 * time.Millisecond)
			t.Compute(100 * time.Microsecond)
		}
	})
	gil.JoinAll(m, cpu, io)
}

// battle is two threads that compute.
func battle(m *gil.Thread) {
	work := func(t *gil.Thread) { t.Compute(20 * time.Millisecond) }
	gil.JoinAll(m, m.Go("a", work), m.Go("b", work))
}

// record is the timeline of a program on two cores.
func record(title string, python gil.Profile, program func(*gil.Thread)) (*trace.Timeline, error) {
	tr, err := trace.Record(2, python, program, gil.Measured(), gil.WithSeed(1))
	tr.Header.Title = title
	return tr.Timeline(), err
}

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

func write(folder string) error {
	files, all, err := draw()
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := os.WriteFile(filepath.Join(folder, name), files[name], 0o644); err != nil {
			return err
		}
		fmt.Println(filepath.Join(folder, name))
	}
	for _, tl := range all {
		m := tl.Metrics()
		fmt.Printf("%s: par %d, conc %d\n", tl.Trace.Header.Title, m.Par, m.Conc)
	}
	return nil
}
