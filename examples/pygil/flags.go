package main

import (
	"github.com/pygil/pygil/gil"
)

func orNone(arguments string) string {
	if arguments == "" {
		return "no argument"
	}
	return arguments
}

// world adds the flags that say where a program runs.
func (c *call) world() {
	c.flags.Func("profile", "the `Python`: 2.7, 3.9, 3.13, 3.13t, pypy, jvm, any … (default 3.13)", func(v string) (err error) {
		c.show.Python, err = gil.LookupProfile(v)
		return err
	})
	c.flags.IntVar(&c.times, "n", 0, "how `often` each thread does its step (default: the program's own number)")
}

// machine adds the flags of a simulated computer.
func (c *call) machine() {
	c.flags.IntVar(&c.show.Cores, "cores", c.show.Cores, "cores of the simulated computer")
	c.seed()
}

func (c *call) seed() {
	c.flags.Uint64Var(&c.show.Seed, "seed", c.show.Seed, "what decides where nothing else does")
}

// flagsOf are the flags of each command.
var flagsOf = map[string]func(c *call){
	"run": func(c *call) {
		c.world()
		c.machine()
		c.flags.BoolVar(&c.show.Live, "live", false, "run for real: goroutines and the clock on the wall")
	},
	"trace": func(c *call) {
		c.world()
		c.machine()
		c.flags.String("o", "", "write to `FILE`, for Perfetto; .svg, .txt and .jsonl are other formats (default: text, to the screen)")
	},
	"explore": func(c *call) {
		c.world()
		c.seed()
		c.flags.Int("schedules", 10_000, "how many interleavings to try at most")
		c.flags.Int("steps", 2_000, "how long an interleaving may be, in operations")
		c.flags.Bool("unfair", false, "allow interleavings in which a thread never gets its turn")
	},
	"replay": func(c *call) {
		c.world()
		c.flags.Int("steps", 2_000, "how long an interleaving may be, in operations")
		c.flags.Bool("unfair", false, "as explore was called")
	},
	"compare": func(c *call) {
		c.machine()
		c.flags.IntVar(&c.times, "n", 0, "how `often` each thread does its step (default: the program's own number)")
		c.flags.String("profiles", "2.7,3.9,3.13,3.13t", "the `Pythons`, with commas between them")
	},
	"advise": func(c *call) {
		c.flags.IntVar(&c.show.Cores, "cores", 0, "cores of the simulated computer (default: the work's own number)")
		c.show.Cores, c.leastCores = 0, 0
		c.flags.Func("profile", "the `Python`, one that has a GIL: 3.2, 3.9, 3.13 … (default 3.13)", func(v string) (err error) {
			c.show.Python, err = gil.LookupProfile(v)
			return err
		})
	},
}
