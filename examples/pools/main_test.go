package main

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/rows"
	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(rows.Main(m)) }

func Example() {
	cli.Example("pools", story)
	// Output:
	// pools: Python 3.13, 4 cores, seed 1, simulated time
	//
	// Pool(4).map: [387420489, 387420489, 387420489, 387420489]
	// 20.15 s, 0.263 of 76.62 s; par 4, conc 9
	//
	// 100 chunks cleaned in 1.00 s instead of 4.00 s, after pickling 1000500 bytes
	//
	// an executor's futures as they are completed: [3 1 2 0 4]; par 2, conc 11
	//
	// squares, by hand:  [0, 1, 4, 9]
	// squares, a pool's: [0, 1, 4, 9]
}

var show = cli.New(io.Discard)

// The pool's start and its results make it a little slower than four processes.
func TestPool(t *testing.T) {
	results, a := powers(show)
	ratio := a.Took.Seconds() / (4 * preset.CPUTask).Seconds()
	rows.Check(t, 47, gil.Repr(results), ratio >= 0.2625 && ratio <= 0.30)
	assert.Equal(t, 4, a.Par)
}

func TestCleaning(t *testing.T) {
	done, took, bytes := cleaned(show)
	rows.Check(t, 55, done, took.Seconds()/(chunks*40*time.Millisecond).Seconds())
	assert.Greater(t, bytes, chunks*10_000)
}

func TestExecutor(t *testing.T) {
	results, took := mapped(show)
	assert.Equal(t, []int{preset.CPUTurns, preset.CPUTurns, preset.CPUTurns, preset.CPUTurns}, results)
	completed, _ := futures(show)
	rows.Check(t, 123, (took-4*preset.ProcessStart).Seconds()/(4*preset.CPUTask).Seconds(), strings.Trim(fmt.Sprint(completed), "[]"))
}

func TestByHand(t *testing.T) {
	rows.Check(t, 138, gil.Repr(byHand(show, 4)), gil.Repr(byPool(show, 4)))
	assert.Equal(t, byHand(show, 100), byPool(show, 100))
}
