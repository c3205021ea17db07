package rows

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
)

// A Mention is a call of Check or CheckClaim in a test.
type Mention struct {
	Number int    // of the row; -3 for W3
	Test   string // the function that has the call
	File   string
}

// Named returns the checks that the test files of a folder make, in the order of
// the files. The row must be a literal number. With here, files that are not built
// for this computer do not count.
func Named(dir string, here bool) ([]Mention, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		return nil, err
	}
	var named []Mention
	for _, path := range files {
		if here && !built(dir, filepath.Base(path)) {
			continue
		}
		found, err := namedIn(path)
		if err != nil {
			return nil, err
		}
		named = append(named, found...)
	}
	return named, nil
}

func namedIn(path string) ([]Mention, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var named []Mention
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body == nil {
			continue
		}
		ast.Inspect(fn.Body, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 2 {
				return true
			}
			sign := 0
			switch callee(call) {
			case "rows.Check":
				sign = 1
			case "rows.CheckClaim":
				sign = -1
			default:
				return true
			}
			lit, ok := call.Args[1].(*ast.BasicLit)
			if !ok || lit.Kind != token.INT {
				err = fmt.Errorf("%v: give the row as a number, so that the index finds it", fset.Position(call.Pos()))
				return false
			}
			number, _ := strconv.Atoi(lit.Value)
			named = append(named, Mention{sign * number, fn.Name.Name, path})
			return true
		})
	}
	return named, err
}

// callee is the name of what is called, as package.Name.
func callee(call *ast.CallExpr) string {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	x, ok := sel.X.(*ast.Ident)
	if !ok {
		return ""
	}
	return x.Name + "." + sel.Sel.Name
}
