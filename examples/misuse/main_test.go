package main

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The README shows this output.
func Example() {
	misuse()
	// Output:
	// Go:     threading: release unlocked lock accounts; acquire it first, release it once
	// Python: RuntimeError: release unlocked lock
}
