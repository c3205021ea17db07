// Process_hello starts processes: Python's first example of multiprocessing. Each
// is this program again, runs one function, and has memory of its own.
package main

import (
	"fmt"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/process"
)

// said is a variable like any other: every process has its own.
var said = 0

// Parent and child both make these variables, and so know the functions by name.
var (
	hello = process.DefineTarget("hello", func(t *gil.Thread, name string) error {
		said++
		t.Print("hello", name)
		return nil
	})
	length = process.Define("length", func(t *gil.Thread, s string) (int, error) { return len(s), nil })
)

// In a child Main runs its function, otherwise run.
func main() { process.Main(run) }

func run(t *gil.Thread) error {
	p, err := hello.Start(t, "bob")
	if err != nil {
		return err
	}
	if err := p.Join(t); err != nil {
		return err
	}
	code, _ := p.ExitCode()
	fmt.Printf("exit code %d, and here nobody has said hello: %d\n", code, said)

	n, err := length.Call(t, "computed elsewhere")
	if err != nil {
		return err
	}
	fmt.Println("a result:", n)
	return nil
}
