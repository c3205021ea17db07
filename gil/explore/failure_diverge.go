package explore

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/pygil/pygil/internal/site"
)

// diverge finds out where a program that is not deterministic does different
// things in the same schedule, and what in its source may be the cause.
func (f *Failure) diverge(r *runner) {
	const tries = 20
	var base *account
	for range tries {
		a, _, _ := record(r.prog, r.conf, newApplier(f.Schedule))
		if base == nil {
			base = a
			continue
		}
		if n, text, sites := differ(base, a); n >= 0 {
			f.Explanation = append(f.Explanation, text)
			if cs := culprits(sites); len(cs) > 0 {
				f.Explanation = append(f.Explanation, "possible causes near there: "+strings.Join(cs, ", "))
			}
			break
		}
	}
	f.Explanation = append(f.Explanation,
		"what an explored program does may depend on the schedule only: not on the order of a map, the time, random numbers, "+
			"other goroutines, select, or what an earlier run has left in a variable outside the program")
}

// differ finds the first operation that differs in two accounts: -1 for none.
func differ(a, b *account) (n int, text string, sites []uintptr) {
	for n = range max(len(a.steps), len(b.steps)) {
		switch {
		case n >= len(a.steps) || n >= len(b.steps):
			longer, s := "second", &happening{}
			if n < len(a.steps) {
				longer, s = "first", &a.steps[n]
				text = a.say(s)
			} else {
				s = &b.steps[n]
				text = b.say(s)
			}
			return n, fmt.Sprintf("operation %d is the last of one run, and in the %s %s", n, longer, text), []uintptr{s.site}
		case !a.steps[n].equal(&b.steps[n]):
			x, y := &a.steps[n], &b.steps[n]
			return n, fmt.Sprintf("operation %d: in one run %s, in another %s", n+1, a.say(x), b.say(y)), []uintptr{x.site, y.site}
		}
	}
	return -1, "", nil
}

// say is an operation with its thread and place.
func (a *account) say(s *happening) string {
	return a.actors[s.actor].name + " " + s.past() + at(s.site)
}

func (s *happening) equal(o *happening) bool {
	if s.actor != o.actor || s.kind != o.kind || s.site != o.site || s.obj.title() != o.obj.title() || len(s.values) != len(o.values) {
		return false
	}
	return slices.Equal(s.values, o.values)
}

// culprits looks at the functions that the sites are in for what makes programs
// nondeterministic.
func culprits(sites []uintptr) []string {
	var out []string
	for _, pc := range sites {
		f, ok := site.User(pc)
		if !ok {
			continue
		}
		for _, c := range suspects(f) {
			if !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	return out
}

// suspects parses the file of a frame and looks through the outermost function
// around its line. Without the source there is nothing to say.
func suspects(f runtime.Frame) []string {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, f.File, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil
	}
	var out []string
	add := func(what string, n ast.Node) {
		out = append(out, fmt.Sprintf("%s at %s:%d", what, filepath.Base(f.File), set.Position(n.Pos()).Line))
	}
	for _, d := range file.Decls {
		if from, to := set.Position(d.Pos()).Line, set.Position(d.End()).Line; f.Line < from || f.Line > to {
			continue
		}
		maps := make(map[string]bool)
		ast.Inspect(d, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectStmt:
				add("select", n)
			case *ast.GoStmt:
				add("a goroutine", n)
			case *ast.AssignStmt:
				for i, rhs := range n.Rhs {
					if i < len(n.Lhs) && isMap(rhs) {
						if id, ok := n.Lhs[i].(*ast.Ident); ok {
							maps[id.Name] = true
						}
					}
				}
			case *ast.RangeStmt:
				if id, ok := n.X.(*ast.Ident); isMap(n.X) || ok && maps[id.Name] {
					add("the order of a map", n)
				}
			case *ast.SelectorExpr:
				if pkg, ok := n.X.(*ast.Ident); ok {
					switch {
					case pkg.Name == "rand":
						add("random numbers", n)
					case pkg.Name == "time" && (n.Sel.Name == "Now" || n.Sel.Name == "Since"):
						add("the time", n)
					}
				}
			}
			return true
		})
	}
	return out
}

func isMap(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.CompositeLit:
		_, ok := e.Type.(*ast.MapType)
		return ok
	case *ast.CallExpr:
		if id, ok := e.Fun.(*ast.Ident); ok && id.Name == "make" && len(e.Args) > 0 {
			_, ok := e.Args[0].(*ast.MapType)
			return ok
		}
	}
	return false
}
