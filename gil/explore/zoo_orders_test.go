package explore_test

import (
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
)

// zooOrders are bugs of order: some operation comes between two others, or several
// threads have to be held back while one goes on.
var zooOrders = []exhibit{
	{name: "account", bad: account(true), good: account(false), kind: explore.Assertion, classes: 6, goodClasses: 6, within: 30},
	{name: "lazy01", bad: lazy(true), good: lazy(false), kind: explore.Assertion, classes: 6, goodClasses: 6, within: 30},
	{name: "reorder_3", bad: reorder(2, 1, true), good: reorder(2, 1, false), kind: explore.Assertion, classes: 56, goodClasses: 6, within: 30},
	{name: "reorder_4", bad: reorder(3, 1, true), good: reorder(3, 1, false), kind: explore.Assertion, classes: 1248, goodClasses: 24, within: 30},
	{name: "reorder_5", bad: reorder(4, 1, true), good: reorder(4, 1, false), kind: explore.Assertion, classes: 40032, goodClasses: 120, within: 30, slow: true},
	{name: "reorder_10", bad: reorder(9, 1, true), good: reorder(9, 1, false), kind: explore.Assertion, within: 30},
	{name: "reorder_20", bad: reorder(10, 10, true), good: reorder(10, 10, false), kind: explore.Assertion, within: 30},
	{name: "reorder_50", bad: reorder(49, 1, true), good: reorder(49, 1, false), kind: explore.Assertion, within: 300},
	{name: "reorder_100", bad: reorder(99, 1, true), good: reorder(99, 1, false), kind: explore.Assertion, within: 600},
	{name: "twostage", bad: twoStage(1, true), good: twoStage(1, false), kind: explore.Assertion, classes: 3, goodClasses: 2, within: 30},
	{name: "twostage_20", bad: twoStage(19, true), good: twoStage(19, false), kind: explore.Assertion, within: 60},
	{name: "twostage_100", bad: twoStage(99, true), good: twoStage(99, false), kind: explore.Assertion, within: 300},
	{name: "wronglock_3", bad: wrongLock(3, true), good: wrongLock(3, false), kind: explore.Assertion, classes: 360, goodClasses: 24, within: 30},
	{name: "wronglock_7", bad: wrongLock(7, true), good: wrongLock(7, false), kind: explore.Assertion, goodClasses: 40320, within: 30, slow: true},
	{name: "lost update, 2 threads", bad: lostUpdate(2), good: counted(2), kind: explore.Assertion, classes: 4, goodClasses: 2, within: 30},
	{name: "lost update, 4 threads", bad: lostUpdate(4), good: counted(4), kind: explore.Assertion, classes: 576, goodClasses: 24, within: 30},
	{name: "wait missing", bad: waitMissing(true), good: waitMissing(false), kind: explore.Assertion, classes: 2, goodClasses: 1, within: 30},
}

// counted is lostUpdate with a lock around it.
func counted(n int) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		x := gil.NewVar("x", 0)
		lock := &threading.Lock{Name: "lock"}
		together(t, crowd(n, func(t *gil.Thread, _ int) {
			lock.With(t, func() { gil.Add(t, x, 1) })
		})...)
		must(t, x.Load(t) == n, "x is %d", x.Peek())
	}
}

// account: the checker's arithmetic is wrong, which shows when it comes last.
func account(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		const x, y, z = 1, 2, 4
		balance, deposited, withdrawn := x, false, false
		lock := &threading.Lock{Name: "lock"}
		together(t,
			func(t *gil.Thread) { lock.With(t, func() { balance += y; deposited = true }) },
			func(t *gil.Thread) { lock.With(t, func() { balance -= z; withdrawn = true }) },
			func(t *gil.Thread) {
				lock.With(t, func() {
					want := x + y - z
					if bad {
						want = (x - y) - z
					}
					must(t, !deposited || !withdrawn || balance == want, "balance %d", balance)
				})
			})
	}
}

// lazy01: a thread that relies on coming before one of two others.
func lazy(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		data, most := 0, 3
		if bad {
			most = 2
		}
		lock := &threading.Lock{Name: "lock"}
		together(t,
			func(t *gil.Thread) { lock.With(t, func() { data++ }) },
			func(t *gil.Thread) { lock.With(t, func() { data += 2 }) },
			func(t *gil.Thread) { lock.With(t, func() { must(t, data <= most, "data %d", data) }) })
	}
}

// reorder: setters store two variables, checkers must see both or none. The bug
// needs a checker between the stores of the first setter, all others held back.
func reorder(setters, checkers int, bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		a, b := gil.NewVar("a", 0), gil.NewVar("b", 0)
		lock := &threading.Lock{Name: "lock"}
		guard := func(t *gil.Thread, fn func()) {
			if bad {
				fn()
			} else {
				lock.With(t, fn)
			}
		}
		together(t, append(
			crowd(setters, func(t *gil.Thread, _ int) {
				guard(t, func() { a.Store(t, 1); b.Store(t, -1) })
			}),
			crowd(checkers, func(t *gil.Thread, _ int) {
				guard(t, func() {
					ok := a.Load(t) == 0 && b.Load(t) == 0 || a.Load(t) == 1 && b.Load(t) == -1
					must(t, ok, "a %d b %d", a.Peek(), b.Peek())
				})
			})...)...)
	}
}

// twoStage: writers set d1 and then d2 in two critical sections; a reader that
// comes between those of the first writer sees them disagree.
func twoStage(writers int, bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		d1, d2 := 0, 0
		one, two := &threading.Lock{Name: "one"}, &threading.Lock{Name: "two"}
		together(t, append(
			crowd(writers, func(t *gil.Thread, _ int) {
				if !bad {
					one.With(t, func() { d1 = 1; d2 = d1 + 1 })
					return
				}
				one.With(t, func() { d1 = 1 })
				two.With(t, func() { d2 = d1 + 1 })
			}),
			func(t *gil.Thread) {
				t1, t2 := 0, 0
				if !bad {
					one.With(t, func() { t1, t2 = d1, d2 })
				} else {
					one.With(t, func() { t1 = d1 })
					if t1 == 0 {
						return
					}
					two.With(t, func() { t2 = d2 })
				}
				must(t, t1 == 0 || t2 == t1+1, "d1 %d, then d2 %d", t1, t2)
			})...)
	}
}

// wrongLock: one thread relies on lock A, the others use lock B for the same
// variable.
func wrongLock(others int, bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		v := gil.NewVar("v", 0)
		lockA, lockB := &threading.Lock{Name: "A"}, &threading.Lock{Name: "B"}
		if !bad {
			lockB = lockA
		}
		check := func(t *gil.Thread) {
			lockA.With(t, func() {
				x := v.Load(t)
				gil.Add(t, v, 1)
				must(t, v.Load(t) == x+1, "v %d, was %d", v.Peek(), x)
			})
		}
		together(t, append([]func(t *gil.Thread){check}, crowd(others, func(t *gil.Thread, _ int) {
			lockB.With(t, func() { gil.Add(t, v, 1) })
		})...)...)
	}
}

// waitMissing: main looks at the result without waiting for the worker, whose part
// of the barrier expands to nothing.
func waitMissing(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		done := gil.NewVar("done", false)
		w := t.Go("worker", func(t *gil.Thread) { done.Store(t, true) })
		if !bad {
			w.Join(t)
		}
		must(t, done.Load(t), "the worker has not finished")
		w.Join(t)
	}
}
