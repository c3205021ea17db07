package lint

import (
	"go/ast"
	"path"
	"strconv"
	"strings"
)

// testmain wants of every folder with tests a TestMain that looks for goroutines left behind,
// through goleak or through process.TestMain, which re-executed children need.
func testmain(t *Tree) []Finding {
	var out []Finding
	for dir, files := range t.packages {
		tested, guarded := false, false
		for _, f := range files {
			if !f.IsTest() {
				continue
			}
			for _, d := range f.AST.Decls {
				fn, ok := d.(*ast.FuncDecl)
				if !ok || fn.Recv != nil {
					continue
				}
				if fn.Name.Name == "TestMain" {
					guarded = guarded || findsLeaks(t, f, fn)
				}
				tested = tested || isTest(fn.Name.Name)
			}
		}
		if tested && !guarded {
			out = append(out, Finding{"testmain", dir, 0, "has tests, but no TestMain that calls goleak or process.TestMain"})
		}
	}
	return out
}

// isTest reports whether the name is one that go test looks for.
func isTest(name string) bool {
	for _, prefix := range []string{"Test", "Fuzz", "Example", "Benchmark"} {
		if strings.HasPrefix(name, prefix) && name != "TestMain" {
			return true
		}
	}
	return false
}

// findsLeaks reports whether a TestMain uses goleak.VerifyTestMain, goleak.Find or
// process.TestMain, under whatever names the packages are imported.
func findsLeaks(t *Tree, f *File, fn *ast.FuncDecl) bool {
	calls := map[string]bool{}
	for _, s := range f.AST.Imports {
		p, _ := strconv.Unquote(s.Path.Value)
		name := path.Base(p)
		if s.Name != nil {
			name = s.Name.Name
		}
		switch p {
		case "go.uber.org/goleak":
			calls[name+".VerifyTestMain"], calls[name+".Find"] = true, true
		case t.Module + "/process":
			calls[name+".TestMain"] = true
		}
	}
	if f.Dir() == "process" && !f.IsExternalTest() {
		calls[".TestMain"] = true
	}
	found := false
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok {
				found = found || calls[x.Name+"."+n.Sel.Name]
			}
		case *ast.Ident:
			found = found || calls["."+n.Name]
		}
		return true
	})
	return found
}
