package main

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails the package when the example leaves a goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func Example() {
	main()
	// Output:
	// one after the other  80 images, the last is img_79.jpg:  6.00 s
	// threads              80 images, the last is img_79.jpg:  1.59 s
	// processes            80 images, the last is img_79.jpg:  2.69 s
}
