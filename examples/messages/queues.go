package main

import (
	"errors"
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe/pickle"
	"github.com/pygil/pygil/process"
	"github.com/pygil/pygil/queue"
)

// put is a child process that works on the message and puts it into a queue between
// processes.
var put = process.DefineTarget("messages.put", func(t *gil.Thread, q *queue.ProcessQueue[[]any]) error {
	t.Compute(time.Millisecond)
	return q.Put(t, message)
})

// throughQueue is what the parent gets.
func throughQueue(s *cli.Show) (got string, a cli.Account) {
	a = s.Run(func(t *gil.Thread) {
		q, err := queue.NewProcess[[]any](t, 0)
		s.Check(err)
		p, err := put.Start(t, q)
		s.Check(err)
		v, err := q.Get(t)
		s.Check(err)
		got = gil.Repr(v)
		s.Check(errors.Join(p.Join(t), q.Close()))
	})
	return got, a
}

// leaves says why a queue between threads cannot be an argument of a process.
func leaves() error {
	_, err := pickle.Marshal(queue.New[int](0))
	return err
}

// copied is what a parent finds in its queue between threads when a child that was
// forked has put something into it: the child has a copy.
func copied(s *cli.Show) (child, parent int) {
	q := queue.New[int](0)
	s.Run(func(t *gil.Thread) {
		t.Emulate("child", func(t *gil.Thread) {
			s.Check(q.Put(t, 42))
			child = q.QSize(t)
		}).Join(t)
		parent = q.QSize(t)
	}, gil.WithStartMethod(gil.Fork))
	return child, parent
}
