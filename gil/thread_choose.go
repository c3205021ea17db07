package gil

import "github.com/pygil/pygil/internal/kernel"

// Explored reports whether t runs in an explored world, where an explorer and not
// a clock decides who runs next.
func (t *Thread) Explored() bool { return t.x != nil }

// Choose draws a number in [0, n) that the program depends on: the order of the
// elements of a set, the outcome of a request. In an explored run the explorer
// takes the draw and a search may try them all; on a Machine the seed decides; in
// the live world nothing does. It is no point at which threads switch. Choose
// panics with a *ValueError when n < 1. Python: random.randrange.
func (t *Thread) Choose(n int) int {
	if raceKernel && t.apart() {
		return within(t, func() int { return t.Choose(n) })
	}
	t.must()
	if n < 1 {
		panic(badValue("", "Choose(%d): there is nothing to choose from", n))
	}
	if n == 1 || t.dying {
		return 0
	}
	return t.kern.Choose(&t.k, kernel.ChooseUser, n)
}
