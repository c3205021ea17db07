package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/rows"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(rows.Main(m)) }

func Example() {
	cli.Example("glossary", story)
	// Output:
	// glossary: Python 3.13, 4 cores, seed 1, simulated time
	//
	// asyncio             coroutines of one thread; a switch comes only at an await (row 105)
	// atomic              seen by others as not begun or as done, never as half done
	// bytecode            what Python code is compiled to; the interpreter's loop executes it, not the processor (row 41)
	// C extension         a module written in C; it can give the GIL up while it computes, or forget to (row 128)
	// concurrency         several tasks have begun and not ended (row 1)
	// convoy              threads that come back from a wait and each time wait for one that computes
	// coroutine           a function that stops at an await and is resumed by the event loop
	// CPython             the reference implementation of Python, in C; first released in 1991; it has the GIL (row 23)
	// deadlock            threads that wait for each other for ever (row 95)
	// event loop          one thread that runs coroutines and callbacks, each until its next await
	// free threading      CPython without a GIL: an experiment in 3.13, supported from 3.14 on (PEP 703) (row 38)
	// free-threaded build see free threading; its version has a t behind it: 3.13t
	// GIL                 the global interpreter lock: who holds it executes (row 23)
	// IronPython          Python on .NET, without a GIL; 2.7, and 3.4 by now (row 126)
	// Java                compiled to bytecode that is compiled again while it runs; threads without a GIL (row 132)
	// Jython              Python 2.7 on the JVM, without a GIL (row 126)
	// livelock            threads that do something all the time and get nowhere (row 98)
	// lock                what one thread holds at a time; the others wait for it
	// MicroPython         a small Python for small computers; whether it has a GIL is a choice when it is built
	// parallelism         several tasks compute at the same instant (row 2)
	// pickle              Python's format for objects that leave a process (row 74)
	// process             a running program with memory, an interpreter and a GIL of its own (row 15)
	// .pyc                a file that keeps the bytecode of a module, so that it is not compiled again
	// PyParallel          an attempt at parallel threads in CPython 3.3, given up
	// PyPy                a Python that compiles while it runs: fast after some warm-up, and with a GIL (row 131)
	// pypy-stm            an attempt at PyPy without a GIL, by transactions in memory; given up
	// race condition      a result that depends on who comes first, when it should not
	// schedule            an interleaving written down: who runs when
	// start method        how a process begins: fork copies its parent, spawn and forkserver begin anew
	// starvation          a thread that could go on and is passed over again and again (row 94)
	// sub-interpreter     a second interpreter in one process; from 3.12 on it can have a GIL of its own
	// switch interval     how long a thread waits before it asks for the GIL: 5 ms, from 3.2 on (row 4)
	// thread              an order of execution within a process: own locals, shared everything else (row 17)
	// tick                what the GIL up to 3.1 counted: nearly a bytecode (row 24)
}

func has(word string) bool {
	return slices.ContainsFunc(terms, func(t term) bool { return t.word == word })
}

// sortKey is a word as a reader looks for it.
func sortKey(t term) string { return strings.TrimLeft(strings.ToLower(t.word), ".") }

func TestTerms(t *testing.T) {
	missing := 0
	for _, word := range []string{".pyc", "C extension", "CPython", "Java", "MicroPython", "PyPy"} {
		if !has(word) {
			missing++
		}
	}
	rows.Check(t, 146, missing)
	rows.Check(t, 125, has("pypy-stm") && has("PyParallel"))
	rows.Check(t, 133, has("Java") && has("bytecode"))
	rows.Check(t, 134, has("MicroPython"))
	assert.True(t, slices.IsSortedFunc(terms, func(a, b term) int { return strings.Compare(sortKey(a), sortKey(b)) }))
	for _, term := range terms {
		assert.NotEmpty(t, term.meaning)
		assert.LessOrEqual(t, term.row, 146)
	}
}
