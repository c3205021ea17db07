package main

import (
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/process"
)

// image is one of the workload "images".
func image(t *gil.Thread) {
	t.Compute(preset.ImageHold)
	t.IO(preset.ImageWait)
}

// desk is what worker processes share: how many images were taken, and when the last
// one was ready.
type desk struct {
	Taken *process.Value[int]
	Last  *process.Value[int64] // nanoseconds
}

// fetch is what a process does that is a worker.
var fetch = process.DefineTarget("tasks.fetch", func(t *gil.Thread, d desk) error {
	for {
		n, err := process.Add(t, d.Taken, 1)
		if err != nil || n > preset.ImageCount {
			return err
		}
		image(t)
		if err := d.Last.Store(t, int64(t.Now())); err != nil {
			return err
		}
	}
})

// images is when the last image is ready, of workers that are threads or processes.
func images(s *cli.Show, workers int, processes bool) time.Duration {
	var last time.Duration
	s.Run(func(t *gil.Thread) {
		if !processes {
			last = byThreads(t, workers)
			return
		}
		taken, err := process.NewValue(t, 0)
		s.Check(err)
		ready, err := process.NewValue[int64](t, 0)
		s.Check(err)
		var all []*process.Process
		for range workers {
			p, err := fetch.Start(t, desk{taken, ready})
			s.Check(err)
			all = append(all, p)
		}
		for _, p := range all {
			s.Check(p.Join(t))
		}
		at, err := ready.Load(t)
		s.Check(err)
		last = time.Duration(at)
	}, gil.WithStartCost(preset.ProcessStart))
	return last
}

// byThreads fetches the images on threads.
func byThreads(t *gil.Thread, workers int) time.Duration {
	left := gil.NewList("left", make([]int, preset.ImageCount)...)
	var all []*gil.Thread
	for range workers {
		all = append(all, t.Go("", func(t *gil.Thread) {
			for {
				if _, err := left.Pop(t); err != nil {
					return
				}
				image(t)
			}
		}))
	}
	gil.JoinAll(t, all...)
	return t.Now()
}
