package lint_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/internal/lint"
)

func TestLoadSkipsWhatGitSkips(t *testing.T) {
	tree := load(t, map[string]string{
		".git/HEAD":            "x",
		".gitignore":           "# results\n*.prof\n/out/\nkeep/only\n",
		"cpu.prof":             "x",
		"a/mem.prof":           "x",
		"out/x":                "x",
		"a/out/x":              "x", // the pattern begins at the top
		"keep/only":            "x",
		"a/keep/only":          "x", // so does every pattern with a slash inside
		"a/.gitignore":         "bin/\n",
		"a/bin/tool":           "x",
		"a/b/bin/tool":         "x",
		"bin":                  "x", // another folder's pattern
		"b/bin":                "x",
		"a/testdata/broken.go": "not Go",
		"a/_old/broken.go":     "not Go",
	})
	var paths []string
	for _, f := range tree.Files {
		paths = append(paths, f.Path)
		assert.Nil(t, f.AST, f.Path)
	}
	assert.Equal(t, []string{
		".gitignore", "a/.gitignore", "a/_old/broken.go", "a/keep/only", "a/out/x",
		"a/testdata/broken.go", "b/bin", "bin", "go.mod",
	}, paths)
	assert.Equal(t, []string{".gitignore", "a/", "b/", "bin", "go.mod", "keep/"}, tree.Top)
}

func TestLoadReadsTheFilesOfEverySystem(t *testing.T) {
	tree := load(t, map[string]string{
		"gil/a_windows.go":    "package gil\n",
		"gil/b.go":            "//go:build plan9\n\npackage gil\n",
		"gil/c_test.go":       "package gil_test\n\nfunc f() {}",
		"gil/inside_test.go":  "package gil",
		"gil/testdata/d.go":   "package d\n",
		"gil/testdata/d.json": "{}\n",
	})
	type seen struct {
		Parsed, Test, External bool
		Lines                  int
	}
	got := map[string]seen{}
	for _, f := range tree.Files {
		got[f.Path] = seen{f.AST != nil, f.IsTest(), f.IsExternalTest(), f.Lines()}
	}
	assert.Equal(t, map[string]seen{
		"go.mod":              {Lines: 1},
		"gil/a_windows.go":    {Parsed: true, Lines: 1},
		"gil/b.go":            {Parsed: true, Lines: 3},
		"gil/c_test.go":       {Parsed: true, Test: true, External: true, Lines: 3},
		"gil/inside_test.go":  {Parsed: true, Test: true, Lines: 1},
		"gil/testdata/d.go":   {Lines: 1},
		"gil/testdata/d.json": {Lines: 1},
	}, got)
}

func TestLoadNamesEveryFileThatDoesNotParse(t *testing.T) {
	_, err := lint.Load(fstest.MapFS{
		"go.mod":   {Data: []byte("module m\n")},
		"gil/a.go": {Data: []byte("package\n")},
		"gil/b.go": {Data: []byte("package gil\n\nfunc\n")},
	})
	require.Error(t, err)
	assert.Contains(t, err.Error(), "gil/a.go:1:9")
	assert.Contains(t, err.Error(), "gil/b.go:3:6")
}

func TestLoadWantsAModule(t *testing.T) {
	_, err := lint.Load(fstest.MapFS{"a.txt": {}})
	assert.ErrorContains(t, err, "lint: not the top of a module")
}
