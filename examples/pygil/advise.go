package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/pygil/pygil/examples/internal/models"
	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/asyncio"
)

// A way is one of doing a piece of work, and why one would take it.
type way struct {
	name string
	do   models.Model
	free bool // under the Python without a GIL
	why  func(w work, all map[string]result) string
}

// result is what a way has taken.
type result struct {
	took      time.Duration
	par, conc int
}

// ways are in the order in which one would rather not have them: of those that take
// as long as each other the first one is the best.
var ways = []way{
	{name: "one by one", do: models.Serial, why: func(work, map[string]result) string {
		return "Nothing overlaps that would make it faster: leave it as simple as it is."
	}},
	{name: "asyncio", do: models.Coroutines, why: func(w work, all map[string]result) string {
		return fmt.Sprintf("The tasks %s.\nWaits overlap on one thread, where a switch comes only at an await, so there is\nlittle to lock.%s", shares(w), instead(w, all))
	}},
	{name: "threads", do: models.Threads, why: func(w work, all map[string]result) string {
		return fmt.Sprintf("The tasks %s.\nWho waits gives the GIL up, and who computes is asked for it every 5 ms, which\ncoroutines are not.%s", shares(w), instead(w, all))
	}},
	{name: "sub-interpreters", do: interpreters, why: func(w work, all map[string]result) string {
		return fmt.Sprintf("The tasks %s.\nEach interpreter has a GIL of its own: %d compute at one instant, with threads %d.\nInterpreters share no objects, and not every C extension can be imported in one.", shares(w), all["sub-interpreters"].par, all["threads"].par)
	}},
	{name: "threads, no GIL", do: models.Threads, free: true, why: func(w work, all map[string]result) string {
		return fmt.Sprintf("The tasks %s.\nWithout a GIL %d compute at one instant, with one %d. Nothing but locks keeps the\nthreads apart then.", shares(w), all["threads, no GIL"].par, all["threads"].par)
	}},
	{name: "processes", do: models.Processes, why: func(w work, all map[string]result) string {
		return fmt.Sprintf("The tasks %s.\nEach process has a GIL of its own: %d compute at one instant, with threads %d.\nThat is worth the %v that starting them takes.",
			shares(w), all["processes"].par, all["threads"].par, time.Duration(len(w.Tasks))*w.Start)
	}},
}

// shares says what the tasks do for most of their time.
func shares(w work) string {
	compute, wait := w.total()
	return fmt.Sprintf("compute for %.0f %% of their time and wait for %.0f %%",
		100*compute.Seconds()/(compute+wait).Seconds(), 100*wait.Seconds()/(compute+wait).Seconds())
}

// instead says what processes would be good for.
func instead(w work, all map[string]result) string {
	if w.Start == 0 {
		return ""
	}
	return fmt.Sprintf("\nProcesses would take %v, for starting them takes %v.",
		round(all["processes"].took), round(time.Duration(len(w.Tasks))*w.Start))
}

// interpreterStart is what making a sub-interpreter takes: a few tens of milliseconds
// were measured with CPython 3.12 and 3.13.
const interpreterStart = 30 * time.Millisecond

// interpreters gives each task a sub-interpreter, on a thread of its own.
func interpreters(t *gil.Thread, tasks []preset.Task, on func(i int, ended bool)) {
	var all []*gil.Thread
	for i, task := range tasks {
		all = append(all, t.Go("", func(t *gil.Thread) {
			on(i, false)
			defer on(i, true)
			t.Compute(interpreterStart)
			if err := t.NewInterpreter().Run(task.Do); err != nil {
				panic(err)
			}
		}))
	}
	gil.JoinAll(t, all...)
}

// near is how close two times are that make no difference.
const near = 1.05

// advises is the command advise.
func advises(c *call) error {
	w, err := workOf(c.flags.Arg(0))
	if err != nil {
		return err
	}
	switch {
	case c.show.Python.PollsWaits():
		return fmt.Errorf("-profile %v: want a Python from 3.2 on; what the GIL of older ones is like is in ./examples/battle", c.show.Python)
	case c.show.Python.FreeThreaded():
		return fmt.Errorf("-profile %v: want a Python that has a GIL; what one without makes of it is a line of its own", c.show.Python)
	}
	if c.show.Cores > 0 {
		w.Cores = c.show.Cores
	}
	fmt.Fprintf(c.out, "%s: %v, on %d cores\n\n", w.Name, w, w.Cores)
	fmt.Fprintf(c.out, "%-17s  %-6s  %10s  %5s  %7s\n", "", "Python", "time", "begun", "at once")
	all := map[string]result{}
	best := 0
	for i, way := range ways {
		python := c.show.Python
		if way.free {
			python = gil.CPython313T
		}
		r, err := do(w, way.do, python)
		var missing *asyncio.UnavailableError
		if errors.As(err, &missing) {
			fmt.Fprintf(c.out, "%-17s  %-6v  %10s\n", way.name, python, "not there")
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", way.name, err)
		}
		all[way.name] = r
		if r.took.Seconds()*near < all[ways[best].name].took.Seconds() {
			best = i
		}
		fmt.Fprintf(c.out, "%-17s  %-6v  %8.2f s  %5d  %7d\n", way.name, python, r.took.Seconds(), r.conc, r.par)
	}
	// Of all that are as good the first one is the one.
	for i, way := range ways {
		if r, ok := all[way.name]; ok && r.took.Seconds() <= all[ways[best].name].took.Seconds()*near {
			best = i
			break
		}
	}
	fmt.Fprintf(c.out, "\nThe best way: %s.\n%s\n", ways[best].name, ways[best].why(w, all))
	return nil
}

// do does a piece of work in one way.
func do(w work, model models.Model, python gil.Profile) (result, error) {
	var begun models.Counter
	quiet := gil.WithExceptHook(func(*gil.Thread, *gil.UncaughtError) {}) // the error says it
	m := gil.NewMachine(w.Cores, quiet, gil.WithStartCost(w.Start), gil.WithSwitchCost(w.Switch))
	err := m.Run(python, func(t *gil.Thread) { model(t, w.Tasks, begun.On) })
	return result{m.Now(), m.Par(), begun.Most()}, err
}
