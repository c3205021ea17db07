package explore_test

import (
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
)

// zooFree are bugs of programs without locks, or with too few: work-stealing queues,
// stacks, mutual exclusion by variables, and small models of real programs.
var zooFree = []exhibit{
	{name: "dekker", bad: dekker(true), good: dekker(false), kind: explore.Assertion, classes: 23, goodClasses: 65, within: 30},
	{name: "work-stealing queue", bad: stealing(true), good: stealing(false), kind: explore.Assertion, classes: 88, goodClasses: 99, within: 60},
	{name: "treiber stack (ABA)", bad: treiber(true), good: treiber(false), kind: explore.Assertion, classes: 248, goodClasses: 248, within: 300},
	{name: "aget", bad: aget(true), good: aget(false), kind: explore.Assertion, classes: 13, goodClasses: 4, within: 30},
	{name: "pbzip2", bad: pbzip2(true), good: pbzip2(false), kind: explore.Panic, classes: 59, goodClasses: 8, within: 30},
	{name: "ctrace", bad: ctrace(true), good: ctrace(false), kind: explore.Panic, classes: 7, goodClasses: 4, within: 30},
	{name: "qsort_mt", bad: handOut(true), good: handOut(false), kind: explore.Assertion, classes: 3, goodClasses: 2, within: 60},
	{name: "streamcluster barrier", bad: reusedBarrier(true), good: reusedBarrier(false), kind: explore.Deadlock, classes: 14, goodClasses: 18, within: 60},
	{name: "ferret", bad: pipeline(true), good: pipeline(false), kind: explore.Assertion, classes: 53, goodClasses: 27, within: 30},
	{name: "splash2", bad: forgotten(true), good: forgotten(false), kind: explore.Assertion, classes: 14, goodClasses: 4, within: 30},
	{name: "bluetooth", bad: bluetooth(true), good: bluetooth(false), kind: explore.Assertion, classes: 19, goodClasses: 18, within: 60},
}

// dekker: two threads exclude each other by flags and a turn; the bad ones forget to
// raise the flag before they look.
func dekker(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		flags := []*gil.Var[bool]{gil.NewVar("flag0", false), gil.NewVar("flag1", false)}
		turn := gil.NewVar("turn", 0)
		inside := gil.NewVar("inside", 0)
		together(t, crowd(2, func(t *gil.Thread, i int) {
			if !bad {
				flags[i].Store(t, true)
			}
			for flags[1-i].Load(t) {
				if turn.Load(t) != i {
					flags[i].Store(t, false)
					for turn.Load(t) != i {
						t.Yield()
					}
					flags[i].Store(t, true)
				}
				t.Yield()
			}
			flags[i].Store(t, true)
			must(t, inside.Swap(t, 1) == 0, "two inside")
			inside.Store(t, 0)
			turn.Store(t, 1-i)
			flags[i].Store(t, false)
		})...)
	}
}

// stealing is the queue of Cilk in the version of CHESS: the owner pushes and pops
// at the tail, a thief steals at the head under a lock. The bad owner looks at the
// head before it has moved the tail.
func stealing(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		const items = 2
		head, tail := gil.NewVar("head", 0), gil.NewVar("tail", 0)
		lock := &threading.Lock{Name: "lock"}
		elems := make([]int, items)
		taken := make([]int, items)
		take := func(t *gil.Thread, i int) {
			taken[i]++
			must(t, taken[i] == 1, "item %d taken twice", i)
		}
		pop := func(t *gil.Thread) (int, bool) {
			i := tail.Load(t) - 1
			early := 0
			if bad {
				early = head.Load(t)
			}
			tail.Store(t, i)
			if bad && early <= i || !bad && head.Load(t) < i {
				return elems[i], true
			}
			tail.Store(t, i+1)
			lock.Acquire(t)
			defer lock.Release(t)
			if head.Load(t) <= i {
				tail.Store(t, i)
				return elems[i], true
			}
			return 0, false
		}
		steal := func(t *gil.Thread) (int, bool) {
			lock.Acquire(t)
			defer lock.Release(t)
			h := head.Load(t)
			head.Store(t, h+1)
			if h < tail.Load(t) {
				return elems[h], true
			}
			head.Store(t, h)
			return 0, false
		}
		together(t,
			func(t *gil.Thread) {
				for i := range items {
					elems[i] = i
					tail.Store(t, i+1)
				}
				for range items {
					if i, ok := pop(t); ok {
						take(t, i)
					}
				}
			},
			func(t *gil.Thread) {
				for range items {
					if i, ok := steal(t); ok {
						take(t, i)
					}
				}
			})
	}
}

