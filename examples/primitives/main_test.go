package main

import (
	"io"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/rows"
	"github.com/pygil/pygil/gil"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(rows.Main(m)) }

func Example() {
	cli.Example("primitives", story)
	// Output:
	// primitives: Python 3.13, 4 cores, seed 1, simulated time
	//
	// threading        7 of 7: [Lock RLock Semaphore BoundedSemaphore Event Condition Barrier]; par 1, conc 3
	// multiprocessing  7 of 7: [Lock RLock Semaphore BoundedSemaphore Event Condition Barrier]; par 1, conc 3
}

var show = cli.New(io.Discard)

func TestSameChecks(t *testing.T) {
	inThreading, _ := passed(show, threads)
	inMultiprocessing, _ := passed(show, processes)
	rows.Check(t, 86, len(inThreading), len(inMultiprocessing), slices.Equal(inThreading, inMultiprocessing))
}

// The checks find what is broken: a lock that lets everybody in, a semaphore with room
// for one too many.
func TestChecksCheck(t *testing.T) {
	nothing := func(*gil.Thread) error { return nil }
	broken := threads
	broken.lock = func(*gil.Thread) locker { return locker{nothing, nothing, func(*gil.Thread) bool { return true }} }
	broken.rlock, broken.semaphore = threads.lock, func(t *gil.Thread, n int) locker { return threads.semaphore(t, n+1) }
	broken.bounded = threads.semaphore
	broken.event = func(t *gil.Thread) event {
		e := threads.event(t)
		e.wait = nothing
		return e
	}
	broken.barrier = func(t *gil.Thread, _ int) barrier { return threads.barrier(t, 1) }
	// threading.Lock deadlocks where an RLock goes on, which a Machine finds out.
	for _, c := range checks {
		if c.name == "Condition" {
			continue
		}
		wrong := "it hangs"
		_ = show.Try(func(t *gil.Thread) { wrong = c.find(t, broken) })
		assert.NotEmpty(t, wrong, c.name)
	}
}
