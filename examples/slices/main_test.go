package main

import (
	"io"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/models"
	"github.com/pygil/pygil/examples/internal/rows"
	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(rows.Main(m)) }

func Example() {
	cli.Example("slices", story)
	// Output:
	// slices: Python 3.13, 4 cores, seed 1, simulated time
	//
	// Two threads compute for 40 ms each: par 1, conc 2
	// Python 3.13, 4 cores, 80 ms
	// one column is 1.569 ms
	//                            '0          '20 ms       '40 ms       '60 ms
	// A MainThread               ...JJJJJJJ......JJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJ...
	// B Thread-1 (threads.func1) ##########...###......####...###...###...####...
	// C Thread-2 (threads.func1)    .......###...######....###...###...###....######
	// GIL                        BBBBBBBBBBCCCBB|CCCCCCBBBBCCCBBBCCCBBBCCCBBBBCCCCCC
	//
	// # run   . wait GIL   J wait join   | several switches
	// GIL: held 100.0 %, 19 switches, 13 forced; par 1 (mean 1.00)
	// a slice lasts 5.000 ms on average, and 5.07 ms with the delays of a real computer
	//
	// nb-cpu: four threads, 76.62 s of computing, 76.69 s in all: 15344 switches of 5µs
	//
	// 30 measurements each, with noise of 3 %   least  median    most
	// one after the other                      74.50   75.69   78.81
	// four threads                             74.71   76.37   78.97
	// The difference is smaller than the noise: one measurement says nothing.
}

var show = cli.New(io.Discard)

func TestSlices(t *testing.T) {
	ideal := contended(compute(show, 2, 400*time.Millisecond))
	for _, s := range ideal {
		require.Equal(t, 5*time.Millisecond, s.length)
	}
	measured := contended(compute(show, 2, 4*time.Second, gil.Measured()))
	rows.Check(t, 4, mean(ideal), mean(measured))
}

// Eight threads take turns: each run of eight slices has all of them, as long as all
// have work.
func TestTurns(t *testing.T) {
	a := compute(show, 8, 400*time.Millisecond)
	all := contended(a)[8:] // once all have started
	rounds := 60
	inTurn, whole := rounds > 50, time.Duration(0)
	held := map[uint32]time.Duration{}
	for i := range 8 * rounds {
		inTurn = inTurn && all[i].thread == all[i%8].thread
		whole += all[i].length
		held[all[i].thread] += all[i].length
	}
	share := 1 - held[all[0].thread].Seconds()/whole.Seconds()
	serial := 8 * 400 * time.Millisecond
	rows.Check(t, 33, inTurn && len(held) == 8, a.Took.Seconds()/serial.Seconds(), share)
}

func TestSwitchesCost(t *testing.T) {
	work := preset.CPU()
	a := show.Run(models.Threads.Of(work.Tasks), gil.WithSwitchCost(work.Switch))
	rows.Check(t, 35, int(4*preset.CPUTask/(5*time.Millisecond)), a.Took)
	require.InDelta(t, 15_323, a.Stats.Switches, 30)
}

// A difference that is smaller than the noise.
func TestNoise(t *testing.T) {
	serial, threads := measure(show, 30, models.Serial), measure(show.Seeded(31), 30, models.Threads)
	require.Contains(t, verdict(serial, threads), "smaller")
	rows.Check(t, 36, threads[0] < serial[15] && serial[15] < threads[29], threads[15]/serial[15])
}

// Up to 3.1, on several cores, threads are slower by more than any noise.
func TestVerdict(t *testing.T) {
	old := show.Under(gil.CPython27)
	serial, threads := measure(old, 30, models.Serial), measure(old.Seeded(31), 30, models.Threads)
	require.Contains(t, verdict(serial, threads), "greater")
}
