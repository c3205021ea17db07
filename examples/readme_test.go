// Package examples_test holds the README to what it says: its programs are the
// examples, their outputs are those that the examples' tests check, its names
// exist, and what it calls missing is missing.
package examples_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const root = ".."

// block is a fenced block of the README.
type block struct {
	heading, lang string
	lines         []string
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	require.NoError(t, err)
	return strings.ReplaceAll(string(b), "\r\n", "\n")
}

func readme(t *testing.T) (text string, blocks []block) {
	t.Helper()
	text = read(t, root, "README.md")
	heading := ""
	var open *block
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "```") && open != nil:
			blocks, open = append(blocks, *open), nil
		case strings.HasPrefix(line, "```"):
			open = &block{heading: heading, lang: line[3:]}
		case open != nil:
			open.lines = append(open.lines, line)
		case strings.HasPrefix(line, "#"):
			heading = strings.TrimLeft(line, "# ")
		}
	}
	require.Nil(t, open, "a block without an end")
	return text, blocks
}

// sources are the Go files below examples, line by line without indentation.
func sources(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	require.NoError(t, filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".go") {
			all[path] = trimmed(strings.Split(strings.TrimSuffix(read(t, path), "\n"), "\n"))
		}
		return err
	}))
	return all
}

func trimmed(lines []string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = strings.TrimSpace(line)
	}
	return out
}

// find returns the index of the lines within all, or -1.
func find(all, lines []string) int {
	for i := 0; i+len(lines) <= len(all); i++ {
		if slices.Equal(all[i:i+len(lines)], lines) {
			return i
		}
	}
	return -1
}

// A program or a part of one stands in an example, word for word, and so compiles.
func TestPrograms(t *testing.T) {
	_, blocks := readme(t)
	programs, parts := 0, 0
	for _, b := range blocks {
		if b.lang != "go" {
			continue
		}
		lines, found := trimmed(b.lines), ""
		whole := strings.HasPrefix(lines[0], "package ")
		for path, all := range sources(t) {
			if at := find(all, lines); at >= 0 && (!whole || at+len(lines) == len(all)) {
				found = path
			}
		}
		assert.NotEmpty(t, found, "no example has this program of section %q:\n%s", b.heading, strings.Join(b.lines, "\n"))
		if whole {
			programs++
		} else {
			parts++
		}
	}
	assert.Positive(t, programs)
	assert.Positive(t, parts)
}

// An output stands behind "Output:" in the test of an example.
func TestOutputs(t *testing.T) {
	_, blocks := readme(t)
	outputs := 0
	for _, b := range blocks {
		if b.lang != "text" {
			continue
		}
		want := []string{"// Output:"}
		for _, line := range b.lines {
			want = append(want, strings.TrimSpace("// "+line))
		}
		want = append(want, "}")
		found := false
		for path, all := range sources(t) {
			found = found || strings.HasSuffix(path, "_test.go") && find(all, want) >= 0
		}
		assert.True(t, found, "no example prints this output of section %q:\n%s", b.heading, strings.Join(b.lines, "\n"))
		outputs++
	}
	assert.Positive(t, outputs)
}

// There are two commands to try, and every program that is named is there.
func TestCommands(t *testing.T) {
	text, blocks := readme(t)
	tries := 0
	for _, b := range blocks {
		if b.heading == "Try it" {
			tries++
			assert.Equal(t, "sh", b.lang)
			assert.Equal(t, []string{"go run ./examples/tour", "go test ./..."}, b.lines)
		}
	}
	assert.Equal(t, 1, tries)
	for _, text := range []string{text, read(t, "tour", "testdata", "tour.txt")} {
		named := regexp.MustCompile(`go run \./examples/(\w+)`).FindAllStringSubmatch(text, -1)
		assert.NotEmpty(t, named)
		for _, m := range named {
			assert.FileExists(t, filepath.Join(m[1], "main.go"))
		}
	}
}

// The module path and the links are right.
func TestModuleAndLinks(t *testing.T) {
	text, blocks := readme(t)
	module, _, _ := strings.Cut(strings.TrimPrefix(read(t, root, "go.mod"), "module "), "\n")
	replaced := 0
	for _, b := range blocks {
		if b.lang == "go.mod" {
			replaced++
			assert.Equal(t, "require "+module+" v0.0.0", b.lines[0])
			assert.Equal(t, "replace "+module+" => ../pygil", b.lines[1])
		}
	}
	assert.Equal(t, 1, replaced)
	assert.Contains(t, text, "go get "+module+"\n")
	for _, m := range regexp.MustCompile(`\]\(([\w/.-]+)\)`).FindAllStringSubmatch(text, -1) {
		_, err := os.Stat(filepath.Join(root, m[1]))
		assert.NoError(t, err, "a link that leads nowhere")
	}
}

