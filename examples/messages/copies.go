package main

import (
	"errors"
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/process"
)

// change is a child that gets a list, changes it, and says what it has.
var change = process.DefineTarget("messages.change", func(t *gil.Thread, c *pipe.Conn) error {
	v, err := c.Recv(t)
	if err != nil {
		return err
	}
	list, _ := v.([]int)
	sum := 0
	for _, n := range list {
		sum += n
	}
	list[0] = 42
	return errors.Join(c.Send(t, []int{len(list), sum, list[0]}), c.Close())
})

// A copying is what a list has gone through: the steps that the trace has of it, and what
// the sender and the receiver have in the end.
type copying struct {
	steps  []string
	sum    int // as the receiver got it
	sender int // the first item of the sender's
	other  int // the first item of the receiver's
}

// sent sends a list of so many numbers to a child, which changes it.
func sent(s *cli.Show, n int) (c copying) {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	a := s.Watch(func(t *gil.Thread) {
		mine, theirs, err := pipe.New(t)
		s.Check(err)
		p, err := change.Start(t, theirs)
		s.Check(err)
		s.Check(theirs.Close())
		s.Check(mine.Send(t, list))
		v, err := mine.Recv(t)
		s.Check(err)
		answer := v.([]int)
		c.sum, c.other, c.sender = answer[1], answer[2], list[0]
		s.Check(errors.Join(p.Join(t), mine.Close()))
	})
	pickles := []string{"dump", "load"} // of one message, its bytes are made and then read
	for _, e := range a.Timeline.Trace.Events {
		switch {
		case len(pickles) == 0:
			return c // the answer's
		case e.Kind == gil.EvPickleBegin:
			c.steps = append(c.steps, pickles[0])
		case e.Kind == gil.EvPickleEnd:
			pickles = pickles[1:]
		case e.Kind == gil.EvPipeSend:
			c.steps = append(c.steps, "send")
		case e.Kind == gil.EvPipeRecv:
			c.steps = append(c.steps, "receive")
		}
	}
	return c
}

// handed is how long a result of n bytes takes from a thread or a process to the main
// thread. To make a message takes no simulated time by itself: a program that pays for
// it says so, as here each end does, which copies every byte once.
func handed(s *cli.Show, n int, process bool) time.Duration {
	copied := func(t *gil.Thread) { t.Perform(gil.WorkCopy, n) }
	return s.Run(func(t *gil.Thread) {
		if !process {
			t.Go("", func(*gil.Thread) {}).Join(t)
			return
		}
		t.Emulate("child", copied).Join(t)
		copied(t)
	}, gil.WithStartCost(0)).Took
}