// treiber is a stack without locks whose nodes are used again: a thread that is held
// up between its look at the top and its swap does not notice that the top has been
// taken and put back. The good one counts versions.
func treiber(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		type top struct{ node, version int }
		const none = -1
		next := []*gil.Var[int]{gil.NewVar("next0", 1), gil.NewVar("next1", 2), gil.NewVar("next2", none)}
		head := gil.NewVar("head", top{0, 0})
		owner := make([]int, len(next))
		pop := func(t *gil.Thread) int {
			for {
				h := head.Load(t)
				if h.node == none {
					return none
				}
				n := next[h.node].Load(t)
				if head.CompareAndSwap(t, h, top{n, h.version}) {
					owner[h.node]++
					must(t, owner[h.node] == 1, "node %d has two owners", h.node)
					return h.node
				}
			}
		}
		push := func(t *gil.Thread, i int) {
			owner[i]--
			for {
				h := head.Load(t)
				next[i].Store(t, h.node)
				v := h.version
				if !bad {
					v++
				}
				if head.CompareAndSwap(t, h, top{i, v}) {
					return
				}
			}
		}
		together(t,
			func(t *gil.Thread) { pop(t); pop(t) },
			func(t *gil.Thread) {
				a := pop(t)
				b := pop(t)
				if a != none {
					push(t, a)
				}
				_ = b
			})
	}
}

// aget: a signal's handler saves what the downloader has counted, part by part and
// then the total.
func aget(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		part, total := gil.NewVar("part", 0), gil.NewVar("total", 0)
		lock := &threading.Lock{Name: "lock"}
		together(t,
			func(t *gil.Thread) {
				for range 3 {
					if bad {
						part.Store(t, part.Load(t)+1)
						lock.With(t, func() { total.Store(t, total.Load(t)+1) })
					} else {
						lock.With(t, func() {
							part.Store(t, part.Load(t)+1)
							total.Store(t, total.Load(t)+1)
						})
					}
				}
			},
			func(t *gil.Thread) {
				p, all := 0, 0
				save := func() { p, all = part.Load(t), total.Load(t) }
				if bad {
					save()
				} else {
					lock.With(t, save)
				}
				must(t, p == all, "saved %d of %d", p, all)
			})
	}
}

// pbzip2: main frees the queue after it has joined the writer; consumers still use
// it.
func pbzip2(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		type queue struct {
			lock threading.Lock
			n    int
		}
		q := gil.NewVar("queue", &queue{n: 2})
		consume := func(t *gil.Thread) {
			for {
				more := true
				lock := &q.Load(t).lock // panics when the queue is gone
				lock.Acquire(t)
				if f := q.Load(t); f.n == 0 {
					more = false
				} else {
					f.n--
				}
				lock.Release(t)
				if !more {
					return
				}
			}
		}
		a, b := t.Go("a", consume), t.Go("b", consume)
		t.Go("writer", func(t *gil.Thread) { t.Yield() }).Join(t)
		if !bad {
			gil.JoinAll(t, a, b)
		}
		q.Store(t, nil)
		gil.JoinAll(t, a, b)
	}
}

// ctrace: one thread takes the table of trace points away while another one traces.
func ctrace(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		table := gil.NewVar("table", []int{0})
		on := gil.NewVar("on", true)
		lock := &threading.Lock{Name: "lock"}
		guard := func(t *gil.Thread, fn func()) {
			if bad {
				fn()
			} else {
				lock.With(t, fn)
			}
		}
		together(t,
			func(t *gil.Thread) {
				for range 3 {
					guard(t, func() {
						if on.Load(t) {
							table.Load(t)[0]++
						}
					})
				}
			},
			func(t *gil.Thread) {
				guard(t, func() { on.Store(t, false); table.Store(t, nil) })
			})
	}
}

