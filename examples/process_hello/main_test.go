//go:build linux || darwin

package main

import (
	"testing"

	"github.com/pygil/pygil/process"
)

// The children of the example come here too.
func TestMain(m *testing.M) { process.TestMain(m, process.WithStrict()) }

func Example() {
	main()
	// Output:
	// hello bob
	// exit code 0, and here nobody has said hello: 0
	// a result: 18
}
