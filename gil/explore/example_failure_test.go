package explore_test

import (
	"fmt"
	"strings"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
)

// Two threads take two locks in opposite orders. The table has a column for each
// thread; the lines of the program, which it ends with, are left out here.
func ExampleFailure_Table() {
	f := explore.Find(func(t *gil.Thread) {
		x, y := &threading.Lock{Name: "x"}, &threading.Lock{Name: "y"}
		both := func(p, q *threading.Lock) func(t *gil.Thread) {
			return func(t *gil.Thread) { p.With(t, func() { q.With(t, func() {}) }) }
		}
		gil.JoinAll(t, t.Go("a", both(x, y)), t.Go("b", both(y, x)))
	})
	fmt.Println(f.Pattern)
	for l := range strings.Lines(f.Table()) {
		l, _, _ = strings.Cut(l, "  example_failure_test.go")
		fmt.Println(strings.TrimRight(l, " \n"))
	}
	// Output:
	// lock-order deadlock a → b → a
	//        MainThread     a                        b
	//     1  start a
	//     2  start b
	//        ⤷ waits for a
	//     3                 acquire x
	//                       ⤷ preempted
	//     4                                          acquire y
	//        ✗ waits for a
	//                       ✗ waits for y held by b
	//                                                ✗ waits for x held by a
}

// The author of a test knows which interleaving is the bad one and writes it down.
func ExampleFollow() {
	f := explore.Find(func(t *gil.Thread) {
		n := gil.NewVar("n", 0)
		add := func(t *gil.Thread) {
			v := n.Load(t)
			t.Label("read")
			n.Store(t, v+1)
		}
		gil.JoinAll(t, t.Go("a", add), t.Go("b", add))
		if n.Load(t) != 2 {
			t.Errorf("an update was lost")
		}
	}, explore.WithStrategy(explore.Follow("a@read", "b@end", "a")))
	fmt.Println(f.Kind, f.Pattern)
	// Output: assertion lost update
}

// A tool goes through a program step by step, and back.
func ExampleNewSession() {
	s := explore.NewSession(func(t *gil.Thread) {
		n := gil.NewVar("n", 0)
		add := func(t *gil.Thread) { gil.Add(t, n, 1) }
		gil.JoinAll(t, t.Go("a", add), t.Go("b", add))
	})
	defer s.Close()
	for range 2 { // main starts the threads
		if err := s.Choose(0); err != nil {
			panic(err)
		}
	}
	for _, c := range s.Enabled() {
		fmt.Printf("%s: %s (%t)\n", c.Thread, c.Op, c.BlockedBy == "")
	}
	if err := s.Choose(1); err != nil {
		panic(err)
	}
	fmt.Println(s.State().Last)
	if err := s.Undo(); err != nil {
		panic(err)
	}
	fmt.Println(s.State().Last)
	// Output:
	// a: read n (true)
	// b: read n (true)
	// MainThread: join a (false)
	// b: read n → 0
	// MainThread: start b
}
