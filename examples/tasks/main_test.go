package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/models"
	"github.com/pygil/pygil/examples/internal/rows"
	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(rows.Main(m)) }

func Example() {
	cli.Example("tasks", story)
	// Output:
	// tasks: Python 3.13, 4 cores, seed 1, simulated time
	//
	// seconds        serial    threads    asyncio  processes  the winner is
	// nb-cpu         76.616     76.693     76.616     20.154  processes: GIL held 100.0 % of the time
	// nb-write        8.330      7.466      7.466      3.082  processes: GIL held 89.6 % of the time
	// csv             7.240      5.187      5.187      3.163  processes: GIL held 71.5 % of the time
	// network         8.330      2.082      2.082      3.082  asyncio: GIL held 0.0 % of the time
	// sleeps         17.000      5.000      5.000      5.040  asyncio: GIL held 0.0 % of the time
	// images          6.000      1.556          -      1.900  threads
	//
	// What holds the GIL wants processes, what waits wants threads or coroutines.
	// The sleeping processes end in the order [3 1 2 0 4]. nb-cpu on threads: par 1, conc 4; in processes: par 4, conc 4
}

var show = cli.New(io.Discard)

func ratio(a, b time.Duration) float64 { return a.Seconds() / b.Seconds() }

func TestCPU(t *testing.T) {
	serial, threads, processes := do(show, preset.CPU(), models.Serial).Took, do(show, preset.CPU(), models.Threads).Took, do(show, preset.CPU(), models.Processes).Took
	rows.Check(t, 46, processes, ratio(processes, serial))
	rows.Check(t, 48, serial)
	rows.Check(t, 49, threads, ratio(threads, serial))
	rows.Check(t, 51, threads >= serial)
	ranking := "another"
	if processes < serial && serial <= threads {
		ranking = "processes < serial <= threads"
	}
	rows.Check(t, 50, ranking)
}

func TestImages(t *testing.T) {
	serial, threads, processes := images(show, 1, false), images(show, preset.ImageWorkers, false), images(show, preset.ImageWorkers, true)
	rows.Check(t, 56, threads, processes, serial)
	rows.Check(t, 62, serial, threads, preset.ImageCount*preset.ImageHold)
}

func TestWrite(t *testing.T) {
	fork := network()
	fork.Start = preset.SleepStart
	four := do(show, preset.Write(), models.Threads)
	rows.Check(t, 59, four.Took, do(show, preset.Write(), models.Processes).Took, 100*ratio(four.Stats.Held, four.Took),
		do(show, network(), models.Threads).Took, do(show, network(), models.Processes).Took, do(show, fork, models.Processes).Took)
	one := do(show, preset.Write(), models.Serial)
	rows.Check(t, 60, preset.WriteFlushes, 100*ratio(one.Stats.Held, one.Took))
}

func TestWaits(t *testing.T) {
	serial := do(show, network(), models.Serial)
	together := do(show, network(), models.Threads).Took
	rows.Check(t, 58, serial.Took, together)
	rows.Check(t, 43, ratio(together, serial.Took))
	rows.Check(t, 61, 100*serial.Utilisation)
	threads, processes := do(show, network(), models.Threads), do(show, network(), models.Processes, gil.WithStartCost(10*time.Millisecond))
	cpu := func(a cli.Account) float64 { return a.Utilisation * float64(show.Cores) * a.Took.Seconds() }
	start := processes.Took - threads.Took
	rows.Check(t, 76, cpu(processes) > cpu(threads), start == 40*time.Millisecond)
}

func TestCSV(t *testing.T) {
	serial, threads := do(show, preset.CSV(), models.Serial), do(show, preset.CSV(), models.Threads)
	rows.Check(t, 64, serial.Took, threads.Took, 100*ratio(serial.Stats.Held, serial.Took))
	rows.Check(t, 65, 5.1/8.4, 5.18/7.24)
}

