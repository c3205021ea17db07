package explore_test

import (
	"fmt"
	"testing"

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
