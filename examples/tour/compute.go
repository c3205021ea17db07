package main

import (
	"fmt"

	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
)

// computing is lesson 2.
func computing(p *page) error {
	p.heading("2. Work that computes: threads do not help, processes do")
	p.printf("\nFour tasks, each a loop of %d turns of 49.44 ns: %.2f s.\n\n",
		preset.CPUTurns, preset.CPUTask.Seconds())
	rows := []struct {
		name   string
		python gil.Profile
		model  model
	}{
		{"one after the other", gil.CPython313, serial},
		{"4 threads", gil.CPython313, threads},
		{"4 threads, no GIL", gil.CPython313T, threads},
		{"4 processes", gil.CPython313, processes},
	}
	done := p.busy("computing")
	cells, err := table(len(rows), 1, func(row, _ int) (account, error) {
		return run(rows[row].python, preset.CPU(), rows[row].model)
	})
	done()
	if err != nil {
		return err
	}
	p.printf("%-20s  %-6s  %9s  %10s  %12s  %8s\n", "", "Python", "time", "begun, and", "computing at", "GIL")
	p.printf("%-20s  %-6s  %9s  %10s  %12s  %8s\n", "", "", "", "not ended", "one instant", "switches")
	for i, r := range rows {
		c := cells[i][0]
		switches := fmt.Sprint(c.switches)
		if r.python.FreeThreaded() {
			switches = "-"
		}
		p.printf("%-20s  %-6v  %7.2f s  %10d  %12d  %8s\n", r.name, r.python, c.seconds(), c.conc, c.par, switches)
	}
	p.text(`
The threads take turns: each runs for 5 ms, and each switch costs 5 µs, so they
are a little slower than no threads at all. All four have begun, which is
concurrency; only one computes, so it is not parallelism. A process has a GIL of
its own. Starting one takes 0.25 s here, and that is the rest of the 20.15 s.
Without a GIL a thread is as good as a process, but each runs 1.4 times slower.
`)
	return nil
}
