//go:build linux || darwin

package main

import (
	"testing"

	"github.com/pygil/pygil/process"
)

// The children of the example come here too.
func TestMain(m *testing.M) { process.TestMain(m, process.WithStrict()) }

func Example() {
	process.Main(run)
	// Unordered output:
	// hello world 0
	// hello world 1
	// hello world 2
	// hello world 3
	// hello world 4
	// hello world 5
	// hello world 6
	// hello world 7
	// hello world 8
	// hello world 9
}
