package giltest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/giltest"
	"github.com/pygil/pygil/gil/threading"
)

func newLock(name string) *threading.Lock { return &threading.Lock{Name: name} }

// puzzle is a program that goes wrong, and one that does not.
type puzzle struct {
	name    string
	kind    explore.Kind
	pattern string // of the explanation, empty for any
	broken  func(t *gil.Thread)
	fixed   func(t *gil.Thread)
	options []explore.Option
}

// solve has each puzzle break, and its repair hold.
func solve(t *testing.T, puzzles []puzzle) {
	t.Helper()
	for i, p := range puzzles {
		if raceDetector && i%4 != 0 {
			continue // one goroutine, many times slower
		}
		t.Run(p.name, func(t *testing.T) {
			quiet(t)
			f := giltest.MustFail(t, p.broken, p.kind, append(p.options[:len(p.options):len(p.options)], explore.WithMaxSchedules(2000))...)
			if p.pattern != "" {
				require.Contains(t, f.Pattern, p.pattern, f.Report())
			}
			require.NotEmpty(t, f.Table())
			require.LessOrEqual(t, len(f.Schedule.Deviations), 4, f.Report())
			passes := 500
			if raceDetector {
				passes = 50
			}
			giltest.Check(t, p.fixed, append(p.options[:len(p.options):len(p.options)], explore.WithMaxSchedules(passes))...)
		})
	}
}

// together runs the functions as threads a, b, c … and joins them.
func together(t *gil.Thread, fns ...func(t *gil.Thread)) {
	threads := make([]*gil.Thread, len(fns))
	for i, fn := range fns {
		threads[i] = t.Go(string(rune('a'+i)), fn)
	}
	gil.JoinAll(t, threads...)
}

// critical is a section that fails when two threads are in it.
type critical struct{ inside *gil.Var[int] }

func newCritical() critical { return critical{gil.NewVar("inside", 0)} }

func (c critical) section(t *gil.Thread) {
	if n := c.inside.Swap(t, 1); n != 0 {
		t.Errorf("two threads are in the critical section")
		t.FailNow()
	}
	c.inside.Swap(t, 0)
}

func increment(t *gil.Thread, n *gil.Var[int]) int {
	v := n.Load(t) + 1
	n.Store(t, v)
	return v
}

