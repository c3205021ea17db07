package giltest_test

import (
	"slices"
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
)

// plainProgram is a program with plain Go variables, which the race detector judges.
type plainProgram struct {
	name string
	run  func(t *gil.Thread)
	opts []explore.Option
	// fails: the program also fails in itself.
	fails bool
}

// racyPrograms have two accesses that nothing but the GIL orders: the one on the line
// that is marked first with the program's name, and the one marked second.
var racyPrograms = []plainProgram{
	{name: "counter", run: func(t *gil.Thread) {
		n := 0
		add := func(t *gil.Thread) {
			t.Tick(1)
			n++ // first counter, second counter
			t.Tick(1)
		}
		gil.JoinAll(t, t.Go("a", add), t.Go("b", add))
	}},
	{name: "flag", run: func(t *gil.Thread) {
		ready := false
		w := t.Go("writer", func(t *gil.Thread) {
			t.Tick(1)
			ready = true // first flag
		})
		for range 3 {
			t.Yield()
			if ready { // second flag
				break
			}
		}
		w.Join(t)
	}},
	{name: "one side", run: func(t *gil.Thread) {
		n, mu := 0, newLock("mu")
		w := t.Go("writer", func(t *gil.Thread) {
			mu.With(t, func() {
				n = 1 // first one side
			})
		})
		t.Tick(1)
		n = 2 // second one side
		w.Join(t)
		_ = n
	}},
	{name: "two locks", run: func(t *gil.Thread) {
		n, mu, nu := 0, newLock("mu"), newLock("nu")
		a := t.Go("a", func(t *gil.Thread) {
			mu.With(t, func() {
				n = 1 // first two locks
			})
		})
		b := t.Go("b", func(t *gil.Thread) {
			nu.With(t, func() {
				n = 2 // second two locks
			})
		})
		gil.JoinAll(t, a, b)
		_ = n
	}},
	{name: "timeout", run: func(t *gil.Thread) {
		var done threading.Event
		n := 0
		w := t.Go("writer", func(t *gil.Thread) {
			t.Sleep(time.Second)
			t.Tick(1)
			n = 1 // first timeout
		})
		done.WaitTimeout(t, 2*time.Second)
		t.Tick(1)
		n = 2 // second timeout
		w.Join(t)
		_ = n
	}},
	{name: "not joined", run: func(t *gil.Thread) {
		n := 0
		w := t.Go("writer", func(t *gil.Thread) {
			n = 1 // first not joined
		})
		w.JoinTimeout(t, 0)
		if w.IsAlive(t) {
			n = 2 // second not joined
		}
		w.Join(t)
		_ = n
	}},
	{name: "refused", run: func(t *gil.Thread) {
		n, mu := 0, newLock("mu")
		w := t.Go("writer", func(t *gil.Thread) {
			if mu.TryAcquire(t) {
				n = 1 // first refused
				mu.Release(t)
			}
		})
		if !mu.TryAcquire(t) {
			n = 2 // second refused
		} else {
			mu.Release(t)
		}
		w.Join(t)
		_ = n
	}},
	{name: "printed", run: func(t *gil.Thread) {
		n := 0
		w := t.Go("writer", func(t *gil.Thread) {
			n = 1 // first printed
			t.Print("written")
		})
		t.Print("reading")
		t.Label("read")
		t.Sleep(time.Second)
		if n > 1 { // second printed
			t.Errorf("n = %d", n)
		}
		w.Join(t)
	}},
	{name: "set before", run: func(t *gil.Thread) {
		var ev threading.Event
		n := 0
		w := t.Go("writer", func(t *gil.Thread) {
			ev.Set(t)
			n = 1 // first set before
		})
		ev.Wait(t)
		n = 2 // second set before
		w.Join(t)
		_ = n
	}},
	{name: "in a callback", run: func(t *gil.Thread) {
		x, calls := gil.NewVar("x", 0), 0
		add := func(t *gil.Thread) {
			x.Update(t, func(v int) int {
				calls++ // first in a callback, second in a callback
				return v + 1
			})
		}
		gil.JoinAll(t, t.Go("a", add), t.Go("b", add))
	}},
	{name: "behind a pointer", run: func(t *gil.Thread) {
		type point struct{ x int }
		x := gil.NewVar("x", &point{})
		move := func(t *gil.Thread) {
			p := x.Load(t)
			p.x++ // first behind a pointer, second behind a pointer
		}
		gil.JoinAll(t, t.Go("a", move), t.Go("b", move))
	}},
}

// large is more than a closure copies.
type large struct {
	words [40]int
	next  *large
}

// plainProgramNamed finds a program.
func plainProgramNamed(name string) plainProgram {
	all := slices.Concat(racyPrograms, orderedPrograms)
	return all[slices.IndexFunc(all, func(p plainProgram) bool { return p.name == name })]
}
