package main

import (
	"io"
	"testing"

	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/models"
	"github.com/pygil/pygil/examples/internal/rows"
	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(rows.Main(m)) }

func Example() {
	cli.Example("pythons", story)
	// Output:
	// pythons: Python 3.13, 4 cores, seed 1, simulated time
	//
	// four tasks of 1 s                     time
	// threads, 3.11                       4.000 s   par 1, conc 4
	// threads, 3.13                       4.000 s   par 1, conc 4
	// threads, pypy                       0.400 s   par 1, conc 4
	// threads, 3.13t                      1.400 s   par 4, conc 4
	// threads, 3.14t                      1.075 s   par 4, conc 4
	// threads, jvm                        0.500 s   par 4, conc 4
	// sub-interpreters, 3.12              1.000 s   par 4, conc 4   4 GILs in 1 process
	// processes, 3.11                     1.000 s   par 4, conc 4
	//
	// one task alone
	// 3.13                                1.000 s
	// 3.13t                               1.400 s
	// 3.14t                               1.075 s
	// pypy                                0.100 s
	// jvm                                 0.500 s
}

var show = cli.New(io.Discard)

func TestOneThread(t *testing.T) {
	one := threads(show, gil.CPython313, 1).Took.Seconds()
	rows.Check(t, 37, threads(show, gil.CPython313T, 1).Took.Seconds()/one, threads(show, gil.CPython314T, 1).Took.Seconds()/one)
}

func TestWithoutGIL(t *testing.T) {
	work := preset.CPU()
	serial := show.Run(models.Serial.Of(work.Tasks)).Took.Seconds()
	four := show.Under(gil.CPython313T).Run(models.Threads.Of(work.Tasks)).Took
	rows.Check(t, 38, four, four.Seconds()/(serial/4))
	rows.Check(t, 124, threads(show, gil.CPython313T, 4).Par, threads(show, gil.CPython314T, 4).Par)
	rows.Check(t, 126, threads(show, gil.JVM, 4).Par)
}

func TestInterpreters(t *testing.T) {
	a, gils, pids := interpreters(show, gil.CPython312, 2)
	rows.Check(t, 39, len(gils), len(pids), a.Par)
	old, _, _ := interpreters(show, gil.CPython311, 2)
	rows.Check(t, 135, old.Par, a.Par)
	four, _, _ := interpreters(show, gil.CPython312, 4)
	processes := show.Under(gil.CPython311).Run(models.Processes.Of(tasks(4)), gil.WithStartCost(0))
	rows.Check(t, 40, threads(show, gil.CPython311, 4).Par, threads(show, gil.CPython313T, 4).Par, four.Par, processes.Par)
}

func TestPyPy(t *testing.T) {
	one, four := threads(show, gil.PyPy, 1).Took, threads(show, gil.PyPy, 4).Took
	rows.Check(t, 131, one < threads(show, gil.CPython313, 1).Took, four.Seconds()/(4*one.Seconds()))
	many := show.On(8)
	jvm, pypy, python := threads(many, gil.JVM, 8).Took, threads(many, gil.PyPy, 8).Took, threads(many, gil.CPython313, 8).Took
	ranking := "another"
	if jvm < pypy && pypy < python {
		ranking = "jvm < pypy < cpython"
	}
	rows.Check(t, 132, ranking)
}
