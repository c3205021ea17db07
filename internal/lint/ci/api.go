package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/doc"
	"go/parser"
	"go/printer"
	"go/token"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// public are the folders whose packages others may import.
var public = []string{"gil", "pipe", "pool", "process", "queue"}

// api prints what the packages below the folder export, a declaration a line, as
// linux/amd64 builds them: "pkg gil, func NewVar[T any](name string, v T) *Var[T]".
// A change of what others compile against is a change of a line.
func api(dir string, out io.Writer) error {
	var lines []string
	for _, top := range public {
		err := filepath.WalkDir(filepath.Join(dir, top), func(name string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return err
			}
			if d.Name() == "testdata" || d.Name() == "internal" {
				return fs.SkipDir
			}
			rel, err := filepath.Rel(dir, name)
			if err != nil {
				return err
			}
			found, err := exports(name, filepath.ToSlash(rel))
			lines = append(lines, found...)
			return err
		})
		if err != nil {
			return err
		}
	}
	slices.Sort(lines)
	_, err := io.WriteString(out, strings.Join(slices.Compact(lines), "\n")+"\n")
	return err
}

// exports are the lines of the package in a folder, none if there is none.
func exports(dir, name string) ([]string, error) {
	fset := token.NewFileSet()
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") || !built(e.Name()) {
			continue
		}
		f, err := parser.ParseFile(fset, filepath.Join(dir, e.Name()), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		if !forUnix(f) {
			continue
		}
		files = append(files, f)
	}
	if len(files) == 0 {
		return nil, nil
	}
	p, err := doc.NewFromFiles(fset, files, path.Join("x", name), doc.PreserveAST)
	if err != nil {
		return nil, err
	}
	w := writer{fset: fset, prefix: "pkg " + name + ", "}
	w.values(p.Consts)
	w.values(p.Vars)
	w.funcs(p.Funcs)
	for _, t := range p.Types {
		w.typ(t)
	}
	return w.lines, nil
}

// built reports whether a file's name lets linux/amd64 have it.
func built(name string) bool {
	words := strings.Split(strings.TrimSuffix(name, ".go"), "_")
	last := words[len(words)-1]
	return len(words) == 1 || !slices.Contains([]string{"windows", "darwin", "386", "arm64", "freebsd"}, last)
}

// forUnix reports whether a file's constraint lets linux/amd64 without the race detector have it.
func forUnix(f *ast.File) bool {
	for _, group := range f.Comments {
		if group.Pos() > f.Package {
			break
		}
		for _, c := range group.List {
			if expr, err := constraint.Parse(c.Text); err == nil {
				return expr.Eval(func(tag string) bool {
					return slices.Contains([]string{"linux", "unix", "amd64", "gc"}, tag) || strings.HasPrefix(tag, "go1.")
				})
			}
		}
	}
	return true
}

// writer collects lines.
type writer struct {
	fset   *token.FileSet
	prefix string
	lines  []string
}

// add adds a declaration, on one line.
func (w *writer) add(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	w.lines = append(w.lines, w.prefix+strings.Join(strings.Fields(text), " "))
}

// code is a piece of the program without its comments.
func (w *writer) code(node any) string {
	var b bytes.Buffer
	if err := printer.Fprint(&b, w.fset, node); err != nil {
		return err.Error()
	}
	return b.String()
}

// values adds constants and variables.
func (w *writer) values(all []*doc.Value) {
	for _, v := range all {
		for _, s := range v.Decl.Specs {
			spec, ok := s.(*ast.ValueSpec)
			if !ok {
				continue
			}
			for _, n := range spec.Names {
				if !n.IsExported() {
					continue
				}
				typ := ""
				if spec.Type != nil {
					typ = " " + w.code(spec.Type)
				}
				w.add("%v %s%s", v.Decl.Tok, n.Name, typ)
			}
		}
	}
}

// funcs adds functions and methods.
func (w *writer) funcs(all []*doc.Func) {
	for _, f := range all {
		decl := *f.Decl
		decl.Doc, decl.Body = nil, nil
		w.add("%s", w.code(&decl))
	}
}

// typ adds a type: its name and kind, then each exported field, method and function.
func (w *writer) typ(t *doc.Type) {
	for _, s := range t.Decl.Specs {
		spec, ok := s.(*ast.TypeSpec)
		if !ok || spec.Name.Name != t.Name {
			continue
		}
		name := "type " + t.Name
		if spec.TypeParams != nil {
			var params []string
			for _, f := range spec.TypeParams.List {
				for _, n := range f.Names {
					params = append(params, n.Name+" "+w.code(f.Type))
				}
			}
			name += "[" + strings.Join(params, ", ") + "]"
		}
		switch typ := spec.Type.(type) {
		case *ast.StructType:
			w.add("%s struct", name)
			w.fields(name+" struct, ", typ.Fields, true)
		case *ast.InterfaceType:
			w.add("%s interface", name)
			w.fields(name+" interface, ", typ.Methods, false)
		default:
			if spec.Assign.IsValid() {
				name += " ="
			}
			w.add("%s %s", name, w.code(spec.Type))
		}
	}
	w.values(t.Consts)
	w.values(t.Vars)
	w.funcs(t.Funcs)
	w.funcs(t.Methods)
}

// fields adds the exported fields of a struct or methods of an interface.
func (w *writer) fields(name string, list *ast.FieldList, isStruct bool) {
	for _, f := range list.List {
		typ := w.code(f.Type)
		if len(f.Names) == 0 {
			w.add("%sembedded %s", name, typ)
		}
		for _, n := range f.Names {
			switch {
			case !n.IsExported():
			case isStruct:
				w.add("%s%s %s", name, n.Name, typ)
			default:
				w.add("%s%s%s", name, n.Name, strings.TrimPrefix(typ, "func"))
			}
		}
	}
}
