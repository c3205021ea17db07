package main

import (
	"bytes"
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
	cli.Example("races", story, anywhere)
	// Output:
	// races: Python any, 4 cores, seed 1, simulated time
	//
	// n is 0, and two threads add 1 to it ten times each:
	// at least 2, at most 20
	//
	// The shortest way to lose an update of 2 × 2:
	//        MainThread     a            b
	//     1  start a                                  main.go:42
	//     2  start b                                  main.go:42
	//        ⤷ waits for a
	//     3                 read n → 0                main.go:33
	//     4                 label read                main.go:34
	//                       ⤷ preempted
	//     5                              read n → 0   main.go:33
	//     6                              label read   main.go:34
	//     7                              write n ← 1  main.go:35
	//     8                              label wrote  main.go:36
	//     9                              read n → 1   main.go:33
	//    10                              label read   main.go:34
	//    11                              write n ← 2  main.go:35
	//    12                              label wrote  main.go:36
	//    13                              end
	//    14                 write n ← 1               main.go:35
	//    15                 label wrote               main.go:36
	//    16                 read n → 1                main.go:33
	//    17                 label read                main.go:34
	//    18                 write n ← 2               main.go:35
	//    19                 label wrote               main.go:36
	//    20                 end
	//    21  join a                                   main.go:42
	//    22  join b                                   main.go:42
	//    23  end
	//        ✗ panic
	//
	// Two threads take 100 from 100, if there are: the balance is one of [-100 0]
	// Two processes add 1 to what they share: [1 2], with a lock [2]
	//
	// Three threads print Two. With two writes each there are 5 outputs:
	//   "Two\nTwo\nTwo\n"
	//   "Two\nTwoTwo\n\n"
	//   "TwoTwo\n\nTwo\n"
	//   "TwoTwo\nTwo\n\n"
	//   "TwoTwoTwo\n\n\n"
	// With one write each there is 1. At one instant one of them computes: par 1, conc 3.
}

var show = cli.New(io.Discard, anywhere)

func TestCounter(t *testing.T) {
	rows.Check(t, 90, follow(show, 100, least(100)), follow(show, 100, []string{"a@end", "b@end"}))
}

func TestBalance(t *testing.T) {
	all := balances(show)
	rows.Check(t, 91, slices.Contains(all, -100), all[0])
}

func TestLock(t *testing.T) {
	r := explore.Run(func(t *gil.Thread) { require.Equal(t, 4, counter(t, 2, true)) }, explore.WithStrategy(explore.DPOR()))
	large := 0
	show.Run(func(t *gil.Thread) { large = counter(t, 1000, true) }, gil.Measured())
	rows.Check(t, 92, r.Failed(), r.Exhausted, large)
}

func TestProcesses(t *testing.T) {
	free, locked := shared(show, false), shared(show, true)
	rows.Check(t, 93, slices.Contains(free, 1), locked[0])
	require.Len(t, locked, 1)
}

func TestTwoTwo(t *testing.T) {
	shapes := outputs(show, 3, false)
	rows.Check(t, 89, slices.Contains(shapes, "TwoTwo\n\nTwo\n"), len(shapes), len(outputs(show, 3, true)))
}

// Python 3.13 does not switch between the two lines, and the story says so.
func TestToday(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, cli.Perform(&out, "races", []string{"-profile", "3.13"}, story))
	require.Contains(t, out.String(), "20 in every interleaving")
	require.Error(t, cli.Perform(&out, "races", []string{"-cores", "2"}, story))
}
