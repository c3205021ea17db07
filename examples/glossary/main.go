// Glossary prints the words that texts about Python's threads and processes use, a
// line each, with the row of the index that shows what is meant.
package main

import "github.com/pygil/pygil/examples/internal/cli"

func main() { cli.Main("glossary", story) }

// A term is a word, what it means, and the row that shows it; 0 for none.
type term struct {
	word, meaning string
	row           int
}

var terms = []term{
	{"asyncio", "coroutines of one thread; a switch comes only at an await", 105},
	{"atomic", "seen by others as not begun or as done, never as half done", 0},
	{"bytecode", "what Python code is compiled to; the interpreter's loop executes it, not the processor", 41},
	{"C extension", "a module written in C; it can give the GIL up while it computes, or forget to", 128},
	{"concurrency", "several tasks have begun and not ended", 1},
	{"convoy", "threads that come back from a wait and each time wait for one that computes", 0},
	{"coroutine", "a function that stops at an await and is resumed by the event loop", 0},
	{"CPython", "the reference implementation of Python, in C; first released in 1991; it has the GIL", 23},
	{"deadlock", "threads that wait for each other for ever", 95},
	{"event loop", "one thread that runs coroutines and callbacks, each until its next await", 0},
	{"free threading", "CPython without a GIL: an experiment in 3.13, supported from 3.14 on (PEP 703)", 38},
	{"free-threaded build", "see free threading; its version has a t behind it: 3.13t", 0},
	{"GIL", "the global interpreter lock: who holds it executes", 23},
	{"IronPython", "Python on .NET, without a GIL; 2.7, and 3.4 by now", 126},
	{"Java", "compiled to bytecode that is compiled again while it runs; threads without a GIL", 132},
	{"Jython", "Python 2.7 on the JVM, without a GIL", 126},
	{"livelock", "threads that do something all the time and get nowhere", 98},
	{"lock", "what one thread holds at a time; the others wait for it", 0},
	{"MicroPython", "a small Python for small computers; whether it has a GIL is a choice when it is built", 0},
	{"parallelism", "several tasks compute at the same instant", 2},
	{"pickle", "Python's format for objects that leave a process", 74},
	{"process", "a running program with memory, an interpreter and a GIL of its own", 15},
	{".pyc", "a file that keeps the bytecode of a module, so that it is not compiled again", 0},
	{"PyParallel", "an attempt at parallel threads in CPython 3.3, given up", 0},
	{"PyPy", "a Python that compiles while it runs: fast after some warm-up, and with a GIL", 131},
	{"pypy-stm", "an attempt at PyPy without a GIL, by transactions in memory; given up", 0},
	{"race condition", "a result that depends on who comes first, when it should not", 0},
	{"schedule", "an interleaving written down: who runs when", 0},
	{"start method", "how a process begins: fork copies its parent, spawn and forkserver begin anew", 0},
	{"starvation", "a thread that could go on and is passed over again and again", 94},
	{"sub-interpreter", "a second interpreter in one process; from 3.12 on it can have a GIL of its own", 0},
	{"switch interval", "how long a thread waits before it asks for the GIL: 5 ms, from 3.2 on", 4},
	{"thread", "an order of execution within a process: own locals, shared everything else", 17},
	{"tick", "what the GIL up to 3.1 counted: nearly a bytecode", 24},
}

func story(s *cli.Show) {
	for _, t := range terms {
		s.Printf("%-19s %s", t.word, t.meaning)
		if t.row > 0 {
			s.Printf(" (row %d)", t.row)
		}
		s.Printf("\n")
	}
}
