package main

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The README shows this output.
func Example() {
	main()
	// Output:
	// Python 3.9   seed 3: 1521362 of 2000000
	// Python 3.10  seed 3: 2000000 of 2000000
}
