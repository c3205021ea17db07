package main

import "github.com/pygil/pygil/examples/internal/cli"

// The program is shown whole, as one writes it outside of this module; the same
// with flags, and its trace, are in others.
func init() {
	cli.Plain("race", "this is the program of README.md; ./examples/races takes -profile and -seed, ./examples/profiles all of them")
}
