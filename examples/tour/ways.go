package main

import (
	"time"

	"github.com/pygil/pygil/examples/internal/models"
	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
)

// account is what a run took.
type account struct {
	took      time.Duration
	par, conc int
	switches  int64   // of the first process's GIL
	busy      float64 // part of the time for which somebody held that GIL
	order     []int   // of finishing
}

// seconds is the time as the tables show it.
func (a account) seconds() float64 { return a.took.Seconds() }

// run does a preset's tasks in a model.
func run(python gil.Profile, p preset.Preset, do models.Model) (account, error) {
	m := p.Machine()
	var a account
	var begun models.Counter
	on := func(i int, ended bool) {
		begun.On(i, ended)
		if ended {
			a.order = append(a.order, i) // all processes of a Machine are in this one
		}
	}
	var stats gil.Stats
	err := m.Run(python, func(t *gil.Thread) {
		do(t, p.Tasks, on)
		stats = t.Interpreter().Stats()
	})
	a.took, a.par, a.conc, a.switches = m.Now(), m.Par(), begun.Most(), stats.Switches
	a.busy = stats.Held.Seconds() / a.took.Seconds()
	return a, err
}

// A way is a model under a Python.
type way struct {
	name   string
	python gil.Profile
	do     models.Model
}

var ways = []way{
	{"one by one", gil.CPython313, models.Serial},
	{"threads", gil.CPython313, models.Threads},
	{"asyncio", gil.CPython313, models.Coroutines},
	{"processes", gil.CPython313, models.Processes},
	{"threads, no GIL", gil.CPython313T, models.Threads},
}

// inWays is lesson 4.
func inWays(p *page) error {
	p.heading("4. Threads, asyncio, processes, no GIL")
	p.text(`
Four kinds of work, done in five ways, each on a simulated computer of 4 cores:

  computing   4 loops of 19.15 s
  waiting     4 waits of 2.08 s
  both        3 files of 2.41 s, which are read (28 %) and parsed (72 %)
  sleeping    5 sleeps, of 5, 2, 4, 1 and 5 s

`)
	work := []preset.Preset{preset.CPU(), preset.Wait(), preset.CSV(), preset.Sleeps()}
	done := p.busy("working")
	cells, err := table(len(ways), len(work), func(row, column int) (account, error) {
		return run(ways[row].python, work[column], ways[row].do)
	})
	done()
	if err != nil {
		return err
	}
	p.printf("%-15s  %-6s  %9s %9s %8s %9s   %s\n", "", "", "", "", "", "", "of the loops")
	p.printf("%-15s  %-6s  %9s %9s %8s %9s   %s\n", "", "Python", "computing", "waiting", "both", "sleeping", "begun at once")
	for i, w := range ways {
		c := cells[i]
		p.printf("%-15s  %-6v  %7.2f s %7.2f s %6.2f s %7.2f s   %5d %7d\n", w.name, w.python,
			c[0].seconds(), c[1].seconds(), c[2].seconds(), c[3].seconds(), c[0].conc, c[0].par)
	}
	p.text(`
Who waits gives the GIL up, so waits overlap in threads and coroutines alike.
Who computes needs it: the threads take turns of 5 ms, which makes them no
faster, and a coroutine goes on until its next await, here to its end. Having
begun and not ended is concurrency; computing at one instant is parallelism.

A process has a GIL of its own, and takes a while to start: 0.25 s here, in the
last column 8 ms. Without a GIL a thread is as good, but each runs 1.4 times
slower in 3.13t.
`)
	return nil
}
