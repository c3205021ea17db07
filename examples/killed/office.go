package main

import (
	"errors"
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/process"
)

// threads is how many a process has, and steps how many of 10 ms each of them does.
const (
	threads = 3
	steps   = 50
)

// An office is what a process gets: an end of a pipe, a lock that it holds as long as
// it lives, and where it counts the steps of its threads.
type office struct {
	End   *pipe.Conn
	Lock  *process.Lock
	Steps *process.Value[int]
}

var work = process.DefineTarget("killed.work", func(t *gil.Thread, o office) error {
	var failed error
	employee := func(t *gil.Thread) {
		for range steps {
			t.Compute(time.Millisecond)
			t.Sleep(9 * time.Millisecond)
			if _, err := process.Add(t, o.Steps, 1); err != nil {
				failed = err
			}
		}
	}
	if err := o.Lock.Acquire(t); err != nil {
		return err
	}
	gil.JoinAll(t, t.Go("employee", employee), t.Go("employee", employee), t.Go("employee", employee))
	return errors.Join(failed, o.Lock.Release(t), o.End.Send(t, "done"), o.End.Close())
})

// employ starts a process in an office of its own, and returns our end of its pipe.
func employ(t *gil.Thread, s *cli.Show) (*process.Process, office, *pipe.Conn) {
	mine, theirs, err := pipe.New(t)
	s.Check(err)
	lock, err := process.NewLock(t)
	s.Check(err)
	count, err := process.NewValue(t, 0)
	s.Check(err)
	o := office{theirs, lock, count}
	p, err := work.Start(t, o)
	s.Check(err)
	s.Check(theirs.Close())
	return p, o, mine
}

func load(t *gil.Thread, s *cli.Show, v *process.Value[int]) int {
	n, err := v.Load(t)
	s.Check(err)
	return n
}
