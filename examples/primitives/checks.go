package main

import (
	"errors"
	"time"

	"github.com/pygil/pygil/gil"
)

// A check says what is wrong with a primitive of a kit, or nothing.
type check struct {
	name string
	find func(t *gil.Thread, k kit) string
}

var checks = []check{
	{"Lock", func(t *gil.Thread, k kit) string {
		l := k.lock(t)
		return first(holds(t, l, 1), guards(t, l), when(l.release(t) == nil, "a free lock can be released"))
	}},
	{"RLock", func(t *gil.Thread, k kit) string {
		l := k.rlock(t)
		return first(again(t, l), guards(t, l), when(l.release(t) == nil, "a free lock can be released"))
	}},
	{"Semaphore", func(t *gil.Thread, k kit) string {
		s := k.semaphore(t, 2)
		return first(holds(t, s, 2), when(s.release(t) != nil, "it cannot be released beyond its first value"))
	}},
	{"BoundedSemaphore", func(t *gil.Thread, k kit) string {
		s := k.bounded(t, 2)
		return first(holds(t, s, 2), when(s.release(t) == nil, "it can be released beyond its first value"))
	}},
	{"Event", func(t *gil.Thread, k kit) string {
		e := k.event(t)
		woken := 0
		waiter := func(t *gil.Thread) {
			if e.wait(t) == nil {
				woken++
			}
		}
		a, b := t.Go("", waiter), t.Go("", waiter)
		t.Sleep(time.Millisecond)
		early := woken
		err := e.set(t)
		gil.JoinAll(t, a, b)
		set := e.isSet(t)
		return first(when(early != 0, "nobody waited"), when(err != nil || woken != 2 || !set, "not all were woken"),
			when(e.clear(t) != nil || e.isSet(t), "it cannot be cleared"))
	}},
	{"Condition", func(t *gil.Thread, k kit) string {
		c := k.condition(t)
		unheld := c.notify(t) == nil
		ready, failed := false, false
		waiter := t.Go("", func(t *gil.Thread) {
			failed = c.acquire(t) != nil
			for !ready && !failed {
				failed = c.wait(t) != nil
			}
			failed = failed || c.release(t) != nil
		})
		t.Sleep(time.Millisecond)
		err := c.acquire(t)
		ready = true
		err = errors.Join(err, c.notify(t), c.release(t))
		waiter.Join(t)
		return first(when(unheld, "who does not hold it can notify"), when(failed || err != nil, "waiting and waking failed"))
	}},
	{"Barrier", func(t *gil.Thread, k kit) string {
		b := k.barrier(t, 3)
		seen := map[int]int{}
		wait := func(t *gil.Thread) {
			if i, err := b.wait(t); err == nil {
				seen[i]++
			}
		}
		gil.JoinAll(t, t.Go("", wait), t.Go("", wait), t.Go("", wait))
		return when(seen[0] != 1 || seen[1] != 1 || seen[2] != 1, "the three did not get 0, 1 and 2")
	}},
}

// first is the first thing that is wrong.
func first(wrong ...string) string {
	for _, w := range wrong {
		if w != "" {
			return w
		}
	}
	return ""
}

func when(wrong bool, what string) string {
	if wrong {
		return what
	}
	return ""
}

// holds looks whether n can hold it and no more, until one gives it back.
func holds(t *gil.Thread, l locker, n int) string {
	for range n {
		if l.acquire(t) != nil {
			return "it cannot be acquired"
		}
	}
	tooMany := l.try(t)
	for range n {
		if l.release(t) != nil {
			return "it cannot be released"
		}
	}
	return first(when(tooMany, "one too many has it"), when(!l.try(t) || l.release(t) != nil, "it is not free again"))
}

// again looks whether its holder, and nobody else, gets it again.
func again(t *gil.Thread, l locker) string {
	if errors.Join(l.acquire(t), l.acquire(t), l.release(t)) != nil {
		return "its holder cannot acquire it again"
	}
	other := false
	try := func(t *gil.Thread) { other = l.try(t) }
	t.Go("", try).Join(t)
	held := other
	if l.release(t) != nil {
		return "it cannot be released"
	}
	t.Go("", func(t *gil.Thread) {
		if try(t); other {
			_ = l.release(t)
		}
	}).Join(t)
	return first(when(held, "two threads hold it"), when(!other, "it is not free again"))
}

// guards looks whether threads that take it are alone.
func guards(t *gil.Thread, l locker) string {
	n, wrong := gil.NewVar("n", 0), false
	add := func(t *gil.Thread) {
		for range 50 {
			wrong = wrong || l.acquire(t) != nil
			x := n.Load(t)
			t.IO(time.Microsecond) // whoever is not kept out comes now
			n.Store(t, x+1)
			wrong = wrong || l.release(t) != nil
		}
	}
	gil.JoinAll(t, t.Go("", add), t.Go("", add))
	return when(wrong || n.Peek() != 100, "it did not keep a thread out")
}
