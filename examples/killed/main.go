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
			ends, offices, processes = append(ends, mine), append(offices, o), append(processes, p)
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

func load(t *gil.Thread, s *cli.Show, v *process.Value[int]) int {
	n, err := v.Load(t)
	s.Check(err)
	return n
}

func story(s *cli.Show) {
	s.Simulated()
	killed, other, a := fates(s)
	for _, f := range []fate{killed, other} {
		s.Printf("exit code %d: %d of %d steps, the pipe reads %s\n  its lock: %v\n", f.code, f.steps, threads*steps, f.reads, f.lock)
	}
	s.Printf("%v\n", a)
}
