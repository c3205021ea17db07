package lint_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestThereIsOneGIL(t *testing.T) {
	const (
		made   = "a GIL is made in gil/gil.go only: ask for one with NewGIL or New"
		second = "a second type GIL: there is one, in gil/gil.go"
		moves  = "the GIL changes hands in gil/gil_take.go and gil/gil_drop.go only"
	)
	assert.Equal(t, []string{
		"gil/enter.go:2: newGIL is for gil/interpreter.go: elsewhere use the interpreter's",
		"gil/enter.go:3: " + moves,
		"gil/more.go:2: " + made, // a literal
		"gil/more.go:3: " + made, // new
		"gil/more.go:4: " + made, // a variable
		"gil/more.go:5: " + made, // a field
		"gil/more.go:6: " + made, // elements
		"gil/more.go:7: " + made,
		"gil/more.go:8: " + made, // another name for it
		"process/own.go:3: " + second,
		"queue/own.go:4: " + made,
		"queue/own.go:6: " + made,
	}, check(t, "onegil", map[string]string{
		"gil/gil.go":         "package gil\ntype GIL struct{ holder int }\nfunc newGIL() *GIL { return &GIL{} }",
		"gil/interpreter.go": "package gil\nvar g = newGIL()\ntype I struct { gil *GIL; lock []*GIL }\nfunc (i *I) GIL() *GIL { return i.gil }",
		"gil/gil_take.go":    "package gil\nfunc (g *GIL) take() { g.holder = 1 }",
		"gil/gil_drop.go":    "package gil\nfunc (g *GIL) drop() { g.holder = 0 }",
		"gil/enter.go":       "package gil\nvar h = newGIL()\nfunc (g *GIL) grab() { g.holder = 2 }",
		"gil/more.go":        "package gil\nvar a = &GIL{}\nvar b = new(GIL)\nvar c GIL\ntype s struct{ GIL }\nvar d []GIL\nvar e map[int]GIL\ntype f = GIL",
		"gil/x_test.go":      "package gil\nvar t = newGIL()",
		"process/own.go":     "package process\nimport \"sync\"\ntype GIL struct{ mu sync.Mutex }\nvar holder = func() (s struct{ holder int }) { s.holder = 1; return s }",
		"queue/own.go":       "package queue\nimport \"m/gil\"\nvar a *gil.GIL\nvar b gil.GIL\nvar c = gil.NewGIL()\nvar d = gil.GIL{}\nvar e = c.GIL()",
	}))
}
