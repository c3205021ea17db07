package main

import (
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/rows"
	"github.com/pygil/pygil/process"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(rows.Main(m)) }

func Example() {
	cli.Example("killed", story)
	// Output:
	// killed: Python 3.13, 4 cores, seed 1, simulated time
	//
	// exit code -9: 73 of 150 steps, the pipe reads EOF
	//   its lock: process: Lock: its owner (pid 2) died while it held the lock: repair what the lock protects after Recover, which acquires it
	// exit code 0: 150 of 150 steps, the pipe reads done
	//   its lock: <nil>
	// par 2, conc 7
}

func TestKilled(t *testing.T) {
	killed, other, _ := fates(cli.New(io.Discard))
	rows.Check(t, 144, killed.steps-killed.atDeath, killed.atDeath > 0 && killed.atDeath < threads*steps, killed.reads,
		errors.Is(killed.lock, process.ErrOwnerDied), other.steps)
	assert.Equal(t, -9, killed.code)
	assert.Equal(t, "done", other.reads)
	assert.NoError(t, other.lock)
}
