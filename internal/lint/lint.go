package lint

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
)

// A Finding is one place where a rule is broken.
type Finding struct {
	Rule string // the name of the rule
	Path string // from the top of the tree
	Line int    // 0 when the whole file or folder is meant
	Text string // what is wrong, and the way out
}

// String is the finding as a compiler would print it.
func (f Finding) String() string {
	if f.Line == 0 {
		return fmt.Sprintf("%s: %s (%s)", f.Path, f.Text, f.Rule)
	}
	return fmt.Sprintf("%s:%d: %s (%s)", f.Path, f.Line, f.Text, f.Rule)
}

// A Rule looks at a whole tree.
type Rule struct {
	Name  string
	Check func(*Tree) []Finding
}

// Rules lists every rule, in the order of the package comment.
func Rules() []Rule {
	return []Rule{
		{"imports", imports},
		{"onegil", oneGIL},
		{"atomics", atomics},
		{"names", names},
		{"sizes", sizes},
		{"toplevel", toplevel},
		{"docs", docs},
		{"examples", examples},
		{"testmain", testmain},
		{"places", places},
	}
}

// An Exception excuses one file or folder from one rule.
type Exception struct {
	Rule, Path, Reason string
}

//go:embed exceptions.txt
var exceptionsText string

// Exceptions are the lines of exceptions.txt.
func Exceptions() ([]Exception, error) { return parseExceptions(exceptionsText) }

func parseExceptions(text string) ([]Exception, error) {
	var list []Exception
	n := 0
	for line := range strings.Lines(text) {
		n++
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		fields := strings.SplitN(line, "|", 3)
		for i := range fields {
			fields[i] = strings.TrimSpace(fields[i])
		}
		if len(fields) != 3 || slices.Contains(fields, "") {
			return nil, fmt.Errorf("lint: exceptions.txt:%d: want “rule | path | reason”, have %q", n, line)
		}
		if !slices.ContainsFunc(Rules(), func(r Rule) bool { return r.Name == fields[0] }) {
			return nil, fmt.Errorf("lint: exceptions.txt:%d: no rule is called %q", n, fields[0])
		}
		list = append(list, Exception{fields[0], fields[1], fields[2]})
	}
	return list, nil
}

// Check runs the rules over a tree and returns what the exceptions do not excuse, and each
// exception that excused nothing.
func Check(t *Tree, rules []Rule, exceptions []Exception) []Finding {
	var out []Finding
	used := make([]bool, len(exceptions))
	for _, r := range rules {
		for _, f := range r.Check(t) {
			i := slices.IndexFunc(exceptions, func(e Exception) bool { return e.Rule == f.Rule && e.Path == f.Path })
			if i < 0 {
				out = append(out, f)
				continue
			}
			used[i] = true
		}
	}
	for i, e := range exceptions {
		if !used[i] {
			out = append(out, Finding{e.Rule, e.Path, 0, "excused in exceptions.txt, but nothing is wrong any more: remove the line"})
		}
	}
	return out
}
