// Battle measures the cases that made the GIL famous: two threads that compute, on
// one core and on two, under the GIL of Python 2.7 and that of today; and a thread
// that answers requests beside one that computes.
package main

import (
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/models"
	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
)

func main() { cli.Main("battle", story) }

// two tasks of half a second.
var two = []preset.Task{{Rounds: 1, Hold: 500 * time.Millisecond}, {Rounds: 1, Hold: 500 * time.Millisecond}}

// versus is the time of two threads beside that of one after the other.
func versus(s *cli.Show) (ratio float64, a cli.Account) {
	serial, threads := s.Run(models.Serial.Of(two), gil.Measured()), s.Run(models.Threads.Of(two), gil.Measured())
	return threads.Took.Seconds() / serial.Took.Seconds(), threads
}

// answers is how long a thread takes on average to answer one of 50 requests, each
// of which arrives after a pause and needs 0.02 ms.
func answers(s *cli.Show, rival bool) (late time.Duration, a cli.Account) {
	a = s.Run(func(t *gil.Thread) {
		if rival {
			t.Go("computes", func(t *gil.Thread) { t.Compute(2 * time.Second) }, gil.WithDaemon(true))
		}
		t.Go("answers", func(t *gil.Thread) {
			for range 50 {
				arrives := t.Now() + 10*time.Millisecond
				t.IO(10 * time.Millisecond)
				t.Compute(20 * time.Microsecond)
				late += t.Now() - arrives
			}
		}).Join(t)
	}, gil.WithQuantum(0))
	return late / 50, a
}

// because says why an answer takes as long as it does.
func because(python gil.Profile) string {
	switch {
	case python.FreeThreaded():
		return "there is no GIL to be won back"
	case python.PollsWaits():
		return "after each wait the GIL has to be won back, which is free only for the moment in\nwhich the other thread has given it up and not yet taken it again"
	}
	return "after each wait the GIL has to be won back, which takes an interval"
}

func story(s *cli.Show) {
	s.Simulated()
	s.Fixed("the cases are those of one core and of two", "cores")
	s.Printf("Two threads that compute     times as long as   failed\nPython  cores                one after the other  wake-ups\n")
	for _, python := range []gil.Profile{gil.CPython27, s.Python} {
		for _, cores := range []int{1, 2} {
			ratio, a := versus(s.Under(python).On(cores))
			s.Printf("%-6v  %5d  %32.2f  %8d\n", python, cores, ratio, a.Stats.FailedWakeups)
		}
	}
	s.Printf("\nUp to 3.1 the thread that gives the GIL up takes it again before the one that\nwas woken on the other core is there.\n\n")
	alone, one := answers(s, false)
	beside, two := answers(s, true)
	s.Printf("An answer that needs 0.02 ms takes %.2f ms alone (%v),\n%.2f ms beside a thread that computes (%v):\n%s.\n",
		alone.Seconds()*1000, one, beside.Seconds()*1000, two, because(s.Python))
}
