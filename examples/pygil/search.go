package main

import (
	"fmt"
	"strings"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
)

// options are those that a search and a replay have in common.
func (c *call) options() ([]explore.Option, error) {
	steps, _ := c.flags.Lookup("steps").Value.(interface{ Get() any }).Get().(int)
	if steps < 1 {
		return nil, fmt.Errorf("-steps %d: want 1 or more", steps)
	}
	opts := []explore.Option{explore.WithProfile(c.show.Python), explore.WithMaxSteps(steps)}
	if c.unfair() {
		opts = append(opts, explore.WithoutFairness(), explore.WithStrategy(explore.DFS()))
	}
	return opts, nil
}

func (c *call) unfair() bool { return c.flags.Lookup("unfair").Value.String() == "true" }

// explored finds the program to search.
func (c *call) explored() (func(t *gil.Thread), error) {
	p, err := lookup(c.flags.Arg(0))
	if err != nil {
		return nil, err
	}
	if p.neverExplore {
		return nil, fmt.Errorf("%s is about time, which stands still in a search; see pygil run and pygil trace", p.name)
	}
	return p.of(c.often(p.few)), nil
}

// explores is the command explore.
func explores(c *call) error {
	prog, err := c.explored()
	if err != nil {
		return err
	}
	opts, err := c.options()
	if err != nil {
		return err
	}
	schedules, _ := c.flags.Lookup("schedules").Value.(interface{ Get() any }).Get().(int)
	if schedules < 1 {
		return fmt.Errorf("-schedules %d: want 1 or more", schedules)
	}
	opts = append(opts, explore.WithSeed(c.show.Seed), explore.WithMaxSchedules(schedules), explore.WithMaxFailures(1))
	r := explore.Run(prog, opts...)
	for _, w := range r.Warnings {
		fmt.Fprintf(c.out, "warning: %v\n", w.Report())
	}
	if len(r.Failures) > 0 {
		f := r.Failures[0]
		fmt.Fprintln(c.out, strings.TrimSpace(f.Report()))
		again := []string{"pygil replay -profile", c.show.Python.Name()}
		if c.times > 0 {
			again = append(again, fmt.Sprintf("-n %d", c.times))
		}
		if c.unfair() {
			again = append(again, "-unfair")
		}
		fmt.Fprintf(c.out, "\nagain: %s %s '%v'\n", strings.Join(again, " "), c.flags.Arg(0), f.Schedule)
		return errFailed
	}
	switch {
	case r.Exhausted && r.Fair:
		fmt.Fprintf(c.out, "ok: none fails of all interleavings in which whoever only waits lets the others go first, in %d schedules\n", r.Schedules)
	case r.Exhausted:
		fmt.Fprintf(c.out, "ok: none fails of all interleavings, in %d schedules\n", r.Schedules)
	default:
		fmt.Fprintf(c.out, "no failure in %d schedules; there are more\n", r.Schedules)
	}
	return nil
}

// replays is the command replay.
func replays(c *call) error {
	prog, err := c.explored()
	if err != nil {
		return err
	}
	opts, err := c.options()
	if err != nil {
		return err
	}
	schedule, err := explore.ParseSchedule(c.flags.Arg(1))
	if err != nil {
		return err
	}
	f := explore.Replay(prog, schedule, opts...)
	if f == nil {
		fmt.Fprintln(c.out, "it does not fail")
		return nil
	}
	fmt.Fprintln(c.out, strings.TrimSpace(f.Report()))
	return errFailed
}
