package peers_test

import (
	"sync"

	"github.com/alitto/pond/v2"
	"github.com/panjf2000/ants/v2"
	"golang.org/x/sync/errgroup"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pool"
)

// workers is how many each contestant has.
const workers = 2

// A contestant squares the numbers below len(out), each in a task of its own, and is done
// when all squares are in out.
type contestant struct {
	name   string
	square func(out []int) error
	end    func() error
}

// contestants starts all, ours first, on the thread that will run them.
func contestants(t *gil.Thread) ([]contestant, error) {
	crew, err := ants.NewPool(workers)
	if err != nil {
		return nil, err
	}
	return []contestant{
		executor(t), group(), antsPool(crew), pondPool(), pondGo(), goroutines(), goroutineFutures(),
	}, nil
}

func executor(t *gil.Thread) contestant {
	ex := pool.NewThreadExecutor(t, workers)
	square := pool.Func(func(_ *gil.Thread, n int) (int, error) { return n * n, nil })
	var futures []*pool.Future[int]
	return contestant{"pool", func(out []int) error {
		futures = futures[:0]
		for i := range out {
			futures = append(futures, pool.Submit(t, ex, square, i))
		}
		for i, f := range futures {
			var err error
			if out[i], err = f.Result(t); err != nil {
				return err
			}
		}
		return nil
	}, func() error { return ex.Shutdown(t) }}
}

func group() contestant {
	return contestant{"errgroup", func(out []int) error {
		var g errgroup.Group
		g.SetLimit(workers)
		for i := range out {
			g.Go(func() error { out[i] = i * i; return nil })
		}
		return g.Wait()
	}, func() error { return nil }}
}

func antsPool(p *ants.Pool) contestant {
	return contestant{"ants", func(out []int) error {
		var all sync.WaitGroup
		for i := range out {
			all.Add(1)
			if err := p.Submit(func() { out[i] = i * i; all.Done() }); err != nil {
				return err
			}
		}
		all.Wait()
		return nil
	}, func() error { p.Release(); return nil }}
}

func pondPool() contestant {
	p := pond.NewResultPool[int](workers)
	var tasks []pond.ResultTask[int]
	return contestant{"pond", func(out []int) error {
		tasks = tasks[:0]
		for i := range out {
			tasks = append(tasks, p.Submit(func() int { return i * i }))
		}
		for i, task := range tasks {
			var err error
			if out[i], err = task.Wait(); err != nil {
				return err
			}
		}
		return nil
	}, func() error { p.StopAndWait(); return nil }}
}

func pondGo() contestant {
	p := pond.NewPool(workers)
	return contestant{"pond-go", func(out []int) error {
		var all sync.WaitGroup
		for i := range out {
			all.Add(1)
			if err := p.Go(func() { out[i] = i * i; all.Done() }); err != nil {
				return err
			}
		}
		all.Wait()
		return nil
	}, func() error { p.StopAndWait(); return nil }}
}

func goroutines() contestant {
	jobs := make(chan func(), 1024)
	for range workers {
		go func() {
			for job := range jobs {
				job()
			}
		}()
	}
	return contestant{"goroutines", func(out []int) error {
		var all sync.WaitGroup
		for i := range out {
			all.Add(1)
			jobs <- func() { out[i] = i * i; all.Done() }
		}
		all.Wait()
		return nil
	}, func() error { close(jobs); return nil }}
}

func goroutineFutures() contestant {
	type job struct {
		n    int
		done chan int
	}
	jobs := make(chan job, 1024)
	for range workers {
		go func() {
			for j := range jobs {
				j.done <- j.n * j.n
			}
		}()
	}
	var results []chan int
	return contestant{"goroutines-future", func(out []int) error {
		results = results[:0]
		for i := range out {
			results = append(results, make(chan int, 1))
			jobs <- job{i, results[i]}
		}
		for i, done := range results {
			out[i] = <-done
		}
		return nil
	}, func() error { close(jobs); return nil }}
}
