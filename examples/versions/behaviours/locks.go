package behaviours

import (
	"fmt"
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
)

func locks() []Row {
	return []Row{
		{
			"lock-kept", "Two threads: while True: with lock: 1 ms of work. Who gets the lock?",
			by("the same one", 9, "the other one", 3), func(p gil.Profile) string { return owners(p, 0) },
		},
		{
			"lock-gap", "The same with 0.1 ms of waiting after each",
			by("the other one", 12), func(p gil.Profile) string { return owners(p, 100*time.Microsecond) },
		},
		{
			"acquire-free", "Does lock.acquire() give the GIL up when the lock is free?",
			by("yes", 1, "no", 11), ask(func(t *gil.Thread) string {
				var l threading.Lock
				before := t.Interpreter().Stats().Acquisitions
				l.Acquire(t)
				return yes(t.Interpreter().Stats().Acquisitions > before)
			}),
		},
		{
			"acquire-try", "Does lock.acquire(False) give the GIL up when the lock is held?",
			by("yes", 1, "no", 11), ask(func(t *gil.Thread) string {
				var l threading.Lock
				l.Acquire(t)
				before := t.Interpreter().Stats().Acquisitions
				l.TryAcquire(t)
				return yes(t.Interpreter().Stats().Acquisitions > before)
			}),
		},
		{
			"notify", "In which order does Condition.notify() take its waiters?",
			by("0 1 2 3 4 5", 12), ask(func(t *gil.Thread) (order string) {
				var l threading.Lock
				c := threading.NewCondition(&l)
				var ts []*gil.Thread
				for n := range 6 {
					ts = append(ts, t.Go("", func(t *gil.Thread) {
						l.Acquire(t)
						c.Wait(t)
						if order != "" {
							order += " "
						}
						order += fmt.Sprint(n)
						l.Release(t)
					}))
					t.Sleep(ms)
				}
				for range ts {
					l.With(t, func() { c.Notify(t, 1) })
					t.Sleep(ms)
				}
				gil.JoinAll(t, ts...)
				return order
			}),
		},
		{
			"notify-all", "In how many orders can two threads return that notify_all() woke?",
			by("2", 12), func(p gil.Profile) string {
				return fmt.Sprint(len(explore.Outcomes(woken, explore.WithProfile(p), explore.WithStrategy(explore.DPOR()), explore.WithMaxSchedules(20_000))))
			},
		},
	}
}

// woken has two threads wait for a notify_all and returns who came back first.
func woken(t *gil.Thread) (first string) {
	l := &threading.Lock{Name: "l"}
	c := threading.NewCondition(l)
	waiting := 0
	wait := func(t *gil.Thread) {
		l.Acquire(t)
		if waiting++; waiting == 2 {
			c.NotifyAll(t)
		}
		for first == "" && waiting < 3 {
			c.Wait(t)
			waiting = 3
		}
		if first == "" {
			first = t.Name()
		}
		l.Release(t)
	}
	a, b := t.Go("a", wait), t.Go("b", wait)
	t.Label("both wait")
	l.With(t, func() { waiting = 3; c.NotifyAll(t) })
	gil.JoinAll(t, a, b)
	return first
}

// owners says who mostly gets a lock that two threads want.
func owners(p gil.Profile, gap time.Duration) string {
	const turns = 200
	var l threading.Lock
	var order []string
	run(p, func(t *gil.Thread) {
		work := func(t *gil.Thread) {
			for range turns {
				l.Acquire(t)
				order = append(order, t.Name())
				t.Compute(ms)
				l.Release(t)
				if gap > 0 {
					t.Sleep(gap)
				}
			}
		}
		gil.JoinAll(t, t.Go("a", work), t.Go("b", work))
	})
	changes := 0
	for i := 1; i < turns; i++ {
		if order[i] != order[i-1] {
			changes++
		}
	}
	switch {
	case changes < turns/20:
		return "the same one"
	case changes > turns*9/10:
		return "the other one"
	}
	return fmt.Sprintf("the other one in %d of %d", changes, turns)
}
