package main

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/models"
	"github.com/pygil/pygil/examples/internal/rows"
	"github.com/pygil/pygil/gil"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(rows.Main(m)) }

func Example() {
	cli.Example("cores", story)
	// Output:
	// cores: Python 3.13, 4 cores, seed 1, simulated time
	//
	// 28 tasks of 1 s
	// cores          1    2    4    6    8   28
	// processes     28   14    7    5    4    1
	// threads       28   28   28   28   28   28
	//
	// 8 processes of 1 s on 4 cores with 2 hardware threads each
	// two of them do the work of 1.0 cores: 2.000 s, par 8, conc 8
	// two of them do the work of 1.3 cores: 1.538 s, par 8, conc 8
	// two of them do the work of 2.0 cores: 1.000 s, par 8, conc 8
	//
	// 4 processes that take turns on 1 core: par 1, conc 4
	//
	// Work of which a part cannot be divided, on 28 processes
	//   0 %: 28.00 times as fast
	//  10 %:  7.57 times as fast
	//  50 %:  1.93 times as fast
}

var show = cli.New(io.Discard)

func TestManyCores(t *testing.T) {
	var p, th []string
	for _, c := range []int{1, 2, 4, 6, 8, 28} {
		p = append(p, fmt.Sprint(do(show.On(c), models.Processes, 28).Took.Seconds()))
		th = append(th, fmt.Sprint(do(show.On(c), models.Threads, 28).Took.Seconds()))
	}
	rows.Check(t, 9, strings.Join(p, " "), strings.Join(th, " "))
}

// At no instant are two threads on one core.
func TestOneRunnerPerCore(t *testing.T) {
	on := map[uint64]bool{}
	used := map[uint64]bool{}
	twice := 0
	show.Run(models.Processes.Of(tasks(6)), gil.WithObserver(gil.ObserverFunc(func(e gil.Event) {
		switch e.Kind {
		case gil.EvCoreOn:
			if on[e.Obj] {
				twice++
			}
			on[e.Obj], used[e.Obj] = true, true
		case gil.EvCoreOff:
			on[e.Obj] = false
		}
	})))
	rows.Check(t, 10, twice, len(used))
}

func TestHardwareThreads(t *testing.T) {
	took := func(cores int, yield float64) time.Duration {
		return do(show.On(cores), models.Processes, cores, gil.WithSMT(2, yield)).Took
	}
	rows.Check(t, 11, took(8, 1), took(8, 1.3), took(8, 2))
	cores := gil.NewMachine(12, gil.WithSMT(2, 1)).Cores()
	rows.Check(t, 12, cores, cores/2, took(12, 1), took(12, 1.3), took(12, 2))
}

func TestOneCore(t *testing.T) {
	a := turns(show)
	rows.Check(t, 13, a.Par, a.Conc)
}

func TestRounds(t *testing.T) {
	rows.Check(t, 54, do(show, models.Processes, 8).Took.Seconds()/time.Second.Seconds())
	var up []string
	for _, n := range []int{1, 2, 4, 8} {
		up = append(up, fmt.Sprintf("%.1f", float64(n)/do(show, models.Processes, n).Took.Seconds()))
	}
	rows.Check(t, 52, strings.Join(up, " "))
}

func TestAmdahl(t *testing.T) {
	var got []string
	for _, part := range []float64{0, 0.1, 0.5} {
		got = append(got, fmt.Sprintf("%.2f", amdahl(show, part, 28)))
	}
	rows.Check(t, 143, strings.Join(got, " "))
}
