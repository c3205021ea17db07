package main

import "github.com/pygil/pygil/examples/internal/cli"

func init() {
	cli.Plain("tour", "it is one lesson, the same for everybody; ./examples/pygil does all of it as you ask for it")
}
