package main

import (
	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pool"
	"github.com/pygil/pygil/process"
	"github.com/pygil/pygil/queue"
)

// square is the work, for a pool and by hand.
var square = process.Define("pools.square", func(_ *gil.Thread, n int) (int, error) { return n * n, nil })

// byPool is pool.map.
func byPool(s *cli.Show, n int) (squares []int) {
	s.Run(func(t *gil.Thread) {
		p, err := pool.New(t, 2)
		s.Check(err)
		s.Check(p.With(t, func() {
			squares, err = pool.Map(t, p, square, numbers(n))
			s.Check(err)
		}))
	})
	return squares
}

// A bench is what workers made by hand get: tasks from one queue, results for another.
type bench struct {
	Tasks   *queue.ProcessQueue[int]
	Results *queue.ProcessQueue[[2]int]
}

var work = process.DefineTarget("pools.work", func(t *gil.Thread, b bench) error {
	for n := range b.Tasks.All(t) { // until the queue is shut down
		squared, err := square.Run(t, n)
		if err != nil {
			return err
		}
		if err := b.Results.Put(t, [2]int{n, squared}); err != nil {
			return err
		}
	}
	return nil
})

// byHand is the same with two processes and two queues.
func byHand(s *cli.Show, n int) []int {
	squares := make([]int, n)
	s.Run(func(t *gil.Thread) {
		tasks, err := queue.NewProcess[int](t, 0)
		s.Check(err)
		results, err := queue.NewProcess[[2]int](t, 0)
		s.Check(err)
		var workers []*process.Process
		for range 2 {
			p, err := work.Start(t, bench{tasks, results})
			s.Check(err)
			workers = append(workers, p)
		}
		for _, i := range numbers(n) {
			s.Check(tasks.Put(t, i))
		}
		s.Check(tasks.Shutdown(t, false))
		for range n {
			r, err := results.Get(t)
			s.Check(err)
			squares[r[0]] = r[1]
		}
		for _, p := range workers {
			s.Check(p.Join(t))
		}
	})
	return squares
}

func numbers(n int) (all []int) {
	for i := range n {
		all = append(all, i)
	}
	return all
}
