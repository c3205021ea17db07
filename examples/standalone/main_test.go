package main

import (
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/gil"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func Example() {
	if err := run(); err != nil {
		fmt.Println(err)
	}
	// Output: n = 20000, read "hello\n"
}

// With somebody waiting a run is exactly 100 ticks long, from the first to the
// last. The slice is a plain one: under -race the GIL alone has to order it.
func TestContendedRunsAreExactly100Ticks(t *testing.T) {
	const ticks, each = 100, 1000
	g := gil.NewGIL(gil.Ticks(ticks))
	var runs []int // lengths
	last := ""
	work := func(th *gil.Thread) {
		for range each {
			if last != th.Name() {
				last = th.Name()
				runs = append(runs, 0)
			}
			runs[len(runs)-1]++
			th.Tick(1) // the switch comes at the end of a tick
		}
	}
	var goroutines sync.WaitGroup
	first := g.Enter("first")
	goroutines.Go(func() {
		second := g.Enter("second")
		defer second.Leave()
		work(second)
	})
	for g.Waiters() == 0 {
		runtime.Gosched()
	}
	work(first)
	first.Leave()
	goroutines.Wait()

	require.Len(t, runs, 2*each/ticks)
	for i, n := range runs {
		assert.Equal(t, ticks, n, "run %d", i)
	}
}

// While one thread reads, the other one runs: it must, to write what is read.
func TestOthersRunDuringBlock(t *testing.T) {
	g := gil.NewGIL(gil.Ticks(1_000_000)) // no switch for any other reason
	there := make(chan int)
	got := 0
	var goroutines sync.WaitGroup
	reader := g.Enter("reader")
	goroutines.Go(func() {
		writer := g.Enter("writer")
		defer writer.Leave()
		writer.Block(func() { there <- 1 })
	})
	reader.Block(func() { got = <-there })
	reader.Leave()
	goroutines.Wait()
	assert.Equal(t, 1, got)
}
