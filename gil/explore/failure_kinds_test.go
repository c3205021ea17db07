package explore_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
)

func failLostUpdate(t *gil.Thread) {
	n := gil.NewVar("n", 0)
	add := func(t *gil.Thread) {
		v := n.Load(t)
		n.Store(t, v+1)
	}
	a, b := t.Go("a", add), t.Go("b", add)
	gil.JoinAll(t, a, b)
	require.Equal(t, 2, n.Load(t))
}

func failLockOrder(t *gil.Thread) {
	x, y := &threading.Lock{Name: "x"}, &threading.Lock{Name: "y"}
	both := func(p, q *threading.Lock) func(t *gil.Thread) {
		return func(t *gil.Thread) {
			p.Acquire(t)
			q.Acquire(t)
			q.Release(t)
			p.Release(t)
		}
	}
	a, b := t.Go("a", both(x, y)), t.Go("b", both(y, x))
	gil.JoinAll(t, a, b)
}

func TestSmoke(t *testing.T) {
	f := explore.Find(failLostUpdate)
	fmt.Println(f.Report())
	f = explore.Find(failLockOrder)
	fmt.Println(f.Report())
}

func TestSmoke2(t *testing.T) {
	f := explore.Find(func(t *gil.Thread) {
		stop := gil.NewVar("stop", false)
		a := t.Go("a", func(t *gil.Thread) {
			for !stop.Load(t) {
			}
		})
		a.Join(t)
	}, explore.WithMaxSteps(5000))
	fmt.Println(f.Report())
	f = explore.Find(func(t *gil.Thread) {
		stop := gil.NewVar("stop", false)
		a := t.Go("a", func(t *gil.Thread) {
			for !stop.Load(t) {
			}
		})
		stop.Store(t, true)
		a.Join(t)
	}, explore.WithMaxSteps(5000), explore.WithStrategy(explore.DFS()), explore.WithMaxSchedules(1000), explore.WithoutFairness())
	if f != nil {
		fmt.Println(f.Report())
	}
	f = explore.Find(func(t *gil.Thread) {
		ch := make(chan int)
		a := t.Go("a", func(t *gil.Thread) {
			t.Tick(1)
			<-ch
		})
		a.Join(t)
	}, explore.WithPatience(300*time.Millisecond))
	fmt.Println(f.Report())
	f = explore.Find(func(th *gil.Thread) {
		a := th.Go("a", func(t *gil.Thread) {
			t.Tick(1)
			runtime.Goexit()
		})
		a.Join(th)
	}, explore.WithPatience(300*time.Millisecond))
	fmt.Println(f.Report())
	n := 0
	f = explore.Find(func(t *gil.Thread) {
		v := gil.NewVar("stop", false)
		n++
		if n%2 == 0 {
			v.Load(t)
		} else {
			v.Store(t, true)
		}
	}, explore.WithPatience(300*time.Millisecond))
	fmt.Println(f.Report())
	f = explore.Find(func(t *gil.Thread) {
		v := gil.NewVar("n", 0)
		a := t.Go("a", func(t *gil.Thread) { v.Store(t, 1) })
		v.Store(t, 2)
		a.Join(t)
	}, explore.WithRaces())
	fmt.Println(f.Report())
	r := explore.Run(func(t *gil.Thread) {
		v := gil.NewVar("n", 0)
		a := t.Go("a", func(t *gil.Thread) { v.Update(t, func(n int) int { return n + 1 }) })
		v.Update(t, func(n int) int { return n + 1 })
		a.Join(t)
	})
	fmt.Println(r, r.Warnings[0].Report())
}
