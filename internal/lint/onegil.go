package lint

import (
	"fmt"
	"go/ast"
	"slices"
)

// gilMaker is the file in which a GIL is made, gilCaller the one that has it made for an
// interpreter, and gilMovers are those in which it changes hands.
var (
	gilMaker  = "gil/gil.go"
	gilCaller = "gil/interpreter.go"
	gilMovers = []string{"gil/gil_take.go", "gil/gil_drop.go"}
)

// oneGIL holds the library to one mechanism: a type GIL in package gil, made in one place, taken
// and given up in two files. Whatever else wants to keep threads from each other uses that one.
func oneGIL(t *Tree) []Finding {
	var out []Finding
	for f := range t.sources {
		if f.IsTest() {
			continue
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			if n != nil {
				for _, wrong := range gilWrong(f, n) {
					out = append(out, Finding{"onegil", f.Path, t.line(n.Pos()), wrong})
				}
			}
			return true
		})
	}
	return out
}

// gilWrong says what is wrong with a node, its children apart.
func gilWrong(f *File, n ast.Node) (wrong []string) {
	add := func(format string, a ...any) { wrong = append(wrong, fmt.Sprintf(format, a...)) }
	makes := func(e ast.Expr) {
		if f.Path != gilMaker && isGIL(f, e) {
			add("a GIL is made in %s only: ask for one with NewGIL or New", gilMaker)
		}
	}
	switch n := n.(type) {
	case *ast.TypeSpec:
		if n.Name.Name == "GIL" && f.Path != gilMaker {
			add("a second type GIL: there is one, in %s", gilMaker)
		}
		makes(n.Type)
	case *ast.CompositeLit:
		makes(n.Type)
	case *ast.ValueSpec:
		makes(n.Type)
	case *ast.Field:
		makes(n.Type)
	case *ast.ArrayType:
		makes(n.Elt)
	case *ast.MapType:
		makes(n.Value)
	case *ast.CallExpr:
		name, ok := n.Fun.(*ast.Ident)
		switch {
		case ok && name.Name == "new" && len(n.Args) == 1:
			makes(n.Args[0])
		case ok && name.Name == "newGIL" && f.Dir() == "gil" && f.Path != gilCaller:
			add("newGIL is for %s: elsewhere use the interpreter's", gilCaller)
		}
	case *ast.AssignStmt:
		for _, left := range n.Lhs {
			s, ok := left.(*ast.SelectorExpr)
			if ok && s.Sel.Name == "holder" && f.Dir() == "gil" && !slices.Contains(gilMovers, f.Path) {
				add("the GIL changes hands in %s and %s only", gilMovers[0], gilMovers[1])
			}
		}
	}
	return wrong
}

// isGIL reports whether an expression is the type GIL itself and not a pointer to it.
func isGIL(f *File, e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name == "GIL" && f.Dir() == "gil"
	case *ast.SelectorExpr:
		pkg, ok := e.X.(*ast.Ident)
		return ok && pkg.Name == "gil" && e.Sel.Name == "GIL"
	}
	return false
}
