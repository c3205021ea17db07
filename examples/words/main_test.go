package main

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/rows"
	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(rows.Main(m)) }

func Example() {
	cli.Example("words", story)
	// Output:
	// words: Python 3.13, 4 cores, seed 1, simulated time
	//
	// 4 tasks of 0.1 s each, computing
	//                      time    begun: conc       at once: par
	// serial             0.40 s              1                  1
	// threads            0.40 s              4                  1
	// asyncio            0.40 s              1                  1
	// processes          0.10 s              4                  4
	// threads, no GIL    0.10 s              4                  4
	//
	// 4 tasks of 0.1 s each, computing, with two short waits
	//                      time    begun: conc       at once: par
	// serial             0.40 s              1                  1
	// threads            0.36 s              4                  1
	// asyncio            0.36 s              4                  1
	// processes          0.10 s              4                  4
	// threads, no GIL    0.10 s              4                  4
	//
	// 4 tasks of 0.1 s each, waiting
	//                      time    begun: conc       at once: par
	// serial             0.40 s              1                  0
	// threads            0.10 s              4                  0
	// asyncio            0.10 s              4                  0
	// processes          0.10 s              4                  0
	// threads, no GIL    0.10 s              4                  0
	//
	// Concurrency makes waits overlap. Only parallelism makes computing faster.
}

var show = cli.New(io.Discard)

const (
	serial = iota
	threads
	asyncio
	processes
	free
)

// steps notes who does a step of three.
func steps(t *gil.Thread, said *[]int) {
	var all []*gil.Thread
	for i := range 3 {
		all = append(all, t.Go("", func(t *gil.Thread) {
			for range 3 {
				t.Compute(20e6)
				*said = append(*said, i)
			}
		}))
	}
	gil.JoinAll(t, all...)
}

func TestConcurrency(t *testing.T) {
	var said []int
	a := show.Run(func(t *gil.Thread) { steps(t, &said) })
	done := map[int]int{}
	fair := true
	for _, i := range said {
		if done[i]++; done[i] == 3 && len(done) < 3 {
			fair = false
		}
	}
	rows.Check(t, 1, a.Conc, a.Par, fair && len(said) == 9)
}

func TestParallelism(t *testing.T) {
	one, all := ways[serial].run(show, compute, 3), ways[processes].run(show, compute, 3)
	rows.Check(t, 2, all.Par, all.Took.Seconds()/one.Took.Seconds())
}

func TestWider(t *testing.T) {
	implied, converse := true, true
	for _, w := range ways {
		for _, task := range []preset.Task{compute, wait} {
			a := w.run(show, task, 4)
			implied = implied && (a.Par < 2 || a.Conc >= 2)
			converse = converse && (a.Conc < 2 || a.Par >= 2)
		}
	}
	rows.Check(t, 3, implied, converse)
}

func TestOneCore(t *testing.T) {
	one := show.On(1)
	s, th, p := ways[serial].run(one, compute, 3), ways[threads].run(one, compute, 3), ways[processes].run(one, compute, 3)
	rows.Check(t, 5, th.Par, p.Par, th.Took.Seconds()/s.Took.Seconds(), p.Took.Seconds()/s.Took.Seconds())
}

func TestWays(t *testing.T) {
	var got []any
	for _, w := range ways {
		a := w.run(show, mixed, 4)
		got = append(got, fmt.Sprintf("%d/%d", a.Conc, a.Par))
	}
	rows.Check(t, 6, got...)
	a := ways[threads].run(show, compute, 4)
	rows.Check(t, 42, a.Conc, a.Par)
}

func TestSpeedUp(t *testing.T) {
	ratio := func(way int, task preset.Task) float64 {
		return ways[serial].run(show, task, 4).Took.Seconds() / ways[way].run(show, task, 4).Took.Seconds()
	}
	rows.Check(t, 7, ratio(threads, wait), ratio(threads, compute), ratio(processes, compute))
}

func TestDefault(t *testing.T) {
	a := show.Watch(func(t *gil.Thread) { compute.Do(t) })
	rows.Check(t, 21, len(a.Timeline.Lanes), a.Conc, a.Par)
	rows.Check(t, 57, 100*a.Utilisation)
}

// The first line says what the numbers were made with.
func TestFirstLine(t *testing.T) {
	var out bytes.Buffer
	if err := cli.Perform(&out, "example", []string{"-profile", "3.9", "-cores", "2", "-seed", "7"}, func(*cli.Show) {}); err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(out.String(), "\n")
	rows.Check(t, 141, first)
}

// No time is asserted: what is counted is who was there at one instant.
func TestLive(t *testing.T) {
	with, err := together(gil.CPython313)
	if err != nil {
		t.Fatal(err)
	}
	without, err := together(gil.CPython313T)
	if err != nil {
		t.Fatal(err)
	}
	rows.Check(t, 142, with, without == 2 || runtime.GOMAXPROCS(0) < 2)
}

// A Python without asyncio has the other ways.
func TestWithoutAsyncio(t *testing.T) {
	var out strings.Builder
	require.NoError(t, cli.Perform(&out, "words", []string{"-profile", "3.2"}, story))
	assert.Contains(t, out.String(), "asyncio           Python 3.2 has none\n")
	assert.Contains(t, out.String(), "processes ")
}
