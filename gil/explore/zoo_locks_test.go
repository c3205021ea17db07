package explore_test

import (
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
)

// zooLocks are bugs of locks and conditions: deadlocks, lost wake-ups, flags that do
// not say what they seem to.
var zooLocks = []exhibit{
	{name: "arithmetic_prog", bad: arithmetic(true), good: arithmetic(false), kind: explore.Assertion, classes: 58, goodClasses: 58, within: 30},
	{name: "circular_buffer", bad: circularBuffer(true), good: circularBuffer(false), kind: explore.Assertion, classes: 467, goodClasses: 3432, within: 30},
	{name: "deadlock01", bad: deadlock01(true), good: deadlock01(false), kind: explore.Deadlock, classes: 3, goodClasses: 2, within: 30},
	{name: "din_phil2", bad: philosophers(2, true), good: philosophers(2, false), kind: explore.Assertion, classes: 2, goodClasses: 2, within: 30},
	{name: "din_phil3", bad: philosophers(3, true), good: philosophers(3, false), kind: explore.Assertion, classes: 6, goodClasses: 6, within: 30},
	{name: "din_phil7", bad: philosophers(7, true), good: philosophers(7, false), kind: explore.Assertion, classes: 5040, goodClasses: 5040, within: 30},
	{name: "fsbench", bad: fsbench(27), good: fsbench(26), kind: explore.Assertion, classes: 8192, goodClasses: 8192, within: 30, slow: true},
	{name: "phase01", bad: phase01(true), good: phase01(false), kind: explore.Deadlock, classes: 6, goodClasses: 6, within: 30},
	{name: "queue", bad: queueBug(true), good: queueBug(false), kind: explore.Assertion, within: 30},
	{name: "stack", bad: stackBug(true), good: stackBug(false), kind: explore.Assertion, classes: 68677, goodClasses: 184756, within: 30, slow: true},
	{name: "sync01", bad: sync01(true), good: sync01(false), kind: explore.Deadlock, classes: 3, goodClasses: 2, within: 30},
	{name: "sync02", bad: sync02(true), good: sync02(false), kind: explore.Deadlock, classes: 9, goodClasses: 10, within: 30},
	{name: "cargill_buffer", bad: cargill(true), good: cargill(false), kind: explore.Deadlock, classes: 56408, within: 30, slow: true},
}

// arithmetic_prog: the sum is what main says it is not.
func arithmetic(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		const rounds = 3
		num, total, done := 0, 0, false
		lock := &threading.Lock{Name: "lock"}
		empty, full := newPosixCondition(lock), newPosixCondition(lock)
		together(t,
			func(t *gil.Thread) {
				for range rounds {
					lock.Acquire(t)
					for num > 0 {
						empty.Wait(t)
					}
					num++
					lock.Release(t)
					full.Signal(t)
				}
			},
			func(t *gil.Thread) {
				for j := range rounds {
					lock.Acquire(t)
					for num == 0 {
						full.Wait(t)
					}
					total += j
					num--
					lock.Release(t)
					empty.Signal(t)
				}
				total += rounds
				done = true
			})
		must(t, !done || (total == 6) != bad, "total %d", total)
	}
}

// circular_buffer: the receiver takes the number of its attempt for that of the
// element.
func circularBuffer(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		const attempts = 7
		var buffer []int
		send, receive := true, false
		lock := &threading.Lock{Name: "lock"}
		together(t,
			func(t *gil.Thread) {
				sent := 0
				for i := range attempts {
					lock.With(t, func() {
						if send {
							v := i
							if !bad {
								v = sent
							}
							buffer = append(buffer, v)
							sent++
							send, receive = false, true
						}
					})
				}
			},
			func(t *gil.Thread) {
				received := 0
				for i := range attempts {
					lock.With(t, func() {
						if !receive {
							return
						}
						v := buffer[0]
						buffer = buffer[1:]
						want := i
						if !bad {
							want = received
						}
						must(t, v == want, "element %d is %d", want, v)
						received++
						send, receive = true, false
					})
				}
			})
	}
}

// deadlock01: two locks in opposite orders.
func deadlock01(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		a, b := &threading.Lock{Name: "a"}, &threading.Lock{Name: "b"}
		n := 0
		both := func(x, y *threading.Lock) func(t *gil.Thread) {
			return func(t *gil.Thread) {
				x.Acquire(t)
				y.Acquire(t)
				n++
				y.Release(t)
				x.Release(t)
			}
		}
		if bad {
			together(t, both(a, b), both(b, a))
		} else {
			together(t, both(a, b), both(a, b))
		}
	}
}

// philosophers: they eat one at a time; the last one says that it was not.
func philosophers(n int, bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		table := &threading.Lock{Name: "table"}
		forks := make([]threading.Lock, n)
		count := 0
		together(t, crowd(n, func(t *gil.Thread, i int) {
			table.Acquire(t)
			right, left := &forks[i], &forks[(i+1)%n]
			right.Acquire(t)
			left.Acquire(t)
			left.Release(t)
			right.Release(t)
			table.Release(t)
			count++
			must(t, !bad || count != n, "all have eaten")
		})...)
	}
}

