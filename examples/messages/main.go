// Messages sends things from a process to its parent, through a queue and through a
// pipe, and from threads to threads.
package main

import (
	"errors"
	"io"
	"strings"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
	"github.com/pygil/pygil/process"
	"github.com/pygil/pygil/queue"
)

func main() { cli.Main("messages", story) }

var message = []any{42, nil, "hello"}

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

// A parcel is something of which there is a number.
type parcel struct{ producer, number int }

// throughThreads has four threads put a thousand things each and four take them.
func throughThreads(s *cli.Show) (got [][]parcel) {
	got = make([][]parcel, 4)
	s.Run(func(t *gil.Thread) {
		q := queue.New[parcel](100)
		var producers []*gil.Thread
		for i := range 4 {
			producers = append(producers, t.Go("producer", func(t *gil.Thread) {
				for n := range 1000 {
					s.Check(q.Put(t, parcel{i, n}))
				}
			}))
			t.Go("consumer", func(t *gil.Thread) {
				for {
					p, err := q.Get(t)
					if err != nil {
						return // shut down, and empty
					}
					got[i] = append(got[i], p)
				}
			})
		}
		gil.JoinAll(t, producers...)
		q.Shutdown(t, false)
	}, gil.Measured())
	return got
}

func story(s *cli.Show) {
	n := 0
	for _, g := range throughThreads(s) {
		n += len(g)
	}
	s.Printf("queue, 4 producers and 4 consumers: %d items\n", n)
	s.Simulated()
	carried, a := throughQueue(s)
	s.Printf("queue between processes: the parent gets %s; %v\n", carried, a)
	child, parent := copied(s)
	s.Printf("queue between threads, in a forked process: %d item there, %d in the parent; as an argument:\n%v\n", child, parent, leaves())
	heard, back, last := throughPipe(s)
	s.Printf("pipe: the parent gets %s, and can answer: %s; then %v\n", heard, back, last)
	s.Printf("a pipe of one direction, the wrong way: %v\n", wrongWay(s))
	s.Printf("two processes write to one end: %v, with a lock %v, to an end of their own %v\n", read(false, false), read(true, false), read(false, true))
	c := sent(s, 1000)
	s.Printf("a list sent to a process, %s: its first item is %d there and %d here\n", strings.Join(c.steps, ", "), c.other, c.sender)
	for _, v := range []any{message, func() {}, make(chan int)} {
		b, err := pickle.Marshal(v)
		s.Printf("pickle: %d bytes, %v\n", len(b), err)
	}
}

// ended reports whether there is nothing more to read.
func ended(err error) bool { return errors.Is(err, io.EOF) }
