package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// An event is a line of go test -json; see go doc test2json and go help buildjson.
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
}

// A report follows one run of go test. It prints a line for each package that passed, everything
// about one that failed, and keeps the skips for the end.
type report struct {
	out     io.Writer
	list    []skip
	facts   facts
	pkgs    map[string]*pkg // those that have not ended
	skipped []skipped
	verdict
}

// A verdict is what remains of a run; totals reads it.
type verdict struct {
	Run     string
	Facts   facts
	Passed  int
	Failed  int
	Skipped int
	Tests   []string // folder/Test of each, whatever came of it
	Used    []int    // lines of the list that let a test skip
}

type pkg struct {
	tests []*test
	names map[string]*test // "" is the package itself
}

type test struct {
	name   string
	result string // pass, fail, skip; empty while it runs
	output strings.Builder
}

type skipped struct {
	test, reason string
	line         int // in the list
	wrong        string
}

func newReport(name string, f facts, list []skip, out io.Writer) *report {
	return &report{out: out, list: list, facts: f, pkgs: map[string]*pkg{}, verdict: verdict{Run: name, Facts: f}}
}

// module is the path of the module whose tests are read. The list of skips leaves it out.
const module = "github.com/pygil/pygil/"

// framing are the lines go test -v puts around tests: they say nothing when a test's whole output
// stands together.
var framing = regexp.MustCompile(`(?m)^(=== (RUN|PAUSE|CONT|NAME) .*|\s*--- (PASS|SKIP): .*)\n?`)

func (r *report) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			var e event
			if json.Unmarshal([]byte(line), &e) != nil {
				fmt.Fprint(r.out, line) // the go command's own words
			} else {
				r.take(e)
			}
		}
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func (r *report) take(e event) {
	if e.Package == "" {
		fmt.Fprint(r.out, e.Output) // of the compiler
		return
	}
	p := r.pkgs[e.Package]
	if p == nil {
		p = &pkg{names: map[string]*test{}}
		r.pkgs[e.Package] = p
	}
	t := p.names[e.Test]
	if t == nil {
		t = &test{name: e.Test}
		p.names[e.Test] = t
		p.tests = append(p.tests, t)
	}
	switch e.Action {
	case "output":
		t.output.WriteString(e.Output)
	case "pass", "fail", "skip":
		t.result = e.Action
		if e.Test == "" {
			delete(r.pkgs, e.Package)
			r.end(e.Package, p)
		}
	}
}

// end prints a package and counts its tests.
func (r *report) end(path string, p *pkg) {
	failed := 0
	for _, t := range p.tests {
		if t.name == "" {
			continue
		}
		name := strings.TrimPrefix(path, module) + "/" + t.name
		r.Tests = append(r.Tests, name)
		switch t.result {
		case "pass":
			r.Passed++
		case "skip":
			r.Skipped++
			r.skip(name, t)
		default: // failed, or its process ended under it
			failed++
		}
	}
	whole := p.names[""]
	if failed == 0 && whole.result != "fail" {
		for line := range strings.Lines(whole.output.String()) {
			if line != "PASS\n" {
				fmt.Fprint(r.out, line)
			}
		}
		return
	}
	r.Failed += max(failed, 1)
	for _, t := range p.tests {
		if t != whole {
			fmt.Fprint(r.out, framing.ReplaceAllString(t.output.String(), ""))
			if t.result == "" {
				fmt.Fprintf(r.out, "--- FAIL: %s began and never ended\n", t.name)
			}
		}
	}
	fmt.Fprint(r.out, whole.output.String())
	if whole.result != "fail" {
		fmt.Fprintf(r.out, "FAIL\t%s\n", path)
	}
}

func (r *report) skip(name string, t *test) {
	reason := strings.Join(strings.Fields(framing.ReplaceAllString(t.output.String(), "")), " ")
	if reason == "" {
		reason = "without a word"
	}
	r.skipped = append(r.skipped, skipped{test: name, reason: reason})
}

// finish prints the skips and the sums, and keeps the verdict in a folder.
func (r *report) finish(folder string) error {
	for path, p := range r.pkgs { // go test was killed
		if p.names[""] == nil {
			p.names[""] = &test{}
		}
		p.names[""].result = "fail"
		fmt.Fprintf(&p.names[""].output, "FAIL\t%s never ended\n", path)
		r.end(path, p)
	}
	bad := 0
	for i := range r.skipped {
		s := &r.skipped[i]
		index, why := allow(r.list, r.facts, s.test)
		if s.wrong = why; why != "" {
			bad++
			continue
		}
		s.line = r.list[index].Line
		if !slices.Contains(r.Used, s.line) {
			r.Used = append(r.Used, s.line)
		}
	}
	for _, s := range r.skipped {
		if s.wrong != "" {
			fmt.Fprintf(r.out, "SKIP NOT ALLOWED %s: %s\n\t%s\n", s.test, s.reason, s.wrong)
		} else {
			fmt.Fprintf(r.out, "skipped, as line %d allows: %s: %s\n", s.line, s.test, s.reason)
		}
	}
	r.Failed += bad
	fmt.Fprintf(r.out, "%s: %d passed, %d failed, %d skipped\n", r.Run, r.Passed, r.Failed, r.Skipped)
	if folder != "" {
		text, err := json.Marshal(r.verdict)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, r.Run+".json"), text, 0o644); err != nil {
			return err
		}
	}
	switch {
	case r.Failed > 0:
		return errFailed
	case r.Passed == 0:
		fmt.Fprintf(r.out, "%s: no test ran at all\n", r.Run)
		return errFailed
	}
	return nil
}
