package main

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/rows"
	"github.com/pygil/pygil/gil"
)

// No process.TestMain: this package is the program that forgot it.
func TestMain(m *testing.M) { goleak.VerifyTestMain(rows.Main(m)) }

func Example() {
	cli.Example("start_methods", story)
	// Output:
	// start_methods: Python 3.13, 4 cores, seed 1, simulated time
	//
	// An event that the program has set before it starts a worker
	// fork        works                               par 1, conc 1
	// forkserver  NameError: name is not defined      par 1, conc 1
	// spawn       NameError: name is not defined      par 1, conc 1
	// Python 3.13 starts processes by fork: works
	//
	// without if __name__ == "__main__": RuntimeError: An attempt has been made to start a new process before the current process has finished its bootstrapping phase.
	// a function typed into a notebook: process: no function "notebook.f" is defined in this program: call Define in a package variable
}

var show = cli.New(io.Discard)

func TestEvent(t *testing.T) {
	by := func(method gil.StartMethod) string {
		said, _ := reaches(show, method)
		first, _, _ := strings.Cut(said, ":")
		return first
	}
	rows.Check(t, 79, by(gil.Fork), by(gil.Spawn), by(gil.ForkServer), by(gil.CPython313.StartMethod()), by(gil.CPython314.StartMethod()))
}

func TestGuard(t *testing.T) {
	err := undefined()
	rows.Check(t, 78, unguarded(), err != nil)
	assert.ErrorContains(t, err, `no function "notebook.f" is defined in this program`)
}
