// Quick has a function run in a process of its own: all that a program needs for it.
package main

import (
	"context"
	"fmt"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/process"
)

// Parent and child both make this variable, and so know the function by its name.
var square = process.Define("square", func(_ context.Context, n int) (int, error) { return n * n, nil })

func main() { process.Main(run) } // in a child it runs square instead

func run(t *gil.Thread) error {
	n, err := square.Call(t, 7) // in another process
	fmt.Println("7 squared is", n)
	return err
}
