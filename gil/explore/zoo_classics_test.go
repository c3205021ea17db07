package explore_test

import (
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
)

// zooClassics are classic problems of synchronisation, each with a wrong solution
// and a right one.
var zooClassics = []exhibit{
	{name: "rendezvous", bad: rendezvous(true), good: rendezvous(false), kind: explore.Deadlock, classes: 1, goodClasses: 1, within: 30},
	{name: "multiplex", bad: multiplex(true), good: multiplex(false), kind: explore.Assertion, classes: 546, goodClasses: 510, within: 30},
	{name: "reusable barrier", bad: turnstiles(true), good: turnstiles(false), classes: 28, goodClasses: 256, within: 60},
	{name: "finite buffer", bad: finiteBuffer(true), good: finiteBuffer(false), kind: explore.Deadlock, classes: 3, goodClasses: 1, within: 30},
	{name: "readers and writers", bad: readersWriters(true), good: readersWriters(false), classes: 80, goodClasses: 14, within: 30},
	{name: "dining philosophers", bad: dining(true), good: dining(false), kind: explore.Deadlock, classes: 7, goodClasses: 6, within: 60},
	{name: "dining savages", bad: savages(true), good: savages(false), kind: explore.Assertion, classes: 74, goodClasses: 2, within: 30},
	{name: "sleeping barber", bad: barber(true), good: barber(false), kind: explore.Deadlock, classes: 3, goodClasses: 2, within: 30},
	{name: "building H2O", bad: water(true), good: water(false), kind: explore.Assertion, within: 30},
	{name: "one-lane bridge", bad: bridge(true), good: bridge(false), kind: explore.Assertion, classes: 9, goodClasses: 2, within: 30},
	{name: "bank transfer", bad: transfer(true), good: transfer(false), kind: explore.Deadlock, classes: 3, goodClasses: 2, within: 30},
	{name: "double-checked singleton", bad: singleton(true), good: singleton(false), kind: explore.Assertion, classes: 4, goodClasses: 4, within: 30},
	{name: "cache stampede", bad: stampede(true), good: stampede(false), kind: explore.Assertion, classes: 21, goodClasses: 6, within: 30},
	{name: "connection pool", bad: connections(true), good: connections(false), kind: explore.Panic, classes: 8, goodClasses: 2, within: 30},
	{name: "lost wake-up", bad: lostWakeUp(true), good: lostWakeUp(false), kind: explore.Deadlock, classes: 4, goodClasses: 4, within: 30},
}

// rendezvous: each waits for the other before it says that it has come.
func rendezvous(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		here := []*threading.Semaphore{threading.NewSemaphore(0), threading.NewSemaphore(0)}
		together(t, crowd(2, func(t *gil.Thread, i int) {
			if bad {
				here[1-i].Acquire(t)
				here[i].Release(t)
			} else {
				here[i].Release(t)
				here[1-i].Acquire(t)
			}
		})...)
	}
}

// multiplex: at most two inside; the bad one counts what it has not locked.
func multiplex(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		inside := gil.NewVar("inside", 0)
		places := threading.NewSemaphore(2)
		lock := &threading.Lock{Name: "count"}
		together(t, crowd(3, func(t *gil.Thread, _ int) {
			if bad {
				if inside.Load(t) >= 2 {
					return
				}
			} else {
				places.Acquire(t)
			}
			lock.With(t, func() {
				inside.Store(t, inside.Load(t)+1)
				must(t, inside.Load(t) <= 2, "three inside")
			})
			lock.With(t, func() { inside.Store(t, inside.Load(t)-1) })
			if !bad {
				places.Release(t)
			}
		})...)
	}
}

