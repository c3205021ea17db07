//go:build linux || darwin

package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/examples/internal/rows"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/process"
)

// The children of the example come here too.
func TestMain(m *testing.M) { process.TestMain(rows.Main(m), process.WithStrict()) }

func Example() {
	process.Main(run)
	// Output:
	// hello bob
	// exit code 0, and here nobody has said hello: 0
	// a result: 18
	// processes that ran the program's own lines: 4
}

// forked is how often a module is imported by a process and three that are forked: they
// have its modules, as they were.
func forked(t *testing.T) (imported int) {
	t.Helper()
	loaded := gil.NewVar("sys.modules has it", false)
	load := func(t *gil.Thread) {
		if !loaded.Load(t) {
			loaded.Store(t, true)
			imported++
		}
	}
	require.NoError(t, gil.NewMachine(2, gil.WithStartMethod(gil.Fork)).Run(gil.CPython313, func(t *gil.Thread) {
		load(t)
		for range 3 {
			t.Emulate("child", load).Join(t)
		}
	}))
	return imported
}

func TestImports(t *testing.T) {
	var spawned map[int]bool
	require.NoError(t, gil.Live().Run(gil.CPython313, func(th *gil.Thread) {
		var err error
		spawned, err = imports(th, 3)
		require.NoError(t, err)
	}))
	rows.Check(t, 145, len(spawned), forked(t))
}
