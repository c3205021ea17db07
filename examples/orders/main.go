// Orders shows what comes first: of processes that print, by the seed; of results, by
// whether they are joined, mapped or taken as they are completed.
package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pool"
	"github.com/pygil/pygil/process"
)

func main() { cli.Main("orders", story) }

// line is what a process that prints gets: the event for which all wait, and its number.
type line struct {
	Go     *process.Event
	Number int
}

// printed is in which order the processes of this run printed. All processes of a
// simulated computer are in this one.
var printed []int

var say = process.DefineTarget("orders.say", func(t *gil.Thread, in line) error {
	if err := in.Go.Wait(t); err != nil {
		return err
	}
	t.Compute(time.Millisecond)
	t.Print("process", in.Number)
	printed = append(printed, in.Number)
	return nil
})

// printing has processes wait for one event and print.
func printing(s *cli.Show, n int) string {
	printed = nil
	s.Run(func(t *gil.Thread) {
		start, err := process.NewEvent(t)
		s.Check(err)
		for i := range n {
			_, err := say.Start(t, line{start, i})
			s.Check(err)
		}
		t.Sleep(time.Second)
		s.Check(start.Set(t))
	}, gil.Measured(), gil.WithStdout(discard{}))
	return numbers(printed)
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

func numbers(all []int) string { return strings.Trim(fmt.Sprint(all), "[]") }

// sleeps has a pool's threads sleep; it returns the numbers of the tasks by how their
// results are taken.
func sleeps(s *cli.Show) (joined, mapped, completed []int, a cli.Account) {
	seconds := []int{5, 2, 4, 1, 5}
	a = s.Run(func(t *gil.Thread) {
		ex := pool.NewThreadExecutor(t, len(seconds))
		sleep := pool.Func(func(t *gil.Thread, i int) (int, error) {
			t.Sleep(time.Duration(seconds[i]) * time.Second)
			return i, nil
		})
		var fs []*pool.Future[int]
		for i := range seconds {
			t.Compute(8 * time.Millisecond) // what it takes to start
			fs = append(fs, pool.Submit(t, ex, sleep, i))
		}
		for f := range pool.AsCompleted(t, fs) {
			i, err := f.Result(t)
			s.Check(err)
			completed = append(completed, i)
		}
		for i, err := range pool.MapOn(t, ex, sleep, []int{0, 1, 2, 3, 4}) {
			s.Check(err)
			mapped = append(mapped, i)
		}
		s.Check(ex.Shutdown(t))
		var all []*gil.Thread
		for i := range seconds {
			all = append(all, t.Go("", func(t *gil.Thread) { t.Sleep(time.Duration(seconds[i]) * time.Second) }))
		}
		for i, th := range all {
			th.Join(t)
			joined = append(joined, i)
		}
	})
	return joined, mapped, completed, a
}

func story(s *cli.Show) {
	joined, mapped, completed, a := sleeps(s)
	s.Printf("sleeps of 5, 2, 4, 1, 5 s, by number\njoin:         %s\nmap:          %s\nas completed: %s\n%v\n", numbers(joined), numbers(mapped), numbers(completed), a)
	s.Simulated()
	s.Printf("\nthree processes print\n")
	for seed := range uint64(5) {
		s.Printf("seed %d: %s\n", s.Seed+seed, printing(s.Seeded(s.Seed+seed), 3))
	}
	s.Printf("What runs in parallel is no more deterministic than what takes turns.\n")
}
