package lint_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestEveryPackageHasAComment(t *testing.T) {
	assert.Equal(t, []string{
		"gil: package gil has no package comment",
		"internal/shm: package shm has no package comment",
		"process: package process has no package comment",
	}, check(t, "docs", map[string]string{
		"gil/a.go":              "// Detached.\n\npackage gil\n",
		"gil/a_test.go":         "// Package gil is not documented by its tests.\npackage gil\n",
		"internal/shm/a.go":     "//go:build linux\n\npackage shm\n",
		"process/a.go":          "//go:generate x\npackage process\n",
		"queue/a.go":            "package queue\n",
		"queue/doc.go":          "// Package queue queues.\npackage queue\n",
		"examples/tour/main.go": "// Command tour shows.\npackage main\n",
		"gil/only/a_test.go":    "package only_test\n",
	}))
}

func TestEveryExportedNameHasAComment(t *testing.T) {
	const code = `// Package x.
package x

func F() {} // line 4
// G does.
func G() {}
func h() {}
//go:noinline
func I() {}

type T struct{} // says something
type U struct{}

func (*U) M() {}
func (g *G[A]) M() {} // G is a function here, it counts as exported
func (u u) M() {}
func (t T) String() string { return "" }
// These are not documented together.
type (
	// V is.
	V int
	W int
)

// A group says it for all.
const (
	A = 1
	B = 2
)

const (
	C = 1 // says it
	D = 2
	// E to F2 are a section.
	E = 3
	F2 = 4

	H = 5
)

var J, k = 1, 2

// K is.
var K = 1
`
	want := []string{
		"a.go:4: exported function F has no doc comment",
		"a.go:9: exported function I has no doc comment",
		"a.go:12: exported type U has no doc comment",
		"a.go:14: exported method M has no doc comment",
		"a.go:15: exported method M has no doc comment",
		"a.go:17: exported method String has no doc comment",
		"a.go:22: exported type W has no doc comment",
		"a.go:33: exported const D has no doc comment",
		"a.go:38: exported const H has no doc comment",
		"a.go:41: exported var J has no doc comment",
	}
	in := func(dir string, want ...string) (out []string) {
		for _, w := range want {
			out = append(out, dir+"/"+w)
		}
		return out
	}
	assert.Equal(t, in("gil", want...), check(t, "docs", map[string]string{"gil/a.go": code}))
	// Inside, Stringers and groups may go without.
	assert.Equal(t, in("internal/x", append(want[:5:5], want[6], want[9])...), check(t, "docs", map[string]string{"internal/x/a.go": code}))
	assert.Empty(t, check(t, "docs", map[string]string{"examples/a/a.go": "// Command a.\npackage main\n\ntype T int\n\nfunc F() {}\n"}))
}

func TestEveryExportedMemberHasAComment(t *testing.T) {
	const code = `// Package x.
package x

// T has a Name, and Sizes.
type T struct {
	Name string
	sizes int
	Size int
	Unit string // of the size
	// Both are numbers.
	A int
	B int

	C, d int
	fmt.Stringer
}

// I is an interface.
type I interface {
	// M does.
	M()

	N()
	fmt.Stringer
}

type hidden struct{ A int }

// L is made of another.
type L = T
`
	want := []string{
		"gil/a.go:8: exported field Size has no doc comment",
		"gil/a.go:14: exported field C has no doc comment",
		"gil/a.go:23: exported interface method N has no doc comment",
	}
	assert.Equal(t, want, check(t, "docs", map[string]string{"gil/a.go": code}))
	assert.Empty(t, check(t, "docs", map[string]string{"internal/x/a.go": code}))
}

func TestEveryPublicPackageHasAnExampleThatRuns(t *testing.T) {
	const (
		runs   = "\n\nfunc Example() {\n\t// Output: 1\n}\n"
		quiet  = "\n\nfunc Example() {\n\t// Output:\n}\n"
		silent = "\n\nfunc Example() {\n}\n"
	)
	assert.Equal(t, []string{
		"gil: package gil has no Example with an Output comment",
		"queue: package queue has no Example with an Output comment",
	}, check(t, "examples", map[string]string{
		"gil/a.go":                  "package gil",
		"gil/a_test.go":             "package gil_test" + silent,
		"gil/threading/a.go":        "package threading",
		"gil/threading/a_test.go":   "package threading_test" + runs,
		"pipe/a.go":                 "package pipe",
		"pipe/a_test.go":            "package pipe_test" + quiet,
		"queue/a.go":                "package queue" + runs, // not a test file
		"internal/x/a.go":           "package x",
		"process/internal/x/a.go":   "package x",
		"examples/tour/main.go":     "package main",
		"examples/queue/q.go":       "package q",
		"pool/a_test.go":            "package pool_test",
		"gil/trace/cmd/x/main.go":   "package main",
		"gil/trace/internal/y/a.go": "package y",
	}))
}
