package lint

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strconv"
	"strings"
)

// A Tree is a repository as the rules see it: every file that is not ignored, the Go files among
// them parsed. Files for other systems are there too, whatever their build constraints say.
type Tree struct {
	Module string   // the module path of go.mod
	Top    []string // names at the top, folders with a slash behind
	Files  []*File  // sorted by path
	fset   *token.FileSet
}

// A File is one file of a [Tree].
type File struct {
	Path string // from the top of the tree, with slashes
	Data []byte
	AST  *ast.File // nil unless it is a Go file the go command would build somewhere
}

// Load reads a tree. It skips .git and what the .gitignore files name; a Go file that does not parse
// is an error.
func Load(fsys fs.FS) (*Tree, error) {
	tree := &Tree{fset: token.NewFileSet()}
	ignored := map[string][]string{} // folder → its patterns
	var broken []error
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && name != "." {
			return nil // gone since its folder was listed: a test's own file, an editor's
		}
		if err != nil {
			return err
		}
		if name == ".git" || name != "." && isIgnored(ignored, name, d.IsDir()) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil // in a worktree .git is a file
		}
		if path.Dir(name) == "." && name != "." {
			tree.Top = append(tree.Top, name+map[bool]string{true: "/"}[d.IsDir()])
		}
		if d.IsDir() {
			patterns, err := ignorePatterns(fsys, path.Join(name, ".gitignore"))
			ignored[name] = patterns
			return err
		}
		if !d.Type().IsRegular() {
			return nil
		}
		data, err := fs.ReadFile(fsys, name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		} else if err != nil {
			return err
		}
		f := &File{Path: name, Data: data}
		if isBuilt(name) {
			if f.AST, err = parser.ParseFile(tree.fset, name, data, parser.ParseComments|parser.SkipObjectResolution); err != nil {
				broken = append(broken, err)
				return nil
			}
		}
		tree.Files = append(tree.Files, f)
		return nil
	})
	if err = errors.Join(append(broken, err)...); err != nil {
		return nil, fmt.Errorf("lint: %w", err)
	}
	mod, err := fs.ReadFile(fsys, "go.mod")
	if err != nil {
		return nil, fmt.Errorf("lint: not the top of a module: %w", err)
	}
	for line := range strings.Lines(string(mod)) {
		if rest, ok := strings.CutPrefix(line, "module "); ok {
			tree.Module = strings.TrimSpace(rest)
		}
	}
	return tree, nil
}

// isBuilt reports whether the go command would take the file for a part of some package.
func isBuilt(name string) bool {
	if path.Ext(name) != ".go" {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "testdata" || part == "vendor" || part[0] == '_' || part[0] == '.' {
			return false
		}
	}
	return true
}

// ignorePatterns reads the plain patterns of a .gitignore file. Negations and ** are not
// understood; there are none.
func ignorePatterns(fsys fs.FS, name string) ([]string, error) {
	data, err := fs.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var patterns []string
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			patterns = append(patterns, line)
		}
	}
	return patterns, err
}

// isIgnored applies the patterns of every folder above name.
func isIgnored(ignored map[string][]string, name string, isDir bool) bool {
	for dir := path.Dir(name); ; dir = path.Dir(dir) {
		rel := strings.TrimPrefix(name, dir+"/") // from the top, "." is no prefix: name stays
		for _, p := range ignored[dir] {
			p, dirOnly := strings.CutSuffix(p, "/")
			if dirOnly && !isDir {
				continue
			}
			subject := path.Base(name)
			if strings.Contains(p, "/") {
				p, subject = strings.TrimPrefix(p, "/"), rel
			}
			if ok, _ := path.Match(p, subject); ok {
				return true
			}
		}
		if dir == "." {
			return false
		}
	}
}

// sources yields the parsed files.
func (t *Tree) sources(yield func(*File) bool) {
	for _, f := range t.Files {
		if f.AST != nil && !yield(f) {
			return
		}
	}
}

// packages groups the parsed files by folder, in the order of their names.
func (t *Tree) packages(yield func(dir string, files []*File) bool) {
	byDir := map[string][]*File{}
	var dirs []string
	for f := range t.sources {
		if byDir[f.Dir()] == nil {
			dirs = append(dirs, f.Dir())
		}
		byDir[f.Dir()] = append(byDir[f.Dir()], f)
	}
	slices.Sort(dirs)
	for _, dir := range dirs {
		if !yield(dir, byDir[dir]) {
			return
		}
	}
}

// line is the line of a position.
func (t *Tree) line(pos token.Pos) int { return t.fset.Position(pos).Line }

// local returns the part of an import path behind the module path, and whether it lies in this
// module at all.
func (t *Tree) local(importPath string) (string, bool) {
	return strings.CutPrefix(importPath, t.Module+"/")
}

// imports yields the imports of a parsed file: path and line.
func (t *Tree) imports(f *File) iter.Seq2[string, int] {
	return func(yield func(string, int) bool) {
		for _, s := range f.AST.Imports {
			p, _ := strconv.Unquote(s.Path.Value) // the parser has checked it
			if !yield(p, t.line(s.Pos())) {
				return
			}
		}
	}
}

// Dir is the folder of the file, "." at the top.
func (f *File) Dir() string { return path.Dir(f.Path) }

// IsTest reports whether the file is a Go test file.
func (f *File) IsTest() bool { return strings.HasSuffix(f.Path, "_test.go") }

// IsExternalTest reports whether the file belongs to the package of external tests, x_test, which
// nothing imports.
func (f *File) IsExternalTest() bool {
	return f.IsTest() && f.AST != nil && strings.HasSuffix(f.AST.Name.Name, "_test")
}

// Lines counts the lines of the file.
func (f *File) Lines() int {
	n := bytes.Count(f.Data, []byte("\n"))
	if len(f.Data) > 0 && f.Data[len(f.Data)-1] != '\n' {
		n++
	}
	return n
}
