// Same_body writes what is to be done once, and has it done in nine ways: threads and
// processes look almost the same in Python, and so do pools, executors and coroutines.
package main

import (
	"errors"
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/asyncio"
	"github.com/pygil/pygil/pool"
	"github.com/pygil/pygil/process"
)

func main() { cli.Main("same_body", story) }

// body is what is done, wherever it is.
var body = process.Define("same_body.body", func(t *gil.Thread, n int) (int, error) {
	t.Compute(100 * time.Millisecond)
	return n * n, nil
})

// A way does the body once and returns its result.
type way struct {
	name string
	do   func(t *gil.Thread, n int) (int, error)
}

var ways = []way{
	{"a call", func(t *gil.Thread, n int) (int, error) { return body.Run(t, n) }},
	{"a thread", func(t *gil.Thread, n int) (result int, err error) {
		t.Go("worker", func(t *gil.Thread) { result, err = body.Run(t, n) }).Join(t)
		return result, err
	}},
	{"a process", func(t *gil.Thread, n int) (int, error) { return body.Call(t, n) }},
	{"a coroutine", func(t *gil.Thread, n int) (int, error) {
		return asyncio.Run(t, func(co *asyncio.Co) (int, error) { return body.Run(co.Thread(), n) })
	}},
	{"a coroutine's thread", func(t *gil.Thread, n int) (int, error) {
		return asyncio.Run(t, func(co *asyncio.Co) (int, error) {
			return asyncio.ToThread(co, func(t *gil.Thread) (int, error) { return body.Run(t, n) })
		})
	}},
	{"a pool of threads", func(t *gil.Thread, n int) (int, error) { return apply(t, pool.NewThread(t, 2), n) }},
	{"a pool of processes", func(t *gil.Thread, n int) (int, error) {
		p, err := pool.New(t, 2)
		if err != nil {
			return 0, err
		}
		return apply(t, p, n)
	}},
	{"an executor of threads", func(t *gil.Thread, n int) (int, error) { return submit(t, pool.NewThreadExecutor(t, 2), n) }},
	{"an executor of processes", func(t *gil.Thread, n int) (int, error) {
		ex, err := pool.NewProcessExecutor(t, 2)
		if err != nil {
			return 0, err
		}
		return submit(t, ex, n)
	}},
}

// apply is pool.apply, and the end of the pool.
func apply(t *gil.Thread, p *pool.Pool, n int) (int, error) {
	result, err := pool.Apply(t, p, body, n)
	return result, errors.Join(err, p.Close(t), p.Join(t))
}

// submit is executor.submit and future.result, and the end of the executor.
func submit(t *gil.Thread, ex pool.Executor, n int) (int, error) {
	result, err := pool.Submit(t, ex, body, n).Result(t)
	return result, errors.Join(err, pool.Shutdown(t, ex))
}

// result is what comes of the body in one of the ways, unless this Python has it not.
func (w way) result(s *cli.Show, n int) (result int, a cli.Account) {
	a = s.Attempt(func(t *gil.Thread) {
		var err error
		result, err = w.do(t, n)
		s.Check(err)
	})
	return result, a
}

func story(s *cli.Show) {
	s.Simulated()
	s.Printf("%-24s  result  seconds\n", "")
	for _, w := range ways {
		n, a := w.result(s, 5)
		if a.Err != nil {
			s.Printf("%-24s  Python %v has none\n", w.name, s.Python)
			continue
		}
		s.Printf("%-24s  %6d  %7.3f  %v\n", w.name, n, a.Took.Seconds(), a)
	}
}
