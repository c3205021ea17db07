package main

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/rows"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(rows.Main(m)) }

func Example() {
	cli.Example("cook", story)
	// Output:
	// cook: Python 3.13, 4 cores, seed 1, simulated time
	//
	// cooks   one meal after the other   another while one boils
	//     1                    500 min                   212 min
	//     2                    250 min                   122 min
	//     3                    200 min                   104 min
	//     4                    150 min                    86 min
	//    10                     50 min                    50 min
	//
	// In 180 minutes: 4 cooks, or 2 who do not wait for the water.
	// Two who do not wait: par 2, conc 11.
}

var show = cli.New(io.Discard)

func TestMeals(t *testing.T) {
	var without []string
	for _, cooks := range []int{2, 3, 4, 10} {
		without = append(without, fmt.Sprintf("%.0f", minutes(show, cooks, false)))
	}
	rows.Check(t, 119, minutes(show, 1, false), minutes(show, 1, true), minutes(show, 2, true), strings.Join(without, " "))
	rows.Check(t, 120, smallest(show, true), smallest(show, false))
}
