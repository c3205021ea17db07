// Killed ends one of two processes that have three threads each: its threads stop where
// they are, its end of a pipe is closed, the lock that it held says that its owner is
// dead, and the other process goes on. A thread does not stand alone; what it uses is
// its process's.
//
//	go run ./examples/killed
package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/process"
)

func main() { cli.Main("killed", story) }

// A fate is what has become of a process.
type fate struct {
	atDeath, steps int    // done by its threads, when it was killed and in the end
	code           int    // with which it ended
	reads          string // what the other end of its pipe reads
	lock           error  // of who acquires its lock
}

// fates has two processes work, and kills the first one after a while.
func fates(s *cli.Show) (killed, other fate, a cli.Account) {
	a = s.Run(func(t *gil.Thread) {
		all := []*fate{&killed, &other}
		var ends []*pipe.Conn
		var offices []office
		var processes []*process.Process
		for range all {
			p, o, end := employ(t, s)
			processes, offices, ends = append(processes, p), append(offices, o), append(ends, end)
		}
		t.Sleep(250 * time.Millisecond)
		s.Check(processes[0].Kill())
		s.Check(processes[0].Join(t))
		killed.atDeath = load(t, s, offices[0].Steps)
		for i, f := range all {
			v, err := ends[i].Recv(t)
			f.reads = fmt.Sprint(v)
			if errors.Is(err, io.EOF) {
				f.reads = "EOF"
			}
			s.Check(processes[i].Join(t))
			f.code, _ = processes[i].ExitCode()
			f.steps = load(t, s, offices[i].Steps)
			f.lock = offices[i].Lock.Acquire(t)
			s.Check(ends[i].Close())
		}
	}, gil.WithStartCost(0))
	return killed, other, a
}

func story(s *cli.Show) {
	s.Simulated()
	killed, other, a := fates(s)
	for _, f := range []fate{killed, other} {
		s.Printf("exit code %d: %d of %d steps, the pipe reads %s\n  its lock: %v\n", f.code, f.steps, threads*steps, f.reads, f.lock)
	}
	s.Printf("%v\n", a)
}
