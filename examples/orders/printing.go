package main

import (
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/process"
)

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
