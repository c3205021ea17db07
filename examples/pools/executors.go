package main

import (
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pool"
	"github.com/pygil/pygil/process"
)

// sleep is one of the tasks that only wait.
var sleep = process.Define("pools.sleep", func(t *gil.Thread, i int) (int, error) {
	preset.Sleeps().Tasks[i].Do(t)
	return i, nil
})

// futures submits the sleeps to an executor and takes their results as they come.
func futures(s *cli.Show) (completed []int, a cli.Account) {
	a = s.Run(func(t *gil.Thread) {
		ex, err := pool.NewProcessExecutor(t, 5)
		s.Check(err)
		s.Check(ex.With(t, func() {
			var fs []*pool.Future[int]
			for i := range 5 {
				fs = append(fs, pool.Submit(t, ex, sleep, i))
			}
			for f := range pool.AsCompleted(t, fs) {
				i, err := f.Result(t)
				s.Check(err)
				completed = append(completed, i)
			}
		}))
	}, costs(preset.SleepStart)...)
	return completed, a
}

// mapped is an executor's map of four tasks over four processes.
func mapped(s *cli.Show) (results []int, took time.Duration) {
	a := s.Run(func(t *gil.Thread) {
		ex, err := pool.NewProcessExecutor(t, 4)
		s.Check(err)
		s.Check(ex.With(t, func() {
			for n, err := range pool.MapOn(t, ex, turns, []int{9, 9, 9, 9}) {
				s.Check(err)
				results = append(results, n)
			}
		}))
	}, costs(preset.ProcessStart)...)
	return results, a.Took
}
