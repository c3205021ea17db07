package lint

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/token"
	"regexp"
	"strings"
)

// docs wants a comment on every package and on everything a package exports, in the code of every
// system. A comment above a group of constants, variables, fields or methods speaks for the whole
// group, and the comment of a type for the members it names.
//
// Inside internal the members of types, the names of a const or var group, and methods that only
// make an error or a Stringer may do without: their readers have the code before them.
func docs(t *Tree) []Finding {
	var out []Finding
	for dir, files := range t.packages {
		var first *File
		documented := false
		for _, f := range files {
			if f.IsTest() {
				continue
			}
			if first == nil {
				first = f
			}
			documented = documented || says(f.AST.Doc)
			if f.AST.Name.Name != "main" {
				u := undocumented{tree: t, file: f, internal: isInternal(dir)}
				u.look()
				out = append(out, u.found...)
			}
		}
		if first != nil && !documented {
			out = append(out, Finding{"docs", dir, 0, fmt.Sprintf("package %s has no package comment", first.AST.Name.Name)})
		}
	}
	return out
}

// says reports whether a comment has text; directives such as go:build are none.
func says(c *ast.CommentGroup) bool { return c != nil && strings.TrimSpace(c.Text()) != "" }

// undocumented collects what one file exports without a word.
type undocumented struct {
	tree     *Tree
	file     *File
	internal bool
	found    []Finding
}

func (u *undocumented) report(n *ast.Ident, what string) {
	u.found = append(u.found, Finding{"docs", u.file.Path, u.tree.line(n.Pos()), fmt.Sprintf("exported %s %s has no doc comment", what, n.Name)})
}

func (u *undocumented) look() {
	for _, d := range u.file.AST.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if !d.Name.IsExported() || says(d.Doc) {
				continue
			}
			if d.Recv == nil {
				u.report(d.Name, "function")
			} else if receiver(d).IsExported() && !(u.internal && (d.Name.Name == "Error" || d.Name.Name == "String")) {
				u.report(d.Name, "method")
			}
		case *ast.GenDecl:
			switch d.Tok {
			case token.TYPE:
				u.types(d)
			case token.CONST, token.VAR:
				u.values(d)
			}
		}
	}
}

func (u *undocumented) types(d *ast.GenDecl) {
	for _, s := range d.Specs {
		s := s.(*ast.TypeSpec)
		if !s.Name.IsExported() {
			continue
		}
		comment := s.Doc
		if comment == nil && !d.Lparen.IsValid() {
			comment = d.Doc
		}
		if !says(comment) && !says(s.Comment) {
			u.report(s.Name, "type")
		}
		if !u.internal {
			u.members(s.Type, comment.Text())
		}
	}
}

// members looks at the fields of a struct and the methods of an interface; typeDoc is what is said
// about the type as a whole.
func (u *undocumented) members(typ ast.Expr, typeDoc string) {
	var list *ast.FieldList
	what := "field"
	switch typ := typ.(type) {
	case *ast.StructType:
		list = typ.Fields
	case *ast.InterfaceType:
		list, what = typ.Methods, "interface method"
	default:
		return
	}
	var section section
	for _, m := range list.List {
		covered := section.covers(u.tree, m.Doc, m)
		for _, n := range m.Names {
			if n.IsExported() && !covered && !says(m.Comment) && !mentions(typeDoc, n.Name) {
				u.report(n, what)
			}
		}
	}
}

// mentions reports whether a text has the word, in whatever case.
func mentions(text, word string) bool {
	return regexp.MustCompile(`(?i)\b` + regexp.QuoteMeta(word) + `\b`).MatchString(text)
}

func (u *undocumented) values(d *ast.GenDecl) {
	if says(d.Doc) || u.internal && d.Lparen.IsValid() {
		return
	}
	var section section
	for _, s := range d.Specs {
		s := s.(*ast.ValueSpec)
		covered := section.covers(u.tree, s.Doc, s)
		for _, n := range s.Names {
			if n.IsExported() && !covered && !says(s.Comment) {
				u.report(n, d.Tok.String())
			}
		}
	}
}

// A section follows a list of declarations: a comment above one speaks also for those on the lines
// right below it, up to an empty line or the next comment.
type section struct {
	said bool
	last int // the line on which the declaration before ends
}

func (s *section) covers(t *Tree, doc *ast.CommentGroup, n ast.Node) bool {
	s.said = says(doc) || s.said && t.line(n.Pos()) == s.last+1
	s.last = t.line(n.End())
	return s.said
}

// receiver is the name of a method's receiver type.
func receiver(d *ast.FuncDecl) *ast.Ident {
	e := d.Recv.List[0].Type
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.IndexListExpr:
			e = x.X
		case *ast.Ident:
			return x
		default:
			return &ast.Ident{} // does not compile
		}
	}
}

// examples wants, of every package somebody may import, one example whose output go test compares.
func examples(t *Tree) []Finding {
	var out []Finding
	for dir, files := range t.packages {
		var pkg *File
		var tests []*ast.File
		for _, f := range files {
			if f.IsTest() {
				tests = append(tests, f.AST)
			} else {
				pkg = f
			}
		}
		if pkg == nil || pkg.AST.Name.Name == "main" || within(dir, "examples") || isInternal(dir) {
			continue
		}
		runs := false
		for _, e := range doc.Examples(tests...) {
			runs = runs || e.Output != "" || e.EmptyOutput
		}
		if !runs {
			out = append(out, Finding{"examples", dir, 0, fmt.Sprintf("package %s has no Example with an Output comment", pkg.AST.Name.Name)})
		}
	}
	return out
}

// isInternal reports whether other modules cannot import the folder's package.
func isInternal(dir string) bool { return strings.Contains("/"+dir+"/", "/internal/") }
