package main

import "github.com/pygil/pygil/examples/internal/cli"

func init() {
	cli.Plain("python_peer", "the Pythons are real ones, and what is sent to them is fixed")
}
