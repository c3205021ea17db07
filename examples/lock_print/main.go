// Lock_print starts ten processes that print, one at a time: each holds a lock
// while it does. Lines are whole; their order is nobody's promise.
package main

import (
	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/process"
)

// turn is what a process gets: the lock, which stays one lock, and its number.
type turn struct {
	Lock   *process.Lock
	Number int
}

var say = process.DefineTarget("say", func(t *gil.Thread, a turn) error {
	return a.Lock.With(t, func() {
		t.Print("hello world", a.Number) // the text, then the newline: two writes
	})
})

func main() { process.Main(cli.Real("lock_print", run)) }

func run(t *gil.Thread) error {
	lock, err := process.NewLock(t)
	if err != nil {
		return err
	}
	defer lock.Close()
	var all []*process.Process
	for number := range 10 {
		p, err := say.Start(t, turn{lock, number})
		if err != nil {
			return err
		}
		all = append(all, p)
	}
	for _, p := range all {
		if err := p.Join(t); err != nil {
			return err
		}
	}
	return nil
}
