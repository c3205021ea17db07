// Race loses updates: two threads add to one counter, and Python 3.9 may switch
// threads between reading it and writing it back. From 3.10 on it does not.
package main

import (
	"fmt"

	"github.com/pygil/pygil/gil"
)

func main() {
	for _, python := range []gil.Profile{gil.CPython39, gil.CPython310} {
		counter := gil.NewVar("counter", 0)
		add := func(t *gil.Thread) {
			for range gil.Range(t, 1_000_000) {
				gil.Add(t, counter, 1) // counter += 1
			}
		}
		machine := gil.NewMachine(2, gil.Measured(), gil.WithSeed(3))
		err := machine.Run(python, func(t *gil.Thread) {
			gil.JoinAll(t, t.Go("a", add), t.Go("b", add))
		})
		if err != nil {
			panic(err)
		}
		fmt.Printf("Python %-4v  seed 3: %d of 2000000\n", python, counter.Peek())
	}
}
