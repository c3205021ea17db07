// Pools gives work to processes: through the verbs of a pool, through the futures of
// an executor, and by hand with processes and two queues, which is what a pool does.
package main

import (
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe/pickle"
	"github.com/pygil/pygil/pool"
	"github.com/pygil/pygil/process"
)

func main() { cli.Main("pools", story) }

// What the workers run. A process finds it by its name.
var (
	// turns counts the turns of a loop over 9 to the power of n.
	turns = process.Define("pools.turns", func(t *gil.Thread, n int) (int, error) {
		turns := 1
		for range n {
			turns *= 9
		}
		t.Compute(time.Duration(turns) * 4944 / 100)
		return turns, nil
	})
	// clean is 40 ms of work on a part of the data.
	clean = process.Define("pools.clean", func(t *gil.Thread, chunk []int) (int, error) {
		t.Compute(40 * time.Millisecond)
		return len(chunk), nil
	})
	sleep = process.Define("pools.sleep", func(t *gil.Thread, i int) (int, error) {
		preset.Sleeps().Tasks[i].Do(t)
		return i, nil
	})
)

// costs are those of the presets.
func costs(start time.Duration) []gil.Option {
	return []gil.Option{gil.WithStartCost(start), gil.WithSwitchCost(preset.CPUSwitch)}
}

// powers is Pool(4).map, and how long it took from the start of the pool to its end.
func powers(s *cli.Show) (results []int, a cli.Account) {
	a = s.Run(func(t *gil.Thread) {
		p, err := pool.New(t, preset.CPUTasks)
		s.Check(err)
		s.Check(p.With(t, func() {
			results, err = pool.Map(t, p, turns, []int{9, 9, 9, 9})
			s.Check(err)
		}))
	}, costs(preset.ProcessStart)...)
	return results, a
}

// chunks are what the data is cut into.
const chunks = 100

// cleaned maps over the data in chunks: how many were done, how long that took once
// the workers were there, and how much had to be pickled for them.
func cleaned(s *cli.Show) (done int, took time.Duration, bytes int) {
	data := make([][]int, chunks)
	for i := range data {
		data[i] = make([]int, 10_000)
		b, err := pickle.Marshal(data[i])
		s.Check(err)
		bytes += len(b)
	}
	s.Run(func(t *gil.Thread) {
		p, err := pool.New(t, 4)
		s.Check(err)
		s.Check(p.With(t, func() {
			began := t.Now()
			results, err := pool.Map(t, p, clean, data, pool.WithChunkSize(1))
			s.Check(err)
			took, done = t.Now()-began, len(results)
		}))
	}, costs(preset.ProcessStart)...)
	return done, took, bytes
}

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

func story(s *cli.Show) {
	s.Simulated()
	results, a := powers(s)
	serial := 4 * preset.CPUTask
	s.Printf("Pool(4).map: %s\n%.2f s, %.3f of %.2f s; %v\n\n", gil.Repr(results), a.Took.Seconds(), a.Took.Seconds()/serial.Seconds(), serial.Seconds(), a)
	done, took, bytes := cleaned(s)
	s.Printf("%d chunks cleaned in %.2f s instead of 4.00 s, after pickling %d bytes\n\n", done, took.Seconds(), bytes)
	completed, a := futures(s)
	s.Printf("an executor's futures as they are completed: %v; %v\n\n", completed, a)
	s.Printf("squares, by hand:  %s\nsquares, a pool's: %s\n", gil.Repr(byHand(s, 4)), gil.Repr(byPool(s, 4)))
}
