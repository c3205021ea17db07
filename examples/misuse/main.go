// Misuse releases a lock that nobody holds. In Python that raises an exception; here
// it panics with a typed error that knows Python's words.
package main

import (
	"errors"
	"fmt"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
)

func main() { cli.Main("misuse", story) }

func story(s *cli.Show) {
	s.Fixed("the words are the same in all of them: the program is one thread, and ends at once", "profile", "cores", "seed", "live", "trace")
	misuse()
	s.Printf("\npar and conc are 1: one thread.\n")
}

// misuse is the program.
func misuse() {
	quiet := gil.WithExceptHook(func(*gil.Thread, *gil.UncaughtError) {})
	err := gil.NewMachine(1, quiet).Run(gil.CPython313, func(t *gil.Thread) {
		lock := threading.Lock{Name: "accounts"}
		lock.Release(t)
	})
	var misuse *gil.RuntimeError
	if errors.As(err, &misuse) {
		fmt.Println("Go:    ", misuse)
		fmt.Println("Python: RuntimeError:", misuse.PythonText())
	}
}
