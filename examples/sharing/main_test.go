package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/rows"
	"github.com/pygil/pygil/gil"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(rows.Main(m)) }

func Example() {
	cli.Example("sharing", story)
	// Output:
	// sharing: Python 3.13, 4 cores, seed 1, simulated time
	//
	// A thread sets a variable to 42: the main thread sees 42.
	// Three employees print for 1 s each: 3 s at one printer, 1 s at three.
	// A process sets it to 42: it sees 42, its parent sees 0.
	// MainThread and 2 more threads and 2 processes have 3 GILs: par 3, conc 4.
	//
	// Memory of four workers, an interpreter being 8 MiB
	// threads    1 × base
	// spawn      5 × base; 5 × base when each writes to a quarter; to a tenth of its parent's data: has 100 % of it
	// fork       1 × base; 2 × base when each writes to a quarter; to a tenth of its parent's data: has 10 % of it
	//
	// A parent and children with 1 GiB each on a computer with 4
	// spawn      child 4: gil: out of memory: 1073741824 bytes wanted, 4294967296 of 4294967296 used; see WithMemoryLimit
	// fork       all eight read their parent's: error <nil>
}

var show = cli.New(io.Discard)

func TestFamily(t *testing.T) {
	f, _ := start(show)
	rows.Check(t, 15, 1+f.children, len(f.gils), f.waits)
	rows.Check(t, 16, f.main, f.parents[0], f.children, f.threads)
}

func TestLocals(t *testing.T) {
	var locals, globals []string
	show.Run(func(t *gil.Thread) {
		global := gil.NewVar("global", 42)
		for i := range 3 {
			t.Go("", func(t *gil.Thread) {
				local := i + 1
				t.Sleep(time.Second)
				locals = append(locals, fmt.Sprint(local))
				globals = append(globals, fmt.Sprint(global.Load(t)))
			})
		}
	})
	slices.Sort(locals)
	rows.Check(t, 17, strings.Join(locals, " "), strings.Join(globals, " "))
}

func TestList(t *testing.T) {
	seen := ""
	show.Run(func(t *gil.Thread) {
		list := gil.NewList[int]("list")
		t.Go("", func(t *gil.Thread) { list.Append(t, 1) }).Join(t)
		t.Go("", func(t *gil.Thread) { seen = gil.Repr(list.Snapshot(t)) }).Join(t)
	})
	rows.Check(t, 18, seen)
}

func TestVariable(t *testing.T) {
	rows.Check(t, 19, byThread(show))
	child, parent := byProcess(show)
	rows.Check(t, 20, child, parent)
}

func TestOffice(t *testing.T) {
	rows.Check(t, 22, office(show, true), office(show, false))
}

func TestGILs(t *testing.T) {
	gils := func(processes bool) int {
		ids := map[uint64]bool{}
		show.Run(func(t *gil.Thread) {
			note := func(t *gil.Thread) { ids[t.Interpreter().GIL().ID()] = true }
			for range 4 {
				if processes {
					t.Emulate("child", note)
				} else {
					t.Go("", note)
				}
			}
		})
		return len(ids)
	}
	rows.Check(t, 34, gils(false), gils(true))
}

func TestMemory(t *testing.T) {
	rows.Check(t, 71, times(workers(show, gil.Spawn, true, 0)), times(workers(show, gil.Spawn, false, 0)),
		times(workers(show, gil.Fork, false, 0)), times(workers(show, gil.Fork, false, base/4)))
	rows.Check(t, 72, touched(show, gil.Fork), touched(show, gil.Spawn))
	spawned, failed := fit(show, gil.Spawn)
	_, fine := fit(show, gil.Fork)
	rows.Check(t, 73, spawned, failed, fine)
	rows.Check(t, 77, workers(show, gil.Spawn, true, 0)-base)
}

// Without a GIL there is none to count, and the story is told all the same.
func TestWithoutGIL(t *testing.T) {
	require.NoError(t, cli.Perform(io.Discard, "sharing", []string{"-profile", "3.13t"}, story))
	f, _ := start(show.Under(gil.CPython313T))
	require.Empty(t, f.gils)
}