// The puzzles of section Deadlock Empire: somebody else chooses who runs, and means
// to break the program.
func TestEmpire(t *testing.T) {
	solve(t, []puzzle{
		{
			name: "both at the critical line", kind: explore.Assertion,
			broken: func(t *gil.Thread) {
				c := newCritical()
				together(t, c.section, c.section)
			},
			fixed: func(t *gil.Thread) {
				c, mu := newCritical(), newLock("mu")
				in := func(t *gil.Thread) { mu.With(t, func() { c.section(t) }) }
				together(t, in, in)
			},
		},
		{
			name: "n = n + 1", kind: explore.Assertion, pattern: "lost update",
			broken: func(t *gil.Thread) {
				n := gil.NewVar("n", 0)
				add := func(t *gil.Thread) { increment(t, n) }
				together(t, add, add)
				require.Equal(t, 2, n.Load(t))
			},
			fixed: func(t *gil.Thread) {
				n := gil.NewVar("n", 0)
				add := func(t *gil.Thread) {
					for v := n.Load(t); !n.CompareAndSwap(t, v, v+1); v = n.Load(t) {
						continue
					}
				}
				together(t, add, add)
				require.Equal(t, 2, n.Load(t))
			},
		},
		{
			name: "boolean flags are enough", kind: explore.Assertion,
			broken: func(t *gil.Thread) {
				c, busy := newCritical(), gil.NewVar("busy", false)
				in := func(t *gil.Thread) {
					for busy.Load(t) {
						t.Yield()
					}
					busy.Store(t, true)
					c.section(t)
					busy.Store(t, false)
				}
				together(t, in, in)
			},
			fixed: func(t *gil.Thread) {
				c, busy := newCritical(), gil.NewVar("busy", false)
				in := func(t *gil.Thread) {
					for busy.Swap(t, true) {
						t.Yield()
					}
					c.section(t)
					busy.Store(t, false)
				}
				together(t, in, in)
			},
		},
		{
			name: "simple counter", kind: explore.Assertion,
			broken: func(t *gil.Thread) {
				c, n := newCritical(), gil.NewVar("counter", 0)
				together(t, func(t *gil.Thread) {
					increment(t, n)
					increment(t, n)
					if n.Load(t) == 3 {
						c.section(t)
					}
				}, func(t *gil.Thread) {
					increment(t, n)
					increment(t, n)
					if n.Load(t) == 3 {
						c.section(t)
					}
				})
			},
			fixed: func(t *gil.Thread) {
				c, n, mu := newCritical(), gil.NewVar("counter", 0), newLock("mu")
				in := func(t *gil.Thread) {
					mu.Acquire(t)
					defer mu.Release(t)
					increment(t, n)
					increment(t, n)
					if n.Load(t) == 3 {
						c.section(t)
					}
				}
				together(t, in, in)
			},
		},
		{
			name: "confused counter", kind: explore.Assertion,
			broken: func(t *gil.Thread) {
				first, second := gil.NewVar("first", 0), gil.NewVar("second", 0)
				together(t, func(t *gil.Thread) {
					increment(t, first)
					increment(t, second)
					if second.Load(t) == 2 {
						require.NotEqual(t, 1, first.Load(t))
					}
				}, func(t *gil.Thread) {
					increment(t, first)
					increment(t, second)
				})
			},
			fixed: func(t *gil.Thread) {
				first, second, mu := gil.NewVar("first", 0), gil.NewVar("second", 0), newLock("mu")
				both := func(t *gil.Thread) {
					mu.Acquire(t)
					defer mu.Release(t)
					increment(t, first)
					increment(t, second)
					require.Equal(t, first.Load(t), second.Load(t))
				}
				together(t, both, both)
			},
		},
		{
			name: "insufficient lock", kind: explore.Assertion,
			broken: func(t *gil.Thread) {
				i, mu := gil.NewVar("i", 0), newLock("mu")
				together(t, func(t *gil.Thread) {
					mu.With(t, func() { i.Store(t, i.Load(t)+2) })
					mu.With(t, func() { require.NotEqual(t, 1, i.Load(t)) })
				}, func(t *gil.Thread) {
					mu.With(t, func() { i.Store(t, i.Load(t)-1) })
				})
			},
			fixed: func(t *gil.Thread) {
				i, mu := gil.NewVar("i", 0), newLock("mu")
				together(t, func(t *gil.Thread) {
					mu.Acquire(t)
					defer mu.Release(t)
					before := i.Load(t)
					i.Store(t, before+2)
					require.Equal(t, before+2, i.Load(t))
				}, func(t *gil.Thread) {
					mu.With(t, func() { i.Store(t, i.Load(t)-1) })
				})
			},
		},
		{
			name: "deadlock", kind: explore.Deadlock, pattern: "lock-order deadlock",
			broken: func(t *gil.Thread) {
				x, y := newLock("x"), newLock("y")
				together(t, func(t *gil.Thread) { x.With(t, func() { y.With(t, func() {}) }) },
					func(t *gil.Thread) { y.With(t, func() { x.With(t, func() {}) }) })
			},
			fixed: func(t *gil.Thread) {
				x, y := newLock("x"), newLock("y")
				both := func(t *gil.Thread) { x.With(t, func() { y.With(t, func() {}) }) }
				together(t, both, both)
			},
		},
		{
			name: "a more complex thread", kind: explore.Deadlock, pattern: "never released",
			broken: func(t *gil.Thread) {
				mu, other := &threading.RLock{Name: "mu"}, newLock("other")
				work := func(t *gil.Thread) {
					if mu.TryAcquire(t) {
						mu.Acquire(t) // once more, in a function that was called
						other.With(t, func() {})
						mu.Release(t) // and the other one is forgotten
					} else {
						mu.Acquire(t)
						mu.Release(t)
					}
				}
				together(t, work, work)
			},
			fixed: func(t *gil.Thread) {
				mu, other := &threading.RLock{Name: "mu"}, newLock("other")
				work := func(t *gil.Thread) {
					mu.With(t, func() { mu.With(t, func() { other.With(t, func() {}) }) })
				}
				together(t, work, work)
			},
		},
		{
			name: "manual-reset event", kind: explore.Assertion,
			broken: func(t *gil.Thread) {
				even, n := &threading.Event{Name: "even"}, gil.NewVar("n", 0)
				even.Set(t)
				together(t, func(t *gil.Thread) {
					even.Wait(t) // the gate was open then; it says nothing about later
					require.Equal(t, 0, n.Load(t)%2)
				}, func(t *gil.Thread) {
					even.Clear(t)
					increment(t, n)
					increment(t, n)
					even.Set(t)
				})
			},
			fixed: func(t *gil.Thread) {
				mu, n := newLock("mu"), gil.NewVar("n", 0)
				together(t, func(t *gil.Thread) {
					mu.With(t, func() { require.Equal(t, 0, n.Load(t)%2) })
				}, func(t *gil.Thread) {
					mu.With(t, func() { increment(t, n); increment(t, n) })
				})
			},
		},
		{
			name: "countdown event", kind: explore.Deadlock,
			broken: func(t *gil.Thread) {
				left, done := gil.NewVar("left", 2), &threading.Event{Name: "done"}
				work := func(t *gil.Thread) {
					v := left.Load(t) - 1
					left.Store(t, v) // loses the other one's signal
					if v == 0 {
						done.Set(t)
					}
					done.Wait(t)
				}
				together(t, work, work)
			},
			fixed: func(t *gil.Thread) {
				left, done, mu := gil.NewVar("left", 2), &threading.Event{Name: "done"}, newLock("mu")
				work := func(t *gil.Thread) {
					mu.Acquire(t)
					v := left.Load(t) - 1
					left.Store(t, v)
					mu.Release(t)
					if v == 0 {
						done.Set(t)
					}
					done.Wait(t)
				}
				together(t, work, work)
			},
		},
		{
			name: "countdown revisited", kind: explore.Panic,
			broken: func(t *gil.Thread) {
				units, asked := threading.NewBoundedSemaphore(1), gil.NewVar("asked", false)
				units.Name = "units"
				units.Acquire(t)
				signal := func(t *gil.Thread) {
					if !asked.Load(t) {
						asked.Store(t, true)
						units.Release(t) // once too often
					}
				}
				together(t, signal, signal)
			},
			fixed: func(t *gil.Thread) {
				units, asked := threading.NewBoundedSemaphore(1), gil.NewVar("asked", false)
				units.Acquire(t)
				signal := func(t *gil.Thread) {
					if !asked.Swap(t, true) {
						units.Release(t)
					}
				}
				together(t, signal, signal)
			},
		},
		{
			name: "barrier", kind: explore.Deadlock,
			broken: func(t *gil.Thread) {
				b := threading.NewBarrier(2, nil) // for two, and three come
				meet := func(t *gil.Thread) { _, _ = b.Wait(t) }
				together(t, meet, meet, meet)
			},
			fixed: func(t *gil.Thread) {
				b := threading.NewBarrier(3, nil)
				meet := func(t *gil.Thread) { _, err := b.Wait(t); require.NoError(t, err) }
				together(t, meet, meet, meet)
			},
			options: []explore.Option{explore.WithStrategy(explore.Random())},
		},
		{
			name: "semaphore", kind: explore.Assertion,
			broken: func(t *gil.Thread) {
				c, s := newCritical(), threading.NewSemaphore(1)
				in := func(t *gil.Thread) {
					if s.TryAcquire(t) {
						c.section(t)
					}
					s.Release(t) // taken or not
				}
				together(t, in, in, in)
			},
			fixed: func(t *gil.Thread) {
				c, s := newCritical(), threading.NewSemaphore(1)
				in := func(t *gil.Thread) { s.With(t, func() { c.section(t) }) }
				together(t, in, in)
			},
		},
		{
			name: "producer and consumer", kind: explore.Panic,
			broken: func(t *gil.Thread) {
				items, l := threading.NewSemaphore(0), gil.NewList[int]("l")
				together(t, func(t *gil.Thread) {
					items.Acquire(t)
					if _, err := l.Pop(t); err != nil {
						panic(err)
					}
				}, func(t *gil.Thread) {
					items.Release(t) // before the item is there
					l.Append(t, 1)
				})
			},
			fixed: func(t *gil.Thread) {
				items, l := threading.NewSemaphore(0), gil.NewList[int]("l")
				together(t, func(t *gil.Thread) {
					items.Acquire(t)
					_, err := l.Pop(t)
					require.NoError(t, err)
				}, func(t *gil.Thread) {
					l.Append(t, 1)
					items.Release(t)
				})
			},
		},
		{
			name: "condition variables", kind: explore.Panic, pattern: "check-then-act",
			broken: func(t *gil.Thread) {
				c, l := &threading.Condition{Name: "c"}, gil.NewList[int]("l")
				take := func(t *gil.Thread) {
					c.Acquire(t)
					defer c.Release(t)
					if l.Len(t) == 0 { // where there should be a loop
						c.Wait(t)
					}
					if _, err := l.Pop(t); err != nil {
						panic(err)
					}
				}
				together(t, take, take, func(t *gil.Thread) {
					c.With(t, func() { l.Append(t, 1); c.NotifyAll(t) })
					c.With(t, func() { l.Append(t, 2); c.NotifyAll(t) })
				})
			},
			fixed: func(t *gil.Thread) {
				c, l := &threading.Condition{Name: "c"}, gil.NewList[int]("l")
				take := func(t *gil.Thread) {
					c.Acquire(t)
					defer c.Release(t)
					for l.Len(t) == 0 {
						c.Wait(t)
					}
					_, err := l.Pop(t)
					require.NoError(t, err)
				}
				together(t, take, take, func(t *gil.Thread) {
					c.With(t, func() { l.Append(t, 1); c.NotifyAll(t) })
					c.With(t, func() { l.Append(t, 2); c.NotifyAll(t) })
				})
			},
		},
		{
			name: "dragonfire", kind: explore.Assertion,
			broken: func(t *gil.Thread) {
				c, fire, mu := newCritical(), gil.NewVar("fire", 0), newLock("mu")
				together(t, func(t *gil.Thread) {
					if fire.Load(t) == 0 { // the check is outside of the lock
						mu.With(t, func() { fire.Store(t, 1) })
						c.section(t)
						fire.Store(t, 0)
					}
				}, func(t *gil.Thread) {
					if fire.Load(t) == 0 {
						mu.With(t, func() { fire.Store(t, 1) })
						c.section(t)
						fire.Store(t, 0)
					}
				})
			},
			fixed: func(t *gil.Thread) {
				c, fire := newCritical(), gil.NewVar("fire", 0)
				in := func(t *gil.Thread) {
					if fire.CompareAndSwap(t, 0, 1) {
						c.section(t)
						fire.Store(t, 0)
					}
				}
				together(t, in, in)
			},
		},
	})
}
