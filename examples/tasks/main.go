// Tasks does the workloads of package preset one after the other, on threads, in
// processes and as coroutines, names the winner of each and says why.
package main

import (
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/models"
	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
)

func main() { cli.Main("tasks", story) }

// do does a workload in a model.
func do(s *cli.Show, p preset.Preset, m models.Model, opts ...gil.Option) cli.Account {
	costs := []gil.Option{gil.WithStartCost(p.Start), gil.WithSwitchCost(p.Switch)}
	var begun models.Counter
	a := s.Attempt(func(t *gil.Thread) { m(t, p.Tasks, begun.On) }, append(costs, opts...)...)
	a.Conc = begun.Most()
	return a
}

// order is the order in which the tasks of a workload end.
func order(s *cli.Show, p preset.Preset, m models.Model) (ended []int) {
	s.Run(func(t *gil.Thread) {
		m(t, p.Tasks, func(i int, end bool) {
			if end {
				ended = append(ended, i)
			}
		})
	}, gil.WithStartCost(p.Start))
	return ended
}

// network is work that only waits, and starting processes for it costs what it does
// in the other workloads.
func network() preset.Preset {
	p := preset.Wait()
	p.Name = "network"
	return p
}

// A column is a model under a name.
type column struct {
	name string
	do   models.Model
}

var columns = []column{{"serial", models.Serial}, {"threads", models.Threads}, {"asyncio", models.Coroutines}, {"processes", models.Processes}}

// advise runs a workload under all models and names the fastest; held is the part of
// the time for which it holds the GIL, done serially.
func advise(s *cli.Show, p preset.Preset) (winner string, times []time.Duration, held float64) {
	best := 0
	for i, c := range columns {
		a := do(s, p, c.do)
		if a.Err != nil { // this Python has no asyncio
			times = append(times, 0)
			continue
		}
		times = append(times, a.Took)
		if i == 0 {
			held = a.Stats.Held.Seconds() / a.Took.Seconds()
		}
		// At equal times the model that needs less wins: asyncio before threads.
		if times[i] < times[best] || times[i] == times[best] && c.name == "asyncio" {
			best = i
		}
	}
	return columns[best].name, times, held
}

func story(s *cli.Show) {
	s.Simulated()
	s.Printf("%-10s", "seconds")
	for _, c := range columns {
		s.Printf("%11s", c.name)
	}
	s.Printf("  the winner is\n")
	for _, p := range []preset.Preset{preset.CPU(), preset.Write(), preset.CSV(), network(), preset.Sleeps()} {
		winner, times, held := advise(s.Untraced(), p)
		s.Printf("%-10s", p.Name)
		for _, d := range times {
			if d == 0 {
				s.Printf("%11s", "none")
				continue
			}
			s.Printf("%11.3f", d.Seconds())
		}
		s.Printf("  %s: GIL held %.1f %% of the time\n", winner, 100*held)
	}
	s.Printf("%-10s%11.3f%11.3f%11s%11.3f  threads\n", "images", images(s, 1, false).Seconds(), images(s, preset.ImageWorkers, false).Seconds(), "-", images(s, preset.ImageWorkers, true).Seconds())
	s.Printf("\nWhat holds the GIL wants processes, what waits wants threads or coroutines.\n")
	s.Printf("The sleeping processes end in the order %v. nb-cpu on threads: %v; in processes: %v\n",
		order(s, preset.Sleeps(), models.Processes), do(s, preset.CPU(), models.Threads), do(s, preset.CPU(), models.Processes))
}
