package lint

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strings"
)

// How long a source file and a test file may get.
const (
	maxLines     = 500
	maxTestLines = 800
)

// idle are names that say nothing about what is inside.
var idle = []string{"util", "utils", "common", "helper", "helpers", "types"}

// top is everything the top of the repository holds.
var top = []string{
	"gil/", "pool/", "process/", "queue/", "pipe/", "examples/", "internal/", ".ci/",
	"go.mod", "go.sum", "README.md", ".gitignore",
}

func names(t *Tree) []Finding {
	var out []Finding
	seen := map[string]bool{}
	for _, f := range t.Files {
		if inTestdata(f.Path) {
			continue
		}
		for dir := f.Dir(); dir != "." && !seen[dir]; dir = path.Dir(dir) {
			seen[dir] = true
			if word := idleWord(path.Base(dir)); word != "" {
				out = append(out, Finding{"names", dir, 0, fmt.Sprintf("a folder called %s: name it after what it holds", word)})
			}
		}
		if word := idleWord(strings.TrimSuffix(path.Base(f.Path), path.Ext(f.Path))); word != "" {
			out = append(out, Finding{"names", f.Path, 0, fmt.Sprintf("a file called %s: name it after what it holds", word)})
		}
		if f.AST != nil {
			if word := idleWord(f.AST.Name.Name); word != "" {
				out = append(out, Finding{"names", f.Path, t.line(f.AST.Name.Pos()), fmt.Sprintf("a package called %s: name it after what it holds", word)})
			}
		}
	}
	return out
}

// idleWord returns the word of a name that says nothing, or "". The name thread_helpers_linux has
// one.
func idleWord(name string) string {
	for word := range strings.FieldsFuncSeq(strings.ToLower(name), func(r rune) bool { return r == '_' || r == '-' || r == '.' }) {
		if slices.Contains(idle, word) {
			return word
		}
	}
	return ""
}

func sizes(t *Tree) []Finding {
	var out []Finding
	for _, f := range t.Files {
		limit := maxLines
		switch {
		case inTestdata(f.Path), f.Path == ".ci/api.txt", f.AST != nil && ast.IsGenerated(f.AST):
			continue // what a command has written is not read as a whole
		case f.IsTest():
			limit = maxTestLines
		case f.AST == nil && path.Ext(f.Path) != ".py" && f.Dir() != ".ci":
			continue
		}
		if n := f.Lines(); n > limit {
			out = append(out, Finding{"sizes", f.Path, 0, fmt.Sprintf("%d lines, and %d are the limit: split it by concept", n, limit)})
		}
	}
	return out
}

func inTestdata(name string) bool {
	return slices.Contains(strings.Split(name, "/"), "testdata")
}

func toplevel(t *Tree) []Finding {
	var out []Finding
	for _, name := range t.Top {
		if !slices.Contains(top, name) {
			out = append(out, Finding{"toplevel", name, 0, "does not belong at the top of the repository, which is fixed"})
		}
	}
	return out
}
