// Process_hello starts processes: Python's first example of multiprocessing. Each
// is this program again, runs one function, and has memory of its own.
package main

import (
	"fmt"
	"os"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/process"
)

// said is a variable like any other: every process has its own.
var said = 0

// importedBy is a line of the program's own: every process runs it once, as Python's
// do that are spawned.
var importedBy = os.Getpid()

// Parent and child both make these variables, and so know the functions by name.
var (
	hello = process.DefineTarget("hello", func(t *gil.Thread, name string) error {
		said++
		t.Print("hello", name)
		return nil
	})
	length = process.Define("length", func(t *gil.Thread, s string) (int, error) { return len(s), nil })
	pid    = process.Define("pid", func(t *gil.Thread, _ process.None) (int, error) { return importedBy, nil })
)

// In a child Main runs its function, otherwise run.
func main() { process.Main(cli.Real("process_hello", run)) }

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

	pids, err := imports(t, 3)
	if err != nil {
		return err
	}
	fmt.Println("processes that ran the program's own lines:", len(pids))
	return nil
}

// imports starts so many processes and returns who has run the program's own lines.
func imports(t *gil.Thread, children int) (pids map[int]bool, err error) {
	pids = map[int]bool{importedBy: true}
	for range children {
		p, err := pid.Call(t, process.None{})
		if err != nil {
			return nil, err
		}
		pids[p] = true
	}
	return pids, nil
}