// turnstiles: a fast thread laps a barrier that is not closed again.
func turnstiles(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		const n, rounds = 2, 2
		lock := &threading.Lock{Name: "lock"}
		in, out := threading.NewSemaphore(0), threading.NewSemaphore(0)
		count := 0
		at := []*gil.Var[int]{gil.NewVar("round0", 0), gil.NewVar("round1", 0)}
		together(t, crowd(n, func(t *gil.Thread, i int) {
			for round := range rounds {
				at[i].Store(t, round)
				lock.With(t, func() {
					if count++; count == n {
						in.ReleaseN(t, n)
						if bad {
							count = 0
						}
					}
				})
				in.Acquire(t)
				if !bad {
					lock.With(t, func() {
						if count--; count == 0 {
							out.ReleaseN(t, n)
						}
					})
					out.Acquire(t)
				}
				if bad && round == 0 {
					must(t, at[1-i].Load(t) == 0, "lapped")
				}
			}
		})...)
	}
}

// finiteBuffer: the mutex is held while waiting for an item.
func finiteBuffer(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		lock := &threading.Lock{Name: "buffer"}
		items, room := threading.NewSemaphore(0), threading.NewSemaphore(1)
		n := 0
		together(t,
			func(t *gil.Thread) {
				for range 2 {
					room.Acquire(t)
					lock.With(t, func() { n++ })
					items.Release(t)
				}
			},
			func(t *gil.Thread) {
				for range 2 {
					if bad {
						lock.Acquire(t)
						items.Acquire(t)
					} else {
						items.Acquire(t)
						lock.Acquire(t)
					}
					n--
					lock.Release(t)
					room.Release(t)
				}
			})
		must(t, n == 0, "%d left", n)
	}
}

// readersWriters: the light switch without its lock.
func readersWriters(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		readers := gil.NewVar("readers", 0)
		lock, room := &threading.Lock{Name: "switch"}, &threading.Lock{Name: "room"}
		writing := gil.NewVar("writing", false)
		change := func(t *gil.Thread, d int) {
			if !bad {
				lock.Acquire(t)
				defer lock.Release(t)
			}
			v := readers.Load(t) + d
			readers.Store(t, v)
			switch {
			case d > 0 && v == 1:
				room.Acquire(t)
			case d < 0 && v == 0:
				room.Release(t)
			}
		}
		reader := func(t *gil.Thread) {
			change(t, 1)
			must(t, !writing.Load(t), "read while it is written")
			change(t, -1)
		}
		together(t, reader, reader, func(t *gil.Thread) {
			room.Acquire(t)
			writing.Store(t, true)
			writing.Store(t, false)
			room.Release(t)
		})
	}
}

// dining: all take their right fork first.
func dining(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		const n = 3
		forks := make([]threading.Lock, n)
		together(t, crowd(n, func(t *gil.Thread, i int) {
			first, second := &forks[i], &forks[(i+1)%n]
			if !bad && i == n-1 {
				first, second = second, first
			}
			first.Acquire(t)
			second.Acquire(t)
			second.Release(t)
			first.Release(t)
		})...)
	}
}

// savages: two see that the pot is empty and both wake the cook.
func savages(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		pot, cooked := gil.NewVar("pot", 0), gil.NewVar("cooked", 0)
		lock := &threading.Lock{Name: "pot"}
		together(t, crowd(2, func(t *gil.Thread, _ int) {
			if !bad {
				lock.Acquire(t)
				defer lock.Release(t)
			}
			if pot.Load(t) == 0 {
				gil.Add(t, cooked, 1)
				pot.Store(t, 2)
			}
			gil.Add(t, pot, -1)
		})...)
		must(t, cooked.Load(t) == 1, "cooked %d times", cooked.Peek())
	}
}

// barber: between his look at the empty chairs and his sleep a customer comes and
// wakes nobody.
func barber(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		lock := &threading.Lock{Name: "shop"}
		c := threading.NewCondition(lock)
		waiting := 0
		together(t,
			func(t *gil.Thread) {
				lock.Acquire(t)
				empty := waiting == 0
				if bad {
					lock.Release(t)
					lock.Acquire(t)
				}
				if empty {
					c.Wait(t)
				}
				waiting--
				lock.Release(t)
			},
			func(t *gil.Thread) { c.With(t, func() { waiting++; c.Notify(t, 1) }) })
	}
}

