package main

import (
	"runtime"
	"time"

	"github.com/pygil/pygil/gil"
)

const (
	liveTasks  = 4
	liveTurns  = 600_000 // of each task: together several switch intervals
	liveRounds = 8
)

// spin is a loop that does nothing but execute its bytecodes.
func spin(t *gil.Thread, turns int) {
	for range gil.Range(t, turns) {
	}
}

// live measures how long the tasks take on this computer.
func live(python gil.Profile, turns int, do model) (took time.Duration, err error) {
	tasks := make([]func(*gil.Thread), liveTasks)
	for i := range tasks {
		tasks[i] = func(t *gil.Thread) { spin(t, turns) }
	}
	err = gil.Live().Run(python, func(t *gil.Thread) {
		began := t.Now()
		do(t, tasks)
		took = t.Now() - began
	})
	return took, err
}

// ratio is the time of threads over that of no threads: the best of some rounds
// each, taken in turn, so that whatever else the computer does hits both.
func ratio(python gil.Profile, turns int) (float64, error) {
	var best [2]time.Duration
	for range liveRounds {
		for i, do := range []model{serial, threads} {
			took, err := live(python, turns, do)
			if err != nil {
				return 0, err
			}
			if best[i] == 0 || took < best[i] {
				best[i] = took
			}
		}
	}
	return best[1].Seconds() / best[0].Seconds(), nil
}

// measuring is lesson 4.
func measuring(p *page, turns int) error {
	p.heading("4. This computer")
	p.printf(`
Now for real: the threads are goroutines, the GIL is a real lock, the time is
that of the clock on the wall. Four loops of %d turns each:

`, turns)
	for _, python := range []gil.Profile{gil.CPython313, gil.CPython313T} {
		done := p.busy("measuring")
		r, err := ratio(python, turns)
		done()
		if err != nil {
			return err
		}
		p.printf("Python %-5v  4 threads / one after the other = %.2f\n", python, r)
	}
	p.printf("\nGo may use %d cores here. With a GIL expect 1 or a little more, on any number\n"+
		"of cores. Without one expect 1 divided by the cores, if they are free.\n", runtime.GOMAXPROCS(0))
	return nil
}
