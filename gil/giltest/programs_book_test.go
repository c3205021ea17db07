package giltest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
)

func semaphore(name string, n int) *threading.Semaphore {
	s := threading.NewSemaphore(n)
	s.Name = name
	return s
}

// cup is a buffer that fails when it is touched by two at once.
type cup struct {
	c critical
	n *gil.Var[int]
}

func newCup() cup { return cup{newCritical(), gil.NewVar("servings", 0)} }

// The classics of synchronisation.
func TestBook(t *testing.T) {
	solve(t, []puzzle{
		{
			name: "signalling", kind: explore.Assertion,
			broken: func(t *gil.Thread) {
				x := gil.NewVar("x", 0)
				together(t, func(t *gil.Thread) { x.Store(t, 1) }, func(t *gil.Thread) { require.Equal(t, 1, x.Load(t)) })
			},
			fixed: func(t *gil.Thread) {
				x, done := gil.NewVar("x", 0), semaphore("done", 0)
				together(t, func(t *gil.Thread) { x.Store(t, 1); done.Release(t) },
					func(t *gil.Thread) { done.Acquire(t); require.Equal(t, 1, x.Load(t)) })
			},
		},
		{
			name: "rendezvous", kind: explore.Deadlock,
			broken: func(t *gil.Thread) {
				x, y := semaphore("x here", 0), semaphore("y here", 0)
				together(t, func(t *gil.Thread) { y.Acquire(t); x.Release(t) }, func(t *gil.Thread) { x.Acquire(t); y.Release(t) })
			},
			fixed: func(t *gil.Thread) {
				x, y := semaphore("x here", 0), semaphore("y here", 0)
				together(t, func(t *gil.Thread) { x.Release(t); y.Acquire(t) }, func(t *gil.Thread) { y.Release(t); x.Acquire(t) })
			},
		},
		{
			name: "multiplex", kind: explore.Assertion,
			broken: func(t *gil.Thread) {
				inside, door := gil.NewVar("inside", 0), semaphore("door", 3) // one too many
				in := func(t *gil.Thread) {
					door.Acquire(t)
					defer door.Release(t)
					require.LessOrEqual(t, add(t, inside, 1), 2)
					add(t, inside, -1)
				}
				together(t, in, in, in)
			},
			fixed: func(t *gil.Thread) {
				inside, door := gil.NewVar("inside", 0), semaphore("door", 2)
				in := func(t *gil.Thread) {
					door.Acquire(t)
					defer door.Release(t)
					require.LessOrEqual(t, add(t, inside, 1), 2)
					add(t, inside, -1)
				}
				together(t, in, in, in)
			},
		},
		{
			name: "reusable barrier", kind: explore.Deadlock,
			broken: func(t *gil.Thread) {
				count, mu, turnstile := gil.NewVar("count", 0), newLock("mu"), semaphore("turnstile", 0)
				meet := func(t *gil.Thread) {
					mu.Acquire(t)
					n := increment(t, count)
					mu.Release(t)
					if n == 2 {
						turnstile.Release(t)
					}
					turnstile.Acquire(t)
					turnstile.Release(t)
					mu.Acquire(t)
					n = count.Load(t) - 1
					count.Store(t, n)
					mu.Release(t)
					if n == 0 {
						turnstile.Acquire(t) // both may be through, or a fast one has taken it
						turnstile.Acquire(t)
					}
				}
				together(t, meet, meet)
			},
			fixed: func(t *gil.Thread) {
				b := threading.NewBarrier(2, nil)
				meet := func(t *gil.Thread) {
					for range 2 {
						_, err := b.Wait(t)
						require.NoError(t, err)
					}
				}
				together(t, meet, meet)
			},
		},
		{
			name: "finite buffer", kind: explore.Deadlock, pattern: "",
			broken: func(t *gil.Thread) {
				items, room, mu, l := semaphore("items", 0), semaphore("room", 1), newLock("mu"), gil.NewList[int]("l")
				together(t, func(t *gil.Thread) {
					mu.Acquire(t) // held while it waits
					items.Acquire(t)
					_, _ = l.Pop(t)
					mu.Release(t)
					room.Release(t)
				}, func(t *gil.Thread) {
					room.Acquire(t)
					mu.With(t, func() { l.Append(t, 1) })
					items.Release(t)
				})
			},
			fixed: func(t *gil.Thread) {
				items, room, mu, l := semaphore("items", 0), semaphore("room", 1), newLock("mu"), gil.NewList[int]("l")
				together(t, func(t *gil.Thread) {
					items.Acquire(t)
					mu.With(t, func() { _, err := l.Pop(t); require.NoError(t, err) })
					room.Release(t)
				}, func(t *gil.Thread) {
					room.Acquire(t)
					mu.With(t, func() { l.Append(t, 1) })
					items.Release(t)
				})
			},
		},
		{
			name: "readers and writers", kind: explore.Assertion, pattern: "torn pair",
			broken: func(t *gil.Thread) {
				x, y, mu := gil.NewVar("x", 0), gil.NewVar("y", 0), newLock("mu")
				together(t, func(t *gil.Thread) {
					mu.With(t, func() { x.Store(t, 1); y.Store(t, 1) })
				}, func(t *gil.Thread) { // readers need no lock, they thought
					a, b := x.Load(t), y.Load(t)
					require.Equal(t, a, b)
				})
			},
			fixed: func(t *gil.Thread) {
				x, y, mu, room := gil.NewVar("x", 0), gil.NewVar("y", 0), newLock("mu"), newLock("room")
				readers := gil.NewVar("readers", 0)
				read := func(t *gil.Thread) {
					mu.With(t, func() {
						if increment(t, readers) == 1 {
							room.Acquire(t)
						}
					})
					a, b := x.Load(t), y.Load(t)
					require.Equal(t, a, b)
					mu.With(t, func() {
						n := readers.Load(t) - 1
						readers.Store(t, n)
						if n == 0 {
							room.Release(t)
						}
					})
				}
				together(t, func(t *gil.Thread) { room.With(t, func() { x.Store(t, 1); y.Store(t, 1) }) }, read, read)
			},
		},
		{
			name: "dining philosophers", kind: explore.Deadlock, pattern: "lock-order deadlock",
			broken: func(t *gil.Thread) { dine(t, 3, 3) },
			fixed:  func(t *gil.Thread) { dine(t, 3, 2) }, // a footman lets two of them in
		},
		{
			name: "cigarette smokers", kind: explore.Deadlock,
			broken: func(t *gil.Thread) {
				tobacco, paper, match := semaphore("tobacco", 0), semaphore("paper", 0), semaphore("match", 0)
				done := semaphore("done", 0)
				smoker := func(x, y *threading.Semaphore) func(t *gil.Thread) {
					return func(t *gil.Thread) { x.Acquire(t); y.Acquire(t); done.Release(t) }
				}
				t.Go("match owner", smoker(tobacco, paper), gil.WithDaemon(true))
				t.Go("paper owner", smoker(tobacco, match), gil.WithDaemon(true))
				tobacco.Release(t)
				paper.Release(t)
				done.Acquire(t)
			},
			fixed: func(t *gil.Thread) {
				table := &threading.Condition{Name: "table"}
				tobacco, paper, match := gil.NewVar("tobacco", false), gil.NewVar("paper", false), gil.NewVar("match", false)
				done := semaphore("done", 0)
				smoker := func(x, y *gil.Var[bool]) func(t *gil.Thread) {
					return func(t *gil.Thread) {
						table.With(t, func() { table.WaitFor(t, func() bool { return x.Load(t) && y.Load(t) }) })
						done.Release(t)
					}
				}
				t.Go("match owner", smoker(tobacco, paper), gil.WithDaemon(true))
				t.Go("paper owner", smoker(tobacco, match), gil.WithDaemon(true))
				table.With(t, func() { tobacco.Store(t, true); paper.Store(t, true); table.NotifyAll(t) })
				done.Acquire(t)
			},
		},
		{
			name: "dining savages", kind: explore.Assertion,
			broken: func(t *gil.Thread) {
				pot := newCup()
				eat := func(t *gil.Thread) {
					if pot.n.Load(t) == 0 {
						pot.c.section(t) // fills the pot
						pot.n.Store(t, 2)
					}
					pot.n.Store(t, pot.n.Load(t)-1)
				}
				together(t, eat, eat)
			},
			fixed: func(t *gil.Thread) {
				pot, mu := newCup(), newLock("mu")
				eat := func(t *gil.Thread) {
					mu.Acquire(t)
					defer mu.Release(t)
					if pot.n.Load(t) == 0 {
						pot.c.section(t)
						pot.n.Store(t, 2)
					}
					pot.n.Store(t, pot.n.Load(t)-1)
				}
				together(t, eat, eat)
			},
		},
		{
			name: "sleeping barber", kind: explore.Deadlock, pattern: "wake-up",
			broken: func(t *gil.Thread) {
				customers, bell := gil.NewVar("customers", 0), &threading.Condition{Name: "bell"}
				together(t, func(t *gil.Thread) {
					if customers.Load(t) == 0 { // looks, and only then goes to sleep
						bell.With(t, func() { bell.Wait(t) })
					}
				}, func(t *gil.Thread) {
					increment(t, customers)
					bell.With(t, func() { bell.Notify(t, 1) })
				})
			},
			fixed: func(t *gil.Thread) {
				customers, bell := gil.NewVar("customers", 0), &threading.Condition{Name: "bell"}
				together(t, func(t *gil.Thread) {
					bell.With(t, func() { bell.WaitFor(t, func() bool { return customers.Load(t) > 0 }) })
				}, func(t *gil.Thread) {
					bell.With(t, func() { increment(t, customers); bell.Notify(t, 1) })
				})
			},
		},
		{
			name: "building water", kind: explore.Assertion,
			broken: func(t *gil.Thread) { water(t, false) },
			fixed:  func(t *gil.Thread) { water(t, true) },
		},
		{
			name: "bank transfer", kind: explore.Assertion,
			broken: func(t *gil.Thread) {
				a, b := gil.NewVar("a", 100), gil.NewVar("b", 0)
				la, lb := newLock("lock of a"), newLock("lock of b")
				together(t, func(t *gil.Thread) {
					la.With(t, func() { a.Store(t, a.Load(t)-10) })
					lb.With(t, func() { b.Store(t, b.Load(t)+10) })
				}, func(t *gil.Thread) {
					var x, y int
					la.With(t, func() { x = a.Load(t) })
					lb.With(t, func() { y = b.Load(t) })
					require.Equal(t, 100, x+y)
				})
			},
			fixed: func(t *gil.Thread) {
				a, b := gil.NewVar("a", 100), gil.NewVar("b", 0)
				la, lb := newLock("lock of a"), newLock("lock of b")
				both := func(t *gil.Thread, fn func()) { la.With(t, func() { lb.With(t, fn) }) }
				together(t, func(t *gil.Thread) {
					both(t, func() { a.Store(t, a.Load(t)-10); b.Store(t, b.Load(t)+10) })
				}, func(t *gil.Thread) {
					both(t, func() { require.Equal(t, 100, a.Load(t)+b.Load(t)) })
				})
			},
		},
		{
			name: "double-checked singleton", kind: explore.Assertion,
			broken: func(t *gil.Thread) {
				made, ready, mu := gil.NewVar("made", false), gil.NewVar("ready", false), newLock("mu")
				get := func(t *gil.Thread) {
					if !made.Load(t) {
						mu.With(t, func() {
							if !made.Load(t) {
								made.Store(t, true) // published before it is ready
								ready.Store(t, true)
							}
						})
					}
					require.True(t, ready.Load(t))
				}
				together(t, get, get)
			},
			fixed: func(t *gil.Thread) {
				made, ready, mu := gil.NewVar("made", false), gil.NewVar("ready", false), newLock("mu")
				get := func(t *gil.Thread) {
					if !made.Load(t) {
						mu.With(t, func() {
							if !made.Load(t) {
								ready.Store(t, true)
								made.Store(t, true)
							}
						})
					}
					require.True(t, ready.Load(t))
				}
				together(t, get, get)
			},
		},
		{
			name: "cache stampede", kind: explore.Assertion,
			broken: func(t *gil.Thread) {
				cache, computed := gil.NewDict[string, int]("cache"), gil.NewVar("computed", 0)
				get := func(t *gil.Thread) {
					if _, ok := cache.Get(t, "k"); !ok {
						increment(t, computed)
						cache.Set(t, "k", 1)
					}
				}
				together(t, get, get)
				require.Equal(t, 1, computed.Load(t))
			},
			fixed: func(t *gil.Thread) {
				cache, computed, mu := gil.NewDict[string, int]("cache"), gil.NewVar("computed", 0), newLock("mu")
				get := func(t *gil.Thread) {
					mu.Acquire(t)
					defer mu.Release(t)
					if _, ok := cache.Get(t, "k"); !ok {
						increment(t, computed)
						cache.Set(t, "k", 1)
					}
				}
				together(t, get, get)
				require.Equal(t, 1, computed.Load(t))
			},
		},
		{
			name: "child care", kind: explore.Deadlock,
			broken: func(t *gil.Thread) { care(t, nil) },
			fixed:  func(t *gil.Thread) { care(t, newLock("leaving")) },
		},
	})
}

