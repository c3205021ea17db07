// Workers is a pool made by hand: three threads take tasks from a queue for as long
// as an event is set, and look at it again when they have waited for two seconds.
package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
	"github.com/pygil/pygil/queue"
)

func main() { cli.Main("workers", story) }

// A task has a number and takes a while.
type task struct {
	number int
	takes  time.Duration
}

// A shop is the queue, the event and what was noted.
type shop struct {
	tasks  *queue.Queue[task]
	open   threading.Event
	done   []string        // number:second
	woke   []time.Duration // of workers that found no task
	closed int             // workers that have shut down
	put    time.Duration   // that putting took
}

// work is what a worker does.
func (s *shop) work(t *gil.Thread) {
	for s.open.IsSet(t) {
		k, err := s.tasks.GetTimeout(t, 2*time.Second)
		if errors.Is(err, queue.ErrEmpty) {
			s.woke = append(s.woke, t.Now())
			continue
		}
		t.Sleep(k.takes)
		s.done = append(s.done, fmt.Sprintf("%d:%.0f", k.number, t.Now().Seconds()))
	}
	s.closed++ // Worker n Shutting down...
}

// The batches: task i of the first one, from 0 on, takes as many seconds as stand at
// place i; of the second one, from 100 on, likewise.
var (
	first  = []int{1, 4, 1, 2, 4, 5, 1, 4, 2, 3, 1, 2, 5, 1, 4}
	second = []int{3, 6, 4, 6, 6, 5, 6, 2, 3}
)

// run has three workers do the first batch and, when it has been done, the second
// one; then the event is cleared.
func run(s *cli.Show) (w *shop, again time.Duration, a cli.Account) {
	w = &shop{tasks: queue.New[task](0)}
	a = s.Run(func(t *gil.Thread) {
		put := func(from int, batch []int) {
			began := t.Now()
			for i, seconds := range batch {
				s.Check(w.tasks.Put(t, task{from + i, time.Duration(seconds) * time.Second}))
			}
			w.put += t.Now() - began
		}
		w.open.Set(t)
		put(0, first)
		for i := range 3 {
			t.Go(fmt.Sprint("Worker ", i), w.work)
		}
		t.Sleep(20 * time.Second)
		again = t.Now()
		put(100, second)
		t.Sleep(20 * time.Second)
		w.open.Clear(t)
	})
	return w, again, a
}

func story(s *cli.Show) {
	s.Simulated()
	w, again, a := run(s)
	s.Printf("task:second at which it was done\n%v\nsecond batch, put at %v\n%v\n%d workers have shut down, %v\n", w.done[:len(first)], again, w.done[len(first):], w.closed, a)
}