// qsort_mt: a pool hands work out by setting a slot's state under the pool's lock
// before it fills in the range under the slot's.
func handOut(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		const idle, work, stop = 0, 1, 2
		var slot struct {
			lock   threading.Lock
			state  int
			lo, hi int
		}
		slot.lock.Name = "slot"
		cond := threading.NewCondition(&slot.lock)
		state := gil.NewVar("state", idle)
		sorted := 0
		w := t.Go("worker", func(t *gil.Thread) {
			slot.lock.Acquire(t)
			for state.Load(t) == idle {
				cond.Wait(t)
			}
			s, lo, hi := state.Load(t), slot.lo, slot.hi
			state.Store(t, idle)
			slot.lock.Release(t)
			if s != stop {
				sorted += hi - lo
			}
		})
		if bad {
			state.Store(t, work)
			slot.lock.Acquire(t)
		} else {
			slot.lock.Acquire(t)
			state.Store(t, work)
		}
		slot.lo, slot.hi = 0, 8
		cond.Notify(t, 1)
		slot.lock.Release(t)
		w.Join(t)
		must(t, sorted == 8, "sorted %d of 8", sorted)
	}
}

// reusedBarrier: a barrier of a condition, used twice; the last thread to come
// resets it, and one that has not left yet waits for the next round as well.
func reusedBarrier(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		const parties = 2
		lock := &threading.Lock{Name: "barrier"}
		c := threading.NewCondition(lock)
		arrived, open, round := 0, false, 0
		wait := func(t *gil.Thread) {
			lock.Acquire(t)
			defer lock.Release(t)
			mine := round
			if arrived++; arrived == parties {
				arrived, open = 0, true
				round++
				c.NotifyAll(t)
				return
			}
			if !bad {
				c.WaitFor(t, func() bool { return round != mine })
				return
			}
			open = false
			for !open {
				c.Wait(t)
			}
		}
		together(t, crowd(parties, func(t *gil.Thread, _ int) { wait(t); wait(t); wait(t) })...)
	}
}

// pipeline: the second stage stops when it is told to, although the first one has
// put more.
func pipeline(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		var queue []int
		lock := &threading.Lock{Name: "queue"}
		done := gil.NewVar("done", false)
		seen := 0
		together(t,
			func(t *gil.Thread) {
				for i := range 2 {
					lock.With(t, func() { queue = append(queue, i) })
				}
				done.Store(t, true)
			},
			func(t *gil.Thread) {
				for {
					last := done.Load(t)
					empty := false
					lock.With(t, func() {
						if empty = len(queue) == 0; !empty {
							queue = queue[1:]
							seen++
						}
					})
					if bad && done.Load(t) || last && empty {
						return
					}
					t.Yield()
				}
			})
		must(t, seen == 2, "%d of 2 went through", seen)
	}
}

// bluetooth: a driver is stopped while a request that has looked whether it is
// stopping goes on.
func bluetooth(bad bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		stopping, stopped := gil.NewVar("stopping", false), gil.NewVar("stopped", false)
		pending := gil.NewVar("pending", 1)
		dec := func(t *gil.Thread) {
			for {
				if v := pending.Load(t); pending.CompareAndSwap(t, v, v-1) {
					if v == 1 {
						stopped.Store(t, true)
					}
					return
				}
			}
		}
		inc := func(t *gil.Thread) bool {
			if bad && stopping.Load(t) {
				return false
			}
			for {
				if v := pending.Load(t); v == 0 {
					if !bad {
						return false
					}
				} else if pending.CompareAndSwap(t, v, v+1) {
					break
				}
				if bad {
					pending.Swap(t, pending.Load(t)+1)
					break
				}
			}
			if !bad && stopping.Load(t) {
				dec(t)
				return false
			}
			return true
		}
		together(t,
			func(t *gil.Thread) {
				if inc(t) {
					must(t, !stopped.Load(t), "the driver is used after it was stopped")
					dec(t)
				}
			},
			func(t *gil.Thread) { stopping.Store(t, true); dec(t) })
	}
}
