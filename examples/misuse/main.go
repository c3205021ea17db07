// Misuse releases a lock that nobody holds. In Python that raises an exception; here
// it panics with a typed error that knows Python's words.
package main

import (
	"errors"
	"fmt"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
)

func main() {
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