// fsbench: threads allocate i-nodes and blocks; there are 26 of each.
func fsbench(threads int) func(t *gil.Thread) {
	const size = 26
	return func(t *gil.Thread) {
		inodes, blocks := make([]threading.Lock, size), make([]threading.Lock, size)
		inode, busy := make([]int, size), make([]bool, size)
		together(t, crowd(threads, func(t *gil.Thread, i int) {
			must(t, i < size, "i-node %d of %d", i, size)
			inodes[i].Acquire(t)
			if inode[i] == 0 {
				for b, found := i*2%size, false; !found; b = (b + 1) % size {
					blocks[b].Acquire(t)
					if !busy[b] {
						busy[b], inode[i], found = true, b+1, true
					}
					blocks[b].Release(t)
				}
			}
			inodes[i].Release(t)
		})...)
	}
}

// phase01: a lock is taken twice and released once.
func phase01(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		x := &threading.Lock{Name: "x"}
		work := func(t *gil.Thread) {
			x.Acquire(t)
			x.Release(t)
			x.Acquire(t)
			if !bad {
				x.Release(t)
			}
		}
		together(t, work, work)
	}
}

// queue: the producer stores one element before it sets the flag.
func queueBug(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		const size = 20
		var queue, stored []int
		enqueue, dequeue := true, false
		lock := &threading.Lock{Name: "lock"}
		put := func(v int) { queue, stored = append(queue, v), append(stored, v) }
		together(t,
			func(t *gil.Thread) {
				lock.With(t, func() {
					put(0)
					if !bad {
						enqueue, dequeue = false, true
					}
				})
				for i := 1; i < size; i++ {
					lock.With(t, func() {
						if enqueue {
							put(i)
							enqueue, dequeue = false, true
						}
					})
				}
			},
			func(t *gil.Thread) {
				taken := 0
				for i := range size {
					lock.With(t, func() {
						if !dequeue {
							return
						}
						v := queue[0]
						queue = queue[1:]
						at := i
						if !bad {
							at = taken
						}
						taken++
						must(t, at < len(stored) && v == stored[at], "element %d is %d", at, v)
						enqueue, dequeue = true, false
					})
				}
			})
	}
}

// stack: a flag that is set once is taken for a promise of ten elements.
func stackBug(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		const size = 10
		top, flag := 0, false
		lock := &threading.Lock{Name: "lock"}
		together(t,
			func(t *gil.Thread) {
				for range size {
					lock.With(t, func() { top++; flag = true })
				}
			},
			func(t *gil.Thread) {
				for range size {
					lock.With(t, func() {
						if flag && (bad || top > 0) {
							must(t, top > 0, "pop from an empty stack")
							top--
						}
					})
				}
			})
	}
}

// sync01: the consumer takes nothing away, so the producer waits for ever.
func sync01(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		num := 1
		lock := &threading.Lock{Name: "lock"}
		empty, full := newPosixCondition(lock), newPosixCondition(lock)
		together(t,
			func(t *gil.Thread) {
				lock.Acquire(t)
				for num > 0 {
					empty.Wait(t)
				}
				num++
				lock.Release(t)
				full.Signal(t)
			},
			func(t *gil.Thread) {
				lock.Acquire(t)
				for num == 0 {
					full.Wait(t)
				}
				if !bad {
					num--
				}
				lock.Release(t)
				empty.Signal(t)
			})
	}
}

// sync02: two rounds of one more than fits.
func sync02(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		num := 1
		if bad {
			num = 2
		}
		lock := &threading.Lock{Name: "lock"}
		empty, full := newPosixCondition(lock), newPosixCondition(lock)
		together(t,
			func(t *gil.Thread) {
				for range 2 {
					lock.Acquire(t)
					for num > 0 {
						empty.Wait(t)
					}
					num++
					lock.Release(t)
					full.Signal(t)
				}
			},
			func(t *gil.Thread) {
				for range 2 {
					lock.Acquire(t)
					for num == 0 {
						full.Wait(t)
					}
					num--
					lock.Release(t)
					empty.Signal(t)
				}
			})
	}
}

// cargill: one condition for two kinds of waiters; a notification reaches the wrong
// kind (Tom Cargill).
func cargill(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		const items = 2 // of each thread
		held := 0
		c := threading.NewCondition(&threading.Lock{Name: "lock"})
		change := func(full, by int) func(t *gil.Thread) {
			return func(t *gil.Thread) {
				for range items {
					c.With(t, func() {
						c.WaitFor(t, func() bool { return held != full })
						held += by
						if bad {
							c.Notify(t, 1)
						} else {
							c.NotifyAll(t)
						}
					})
				}
			}
		}
		put, get := change(1, 1), change(0, -1)
		together(t, put, put, get, get)
	}
}
