package main

import (
	"context"
	"errors"
	"os"

	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
	"github.com/pygil/pygil/process"
	"github.com/pygil/pygil/queue"
)

const (
	workers = 3
	jobs    = 300
)

// bench is what a worker is given: live objects stay what they are on their way into
// another process.
type bench struct {
	Jobs  *queue.ProcessQueue[int]
	Lock  *process.Lock
	Total *process.Value[int]
	Back  *pipe.Conn
}

// note is what a worker says when it has nothing more to do.
type note struct{ PID, Done int }

func init() { pickle.Register[note]() }

// work is what a worker does. The total is read, and written, in two steps: only the
// lock makes them one.
var work = process.DefineTarget("tour.work", func(ctx context.Context, in bench) error {
	done := 0
	for {
		job, err := in.Jobs.Get(ctx)
		if err != nil {
			return err
		}
		if job == 0 {
			return errors.Join(in.Back.Send(ctx, note{os.Getpid(), done}), in.Back.Close())
		}
		if err := in.Lock.Acquire(ctx); err != nil {
			return err
		}
		total, err := in.Total.Load(ctx)
		err = errors.Join(err, in.Total.Store(ctx, total+job*job), in.Lock.Release(ctx))
		if err != nil {
			return err
		}
		done++
	}
})

// hire starts the workers and returns the ends of their pipes.
func hire(ctx context.Context, in bench) (backs []*pipe.Conn, all []*process.Process, err error) {
	for range workers {
		mine, theirs, err := pipe.OneWay(ctx)
		if err != nil {
			return backs, all, err
		}
		backs = append(backs, mine)
		in.Back = theirs
		p, err := work.Start(ctx, in)
		if err = errors.Join(err, theirs.Close()); err != nil { // the worker has its own
			return backs, all, err
		}
		all = append(all, p)
	}
	return backs, all, nil
}

// sum has the workers add up the squares of the numbers up to jobs, and returns what
// they have come to, how many jobs they did, and in how many processes.
func sum(ctx context.Context) (total, did, pids int, err error) {
	var in bench
	if in.Jobs, err = queue.NewProcess[int](ctx, 0); err != nil {
		return 0, 0, 0, err
	}
	defer in.Jobs.Close()
	if in.Lock, err = process.NewLock(ctx); err != nil {
		return 0, 0, 0, err
	}
	defer in.Lock.Close()
	if in.Total, err = process.NewValue(ctx, 0); err != nil {
		return 0, 0, 0, err
	}
	defer in.Total.Close()
	backs, all, err := hire(ctx, in)
	defer func() {
		for _, b := range backs {
			err = errors.Join(err, b.Close())
		}
		for _, p := range all {
			if failed := err != nil; failed {
				_ = p.Terminate() // it may wait for jobs that do not come
			}
			err = errors.Join(err, p.Join(ctx), p.Close())
		}
	}()
	if err != nil {
		return 0, 0, 0, err
	}
	for job := range jobs + workers {
		if job >= jobs {
			job = -1 // 0 for each worker: no more
		}
		if err = in.Jobs.Put(ctx, job+1); err != nil {
			return 0, 0, 0, err
		}
	}
	seen := map[int]bool{os.Getpid(): true}
	for _, b := range backs {
		n, err := pipe.Recv[note](ctx, b)
		if err != nil {
			return 0, 0, 0, err
		}
		seen[n.PID] = true
		did += n.Done
	}
	total, err = in.Total.Load(ctx)
	return total, did, len(seen), err
}

// together is lesson 5.
func together(ctx context.Context, p *page) error {
	p.heading("5. Several processes, for real")
	p.printf(`
No simulation from here on. This program starts itself %d times. The children
take numbers from a queue in shared memory, add their squares to a total that
they share, each under a lock, and report through pipes.

`, workers)
	done := p.busy("starting processes")
	total, did, pids, err := sum(ctx)
	done()
	if errors.Is(err, errors.ErrUnsupported) {
		p.printf("Not on this system: processes take Linux or macOS.\n")
		return nil
	}
	if err != nil {
		return err
	}
	p.printf("%d processes with this one, %d numbers\n", pids, did)
	p.printf("1² + 2² + … + %d² = %d, and should be %d\n", jobs, total, jobs*(jobs+1)*(2*jobs+1)/6)
	p.text(`
A child that is killed while it holds the lock leaves nobody hanging: whoever
takes it next is told so, by an error that has the dead one's process id.
`)
	return nil
}
