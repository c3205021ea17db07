package gil

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/internal/bytecode"
)

// relied is what the code of this package relies on: the touches of each construct
// it executes, in order, of which there is one less than stretches.
var relied = map[bytecode.Construct]string{
	bytecode.Load:              "read",
	bytecode.Store:             "write",
	bytecode.Add:               "read write",
	bytecode.Update:            "read enter body write",
	bytecode.Item:              "read",
	bytecode.SetItem:           "write",
	bytecode.DelItem:           "write",
	bytecode.ItemAdd:           "read write",
	bytecode.Contains:          "read",
	bytecode.CallMethod0:       "call",
	bytecode.CallMethod1:       "call",
	bytecode.CallMethod2:       "call",
	bytecode.CallMethod0Result: "call",
	bytecode.CallMethod1Result: "call",
	bytecode.CallMethod2Result: "call",
	bytecode.CallC:             "call",
	bytecode.CallCResult:       "call",
	bytecode.CallLen:           "call",
	bytecode.ListAppend:        "call",
	bytecode.ListOf:            "call",
	bytecode.ListItems:         "call",
	bytecode.IterSetup:         "",
	bytecode.IterHead:          "read",
	bytecode.IterTail:          "",
	bytecode.IterEnd:           "read",
	bytecode.RangeSetup:        "",
	bytecode.RangeHead:         "",
	bytecode.RangeTail:         "",
	bytecode.RangeEnd:          "",
	bytecode.CallHead:          "enter",
	bytecode.CallTail:          "",
	bytecode.BranchTaken:       "",
	bytecode.BranchUntaken:     "",
	bytecode.LockAcquire:       "call",
	bytecode.LockTry:           "call",
	bytecode.LockRelease:       "call",
	bytecode.WithEnter:         "call",
	bytecode.WithExit:          "call",
}

// A table of bytecodes that changes cannot panic at run time: under every profile
// each construct has the touches that the code counts on.
func TestPathsHaveTheTouchesReliedOn(t *testing.T) {
	for _, p := range Profiles() {
		c := p.compile()
		for k, want := range relied {
			var touches []string
			for _, in := range bytecode.Sequence(p.version, k) {
				if in.Touch != bytecode.TouchNone {
					touches = append(touches, in.Touch.String())
				}
			}
			assert.Equal(t, want, strings.Join(touches, " "), "%v in %s", k, p)
			assert.Len(t, c.paths[k], len(touches)+1, "%v in %s", k, p)
		}
		assert.Equal(t, c.paths[bytecode.IterHead][0], c.paths[bytecode.IterEnd][0],
			"%s: whether there is an item is known only at the touch", p)
	}
}

// The list above is complete: it names every construct in the source.
func TestPathsReliedOnAreAllListed(t *testing.T) {
	names := map[string]bytecode.Construct{}
	for _, c := range bytecode.Constructs() {
		names[c.String()] = c
	}
	used := map[bytecode.Construct]bool{}
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if pkg, ok := s.X.(*ast.Ident); ok && pkg.Name == "bytecode" {
					if c, ok := names[s.Sel.Name]; ok {
						used[c] = true
					}
				}
			}
			return true
		})
	}
	for c := range used {
		assert.Contains(t, relied, c, "%v is executed and not listed", c)
	}
	for c := range relied {
		assert.True(t, used[c], "%v is listed and not executed", c)
	}
}

// Cutting a sequence loses nothing: the stretches together charge its ticks, and a
// stretch is a switch point exactly when one of its bytecodes is.
func TestPathsAddUp(t *testing.T) {
	for _, p := range Profiles() {
		cold, any := p.has(coldCalls), p.has(anyCode)
		for _, k := range bytecode.Constructs() {
			seq := bytecode.Sequence(p.version, k)
			if cold {
				seq = bytecode.ColdSequence(p.version, k)
			}
			ticks, extra := bytecode.Opcodes(seq), 0
			if p.version.TickGIL() {
				ticks = bytecode.Ticks(seq)
				for _, in := range seq {
					if in.IsOpcode() && !in.Counted {
						extra++
					}
				}
			}
			path := p.compile().paths[k]
			gotTicks, gotExtra := 0, 0
			for _, s := range path {
				gotTicks += s.ticks
				gotExtra += s.extra
				assert.False(t, s.check && s.ticks == 0 && p.version.TickGIL(), "%v in %s: a check without a tick", k, p)
			}
			assert.Equal(t, ticks, gotTicks, "ticks of %v in %s", k, p)
			assert.Equal(t, extra, gotExtra, "other bytecodes of %v in %s", k, p)

			at := 0
			want := make([]bool, len(path))
			for i, in := range seq {
				if in.Touch != bytecode.TouchNone {
					at++
				}
				if bytecode.Switches(seq, i) || any && in.IsOpcode() {
					want[at] = true
				}
			}
			for i, s := range path {
				assert.Equal(t, want[i], s.check, "switch point in stretch %d of %v in %s: %s", i, k, p, bytecode.Format(seq))
			}
		}
	}
}
