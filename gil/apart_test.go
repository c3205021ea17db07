package gil_test

import (
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The exported functions about threads that a run that is kept apart may call outside:
// they are made of others, look at what does not change during a run, at atomics that
// they do not write, or belong to other worlds.
var outsideToo = map[string]string{
	"made of others": "Thread.Emulate Child.Join Interpreter.ActiveCount List.Iter Dict.Iter List.Pop List.PopAt List.Remove SortKey Thread.Print " +
		"Thread.Quit Thread.Go Thread.Join JoinAll Thread.NativeID WithCancel Thread.Errorf Range Thread.Call Thread.Branch Thread.Before Thread.After " +
		"Thread.Yield Thread.Sleep Thread.IO Thread.Block Thread.Perform Hash.Update Thread.Leave",
	"unchanged": "Thread.Observed Thread.Name Thread.Daemon Thread.Interpreter Thread.Machine Thread.Explored Thread.Deadline " +
		"Thread.Value Current Thread.Times Sandbox.ThreadOf Common.Owner Common.SetOwner",
	"atomics":       "Gate.Bound Thread.Ident Thread.String Thread.LogValue ThreadStats.LogValue",
	"by itself":     "Gate.SetOwner Gate.Owner Interpreter.Main Interpreter.Acting Interpreter.AtExit Interpreter.BeforeJoin Kin.Own Kin.Of",
	"before a run":  "NewChild Child.OnEnd WithExceptHook",
	"panics only":   "Thread.FailNow Thread.NewInterpreter",
	"other worlds":  "GIL.Enter GIL.Holder liveWorld.Run Interpreter.Run Machine.Run Sandbox.Run",
	"observed runs": "Thread.Emit",
}

// TestEverythingPassesOn: whatever is exported and about threads passes itself on to
// the inside, or is known not to need it. A new method that is in neither list lets
// the race detector report this package.
func TestEverythingPassesOn(t *testing.T) {
	files := token.NewFileSet()
	paths, err := filepath.Glob("*.go")
	require.NoError(t, err)
	var parsed []*ast.File
	for _, path := range paths {
		if !strings.HasSuffix(path, "_test.go") {
			f, err := parser.ParseFile(files, path, nil, 0)
			require.NoError(t, err)
			parsed = append(parsed, f)
		}
	}
	known := map[string]bool{}
	for _, names := range outsideToo {
		for name := range strings.FieldsSeq(names) {
			known[name] = true
		}
	}
	text := func(n ast.Node) string {
		var b strings.Builder
		require.NoError(t, printer.Fprint(&b, files, n))
		return b.String()
	}
	passed := 0
	for _, f := range parsed {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || !fn.Name.IsExported() {
				continue
			}
			name := fn.Name.Name
			about := text(fn.Type)
			if fn.Recv != nil {
				of := strings.TrimLeft(text(fn.Recv.List[0].Type), "*")
				of, _, _ = strings.Cut(of, "[")
				name, about = of+"."+name, of+about
			}
			if !strings.Contains(about, "Thread") {
				continue
			}
			apart := strings.Contains(text(fn.Body), "raceKernel && ") && strings.Contains(text(fn.Body), ".apart()")
			switch {
			case apart:
				passed++
				require.False(t, known[name], "%s passes itself on and needs no exception", name)
			default:
				require.True(t, known[name], "%s neither passes itself on to the inside, see type outside, nor is known not to need it", name)
			}
		}
	}
	require.Greater(t, passed, 60)
}
