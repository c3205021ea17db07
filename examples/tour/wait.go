package main

import (
	"fmt"
	"strings"

	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
)

// waiting is lesson 3.
func waiting(p *page) error {
	p.heading("3. Work that waits: threads help as much as processes")
	p.text(`
A thread that waits for a disk, a network or a clock gives the GIL up, and the
others run. When its wait is over it must win the GIL back.

`)
	rows := []struct {
		what   string
		preset preset.Preset
	}{
		{"4 waits of 2.08 s", preset.Wait()},
		{"sleeps of 5, 2, 4, 1, 5 s", preset.Sleeps()},
		{"3 files, read and parsed", preset.CSV()},
		{"4 files, tiny writes", preset.Write()},
	}
	models := []model{serial, threads, processes}
	done := p.busy("waiting")
	cells, err := table(len(rows), len(models), func(row, column int) (account, error) {
		return run(gil.CPython313, rows[row].preset, models[column])
	})
	done()
	if err != nil {
		return err
	}
	p.printf("%-26s  %9s  %9s  %9s  %8s\n", "", "one after", "", "", "GIL held")
	p.printf("%-26s  %9s  %9s  %9s  %8s\n", "", "the other", "threads", "processes", "(threads)")
	for i, r := range rows {
		c := cells[i]
		p.printf("%-26s  %7.2f s  %7.2f s  %7.2f s  %6.1f %%\n", r.what,
			c[0].seconds(), c[1].seconds(), c[2].seconds(), 100*c[1].busy)
	}
	p.printf("\nThe sleeping processes, counted from 0, end in the order %s.\n", list(cells[1][2].order))
	p.text(`
Waits overlap, and the time is that of the longest one. Processes do it too, but
have to be started. Files that are parsed are computing for most of their time,
so threads save only the rest. And the tiny writes are no waiting at all: they
go into a buffer, which is computing. There the GIL is never free, and processes
win.
`)
	return nil
}

// list writes numbers with commas between them.
func list(numbers []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(numbers), " ", ", "), "[]")
}
