package main

import (
	"fmt"
	"time"

	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
)

const (
	counterThreads = 4
	counterTurns   = 5000
	// A bytecode takes as long as on a very slow computer, so that so few turns are
	// enough for a thread to use up its interval several times.
	counterTick = 500 * time.Nanosecond
)

// A step is what the threads of lesson 2 repeat. None of the three knows which
// Python it runs under.
type step func(t *gil.Thread, counter *gil.Var[int], lock *threading.Lock)

// n += 1
func plain(t *gil.Thread, counter *gil.Var[int], _ *threading.Lock) {
	gil.Add(t, counter, 1)
}

// n = f(n)
func withCall(t *gil.Thread, counter *gil.Var[int], _ *threading.Lock) {
	counter.Update(t, func(n int) int { return n + 1 })
}

// with lock: n += 1
func withLock(t *gil.Thread, counter *gil.Var[int], lock *threading.Lock) {
	lock.With(t, func() { gil.Add(t, counter, 1) })
}

// tally is how a count came out.
type tally struct {
	final    int
	switches int64
}

// countUp lets the threads repeat a step and returns the counter's last value.
func countUp(python gil.Profile, s step) (tally, error) {
	m := gil.NewMachine(preset.Cores, gil.Measured(), gil.WithTickCost(counterTick))
	counter := gil.NewVar("counter", 0)
	var lock threading.Lock
	var got tally
	err := m.Run(python, func(t *gil.Thread) {
		body := func(t *gil.Thread) {
			for range gil.Range(t, counterTurns) {
				s(t, counter, &lock)
			}
		}
		var threads []*gil.Thread
		for range counterThreads {
			threads = append(threads, t.Go("", body))
		}
		gil.JoinAll(t, threads...)
		got.switches = t.Interpreter().Stats().Switches
	})
	got.final = counter.Peek()
	return got, err
}

// counters is lesson 2.
func counters(p *page) error {
	p.heading("2. One counter, five Pythons")
	p.text(`
Four threads add 1 to the same counter n, 5000 times each, on a slow computer.
They should end at 20000. The Go code is the same in every line of the table.

`)
	pythons := []struct {
		profile gil.Profile
		rule    string
	}{
		{gil.CPython27, "after 101 ticks"},
		{gil.CPython36, "asked after 5 ms"},
		{gil.CPython39, "asked after 5 ms"},
		{gil.CPython313, "asked after 5 ms"},
		{gil.CPython313T, "has no GIL"},
	}
	steps := []step{plain, withCall, withLock}
	done := p.busy("counting")
	cells, err := table(len(pythons), len(steps), func(row, column int) (tally, error) {
		return countUp(pythons[row].profile, steps[column])
	})
	done()
	if err != nil {
		return err
	}
	p.printf("%-6s  %-17s  %-16s  %-16s  %s\n", "", "", "n += 1", "n = f(n)", "with lock: n += 1")
	p.printf("%-6s  %-17s  %7s %8s  %7s %8s  %7s %8s\n", "Python", "gives the GIL up",
		"final", "switches", "final", "switches", "final", "switches")
	for i, python := range pythons {
		p.printf("%-6v  %-17s", python.profile, python.rule)
		for _, c := range cells[i] {
			switches := fmt.Sprint(c.switches)
			if python.profile.FreeThreaded() {
				switches = "-"
			}
			p.printf("  %7d %8s", c.final, switches)
		}
		p.printf("\n")
	}
	p.text(`
n += 1 reads n, adds 1 and writes n. Up to Python 3.9 a switch may come between
the read and the write; then the write throws away what the others have added.
From 3.10 on no switch comes there. But one still comes where a function is
called, so the second column is wrong in every Python. 3.13t has no GIL: there
the threads really run at the same time, and nothing keeps them apart.

A lock is right everywhere. It is dear where a switch may come while it is held:
then the others wait for the lock, too, and it changes hands again and again.
`)
	return nil
}
