package explore_test

import (
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
)

// zooLevels are levels like those of a game about deadlocks: what the learner must
// find is one interleaving.
var zooLevels = []exhibit{
	{name: "flags are enough", bad: flagsAreEnough(true), good: flagsAreEnough(false), kind: explore.Assertion, classes: 18, goodClasses: 4, within: 30},
	{name: "simple counter", bad: simpleCounter(true), good: simpleCounter(false), kind: explore.Assertion, classes: 47, goodClasses: 6, within: 30},
	{name: "confused counter", bad: confusedCounter(true), good: confusedCounter(false), kind: explore.Assertion, classes: 32, goodClasses: 2, within: 30},
	{name: "insufficient lock", bad: insufficientLock(true), good: insufficientLock(false), kind: explore.Assertion, classes: 30, goodClasses: 30, within: 100},
	{name: "a more complex thread", bad: complexThread(true), good: complexThread(false), kind: explore.Deadlock, classes: 4, goodClasses: 4, within: 30},
	{name: "manual reset event", bad: manualReset(true), good: manualReset(false), kind: explore.Assertion, classes: 17, goodClasses: 3, within: 60},
	{name: "countdown", bad: countdown(true), good: countdown(false), kind: explore.Deadlock, classes: 6, goodClasses: 4, within: 30},
	{name: "countdown revisited", bad: countdownTwice(true), good: countdownTwice(false), kind: explore.Panic, classes: 42, goodClasses: 6, within: 30},
	{name: "barrier for two", bad: barrierForTwo(true), good: barrierForTwo(false), kind: explore.Assertion, classes: 15, goodClasses: 2, within: 30},
	{name: "semaphore", bad: semaphoreRaised(true), good: semaphoreRaised(false), kind: explore.Assertion, classes: 30, goodClasses: 10, within: 30},
	{name: "producer and consumer", bad: emptyDequeue(true), good: emptyDequeue(false), kind: explore.Panic, classes: 2, goodClasses: 1, within: 30},
	{name: "if instead of while", bad: ifInsteadOfWhile(true), good: ifInsteadOfWhile(false), kind: explore.Panic, classes: 30, goodClasses: 30, within: 30},
}

// flagsAreEnough: the test of a flag and its setting are two operations.
func flagsAreEnough(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		flag, inside := gil.NewVar("flag", false), gil.NewVar("inside", 0)
		together(t, crowd(2, func(t *gil.Thread, _ int) {
			if bad {
				if flag.Load(t) {
					return
				}
				flag.Store(t, true)
			} else if flag.Swap(t, true) {
				return
			}
			must(t, inside.Swap(t, 1) == 0, "two threads in the critical section")
			inside.Store(t, 0)
			flag.Store(t, false)
		})...)
	}
}

// simpleCounter: once past the test the value may change.
func simpleCounter(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		n := gil.NewVar("counter", 0)
		lock := &threading.Lock{Name: "lock"}
		together(t, crowd(2, func(t *gil.Thread, i int) {
			for range 2 {
				lock.Acquire(t)
				v := n.Load(t) + 1
				n.Store(t, v)
				if bad {
					lock.Release(t)
					v = n.Load(t)
				}
				if v == 2+i {
					must(t, n.Load(t) == v, "the test at %d has passed, and it is %d", v, n.Peek())
				}
				if !bad {
					lock.Release(t)
				}
			}
		})...)
	}
}

// confusedCounter: a lost update makes an impossible assertion possible.
func confusedCounter(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		first, second := gil.NewVar("first", 0), gil.NewVar("second", 0)
		lock := &threading.Lock{Name: "lock"}
		work := func(t *gil.Thread) {
			if !bad {
				lock.Acquire(t)
				defer lock.Release(t)
			}
			gil.Add(t, first, 1)
			gil.Add(t, second, 1)
			must(t, second.Load(t) != 2 || first.Load(t) == 2, "first %d, second 2", first.Peek())
		}
		together(t, work, work)
	}
}

// insufficientLock: mutual exclusion of sections does not keep an invariant between
// them.
func insufficientLock(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		i := gil.NewVar("i", 0)
		lock := &threading.Lock{Name: "lock"}
		together(t,
			func(t *gil.Thread) {
				for range 2 {
					lock.With(t, func() {
						i.Store(t, i.Load(t)+2)
						must(t, i.Load(t) != 5, "i is 5")
					})
				}
			},
			func(t *gil.Thread) {
				for range 2 {
					lock.With(t, func() {
						d := 1
						if !bad {
							d = 2
						}
						i.Store(t, i.Load(t)+d)
						if bad && i.Load(t) > 4 {
							i.Store(t, 3)
						}
					})
				}
			},
			func(t *gil.Thread) { lock.With(t, func() { must(t, i.Load(t) != 5, "i is 5") }) })
	}
}

