package main

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/internal/cli"
)

// TestMain fails the package when the example leaves a goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func Example() {
	cli.Example("pool_images", story)
	// Output:
	// pool_images: Python 3.13, 4 cores, seed 1, simulated time
	//
	// one after the other  80 images, the last is img_79.jpg:  6.00 s  (par 1, conc 1)
	// threads              80 images, the last is img_79.jpg:  1.59 s  (par 1, conc 8)
	// processes            80 images, the last is img_79.jpg:  2.69 s  (par 4, conc 17)
}
