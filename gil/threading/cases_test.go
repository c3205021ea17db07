package threading_test

import (
	_ "embed"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

//go:embed testdata/lock_tests.txt
var casesText string

//go:embed testdata/cases.py
var casesScript string

// TestEveryCaseHasACounterpart holds testdata/lock_tests.txt against the suite and
// against the cases of the Pythons on this machine: none of theirs is missing, and
// each counterpart exists.
func TestEveryCaseHasACounterpart(t *testing.T) {
	ours := map[string]bool{}
	for _, c := range slices.Concat(lockSuite(), rlockSuite(), conditionAsLockSuite(), conditionSuite(), eventSuite(),
		semaphoreSuite(), boundedSemaphoreSuite(), barrierCases(), timerCases(), localCases()) {
		ours[c.name] = true
	}
	for _, name := range testFunctions(t) {
		ours[name] = true
	}
	table := map[string]bool{}
	for line := range strings.Lines(casesText) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		theirs, rest, ok := strings.Cut(line, " ")
		require.True(t, ok, line)
		require.False(t, table[theirs], "twice: %s", theirs)
		table[theirs] = true
		names, counterpart := strings.CutPrefix(rest, "= ")
		if !counterpart {
			require.Regexp(t, "^- .{10,}", rest, line)
			continue
		}
		for name := range strings.SplitSeq(names, ", ") {
			if kind, every := strings.CutPrefix(name, "*/"); every {
				for _, lock := range []string{"Lock", "RLock", "Condition", "ConditionOfLock"} {
					require.True(t, ours[lock+"/"+kind], "%s: there is no case %s/%s", theirs, lock, kind)
				}
				continue
			}
			require.True(t, ours[name], "%s: there is no case %s", theirs, name)
		}
	}
	for _, version := range []string{"2.7", "3.6", "3.9", "3.12", "3.13", "3.14"} {
		python := findPython(version)
		if python == "" {
			continue
		}
		for theirs := range strings.FieldsSeq(runPython(t, python, casesScript)) {
			require.True(t, table[theirs], "%s of %s has no line in testdata/lock_tests.txt", theirs, version)
		}
	}
}

// testFunctions are the names of this package's tests.
func testFunctions(t *testing.T) (names []string) {
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file.Name(), nil, 0)
		require.NoError(t, err)
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && strings.HasPrefix(fn.Name.Name, "Test") {
				names = append(names, fn.Name.Name)
			}
		}
	}
	return names
}
