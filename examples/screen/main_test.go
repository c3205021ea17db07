package main

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/rows"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(rows.Main(m)) }

func Example() {
	cli.Example("screen", story)
	// Output:
	// screen: Python 3.13, 4 cores, seed 1, simulated time
	//
	// Ten processes with a lock: 10 lines; par 4, conc 4
	// hello world 2
	// hello world 5
	// hello world 0
	// hello world 4
	// hello world 6
	// hello world 8
	// hello world 9
	// hello world 3
	// hello world 7
	// hello world 1
	//
	// Three processes with a lock: 6 orders of whole lines.
	// Two without one: 4 screens, of which 2 have mixed lines, such as "hello world 0hello world 1\n".
	// Two that write all they have at once, when they end: 2 screens, 0 mixed.
}

// Ten whole lines, each number once, and as many orders as there are.
func TestLocked(t *testing.T) {
	orders := map[string]bool{}
	whole := 10
	for seed := range uint64(20) {
		var lines []string
		cli.New(io.Discard, cli.Seed(seed)).Run(func(t *gil.Thread) { lines = prints(t, hello, 10, true) }, gil.WithStdout(&paper), gil.WithStartCost(0))
		orders[strings.Join(lines, "\n")] = true
		slices.Sort(lines)
		if mixed(strings.Join(lines, "\n")) {
			whole = 0
		}
		whole = min(whole, len(slices.Compact(lines)))
	}
	rows.Check(t, 87, whole, len(orders) > 1, len(screens(hello, 3, true, explore.DPOR())))
}

func TestUnlocked(t *testing.T) {
	free, buffered := screens(hello, 2, false, explore.DPOR()), screens(flush, 2, false, explore.DFS())
	rows.Check(t, 88, len(free), count(free), len(buffered), count(buffered))
	assert.True(t, mixed(first(free)))
}