// The cores are visited one after the other: by one thread at a time.
func TestCoresVisited(t *testing.T) {
	a := show.On(3).Watch(func(t *gil.Thread) { byThreads(t, 8) })
	visited := 0
	for _, c := range a.Timeline.Metrics().Cores {
		if c.Busy > 0 {
			visited++
		}
	}
	rows.Check(t, 63, visited, a.Par)
}

func TestOrder(t *testing.T) {
	rows.Check(t, 104, strings.Trim(fmt.Sprint(order(show, preset.Sleeps(), models.Processes)), "[]"))
}

func TestAdvice(t *testing.T) {
	cpu, _, _ := advise(show, preset.CPU())
	wait, _, _ := advise(show, network())
	mixed, _, _ := advise(show, preset.CSV())
	rows.Check(t, 68, cpu, wait, mixed)
}

// How long a task has to be for four processes to be worth their start.
func TestBreakEven(t *testing.T) {
	gain := func(d time.Duration) time.Duration {
		p := preset.Preset{Start: preset.SleepStart}
		for range 4 {
			p.Tasks = append(p.Tasks, preset.Task{Rounds: 1, Hold: d})
		}
		return do(show, p, models.Serial).Took - do(show, p, models.Processes).Took
	}
	low, high := time.Microsecond, time.Second
	for high-low > time.Microsecond {
		if middle := (low + high) / 2; gain(middle) < 0 {
			low = middle
		} else {
			high = middle
		}
	}
	ten := 40 / (40 - gain(10*time.Second).Seconds())
	rows.Check(t, 53, high.Seconds()*1000, math.Round(ten*1000)/1000)
}

// Loops 3**3 times wherever it runs.
func cpuBound(t *gil.Thread, n int) (turns int) {
	for range gil.Range(t, n*n*n) {
		turns++
	}
	return turns
}

func TestResult(t *testing.T) {
	var serial, thread, child int
	show.Run(func(t *gil.Thread) {
		serial = cpuBound(t, 3)
		t.Go("", func(t *gil.Thread) { thread = cpuBound(t, 3) }).Join(t)
		t.Emulate("", func(t *gil.Thread) { child = cpuBound(t, 3) }).Join(t)
	})
	rows.Check(t, 45, serial, thread, child)
}

func TestStart(t *testing.T) {
	took := func(start func(t *gil.Thread)) time.Duration {
		return show.Run(func(t *gil.Thread) { start(t) }).Took
	}
	thread := took(func(t *gil.Thread) { t.Go("", func(t *gil.Thread) { t.Compute(100 * time.Microsecond) }).Join(t) })
	var all []time.Duration
	for _, method := range []gil.StartMethod{gil.Fork, gil.ForkServer, gil.Spawn} {
		all = append(all, took(func(t *gil.Thread) { t.Emulate("", func(*gil.Thread) {}, gil.WithStartMethod(method)).Join(t) }))
	}
	order := "another"
	if thread < all[0] && all[0] < all[1] && all[1] < all[2] {
		order = "thread < fork < forkserver < spawn"
	}
	rows.Check(t, 69, order, all[0].Seconds()*1000, all[1].Seconds()*1000, all[2].Seconds()*1000)
}

func TestSwitching(t *testing.T) {
	// Two threads that wake each other 10 000 times, and pay for each switch.
	total := func(cost time.Duration) time.Duration {
		a := show.On(1).Run(func(t *gil.Thread) {
			turns := func(t *gil.Thread) {
				for range 5000 {
					t.Yield()
				}
			}
			gil.JoinAll(t, t.Go("", turns), t.Go("", turns))
		}, gil.WithSwitchCost(cost))
		return a.Took
	}
	rows.Check(t, 70, total(5*time.Microsecond), total(20*time.Microsecond))
}

// A Python without asyncio has the other ways.
func TestWithoutAsyncio(t *testing.T) {
	winner, times, _ := advise(show.Under(gil.CPython32), preset.Sleeps())
	assert.Equal(t, "threads", winner)
	assert.Zero(t, times[2])
}
