package main

import (
	"errors"
	"io"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/process"
)

// send is a child process that sends, waits for an answer and closes its end.
var send = process.DefineTarget("messages.send", func(t *gil.Thread, c *pipe.Conn) error {
	if err := c.Send(t, message); err != nil {
		return err
	}
	if _, err := c.Recv(t); err != nil {
		return err
	}
	return c.Close()
})

// throughPipe is what the parent gets, what is sent back, and what it gets when the
// child has closed its end.
func throughPipe(s *cli.Show) (got, back string, last error) {
	s.Run(func(t *gil.Thread) {
		mine, theirs, err := pipe.New(t)
		s.Check(err)
		p, err := send.Start(t, theirs)
		s.Check(err)
		s.Check(theirs.Close())
		v, err := mine.Recv(t)
		s.Check(err)
		got = gil.Repr(v)
		back = gil.Repr(mine.Send(t, "thanks") == nil)
		_, last = mine.Recv(t)
		s.Check(p.Join(t))
		s.Check(mine.Close())
	})
	return got, back, last
}

// wrongWay is what comes of writing to the end for reading.
func wrongWay(s *cli.Show) (err error) {
	s.Run(func(t *gil.Thread) {
		r, w, e := pipe.OneWay(t)
		s.Check(e)
		err = r.Send(t, 1)
		s.Check(errors.Join(r.Close(), w.Close()))
	})
	return err
}

// ended reports whether there is nothing more to read.
func ended(err error) bool { return errors.Is(err, io.EOF) }
