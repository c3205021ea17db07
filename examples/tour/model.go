package main

import (
	"time"

	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
)

// A model is a way of doing tasks.
type model func(t *gil.Thread, tasks []func(t *gil.Thread))

// serial does them one after the other.
func serial(t *gil.Thread, tasks []func(t *gil.Thread)) {
	for _, do := range tasks {
		do(t)
	}
}

// threads gives each a thread.
func threads(t *gil.Thread, tasks []func(t *gil.Thread)) {
	var ts []*gil.Thread
	for _, do := range tasks {
		ts = append(ts, t.Go("", do))
	}
	gil.JoinAll(t, ts...)
}

// processes gives each a process, which has a GIL of its own.
func processes(t *gil.Thread, tasks []func(t *gil.Thread)) {
	var children []*gil.Child
	for _, do := range tasks {
		children = append(children, t.Emulate("task", do))
	}
	for _, c := range children {
		c.Join(t)
	}
}

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
func run(python gil.Profile, p preset.Preset, do model) (account, error) {
	m := p.Machine()
	var a account
	tasks := make([]func(*gil.Thread), len(p.Tasks))
	for i, task := range p.Tasks {
		tasks[i] = func(t *gil.Thread) {
			task.Do(t)
			a.order = append(a.order, i) // all processes of a Machine are in this one
		}
	}
	var stats gil.Stats
	err := m.Run(python, func(t *gil.Thread) {
		do(t, tasks)
		stats = t.Interpreter().Stats()
	})
	a.took, a.par, a.conc, a.switches = m.Now(), m.Par(), m.Conc(), stats.Switches
	a.busy = stats.Held.Seconds() / a.took.Seconds()
	return a, err
}