// there reports whether a package is there.
func there(t *testing.T, dir string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
	require.NoError(t, err)
	return slices.ContainsFunc(files, func(f string) bool { return !strings.HasSuffix(f, "_test.go") })
}

// What the README calls missing is missing; what it offers is there.
func TestPackages(t *testing.T) {
	text, _ := readme(t)
	named := regexp.MustCompile("`([\\w/]+)`")
	offered, missing := 0, 0
	for line := range strings.Lines(text) {
		if m := regexp.MustCompile("^\\| \\[`([\\w/]+)`\\]").FindStringSubmatch(line); m != nil {
			offered++
			assert.True(t, there(t, m[1]), "%s is not there", m[1])
		}
		if rest, ok := strings.CutPrefix(line, "- not yet: "); ok {
			rest, _, _ = strings.Cut(rest, ",")
			for _, m := range named.FindAllStringSubmatch(rest, -1) {
				missing++
				assert.False(t, there(t, m[1]), "%s is there: move it from \"not yet\" to the table of packages", m[1])
			}
		}
	}
	assert.Positive(t, offered)
	t.Logf("%d packages there, %d missing", offered, missing)
}

// What a program gets besides the standard library is what the README says.
func TestDependencies(t *testing.T) {
	text, _ := readme(t)
	sentence := regexp.MustCompile(`Besides the standard library a program gets ([^:]+?)\.\n`).FindStringSubmatch(text)
	require.NotNil(t, sentence)
	var said []string
	for _, word := range strings.Fields(sentence[1]) {
		if word = strings.Trim(word, ",."); strings.Contains(word, "/") {
			said = append(said, word)
		}
	}
	imported := map[string]bool{}
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "examples" || d.Name() == "testdata" || path != root && d.Name()[0] == '.'):
			return filepath.SkipDir
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			parts := strings.Split(strings.Trim(spec.Path.Value, `"`), "/")
			if strings.Contains(parts[0], ".") && !strings.HasPrefix(spec.Path.Value, `"github.com/pygil/`) {
				imported[strings.Join(parts[:min(len(parts), 3)], "/")] = true
			}
		}
		return nil
	}))
	assert.ElementsMatch(t, slices.Collect(maps.Keys(imported)), said)
}

// exported lists what a package exports: names, and methods as Type.Name.
func exported(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
	require.NoError(t, err)
	names := map[string]bool{}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				name := d.Name.Name
				if d.Recv != nil {
					name = receiver(d.Recv.List[0].Type) + "." + name
				}
				names[name] = true
			case *ast.GenDecl:
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.TypeSpec:
						names[s.Name.Name] = true
					case *ast.ValueSpec:
						for _, n := range s.Names {
							names[n.Name] = true
						}
					}
				}
			}
		}
	}
	return names
}

func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// The names in the text exist. Variables stand for the types they usually have.
func TestNames(t *testing.T) {
	text, _ := readme(t)
	_, table, found := strings.Cut(text, "\n| Python | here |\n")
	require.True(t, found)
	table, _, _ = strings.Cut(table, "\n\n")
	for row := range strings.Lines(table) { // without what is Python
		python, here, _ := strings.Cut(row[1:], "|")
		require.NotEmpty(t, here)
		text = strings.Replace(text, python, "", 1)
	}
	packages := map[string]map[string]bool{
		"gil":       exported(t, "gil"),
		"threading": exported(t, "gil/threading"),
		"asyncio":   exported(t, "gil/asyncio"),
		"pipe":      exported(t, "pipe"),
		"pickle":    exported(t, "pipe/pickle"),
		"queue":     exported(t, "queue"),
	}
	variables := map[string]string{
		"t": "gil.Thread", "th": "gil.Thread", "m": "gil.Machine", "g": "gil.GIL", "x": "gil.Var", "l": "gil.List", "d": "gil.Dict", "lock": "threading.Lock",
		"c": "pipe.Conn", "co": "asyncio.Co", "q": "queue.base",
	}
	checked := 0
	for _, m := range regexp.MustCompile(`\b(\w+)\.([A-Z]\w*)`).FindAllStringSubmatch(text, -1) {
		of, name := m[1], m[2]
		if typ, ok := variables[of]; ok {
			of, typ, _ = strings.Cut(typ, ".")
			name = typ + "." + name
		}
		if names, ok := packages[of]; ok {
			checked++
			assert.True(t, names[name], "%s: there is no %s.%s", m[0], of, name)
		}
	}
	assert.Greater(t, checked, 60)
}