func add(t *gil.Thread, n *gil.Var[int], by int) int {
	for {
		if v := n.Load(t); n.CompareAndSwap(t, v, v+by) {
			return v + by
		}
	}
}

// dine has n philosophers at a table to which so many are let at a time.
func dine(t *gil.Thread, n, atTable int) {
	forks := make([]*threading.Lock, n)
	for i := range forks {
		forks[i] = newLock("fork " + string(rune('0'+i)))
	}
	footman := semaphore("footman", atTable)
	eat := make([]func(t *gil.Thread), n)
	for i := range eat {
		eat[i] = func(t *gil.Thread) {
			footman.With(t, func() { forks[i].With(t, func() { forks[(i+1)%n].With(t, func() {}) }) })
		}
	}
	together(t, eat...)
}

// water has two hydrogens for each oxygen bond; without a barrier they leave before
// the molecule is whole.
func water(t *gil.Thread, barrier bool) {
	here, b := gil.NewVar("here", 0), threading.NewBarrier(3, nil)
	atom := func(t *gil.Thread) {
		add(t, here, 1)
		if barrier {
			_, err := b.Wait(t)
			require.NoError(t, err)
		}
		require.Equal(t, 3, here.Load(t), "bonds alone")
	}
	together(t, atom, atom, atom)
}

