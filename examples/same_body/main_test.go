package main

import (
	"io"
	"testing"

	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/rows"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(rows.Main(m)) }

func Example() {
	cli.Example("same_body", story)
	// Output:
	// same_body: Python 3.13, 4 cores, seed 1, simulated time
	//
	//                           result  seconds
	// a call                        25    0.100  par 1, conc 1
	// a thread                      25    0.100  par 1, conc 1
	// a process                     25    0.174  par 1, conc 2
	// a coroutine                   25    0.100  par 1, conc 1
	// a coroutine's thread          25    0.100  par 1, conc 2
	// a pool of threads             25    0.100  par 1, conc 1
	// a pool of processes           25    0.248  par 1, conc 5
	// an executor of threads        25    0.100  par 1, conc 1
	// an executor of processes      25    0.174  par 1, conc 3
}

func TestWays(t *testing.T) {
	show := cli.New(io.Discard)
	var got []any
	for _, w := range ways {
		n, _ := w.result(show, 5)
		got = append(got, n)
	}
	rows.Check(t, 137, got...)
}
