package process_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A lineOf is one line of the list of multiprocessing's behaviours that this package is
// measured by. The tests of a line bear its number: a case of the conformance suite in its
// name, any other test in its comment.
type lineOf struct {
	what string
	live string // why there are live tests alone
	none string // why there is none
}

// suiteLines are sections 3 (processes), 6 (locks), 7 (shared memory) and 8 (managers)
// of that list.
var suiteLines = map[string]lineOf{
	"PR-1":  {what: "the argument group", none: "there is no such argument: Python has reserved it for what never came"},
	"PR-2":  {what: "names and identities"},
	"PR-3":  {what: "daemon"},
	"PR-4":  {what: "start, and who may"},
	"PR-5":  {what: "before start"},
	"PR-6":  {what: "join"},
	"PR-7":  {what: "exit codes"},
	"PR-8":  {what: "terminate, kill, interrupt"},
	"PR-9":  {what: "close"},
	"PR-10": {what: "sentinel"},
	"PR-11": {what: "repr"},
	"PR-12": {what: "current, parent, active children"},
	"PR-13": {what: "the parent as its child sees it"},
	"PR-14": {what: "authkey"},
	"PR-15": {what: "descriptors, stdin, directory, environment", live: "an emulated process has none of its own"},
	"PR-16": {what: "broken output", live: "an emulated process has no output of its own"},
	"PR-17": {what: "threads are waited for"},
	"PR-18": {what: "arguments"},
	"PR-19": {what: "start does not wait"},
	"PR-20": {what: "join by many"},
	"PR-21": {what: "run overridden", live: "the method is a function like any other, once it is defined"},
	"PR-22": {what: "many starts"},
	"PR-23": {what: "what a child is told", live: "an emulated process is told nothing: it is this program"},
	"3.1":   {what: "what becomes of children when their parent ends"},
	"LK-1":  {what: "acquire, release, locked"},
	"LK-2":  {what: "anybody may release"},
	"LK-3":  {what: "its owner blocks too"},
	"LK-4":  {what: "repr"},
	"LK-5":  {what: "reentrant lock"},
	"LK-6":  {what: "the owner is killed"},
	"SM-1":  {what: "semaphore"},
	"SM-2":  {what: "bounded semaphore"},
	"CO-1":  {what: "wait"},
	"CO-2":  {what: "notify"},
	"CO-3":  {what: "wait for"},
	"CO-4":  {what: "a waiter is killed"},
	"EV-1":  {what: "event"},
	"EV-2":  {what: "set and cleared at once"},
	"EV-3":  {what: "set never blocks"},
	"BA-1":  {what: "barrier"},
	"BA-2":  {what: "a broken barrier"},
	"BA-3":  {what: "rounds"},
	"VA-1":  {what: "type codes", none: "a value has a Go type, and no code that names one"},
	"VA-2":  {what: "value"},
	"VA-3":  {what: "adding loses nothing"},
	"VA-4":  {what: "integers wrap"},
	"VA-5":  {what: "array"},
	"VA-6":  {what: "the heap of arenas", none: "each object lies in memory of its own: nothing is allocated from it, merged or returned"},
	"VA-7":  {what: "structures"},
	"SH-1":  {what: "misuse"},
	"SH-2":  {what: "names"},
	"SH-3":  {what: "buf, close, unlink"},
	"SH-4":  {what: "travels by name"},
	"SH-5":  {what: "the resource tracker", none: "there is no tracker: what has no name cannot be left behind, and SH-6 is what has one"},
	"SH-6":  {what: "who attaches destroys nothing"},
	"SH-7":  {what: "others see writes"},
	"SL-1":  {what: "items and layout"},
	"SL-2":  {what: "misuse"},
	"SL-3":  {what: "damaged texts", live: "it is about bytes, which are the same"},
	"SL-4":  {what: "no lock"},
	"SL-5":  {what: "a manager of shared memory"},
	"MA-1":  {what: "a manager ignores interrupts"},
	"MA-2":  {what: "start and shutdown"},
	"MA-3":  {what: "register", none: "the kinds of objects are fixed: what a program adds runs in a process that it defines"},
	"MA-4":  {what: "shutdown is patient, then not", live: "an emulated manager cannot be stopped"},
	"MA-5":  {what: "errors are the caller's"},
	"MA-6":  {what: "the kinds"},
	"MA-7":  {what: "their methods"},
	"MA-8":  {what: "copies, and proxies in proxies"},
	"MA-9":  {what: "proxies"},
	"MA-10": {what: "several clients"},
	"MA-11": {what: "the server died"},
}

var lineNumber = regexp.MustCompile(`\b(?:(?:PR|LK|SM|CO|EV|BA|VA|SH|SL|MA)-\d+|3\.1)\b`)

// numbered returns the tests of this folder, and those of each line.
func numbered(t *testing.T) (all map[string]bool, of map[string][]string) {
	all, of = map[string]bool{}, map[string][]string{}
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	add := func(name, text string) {
		all[name] = true
		for _, line := range lineNumber.FindAllString(text, -1) {
			of[line] = append(of[line], name)
		}
	}
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		require.NoError(t, err)
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if regexp.MustCompile(`^(Test|Benchmark|Example)`).MatchString(n.Name.Name) {
					add(n.Name.Name, n.Doc.Text())
				}
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == "name" {
					if name, ok := n.Value.(*ast.BasicLit); ok && name.Kind == token.STRING {
						text := strings.Trim(name.Value, `"`)
						add(text, text)
					}
				}
			}
			return true
		})
	}
	return all, of
}

var suiteCaseName = regexp.MustCompile(`^(?:[A-Z]{2}-\d|3\.1|pain )`)

// inSuite reports whether a test is, or has, one that runs in virtual worlds.
func inSuite(test string) bool {
	return suiteCaseName.MatchString(test) || strings.HasPrefix(test, "TestVirtual")
}

// Every line has tests, in all worlds, or a reason.
func TestLines(t *testing.T) {
	_, of := numbered(t)
	for line, l := range suiteLines {
		tests := of[line]
		if l.none != "" {
			assert.Empty(t, tests, "%s, %s: it has tests; why does it say that there are none?", line, l.what)
			continue
		}
		assert.NotEmpty(t, tests, "%s, %s: no test bears its number", line, l.what)
		assert.NotEqual(t, slices.ContainsFunc(tests, inSuite), l.live != "",
			"%s, %s: it is shown live only, or it is not; say why: %q", line, l.what, tests)
	}
	for line, tests := range of {
		assert.Contains(t, suiteLines, line, "%q", tests)
	}
}
