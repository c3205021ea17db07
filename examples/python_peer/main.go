// Python_peer is a pool of real Python processes that a Go program feeds: values go
// there and come back, exceptions too. The other side is worker.py.
package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sync/errgroup"

	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
	"github.com/pygil/pygil/process"
)

//go:embed worker.py
var source string

// Each job is a name that worker.py knows and what it works on.
var jobs = []pickle.Tuple{
	{"mean", []int{1, 2, 3, 4}},
	{"median", []float64{5, 1.5, 9}},
	{"count", []string{"b", "a", "b"}},
	{"power", 30}, // an int has any size
	{"power", "x"},
	{"guess", nil},
}

// run has two Pythons do the jobs, each one the next that is left.
func run(ctx context.Context) ([]any, error) {
	results, left := make([]any, len(jobs)), make(chan int, len(jobs))
	for i := range jobs {
		left <- i
	}
	close(left)
	pool, ctx := errgroup.WithContext(ctx)
	for range 2 {
		pool.Go(func() error {
			conn, its, err := pipe.New(ctx, pipe.WithCodec(pickle.Python))
			if err != nil {
				return err
			}
			python, err := process.PythonCode(ctx, source, its)
			if err != nil {
				return errors.Join(err, conn.Close())
			}
			defer python.Join(ctx)
			defer conn.Close() // the worker ends, and then is joined
			for i := range left {
				if err := conn.Send(ctx, jobs[i]); err != nil {
					return err
				}
				if results[i], err = conn.Recv(ctx); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return results, pool.Wait()
}

func main() {
	results, err := run(context.Background())
	switch {
	case errors.Is(err, process.ErrNoPython):
		fmt.Println("This example talks to a Python, and there is none here:", err)
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	default:
		for i, job := range jobs {
			fmt.Println(job[0], job[1], "=", results[i])
		}
	}
}
