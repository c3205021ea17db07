package peers_test

import (
	"fmt"

	"github.com/pygil/pygil/gil"
)

// The same tasks for everybody.
func Example() {
	err := with(gil.CPython313T, func(all []contestant) {
		for _, c := range all {
			squares := make([]int, 5)
			if err := c.square(squares); err != nil {
				fmt.Println(err)
			}
			fmt.Println(squares, c.name)
		}
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// [0 1 4 9 16] pool
	// [0 1 4 9 16] errgroup
	// [0 1 4 9 16] ants
	// [0 1 4 9 16] pond
	// [0 1 4 9 16] pond-go
	// [0 1 4 9 16] goroutines
	// [0 1 4 9 16] goroutines-future
}
