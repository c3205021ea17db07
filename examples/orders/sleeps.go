package main

import (
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pool"
)

// sleeps has a pool's threads sleep; it returns the numbers of the tasks by how their
// results are taken.
func sleeps(s *cli.Show) (joined, mapped, completed []int, a cli.Account) {
	seconds := []int{5, 2, 4, 1, 5}
	a = s.Run(func(t *gil.Thread) {
		ex := pool.NewThreadExecutor(t, len(seconds))
		sleep := pool.Func(func(t *gil.Thread, i int) (int, error) {
			t.Sleep(time.Duration(seconds[i]) * time.Second)
			return i, nil
		})
		var fs []*pool.Future[int]
		for i := range seconds {
			t.Compute(8 * time.Millisecond) // what it takes to start
			fs = append(fs, pool.Submit(t, ex, sleep, i))
		}
		for f := range pool.AsCompleted(t, fs) {
			i, err := f.Result(t)
			s.Check(err)
			completed = append(completed, i)
		}
		for i, err := range pool.MapOn(t, ex, sleep, []int{0, 1, 2, 3, 4}) {
			s.Check(err)
			mapped = append(mapped, i)
		}
		s.Check(ex.Shutdown(t))
		var all []*gil.Thread
		for i := range seconds {
			all = append(all, t.Go("", func(t *gil.Thread) { t.Sleep(time.Duration(seconds[i]) * time.Second) }))
		}
		for i, th := range all {
			th.Join(t)
			joined = append(joined, i)
		}
	})
	return joined, mapped, completed, a
}
