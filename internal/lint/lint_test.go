package lint_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/internal/lint"
)

// The repository keeps its own rules.
func TestRepository(t *testing.T) {
	tree, err := lint.Load(os.DirFS("../.."))
	require.NoError(t, err)
	// A walk that went astray would find nothing wrong with nothing.
	require.Equal(t, "github.com/pygil/pygil", tree.Module)
	for _, name := range []string{"internal/lint/lint_test.go", ".ci/run", "gil/gil.go"} {
		require.True(t, slices.ContainsFunc(tree.Files, func(f *lint.File) bool { return f.Path == name }), "the tree lacks %s", name)
	}
	exceptions, err := lint.Exceptions()
	require.NoError(t, err)
	for _, f := range lint.Check(tree, lint.Rules(), exceptions) {
		t.Error(f)
	}
}

// load makes a tree out of file names and texts, in a module called m.
func load(t *testing.T, files map[string]string) *lint.Tree {
	t.Helper()
	fsys := fstest.MapFS{"go.mod": {Data: []byte("module m\n")}}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	tree, err := lint.Load(fsys)
	require.NoError(t, err)
	return tree
}

// check runs one rule over such a tree and returns the findings as text.
func check(t *testing.T, rule string, files map[string]string) []string {
	t.Helper()
	i := slices.IndexFunc(lint.Rules(), func(r lint.Rule) bool { return r.Name == rule })
	require.GreaterOrEqual(t, i, 0, "no rule is called %s", rule)
	var out []string
	for _, f := range lint.Check(load(t, files), lint.Rules()[i:i+1], nil) {
		out = append(out, strings.TrimSuffix(f.String(), " ("+rule+")"))
	}
	return out
}

func TestExceptionsExcuseAndGoStale(t *testing.T) {
	tree := load(t, map[string]string{"LICENSE": "x", "NEWS": "x"})
	found := lint.Check(tree, lint.Rules(), []lint.Exception{
		{Rule: "toplevel", Path: "LICENSE", Reason: "the law"},
		{Rule: "toplevel", Path: "AUTHORS", Reason: "long gone"},
		{Rule: "names", Path: "NEWS", Reason: "another rule's exception excuses nothing"},
	})
	var texts []string
	for _, f := range found {
		texts = append(texts, f.String())
	}
	assert.Equal(t, []string{
		"NEWS: does not belong at the top of the repository, which is fixed (toplevel)",
		"AUTHORS: excused in exceptions.txt, but nothing is wrong any more: remove the line (toplevel)",
		"NEWS: excused in exceptions.txt, but nothing is wrong any more: remove the line (names)",
	}, texts)
}

func TestExceptionsNeedARuleAPathAndAReason(t *testing.T) {
	list, err := lint.ParseExceptions("# comment\n\n sizes | a/b.go | it is | long \n")
	require.NoError(t, err)
	assert.Equal(t, []lint.Exception{{Rule: "sizes", Path: "a/b.go", Reason: "it is | long"}}, list)

	for text, want := range map[string]string{
		"sizes | a/b.go":          `lint: exceptions.txt:1: want “rule | path | reason”, have "sizes | a/b.go"`,
		"\nsizes | a/b.go |":      `lint: exceptions.txt:2: want “rule | path | reason”, have "sizes | a/b.go |"`,
		"size | a/b.go | a typo.": `lint: exceptions.txt:1: no rule is called "size"`,
	} {
		_, err := lint.ParseExceptions(text)
		assert.EqualError(t, err, want)
	}
}
