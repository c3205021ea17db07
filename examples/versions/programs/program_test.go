package programs_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pygil/pygil/examples/versions/programs"
	"github.com/pygil/pygil/gil"
)

func outcomes(t *testing.T, p programs.Program, profile gil.Profile) []string {
	t.Helper()
	all, exhausted := p.Outcomes(profile)
	assert.True(t, exhausted)
	return all
}

// A lost update, and none.
func TestOutcomes(t *testing.T) {
	inc := programs.Stmt{Kind: programs.Increment, A: "x", N: 1}
	p := programs.Program{Threads: [][]programs.Stmt{{inc}, {inc}}}
	assert.Equal(t, "def t0(S):\n r = 0\n S.x += 1\ndef t1(S):\n r = 0\n S.x += 1\n", p.Python())
	assert.Equal(t, []string{"2 1 1 1:1"}, p.Serial())
	assert.Equal(t, []string{"1 1 1 1:1", "2 1 1 1:1"}, outcomes(t, p, gil.CPython39))
	assert.Equal(t, []string{"2 1 1 1:1"}, outcomes(t, p, gil.CPython310))
	assert.Equal(t, []string{"1 1 1 1:1", "2 1 1 1:1"}, outcomes(t, p, gil.CPython313T))

	locked := programs.Stmt{Kind: programs.With, Body: []programs.Stmt{inc}}
	p = programs.Program{Threads: [][]programs.Stmt{{locked}, {locked}}}
	assert.Equal(t, "def t0(S):\n r = 0\n with S.m:\n  S.x += 1\ndef t1(S):\n r = 0\n with S.m:\n  S.x += 1\n", p.Python())
	assert.Equal(t, []string{"2 1 1 1:1"}, outcomes(t, p, gil.CPython39))
}

// Exceptions end a thread and are seen.
func TestExceptions(t *testing.T) {
	pop, add := programs.Stmt{Kind: programs.IfPop}, programs.Stmt{Kind: programs.AddItem, N: 2}
	p := programs.Program{Threads: [][]programs.Stmt{{pop}, {add}}}
	assert.Equal(t, []string{"0 1 1:1", "0 1 1:1 1I"}, outcomes(t, p, gil.CPython313))
	key := programs.Stmt{Kind: programs.AddKey, K: 2, N: 2}
	p = programs.Program{Threads: [][]programs.Stmt{{key}, {key}}}
	assert.Equal(t, []string{"0 1 1 1:1 0K 1K"}, outcomes(t, p, gil.CPython313))
}

// The end of a with block is a call, after which others may run: CPython 3.12 was
// seen to.
func TestEndOfWith(t *testing.T) {
	x := func(k programs.Kind, a, b string, n int) programs.Stmt {
		return programs.Stmt{Kind: k, A: a, B: b, N: n}
	}
	p := programs.Program{Threads: [][]programs.Stmt{
		{{Kind: programs.With, Body: []programs.Stmt{x(programs.Swap, "", "", 0), x(programs.Assign, "x", "", 1)}}, x(programs.Assign, "y", "", 1)},
		{x(programs.Copy, "x", "y", 0)},
	}}
	for _, profile := range []gil.Profile{gil.CPython39, gil.CPython310, gil.CPython312, gil.CPython314} {
		assert.Contains(t, outcomes(t, p, profile), "0 1 1 1:1", "%v", profile)
	}
}

// A statement that names a container twice can be torn between the two, up to 3.9:
// CPython 3.9 was seen to, though it does not look after `in`.
func TestTwoLoads(t *testing.T) {
	p := programs.Program{Threads: [][]programs.Stmt{
		{{Kind: programs.IfMissing, K: 2, N: 3}}, {{Kind: programs.GetKey, K: 2, N: 1}},
	}}
	assert.Contains(t, outcomes(t, p, gil.CPython39), "0 1 1 1:1 2:3")
	assert.NotContains(t, outcomes(t, p, gil.CPython310), "0 1 1 1:1 2:3")
}

// Every kind of statement occurs, and each has its Python.
func TestRandom(t *testing.T) {
	kinds := map[programs.Kind]bool{}
	for i := range 200 {
		p := programs.Random(i)
		assert.Equal(t, p, programs.Random(i))
		assert.NotContains(t, p.Python(), "?")
		for _, thread := range p.Threads {
			for _, s := range thread {
				kinds[s.Kind] = true
			}
		}
	}
	assert.Len(t, kinds, int(programs.With)+1)
}
