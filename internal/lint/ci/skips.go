package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// facts is what is true of one test run: words such as linux, python, python3.12, short.
type facts map[string]bool

// known lists the words facts are made of, so that a misspelt condition is noticed.
var known = regexp.MustCompile(`^(linux|root|cgo|chromium|python|python\d\.\d+t?|short|race|386|soak)$`)

func parseFacts(text string) (facts, error) {
	f := facts{}
	for word := range strings.FieldsSeq(text) {
		if !known.MatchString(word) {
			return nil, fmt.Errorf("%q is no fact a skip can depend on", word)
		}
		f[word] = true
	}
	return f, nil
}

// lacks returns the first condition that does not hold, or "". A condition is a word that must be
// true, or no- and a word that must not.
func (f facts) lacks(conditions []string) string {
	for _, c := range conditions {
		word, negated := strings.CutPrefix(c, "no-")
		if f[word] == negated {
			return c
		}
	}
	return ""
}

// A skip is a line of the list: under these conditions the tests of that name may skip.
type skip struct {
	Line       int
	Conditions []string
	Test       *regexp.Regexp // of the whole folder/TestName/subtest
	Reason     string
}

func (s skip) String() string {
	return fmt.Sprintf("line %d, %s (%s)", s.Line, strings.Join(s.Conditions, " "), s.Reason)
}

func readSkips(file string) ([]skip, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	list, err := parseSkips(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s:%w", file, err)
	}
	return list, nil
}

func parseSkips(text string) ([]skip, error) {
	var list []skip
	n := 0
	for line := range strings.Lines(text) {
		n++
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		// A regular expression may hold a bar, but not one between spaces.
		fields := strings.SplitN(line, " | ", 3)
		for i := range fields {
			fields[i] = strings.TrimSpace(fields[i])
		}
		if len(fields) != 3 || slices.Contains(fields, "") {
			return nil, fmt.Errorf("%d: want “conditions | folder/Test | reason”, have %q", n, line)
		}
		s := skip{Line: n, Conditions: strings.Fields(fields[0]), Reason: fields[2]}
		for _, c := range s.Conditions {
			if !known.MatchString(strings.TrimPrefix(c, "no-")) {
				return nil, fmt.Errorf("%d: nothing knows the condition %q", n, c)
			}
		}
		var err error
		if s.Test, err = regexp.Compile(`^(?:` + fields[1] + `)$`); err != nil {
			return nil, fmt.Errorf("%d: %w", n, err)
		}
		list = append(list, s)
	}
	return list, nil
}

// allow finds the line that lets a test skip. When there is none it says why: no line names the
// test, or the ones that do have conditions that do not hold.
func allow(list []skip, f facts, test string) (index int, why string) {
	why = "no line of the list names it"
	for i, s := range list {
		if !s.Test.MatchString(test) {
			continue
		}
		lacking := f.lacks(s.Conditions)
		if lacking == "" {
			return i, ""
		}
		why = fmt.Sprintf("line %d of the list allows it with %s only, and that does not hold here", s.Line, lacking)
	}
	return -1, why
}
