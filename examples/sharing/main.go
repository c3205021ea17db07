// Sharing shows what threads have in common and processes have not: variables, the
// GIL, memory, and a printer.
package main

import (
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
	"github.com/pygil/pygil/process"
)

func main() { cli.Main("sharing", story) }

// global is the program's variable: each process has one of its own.
type global struct{ answer *gil.Var[int] }

// module runs what is at the top of the program, as each process does.
func module() global { return global{gil.NewVar("answer", 0)} }

// answer is what a child process does: it sets its variable and says what it sees.
var answer = process.Define("sharing.answer", func(t *gil.Thread, n int) (int, error) {
	g := module()
	g.answer.Store(t, n)
	return g.answer.Load(t), nil
})

// byThread has a thread set the variable; the main thread reads it.
func byThread(s *cli.Show) (parent int) {
	s.Run(func(t *gil.Thread) {
		g := module()
		t.Go("", func(t *gil.Thread) { g.answer.Store(t, 42) }).Join(t)
		parent = g.answer.Load(t)
	})
	return parent
}

// byProcess has a child process do it.
func byProcess(s *cli.Show) (child, parent int) {
	s.Run(func(t *gil.Thread) {
		g := module()
		n, err := answer.Call(t, 42)
		s.Check(err)
		child, parent = n, g.answer.Load(t)
	})
	return child, parent
}

// office is how long three employees take to print for a second each, with one
// printer for all or one for each.
func office(s *cli.Show, shared bool) time.Duration {
	return s.Run(func(t *gil.Thread) {
		printers := make([]threading.Lock, 3)
		var all []*gil.Thread
		for i := range 3 {
			if shared {
				i = 0
			}
			all = append(all, t.Go("employee", func(t *gil.Thread) {
				printers[i].With(t, func() { t.IO(time.Second) })
			}))
		}
		gil.JoinAll(t, all...)
	}).Took
}

func story(s *cli.Show) {
	s.Printf("A thread sets a variable to 42: the main thread sees %d.\n", byThread(s))
	s.Printf("Three employees print for 1 s each: %.0f s at one printer, %.0f s at three.\n", office(s, true).Seconds(), office(s, false).Seconds())
	s.Simulated()
	child, parent := byProcess(s)
	s.Printf("A process sets it to 42: it sees %d, its parent sees %d.\n", child, parent)
	f, a := start(s)
	s.Printf("%s and %d more threads and %d processes have %d GILs: %v.\n", f.main, f.threads-1, f.children, len(f.gils), a)
	memory(s)
}
