// Messages sends things from a process to its parent, through a queue and through a
// pipe, and from threads to threads.
package main

import (
	"strings"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/pipe/pickle"
)

func main() { cli.Main("messages", story) }

var message = []any{42, nil, "hello"}

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