// care has two adults who want to leave, each with the two places that he stands
// for: taken one by one, each gets one and waits for the other.
func care(t *gil.Thread, leaving *threading.Lock) {
	places := semaphore("places", 2)
	leave := func(t *gil.Thread) {
		if leaving != nil {
			leaving.Acquire(t)
		}
		places.Acquire(t)
		places.Acquire(t)
		if leaving != nil {
			leaving.Release(t)
		}
		places.ReleaseN(t, 2) // somebody else comes
	}
	together(t, leave, leave)
}

// Puzzles that only Python has.
func TestPython(t *testing.T) {
	on := func(p gil.Profile) []explore.Option { return []explore.Option{explore.WithProfile(p)} }
	plus := func(t *gil.Thread) {
		n := gil.NewVar("n", 0)
		work := func(t *gil.Thread) { gil.Add(t, n, 1) }
		together(t, work, work)
		require.Equal(t, 2, n.Load(t))
	}
	locked := func(t *gil.Thread) {
		n, mu := gil.NewVar("n", 0), newLock("mu")
		work := func(t *gil.Thread) { mu.With(t, func() { gil.Add(t, n, 1) }) }
		together(t, work, work)
		require.Equal(t, 2, n.Load(t))
	}
	call := func(t *gil.Thread) {
		n := gil.NewVar("n", 0)
		work := func(t *gil.Thread) { n.Update(t, func(v int) int { return v + 1 }) }
		together(t, work, work)
		require.Equal(t, 2, n.Load(t))
	}
	solve(t, []puzzle{
		{name: "n += 1 in 3.9", kind: explore.Assertion, pattern: "lost update", broken: plus, fixed: locked, options: on(gil.CPython39)},
		{name: "n = f(n) in 3.12", kind: explore.Assertion, pattern: "lost update", broken: call, fixed: plus, options: on(gil.CPython312)},
		{name: "n += 1 without a GIL", kind: explore.Assertion, pattern: "lost update", broken: plus, fixed: locked, options: on(gil.CPython313T)},
		{
			name: "if l: l.pop()", kind: explore.Panic, pattern: "check-then-act", options: on(gil.CPython38),
			broken: func(t *gil.Thread) {
				l := gil.NewList("l", 1)
				pop := func(t *gil.Thread) {
					if l.Truth(t) {
						if _, err := l.Pop(t); err != nil {
							panic(err)
						}
					}
				}
				together(t, pop, pop)
			},
			fixed: func(t *gil.Thread) {
				l := gil.NewList("l", 1)
				popped := gil.NewVar("popped", 0)
				pop := func(t *gil.Thread) {
					if _, err := l.Pop(t); err == nil {
						popped.Swap(t, 1)
					}
				}
				together(t, pop, pop)
				require.Equal(t, 1, popped.Load(t))
			},
		},
		{
			name: "daemon at exit", kind: explore.Assertion,
			broken: func(t *gil.Thread) {
				saved := gil.NewVar("saved", false)
				t.Go("saver", func(t *gil.Thread) { t.IO(1); saved.Store(t, true) }, gil.WithDaemon(true))
				require.True(t, saved.Load(t)) // what main sees when it ends
			},
			fixed: func(t *gil.Thread) {
				saved := gil.NewVar("saved", false)
				t.Go("saver", func(t *gil.Thread) { t.IO(1); saved.Store(t, true) }).Join(t)
				require.True(t, saved.Load(t))
			},
		},
	})
}
