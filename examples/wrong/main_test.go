package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/rows"
	"github.com/pygil/pygil/gil"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(rows.Main(m)) }

func Example() {
	cli.Example("wrong", story)
	// Output:
	// wrong: Python 3.13, 4 cores, seed 1, simulated time
	//
	// W1  "the GIL is taken again every 100 bytecodes"
	//     no: two times n += 1 is one of [2]; with 3.9 of [1 2]
	//     That was up to 3.1; from 3.2 on a waiter asks after 5 ms, and from 3.10 on a switch comes at calls and jumps back only.
	// W2  "the processor executes bytecode"
	//     no: the loop counts 1000 bytecodes of 1000
	//     The interpreter's loop does, one after the other: that is what can be counted and interrupted.
	// W3  "each thread has its own memory"
	//     no: one appends, another one sees [1]
	//     It has its own stack; objects are everybody's.
	// W4  "many small writes are I/O"
	//     no: they hold the GIL for 89.6 % of their time
	//     They go into a buffer, which is computing with the GIL held.
	// W5  "the first thread runs and the others wait until it is done"
	//     no: of eight threads of 100 ms each the first one ends after 540 ms
	//     They take turns every 5 ms, so that all end at about the same time.
	// W6  "the threads used all cores"
	//     no: 3 cores are visited, by 1 at a time
	//     One thread runs at a time, on one core after the other.
	// W7  "one GIL for each process, so only processes run in parallel"
	//     no: two interpreters of 3.12 in one process: par 2
	//     From 3.12 on a sub-interpreter has a GIL of its own.
	// W8  "Python cannot use several cores at all"
	//     no: four calls of NumPy: par 4
	//     C code and I/O give the GIL up, and run beside everything else.
	// W9  "nobody has removed the GIL"
	//     no: four threads: par 1, conc 4; with 3.13t: par 4, conc 4
	//     Free-threaded builds have none: 3.13 as an experiment, 3.14 for good.
	// W10  "a process is a full copy of memory"
	//     no: a child that writes to a tenth of it has 10 %
	//     fork copies the pages that are written to, and no others.
	// W11  "a global event is known to the workers"
	//     no: Python 3.13 starts workers by fork: works; 3.14 by forkserver: NameError
	//     Only by fork, which Linux had up to 3.13; macOS spawns since 3.8, Windows always has, and from 3.14 on it is the fork server: all these start without the parent's variables.
	// W12  "the Queue module shares between threads and processes"
	//     no: queue.Queue can leave its process: false
	//     queue.Queue is for threads, multiprocessing.Queue is for processes.
	// W13  "parallelism is deterministic"
	//     no: 20 seeds, 3 orders of three processes
	//     Neither it nor concurrency is.
	// W14  "threads make computing slower, or faster"
	//     no: two threads on two cores, times serial: 1.01; 2.7: 1.94
	//     From 3.2 on they make no difference; the old GIL was slower on several cores.
	// W15  "a lock makes the output come in order"
	//     no: 20 seeds, 3 orders of three processes with a lock
	//     It keeps lines whole; their order stays free.
	// W16  "CPython appeared in 1990, and Jython and IronPython are for 2.7 only"
	//     no: the year is 1991, and there is IronPython 3.4
	//     It was 1991, and there is an IronPython for 3.4.
	// W17  "processes need no locks"
	//     no: two that add 1 to shared memory leave one of [1 2]
	//     What they share needs one: memory, files, pipes, the screen.
	// W18  "a thread that waits lets others run, and that is all"
	//     no: it goes on 5.0 ms late
	//     Afterwards it has to win the GIL back, which takes up to 5 ms beside one that computes.
}

func TestClaims(t *testing.T) {
	show := cli.New(io.Discard)
	old, new12 := show.Under(gil.CPython311), show.Under(gil.CPython312)
	rows.CheckClaim(t, 1, added(gil.CPython39), added(gil.CPython313), added(gil.CPython313T))
	rows.CheckClaim(t, 2, counted(show))
	rows.CheckClaim(t, 3, appended(show))
	rows.CheckClaim(t, 4, held(show))
	rows.CheckClaim(t, 5, firstEnd(show) < 500*time.Millisecond)
	visited, par := visits(show)
	rows.CheckClaim(t, 6, visited, par)
	rows.CheckClaim(t, 7, interpreters(old), interpreters(new12))
	rows.CheckClaim(t, 8, released(show))
	rows.CheckClaim(t, 9, threads(show).Par, threads(show.Under(gil.CPython313T)).Par)
	rows.CheckClaim(t, 10, private(show))
	rows.CheckClaim(t, 11, global(show), global(show.Under(gil.CPython314)))
	rows.CheckClaim(t, 12, leaves())
	rows.CheckClaim(t, 13, len(orders(show, false)) > 1)
	rows.CheckClaim(t, 14, ratio(show.Under(gil.CPython27)) > 1.2, ratio(show))
	rows.CheckClaim(t, 15, len(orders(show, true)) > 1)
	rows.CheckClaim(t, 16, year, ironPython)
	assert.Regexp(t, `CPython.*\b`+strconv.Itoa(year)+`\b`, glossary(t))
	assert.Regexp(t, `IronPython.*\b`+regexp.QuoteMeta(ironPython)+`\b`, glossary(t))
	rows.CheckClaim(t, 17, shared())
	rows.CheckClaim(t, 18, late(show).Seconds()*1000)
}

// glossary is what the glossary is made of: both must say the same.
func glossary(t *testing.T) string {
	var all strings.Builder
	files, err := filepath.Glob("../glossary/*.*")
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		all.Write(text)
	}
	return all.String()
}

// Every Python can be asked.
func TestProfiles(t *testing.T) {
	for _, python := range []string{"2.7", "3.9", "3.13t", "3.14"} {
		if err := cli.Perform(io.Discard, "wrong", []string{"-profile", python}, story); err != nil {
			t.Error(python, err)
		}
	}
}
