package main

import "github.com/pygil/pygil/examples/internal/cli"

func init() {
	cli.Plain("quick", "this is the program of README.md: its child is real; ./examples/sharing has simulated ones")
}
