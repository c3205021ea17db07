// Pools gives work to processes: through the verbs of a pool, through the futures of
// an executor, and by hand with processes and two queues, which is what a pool does.
package main

import (
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pool"
	"github.com/pygil/pygil/process"
)

func main() { cli.Main("pools", story) }

// turns counts the turns of a loop over 9 to the power of n. A worker finds it by its
// name.
var turns = process.Define("pools.turns", func(t *gil.Thread, n int) (int, error) {
	turns := 1
	for range n {
		turns *= 9
	}
	t.Compute(time.Duration(turns) * 4944 / 100)
	return turns, nil
})

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
