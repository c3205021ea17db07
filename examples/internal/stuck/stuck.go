// Package stuck has the three programs that get nowhere, each as small as it can be:
// a deadlock, a livelock and a starvation.
package stuck

import (
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
)

// A Program gets nowhere in some order of its operations.
type Program struct {
	Main func(t *gil.Thread)
	opts []explore.Option
}

// The programs.
var (
	Deadlock   = Program{Main: opposite}
	Livelock   = Program{inStep, []explore.Option{explore.WithMaxSchedules(300), explore.WithMaxSteps(300)}}
	Starvation = Program{spin, []explore.Option{
		explore.WithMaxSchedules(50), explore.WithMaxSteps(300),
		explore.WithoutFairness(), explore.WithStrategy(explore.DFS()), // the same thread for ever is a choice
	}}
)

// Find searches for an order in which the program gets nowhere.
func (p Program) Find() *explore.Failure {
	return explore.Find(p.Main, append([]explore.Option{explore.WithSeed(1)}, p.opts...)...)
}

// opposite has two threads take two locks, each in an order of its own.
func opposite(t *gil.Thread) {
	x, y := &threading.Lock{Name: "x"}, &threading.Lock{Name: "y"}
	both := func(first, second *threading.Lock) func(t *gil.Thread) {
		return func(t *gil.Thread) { first.With(t, func() { second.With(t, func() {}) }) }
	}
	gil.JoinAll(t, t.Go("a", both(x, y)), t.Go("b", both(y, x)))
}

// inStep has two threads that give way whenever the other one is there.
func inStep(t *gil.Thread) {
	here := []*gil.Var[bool]{gil.NewVar("a is here", true), gil.NewVar("b is here", true)}
	walk := func(me int) func(t *gil.Thread) {
		return func(t *gil.Thread) {
			for here[1-me].Load(t) {
				here[me].Store(t, false) // after you
				t.Yield()
				here[me].Store(t, true)
				t.Yield()
			}
			here[me].Store(t, false)
		}
	}
	gil.JoinAll(t, t.Go("a", walk(0)), t.Go("b", walk(1)))
}

// spin has a thread look at a flag again and again, so that the one that would set it
// may never get its turn.
func spin(t *gil.Thread) {
	stop := gil.NewVar("stop", false)
	a := t.Go("a", func(t *gil.Thread) {
		for !stop.Load(t) {
			continue
		}
	})
	stop.Store(t, true)
	a.Join(t)
}
