package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pygil/pygil/examples/versions/races"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
	"github.com/pygil/pygil/queue"
)

// A program is a small one under a name. It checks its own result.
type program struct {
	name, about  string
	few, many    int // how often each thread does its step: when explored, when run
	of           func(times int) func(t *gil.Thread)
	neverExplore bool // it is about time, which stands still there
}

// two is the program of two threads that do a step so often and whose results are
// looked at in the end.
func two(times int, step func(t *gil.Thread), check func(t *gil.Thread)) func(t *gil.Thread) {
	body := func(t *gil.Thread) {
		for range gil.Range(t, times) {
			step(t)
		}
	}
	return func(t *gil.Thread) {
		gil.JoinAll(t, t.Go("a", body), t.Go("b", body))
		check(t)
	}
}

// counting is a program whose two threads add 1 to n so often.
func counting(add func(t *gil.Thread, n *gil.Var[int], lock *threading.Lock)) func(times int) func(t *gil.Thread) {
	return func(times int) func(t *gil.Thread) {
		return func(t *gil.Thread) {
			n, lock := gil.NewVar("n", 0), &threading.Lock{Name: "lock"}
			two(times, func(t *gil.Thread) { add(t, n, lock) }, func(t *gil.Thread) {
				if got := n.Load(t); got != 2*times {
					t.Errorf("n is %d, and should be %d", got, 2*times)
				}
			})(t)
		}
	}
}

var own = []program{
	{
		name: "counter", about: "two threads do n += 1", few: 2, many: 1_000_000,
		of: counting(func(t *gil.Thread, n *gil.Var[int], _ *threading.Lock) { gil.Add(t, n, 1) }),
	},
	{
		name: "calls", about: "two threads do n = f(n)", few: 2, many: 200_000,
		of: counting(func(t *gil.Thread, n *gil.Var[int], _ *threading.Lock) {
			n.Update(t, func(v int) int { return v + 1 })
		}),
	},
	{
		name: "locked", about: "two threads do n = f(n) with a lock around it", few: 2, many: 50_000,
		of: counting(func(t *gil.Thread, n *gil.Var[int], lock *threading.Lock) {
			lock.With(t, func() { n.Update(t, func(v int) int { return v + 1 }) })
		}),
	},
	{name: "withdraw", about: "two threads take 100 if there are 100", few: 1, many: 1, of: withdraw},
	{name: "abba", about: "two threads take two locks, in opposite orders", few: 1, many: 1000, of: abba},
	{name: "spin", about: "a thread looks at a flag until another one has set it", few: 1, many: 1, of: spin},
	{name: "queue", about: "two threads put numbers, two take them and add them up", few: 1, many: 1000, of: throughQueue},
	{name: "convoy", about: "a thread that answers requests beside one that computes", few: 2, many: 10, of: convoy, neverExplore: true},
}

func withdraw(int) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		balance := gil.NewVar("balance", 100)
		two(1, func(t *gil.Thread) {
			if balance.Load(t) >= 100 {
				t.Call(func() {}) // such as one that writes to a log
				balance.Store(t, balance.Load(t)-100)
			}
		}, func(t *gil.Thread) {
			if got := balance.Load(t); got < 0 {
				t.Errorf("balance is %d", got)
			}
		})(t)
	}
}

func abba(times int) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		x, y := &threading.Lock{Name: "x"}, &threading.Lock{Name: "y"}
		both := func(first, second *threading.Lock) func(t *gil.Thread) {
			return func(t *gil.Thread) {
				for range gil.Range(t, times) {
					first.With(t, func() {
						t.Call(func() {}) // whatever there is to do
						second.With(t, func() {})
					})
				}
			}
		}
		gil.JoinAll(t, t.Go("a", both(x, y)), t.Go("b", both(y, x)))
	}
}

func spin(int) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		stop := gil.NewVar("stop", false)
		a := t.Go("a", func(t *gil.Thread) {
			for range gil.Range(t, 1<<30) {
				if stop.Load(t) {
					return
				}
			}
		})
		t.Call(func() {}) // whatever there is to do
		stop.Store(t, true)
		a.Join(t)
	}
}

func throughQueue(times int) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		q, sum := queue.New[int](2), gil.NewVar("sum", 0)
		var lock threading.Lock
		put := func(t *gil.Thread) {
			for i := range gil.Range(t, times) {
				if err := q.Put(t, i+1); err != nil {
					t.Errorf("%v", err)
				}
			}
		}
		take := func(t *gil.Thread) {
			for {
				n, err := q.Get(t)
				if err != nil {
					return // shut down, and empty
				}
				lock.With(t, func() { sum.Store(t, sum.Load(t)+n) })
			}
		}
		producers := []*gil.Thread{t.Go("p1", put), t.Go("p2", put)}
		consumers := []*gil.Thread{t.Go("c1", take), t.Go("c2", take)}
		gil.JoinAll(t, producers...)
		q.Shutdown(t, false)
		gil.JoinAll(t, consumers...)
		if got, want := sum.Load(t), times*(times+1); got != want {
			t.Errorf("the sum is %d, and should be %d", got, want)
		}
	}
}

func convoy(times int) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		var computing threading.Event
		cpu := t.Go("computes", func(t *gil.Thread) {
			for !computing.IsSet(t) {
				t.Compute(time.Millisecond)
			}
		})
		io := t.Go("answers", func(t *gil.Thread) {
			for range times {
				t.IO(time.Millisecond)
				t.Compute(100 * time.Microsecond)
			}
		})
		io.Join(t)
		computing.Set(t)
		cpu.Join(t)
	}
}

// lookup finds a program by its name: ours, or one of examples/versions.
func lookup(name string) (program, error) {
	if i := slices.IndexFunc(own, func(p program) bool { return p.name == name }); i >= 0 {
		return own[i], nil
	}
	for _, r := range races.Table() {
		if r.Name == name {
			once := func(int) func(t *gil.Thread) { return r.Tried }
			return program{name: r.Name, about: r.Python, few: 1, many: 1, of: once}, nil
		}
	}
	return program{}, fmt.Errorf("there is no program %q; see pygil list", name)
}

// lists is the command list.
func lists(c *call) error {
	fmt.Fprint(c.out, "Programs:\n\n")
	for _, p := range own {
		fmt.Fprintf(c.out, "  %-10s %s\n", p.name, p.about)
	}
	fmt.Fprint(c.out, "\nPieces of work:\n\n")
	for _, w := range presets() {
		fmt.Fprintf(c.out, "  %-10s %s\n", w.Name, w)
	}
	fmt.Fprint(c.out, "\nPrograms of ./examples/versions, two threads that do twice:\n\n")
	for _, r := range races.Table() {
		fmt.Fprintf(c.out, "  %-20s %s\n", r.Name, strings.Join(strings.Fields(r.Python), " "))
	}
	return nil
}
