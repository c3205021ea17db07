// Screen has processes print to the screen that they share. Print writes a text and
// then a newline, so that two lines can run into each other; a lock keeps lines whole,
// and their order stays free.
package main

import (
	"strings"
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/process"
)

func main() { cli.Main("screen", story) }

// turn is what a process gets that prints: perhaps a lock, and its number.
type turn struct {
	Lock   *process.Lock
	Number int
}

// hello prints as Python does that has an unbuffered stream: the text, the newline.
var hello = process.DefineTarget("screen.hello", func(t *gil.Thread, in turn) error {
	t.Compute(time.Millisecond)
	line := func() { t.Print("hello world", in.Number) }
	if in.Lock == nil {
		line()
		return nil
	}
	return in.Lock.With(t, line)
})

// prints starts n processes, waits for all, and returns the lines on the screen.
func prints(t *gil.Thread, how *process.Func[turn, process.None], n int, locked bool) []string {
	paper.Reset()
	var lock *process.Lock
	var err error
	if locked {
		lock, err = process.NewLock(t)
		check(err)
	}
	var all []*process.Process
	for i := range n {
		p, err := how.Start(t, turn{lock, i})
		check(err)
		all = append(all, p)
	}
	for _, p := range all {
		check(p.Join(t))
	}
	return strings.Split(strings.TrimSuffix(paper.String(), "\n"), "\n")
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func story(s *cli.Show) {
	s.Simulated()
	var lines []string
	a := s.Run(func(t *gil.Thread) { lines = prints(t, hello, 10, true) }, gil.WithStdout(&paper), gil.WithStartCost(0))
	s.Printf("Ten processes with a lock: %d lines; %v\n%s\n\n", len(lines), a, strings.Join(lines, "\n"))
	with, without, buffered := screens(hello, 3, true, explore.DPOR()), screens(hello, 2, false, explore.DPOR()), screens(flush, 2, false, explore.DFS())
	s.Printf("Three processes with a lock: %d orders of whole lines.\n", len(with))
	s.Printf("Two without one: %d screens, of which %d have mixed lines, such as %q.\n", len(without), count(without), first(without))
	s.Printf("Two that write all they have at once, when they end: %d screens, %d mixed.\n", len(buffered), count(buffered))
}
