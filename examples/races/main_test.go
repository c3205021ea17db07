package main

import (
	"io"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/rows"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(rows.Main(m)) }

func Example() {
	cli.Example("races", story)
	// Output:
	// races: Python 3.13, 4 cores, seed 1, simulated time
	//
	// n is 0, and two threads add 1 to it ten times each:
	// at least 2, at most 20
	//
	// The shortest way to lose an update of 2 × 2:
	//        MainThread     a            b
	//     1  start a                                  main.go:40
	//     2  start b                                  main.go:40
	//        ⤷ waits for a
	//     3                 read n → 0                main.go:31
	//     4                 label read                main.go:32
	//                       ⤷ preempted
	//     5                              read n → 0   main.go:31
	//     6                              label read   main.go:32
	//     7                              write n ← 1  main.go:33
	//     8                              label wrote  main.go:34
	//     9                              read n → 1   main.go:31
	//    10                              label read   main.go:32
	//    11                              write n ← 2  main.go:33
	//    12                              label wrote  main.go:34
	//    13                              end
	//    14                 write n ← 1               main.go:33
	//    15                 label wrote               main.go:34
	//    16                 read n → 1                main.go:31
	//    17                 label read                main.go:32
	//    18                 write n ← 2               main.go:33
	//    19                 label wrote               main.go:34
	//    20                 end
	//    21  join a                                   main.go:40
	//    22  join b                                   main.go:40
	//    23  end
	//        ✗ panic
	//
	// Two threads take 100 from 100, if there are: the balance is one of [-100 0]
	// Two processes add 1 to what they share: [1 2], with a lock [2]
	//
	// Three threads print Two. With two writes each there are 5 outputs, such as
	// "TwoTwo\n\nTwo\n"; with one write there is 1.
}

func TestCounter(t *testing.T) {
	rows.Check(t, 90, follow(100, least(100)), follow(100, []string{"a@end", "b@end"}))
}

func TestBalance(t *testing.T) {
	all := balances()
	rows.Check(t, 91, slices.Contains(all, -100), all[0])
}

func TestLock(t *testing.T) {
	r := explore.Run(func(t *gil.Thread) { require.Equal(t, 4, counter(t, 2, true)) }, explore.WithStrategy(explore.DPOR()))
	large := 0
	cli.New(io.Discard).Run(func(t *gil.Thread) { large = counter(t, 1000, true) }, gil.Measured())
	rows.Check(t, 92, r.Failed(), r.Exhausted, large)
}

func TestProcesses(t *testing.T) {
	free, locked := shared(false), shared(true)
	rows.Check(t, 93, slices.Contains(free, 1), locked[0])
	require.Len(t, locked, 1)
}

func TestTwoTwo(t *testing.T) {
	rows.Check(t, 89, slices.Contains(outputs(3, false), "TwoTwo\n\nTwo\n"), len(outputs(3, true)))
}