// complexThread: a lock that is tried in a loop, entered again, and released once.
func complexThread(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		lock := &threading.RLock{Name: "lock"}
		flag := gil.NewVar("flag", false)
		together(t,
			func(t *gil.Thread) {
				if lock.TryAcquire(t) {
					if flag.Load(t) {
						lock.Acquire(t)
						if !bad {
							lock.Release(t)
						}
					}
					lock.Release(t)
				}
			},
			func(t *gil.Thread) {
				flag.Store(t, true)
				lock.Acquire(t)
				lock.Release(t)
			})
	}
}

// manualReset: that a gate was passed says nothing about later.
func manualReset(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		even := &threading.Event{Name: "even"}
		n := gil.NewVar("n", 0)
		lock := &threading.Lock{Name: "lock"}
		even.Set(t)
		together(t,
			func(t *gil.Thread) {
				for range 2 {
					if bad {
						even.Clear(t)
						n.Store(t, n.Load(t)+1)
						n.Store(t, n.Load(t)+1)
						even.Set(t)
					} else {
						lock.With(t, func() {
							n.Store(t, n.Load(t)+1)
							n.Store(t, n.Load(t)+1)
						})
					}
				}
			},
			func(t *gil.Thread) {
				if bad {
					even.Wait(t)
					must(t, n.Load(t)%2 == 0, "odd")
				} else {
					lock.With(t, func() { must(t, n.Load(t)%2 == 0, "odd") })
				}
			})
	}
}

// countdown: a lost update skips the signal for which everybody waits.
func countdown(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		left := gil.NewVar("left", 2)
		done := &threading.Event{Name: "done"}
		lock := &threading.Lock{Name: "lock"}
		together(t, crowd(2, func(t *gil.Thread, _ int) {
			if !bad {
				lock.Acquire(t)
			}
			v := left.Load(t) - 1
			left.Store(t, v)
			if !bad {
				lock.Release(t)
			}
			if v == 0 {
				done.Set(t)
			}
			done.Wait(t)
		})...)
	}
}

// countdownTwice: an event that may be counted down to nought is counted below.
func countdownTwice(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		units := threading.NewBoundedSemaphore(2)
		took := gil.NewVar("took", false)
		together(t, crowd(2, func(t *gil.Thread, _ int) {
			units.Acquire(t)
			if bad {
				if !took.Load(t) {
					took.Store(t, true)
					units.Release(t)
				}
			}
			units.Release(t) // one too many in some orders
		})...)
	}
}

// barrierForTwo: three threads, a barrier for two: the wrong ones meet.
func barrierForTwo(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		b := threading.NewBarrier(2, nil)
		ready := gil.NewVar("ready", false)
		meet := func(t *gil.Thread) { _, _ = b.WaitTimeout(t, time.Second) }
		together(t,
			func(t *gil.Thread) { ready.Store(t, true); meet(t) },
			func(t *gil.Thread) { meet(t); must(t, ready.Load(t), "met the wrong one") },
			func(t *gil.Thread) {
				if bad {
					meet(t)
				}
			})
	}
}

// semaphoreRaised: a release without an acquire raises the count.
func semaphoreRaised(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		s := threading.NewSemaphore(1)
		inside := gil.NewVar("inside", 0)
		enter := func(t *gil.Thread) {
			must(t, inside.Swap(t, 1) == 0, "two inside")
			inside.Store(t, 0)
		}
		together(t,
			func(t *gil.Thread) { s.Acquire(t); enter(t); s.Release(t) },
			func(t *gil.Thread) {
				if got := s.AcquireTimeout(t, time.Second); got || bad {
					if got {
						enter(t)
					}
					s.Release(t)
				}
			},
			func(t *gil.Thread) {
				if s.TryAcquire(t) {
					enter(t)
					s.Release(t)
				} else if bad {
					s.Release(t)
				}
			})
	}
}

// emptyDequeue: the semaphore is raised before the item is there.
func emptyDequeue(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		items := gil.NewList[int]("queue")
		s := threading.NewSemaphore(0)
		together(t,
			func(t *gil.Thread) {
				if bad {
					s.Release(t)
					items.Append(t, 1)
				} else {
					items.Append(t, 1)
					s.Release(t)
				}
			},
			func(t *gil.Thread) {
				s.Acquire(t)
				if _, err := items.Pop(t); err != nil {
					panic(err)
				}
			})
	}
}

// ifInsteadOfWhile: two are woken for one item.
func ifInsteadOfWhile(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		var queue []int
		c := threading.NewCondition(&threading.Lock{Name: "lock"})
		get := func(t *gil.Thread) {
			c.With(t, func() {
				if bad {
					if len(queue) == 0 {
						c.Wait(t)
					}
				} else {
					c.WaitFor(t, func() bool { return len(queue) > 0 })
				}
				queue = queue[1:] // panics when there is none
			})
		}
		put := func(t *gil.Thread) {
			c.With(t, func() { queue = append(queue, 1); c.NotifyAll(t) })
		}
		together(t, get, get, func(t *gil.Thread) { put(t); put(t) })
	}
}
