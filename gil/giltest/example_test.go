package giltest_test

import (
	"fmt"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/giltest"
)

// In a test, t is the *testing.T of the test; here something stands for it.
func Example() {
	t := &spy{name: "TestCounter"}
	f := giltest.MustFail(t, func(t *gil.Thread) {
		n := gil.NewVar("n", 0)
		add := func(t *gil.Thread) { gil.Add(t, n, 1) }
		gil.JoinAll(t, t.Go("a", add), t.Go("b", add))
		if n.Load(t) != 2 {
			t.Errorf("lost")
		}
	}, explore.Assertion)
	fmt.Println(f.Pattern)
	fmt.Println(f.Schedule)
	// Output:
	// lost update
	// gil1:1@2>2/fd03b717/assertion
}
