package lint

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
)

// layers is the order in which the packages stand on each other. A package imports its own layer
// and the ones before it. An entry speaks for the packages below it too, except the entry "gil",
// whose sub-packages each have a place of their own.
var layers = [][]string{
	{"internal"},
	{"gil"},
	{"gil/threading", "gil/trace", "gil/explore", "gil/asyncio"},
	{"gil/giltest", "pipe", "process"},
	{"queue"},
	{"pool"},
	{"examples"},
}

// conformance holds suites that several packages run. It may import upwards, and for that very
// reason only tests may import it.
const conformance = "internal/conformance"

// gilFiles are the files through which pipe and process know the GIL: their virtual backends, and
// what turns a function into a target. Everything else in there finds a hook in its context.
var gilFiles = []string{"pipe/virtual.go", "process/virtual.go", "process/define.go", "process/main.go"}

// layerOf returns the layer of a package of this module, or -1.
func layerOf(pkg string) int {
	for i, layer := range layers {
		for _, entry := range layer {
			if pkg == entry || entry != "gil" && within(pkg, entry) {
				return i
			}
		}
	}
	return -1
}

// within reports whether a package is entry or lies below it.
func within(pkg, entry string) bool {
	return pkg == entry || strings.HasPrefix(pkg, entry+"/")
}

func imports(t *Tree) []Finding {
	var out []Finding
	for f := range t.sources {
		if layerOf(f.Dir()) < 0 {
			out = append(out, Finding{"imports", f.Path, 0, fmt.Sprintf("package %s has no place in the import order", f.Dir())})
			continue
		}
		for imported, line := range t.imports(f) {
			wrong := foreignWrong(f, imported)
			if pkg, ok := t.local(imported); ok {
				wrong = localWrong(f, pkg)
			}
			if wrong != "" {
				out = append(out, Finding{"imports", f.Path, line, wrong})
			}
		}
	}
	return out
}

// localWrong says what is wrong with a file's import of a package of this module.
func localWrong(f *File, pkg string) string {
	from := f.Dir()
	switch {
	case within(from, conformance):
		return ""
	case f.IsExternalTest():
		return "" // nobody imports it, so it closes no circle: it may use whatever stands above
	case layerOf(pkg) > layerOf(from):
		return fmt.Sprintf("%s must not import %s, which stands above it", from, pkg)
	case f.IsTest():
		return ""
	case within(pkg, conformance):
		return fmt.Sprintf("%s imports upwards: only tests may import it", pkg)
	case within(pkg, "gil") && (within(from, "pipe") || within(from, "process")) && !slices.Contains(gilFiles, f.Path):
		return fmt.Sprintf("%s is for %s: elsewhere use the hook of the context", pkg, strings.Join(gilFiles, ", "))
	}
	return ""
}

// foreignWrong says what is wrong with a file's import of somebody else's package.
func foreignWrong(f *File, pkg string) string {
	switch {
	case f.IsTest():
		return ""
	case within(pkg, "testing") && !mayImportTesting(f):
		return fmt.Sprintf("%s is for tests, gil/giltest, internal/conformance and process.TestMain", pkg)
	case pkg == "flag" && within(f.Dir(), "gil/explore"):
		return "gil/explore is an engine: flags belong to gil/giltest"
	}
	return ""
}

// mayImportTesting reports whether a file that is no test may import package testing.
func mayImportTesting(f *File) bool {
	dir := f.Dir()
	if within(dir, "gil/giltest") || within(dir, conformance) {
		return true
	}
	return dir == "process" && slices.ContainsFunc(f.AST.Decls, func(d ast.Decl) bool {
		fn, ok := d.(*ast.FuncDecl)
		return ok && fn.Recv == nil && fn.Name.Name == "TestMain"
	})
}

func atomics(t *Tree) []Finding {
	var out []Finding
	for f := range t.sources {
		seen := map[string]int{}
		for im, line := range t.imports(f) {
			seen[im] = line
		}
		if line := seen["sync/atomic"]; line != 0 && seen["go.uber.org/atomic"] != 0 {
			out = append(out, Finding{"atomics", f.Path, line, "sync/atomic and go.uber.org/atomic in one file: choose one"})
		}
	}
	return out
}