// water: a molecule leaves with whatever atoms have come.
func water(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		hydrogen, oxygen := threading.NewSemaphore(2), threading.NewSemaphore(1)
		b := threading.NewBarrier(3, nil)
		lock := &threading.Lock{Name: "molecule"}
		h, o := 0, 0
		bond := func(t *gil.Thread, atom *int, places *threading.Semaphore) {
			if !bad {
				places.Acquire(t)
			}
			lock.With(t, func() {
				if *atom++; h+o == 3 {
					must(t, h == 2 && o == 1, "H%d O%d", h, o)
					h, o = 0, 0
				}
			})
			_, _ = b.Wait(t)
			if !bad {
				places.Release(t)
			}
		}
		atom := func(n *int, places *threading.Semaphore) func(t *gil.Thread) {
			return func(t *gil.Thread) { bond(t, n, places) }
		}
		together(t, atom(&h, hydrogen), atom(&h, hydrogen), atom(&h, hydrogen), atom(&h, hydrogen), atom(&o, oxygen), atom(&o, oxygen))
	}
}

// bridge: two cars from opposite sides look before either drives.
func bridge(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		on := []*gil.Var[int]{gil.NewVar("east", 0), gil.NewVar("west", 0)}
		lock := &threading.Lock{Name: "bridge"}
		together(t, crowd(2, func(t *gil.Thread, i int) {
			if bad {
				if on[1-i].Load(t) > 0 {
					return
				}
			} else {
				lock.Acquire(t)
				defer lock.Release(t)
			}
			on[i].Store(t, 1)
			must(t, on[1-i].Load(t) == 0, "head on")
			on[i].Store(t, 0)
		})...)
	}
}

// transfer: two accounts, locked in the order of the transfer.
func transfer(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		locks := make([]threading.Lock, 2)
		balance := []int{10, 10}
		move := func(from, to int) func(t *gil.Thread) {
			return func(t *gil.Thread) {
				a, b := from, to
				if !bad {
					a, b = min(a, b), max(a, b)
				}
				locks[a].Acquire(t)
				locks[b].Acquire(t)
				balance[from]--
				balance[to]++
				locks[b].Release(t)
				locks[a].Release(t)
			}
		}
		together(t, move(0, 1), move(1, 0))
		must(t, balance[0] == 10 && balance[1] == 10, "%v", balance)
	}
}

// singleton: the second look, under the lock, is missing.
func singleton(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		it := gil.NewVar("instance", 0)
		lock := &threading.Lock{Name: "lock"}
		made := 0
		together(t, crowd(2, func(t *gil.Thread, _ int) {
			if it.Load(t) == 0 {
				lock.With(t, func() {
					if bad || it.Load(t) == 0 {
						made++
						it.Store(t, made)
					}
				})
			}
		})...)
		must(t, made == 1, "made %d", made)
	}
}

// stampede: all who miss the cache compute.
func stampede(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		cache := gil.NewDict[string, int]("cache")
		lock := &threading.Lock{Name: "lock"}
		computed := 0
		together(t, crowd(3, func(t *gil.Thread, _ int) {
			if !bad {
				lock.Acquire(t)
				defer lock.Release(t)
			}
			if !cache.Contains(t, "k") {
				computed++
				cache.Set(t, "k", 1)
			}
		})...)
		must(t, computed == 1, "computed %d times", computed)
	}
}

// connections: a pool hands out the last connection twice.
func connections(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		free := gil.NewList("free", 1)
		lock := &threading.Lock{Name: "pool"}
		together(t, crowd(2, func(t *gil.Thread, _ int) {
			if !bad {
				lock.Acquire(t)
				defer lock.Release(t)
			}
			if free.Len(t) == 0 {
				return
			}
			c, err := free.Pop(t)
			if err != nil {
				panic(err)
			}
			free.Append(t, c)
		})...)
	}
}

// lostWakeUp: an event is cleared after the look at what it announces.
func lostWakeUp(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		work := gil.NewVar("work", 0)
		e := &threading.Event{Name: "work"}
		together(t,
			func(t *gil.Thread) {
				for {
					if !bad {
						e.Clear(t)
					}
					if work.Load(t) > 0 {
						return
					}
					if bad {
						e.Clear(t)
					}
					e.Wait(t)
				}
			},
			func(t *gil.Thread) { work.Store(t, 1); e.Set(t) })
	}
}
