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
	cli.Example("orders", story)
	// Output:
	// orders: Python 3.13, 4 cores, seed 1, simulated time
	//
	// sleeps of 5, 2, 4, 1, 5 s, by number
	// join:         0 1 2 3 4
	// map:          0 1 2 3 4
	// as completed: 3 1 2 0 4
	// par 1, conc 6
	//
	// three processes print
	// seed 1: 0 1 2
	// seed 2: 0 1 2
	// seed 3: 0 1 2
	// seed 4: 0 2 1
	// seed 5: 1 0 2
	// What runs in parallel is no more deterministic than what takes turns.
}

var show = cli.New(io.Discard)

func TestSeeds(t *testing.T) {
	orders := map[string]bool{}
	same := true
	for seed := range uint64(20) {
		one := printing(show.Seeded(seed), 3)
		same = same && one == printing(show.Seeded(seed), 3)
		orders[one] = true
	}
	rows.Check(t, 8, len(orders) > 1, same)
}

func TestOrders(t *testing.T) {
	joined, mapped, completed, _ := sleeps(show)
	rows.Check(t, 139, numbers(joined), numbers(mapped), numbers(completed))
}
