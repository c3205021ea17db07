package explore_test

import (
	"fmt"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
)

// Two threads each add one to a variable, as a load and a store. One of the
// interleavings loses an update; its schedule performs it again.
func Example() {
	counter := func(t *gil.Thread) {
		n := gil.NewVar("n", 0)
		add := func(t *gil.Thread) { gil.Add(t, n, 1) }
		a, b := t.Go("a", add), t.Go("b", add)
		a.Join(t)
		b.Join(t)
		if n.Load(t) != 2 {
			panic("an update was lost")
		}
	}
	f := explore.Find(counter)
	fmt.Println(f.Kind)
	again := explore.Replay(counter, f.Schedule)
	fmt.Println(again.Kind)
	// Output:
	// panic
	// panic
}

// A lock makes it right, and all interleavings that differ in anything that matters
// have been tried.
func ExampleRun() {
	r := explore.Run(func(t *gil.Thread) {
		n := gil.NewVar("n", 0)
		lock := &threading.Lock{Name: "lock"}
		add := func(t *gil.Thread) { lock.With(t, func() { gil.Add(t, n, 1) }) }
		gil.JoinAll(t, t.Go("a", add), t.Go("b", add), t.Go("c", add))
		if n.Load(t) != 3 {
			panic("an update was lost")
		}
	})
	fmt.Println(r.Failed(), r.Exhausted, r.Classes)
	// Output: false true 6
}

func ExampleOutcomes() {
	for _, o := range explore.Outcomes(func(t *gil.Thread) int {
		n := gil.NewVar("n", 0)
		add := func(t *gil.Thread) { gil.Add(t, n, 1) }
		gil.JoinAll(t, t.Go("a", add), t.Go("b", add))
		return n.Load(t)
	}, explore.WithStrategy(explore.DPOR())) {
		fmt.Println(o.Value, o.Count)
	}
	// Unordered output:
	// 1 2
	// 2 2
}
