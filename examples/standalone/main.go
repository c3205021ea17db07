// Standalone uses the GIL alone: plain goroutines that want Python's rules, and no
// interpreter, profile or virtual clock.
package main

import (
	"bufio"
	"fmt"
	"os"
	"sync"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
)

func main() { cli.Main("standalone", story) }

func story(s *cli.Show) {
	s.Fixed("this is the GIL alone, on goroutines: there is no Python, no computer and no recorder", "profile", "cores", "seed", "live", "trace")
	s.Check(run())
	s.Printf("\nTwo goroutines, of which one holds the GIL: conc 2, par 1.\n")
}

// run is the program.
func run() error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	n, line := share(r, w)
	fmt.Printf("n = %d, read %q\n", n, line)
	return nil
}

// share counts on two goroutines. One of them then reads what the other one writes:
// had it kept the GIL while it waits, nobody would ever write.
func share(r, w *os.File) (count int, line string) {
	read := func() { line, _ = bufio.NewReader(r).ReadString('\n') }
	write := func() { fmt.Fprintln(w, "hello") }

	g := gil.NewGIL(gil.Ticks(100))
	n := 0 // a plain int: only the holder of the GIL touches it
	work := func(name string, wait func()) {
		t := g.Enter(name) // from here on this goroutine holds the GIL
		defer t.Leave()
		for range 10_000 {
			t.Tick(1) // after 100 of these the longest waiter gets it
			n++
		}
		t.Block(wait) // meanwhile the other one runs
	}

	var goroutines sync.WaitGroup
	goroutines.Go(func() { work("reader", read) })
	goroutines.Go(func() { work("writer", write) })
	goroutines.Wait()
	return n, line
}
