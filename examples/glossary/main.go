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
	{"bytecode", "what Python code is compiled to; the interpreter's loop executes it, not the processor", 41},
	{"C extension", "a module written in C; it can give the GIL up while it computes, or forget to", 128},
	{"concurrency", "several tasks have begun and not ended", 1},
	{"CPython", "the reference implementation of Python, in C; first released in 1991; it has the GIL", 23},
	{"deadlock", "threads that wait for each other for ever", 95},
	{"free threading", "CPython without a GIL: an experiment in 3.13, supported from 3.14 on (PEP 703)", 38},
	{"GIL", "the global interpreter lock: who holds it executes", 23},
	{"IronPython", "Python on .NET, without a GIL; 2.7, and 3.4 by now", 126},
	{"Java", "compiled to bytecode that is compiled again while it runs; threads without a GIL", 132},
	{"Jython", "Python 2.7 on the JVM, without a GIL", 126},
	{"livelock", "threads that do something all the time and get nowhere", 98},
	{"MicroPython", "a small Python for small computers; whether it has a GIL is a choice when it is built", 0},
	{"parallelism", "several tasks compute at the same instant", 2},
	{"pickle", "Python's format for objects that leave a process", 74},
	{"process", "a running program with memory, an interpreter and a GIL of its own", 15},
	{".pyc", "a file that keeps the bytecode of a module, so that it is not compiled again", 0},
	{"PyParallel", "an attempt at parallel threads in CPython 3.3, given up", 0},
	{"PyPy", "a Python that compiles while it runs: fast after some warm-up, and with a GIL", 131},
	{"pypy-stm", "an attempt at PyPy without a GIL, by transactions in memory; given up", 0},
	{"starvation", "a thread that could go on and is passed over again and again", 94},
	{"switch interval", "how long a thread waits before it asks for the GIL: 5 ms, from 3.2 on", 4},
	{"thread", "an order of execution within a process: own locals, shared everything else", 17},
	{"tick", "what the GIL up to 3.1 counted: nearly a bytecode", 24},
}

func story(s *cli.Show) {
	for _, t := range terms {
		s.Printf("%-16s %s", t.word, t.meaning)
		if t.row > 0 {
			s.Printf(" (row %d)", t.row)
		}
		s.Printf("\n")
	}
}
