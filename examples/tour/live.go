package main

import (
	"runtime"
	"time"

	"github.com/pygil/pygil/gil"
)

const (
	liveTasks  = 4
	liveTurns  = 200_000 // of each task: together several switch intervals
	liveRounds = 10
)

// loop does nothing but execute its bytecodes.
func loop(t *gil.Thread, turns int) {
	for range gil.Range(t, turns) {
	}
}

// live measures how long the tasks take on this computer.
func live(python gil.Profile, turns int, threads bool) (took time.Duration, err error) {
	err = gil.Live().Run(python, func(t *gil.Thread) {
		began := t.Now()
		var all []*gil.Thread
		for range liveTasks {
			if threads {
				all = append(all, t.Go("", func(t *gil.Thread) { loop(t, turns) }))
			} else {
				loop(t, turns)
			}
		}
		gil.JoinAll(t, all...)
		took = t.Now() - began
	})
	return took, err
}

// ratio is the time of threads over that of no threads: the best of some rounds
// each, taken in turn, so that whatever else the computer does hits both.
func ratio(python gil.Profile, turns int) (float64, error) {
	var best [2]time.Duration
	for range liveRounds {
		for i, threads := range []bool{false, true} {
			took, err := live(python, turns, threads)
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

// measuring is lesson 6.
func measuring(p *page, turns int) error {
	p.heading("6. This computer")
	p.printf(`
Threads for real are goroutines, the GIL is a real lock, the time is that of the
clock on the wall. Four loops of %d turns each:

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
		"of cores. Without one expect 1 divided by the cores. A computer that has other\n"+
		"things to do at the same time may show anything.\n", runtime.GOMAXPROCS(0))
	return nil
}
