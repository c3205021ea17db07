package explore_test

import (
	"github.com/pygil/pygil/gil"
)

// atomically adds to a variable as a processor's instruction does.
func atomically(t *gil.Thread, n *gil.Var[int], by int) {
	for v := n.Load(t); !n.CompareAndSwap(t, v, v+by); v = n.Load(t) {
		continue
	}
}

// forgotten is what is left of three programs of SPLASH-2 in which the macro that waits
// for the workers expands to nothing: the results are looked at too early.
func forgotten(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		sum := gil.NewVar("sum", 0)
		work := func(t *gil.Thread) { atomically(t, sum, 1) }
		a, b := t.Go("a", work), t.Go("b", work)
		if !bad {
			gil.JoinAll(t, a, b)
		}
		must(t, sum.Load(t) == 2, "sum is %d", sum.Peek())
	}
}
