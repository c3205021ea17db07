package threading

import (
	"time"

	"github.com/pygil/pygil/gil"
)

// opTake is what taking a unit is announced as. It is not OpAcquire: since 3.14 a
// Lock is handed to a thread that has waited long, while a semaphore, which is a
// Condition over a Lock, still lets whoever comes first have the unit.
const opTake = gil.OpTake

// maxUnits is as many units as a gate can count.
const maxUnits = gil.All - 1

// units are the units of a semaphore: a gate with a permit for each. The zero
// value has one.
type units struct {
	gate gil.Gate
	less int // how many fewer than one there are at first
}

// newUnits are n units.
func newUnits(what string, n int) units {
	if n < 0 {
		panic(badValue("semaphore initial value must be >= 0", "%s(%d): the initial value must not be negative", what, n))
	}
	if n > maxUnits {
		panic(badValue("", "%s(%d): the initial value must not be more than %d", what, n, maxUnits))
	}
	return units{less: 1 - n}
}

// initial is the number of units at first.
func (u *units) initial() int { return 1 - u.less }

func (u *units) bind(t *gil.Thread, name string) *gil.Gate {
	u.gate.Init(t, u.initial(), name)
	return &u.gate
}

// take takes a unit.
func take(t *gil.Thread, g *gil.Gate, k gil.OpKind, until time.Duration) bool {
	t.Before(gil.SiteMethod)
	passed := g.Pass(t, k, until) == gil.Passed
	t.After(gil.SiteMethod)
	return passed
}

// add adds n units if there are not more than most then.
func add(t *gil.Thread, g *gil.Gate, n, most int) bool {
	t.Before(gil.SiteMethod)
	fit := g.OpenUpTo(t, gil.OpRelease, n, most)
	t.After(gil.SiteMethod)
	return fit
}

// mustRelease refuses a number of units to add.
func mustRelease(n int) {
	if n < 1 {
		panic(badValue("n must be one or more", "ReleaseN(%d): n must be one or more", n))
	}
	if n > maxUnits {
		panic(badValue("", "ReleaseN(%d): n must not be more than %d", n, maxUnits))
	}
}
