package giltest_test

import (
	"bytes"
	"strings"
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
)

// orderedPrograms have plain variables, and something orders all their accesses.
var orderedPrograms = []plainProgram{
	{name: "lock", run: guarded(func() (enter, leave func(t *gil.Thread)) {
		mu := newLock("mu")
		return mu.Acquire, mu.Release
	})},
	{name: "nameless lock", run: guarded(func() (enter, leave func(t *gil.Thread)) {
		var mu threading.Lock
		return mu.Acquire, mu.Release
	})},
	{name: "rlock", run: guarded(func() (enter, leave func(t *gil.Thread)) {
		mu := &threading.RLock{Name: strings.Repeat("r", 3)}
		return func(t *gil.Thread) { mu.Acquire(t); mu.Acquire(t) }, func(t *gil.Thread) { mu.Release(t); mu.Release(t) }
	})},
	{name: "condition lock", run: guarded(func() (enter, leave func(t *gil.Thread)) {
		c := threading.NewCondition(nil)
		return c.Acquire, c.Release
	})},
	{name: "semaphore", run: guarded(func() (enter, leave func(t *gil.Thread)) {
		s := threading.NewSemaphore(1)
		return s.Acquire, s.Release
	})},
	{name: "bounded semaphore", run: guarded(func() (enter, leave func(t *gil.Thread)) {
		s := threading.NewBoundedSemaphore(1)
		return s.Acquire, s.Release
	})},
	{name: "try", run: guarded(func() (enter, leave func(t *gil.Thread)) {
		mu := newLock("mu")
		return func(t *gil.Thread) {
			for !mu.TryAcquire(t) {
				t.Yield()
			}
		}, mu.Release
	})},
	{name: "timed lock", run: guarded(func() (enter, leave func(t *gil.Thread)) {
		mu := newLock("mu")
		return func(t *gil.Thread) {
			for !mu.AcquireTimeout(t, time.Second) {
				t.Tick(1)
			}
		}, mu.Release
	})},
	{name: "event", run: func(t *gil.Thread) {
		var ev threading.Event
		n := 0
		w := t.Go("writer", func(t *gil.Thread) {
			n = 1
			ev.Set(t)
		})
		ev.Wait(t)
		n++
		w.Join(t)
	}},
	{name: "is set", run: func(t *gil.Thread) {
		var ev threading.Event
		n := 0
		w := t.Go("writer", func(t *gil.Thread) {
			n = 1
			ev.Set(t)
		})
		if ev.IsSet(t) {
			n++
		}
		w.Join(t)
	}},
	{name: "cleared", run: func(t *gil.Thread) {
		ev := &threading.Event{Name: "ev"}
		n := 0
		ev.Set(t)
		w := t.Go("writer", func(t *gil.Thread) {
			n = 1
			ev.Clear(t)
		})
		if !ev.IsSet(t) {
			n++
		}
		w.Join(t)
	}},
	{name: "condition", run: func(t *gil.Thread) {
		var c threading.Condition
		n := 0
		ready := false
		w := t.Go("writer", func(t *gil.Thread) {
			c.With(t, func() {
				n, ready = 1, true
				c.NotifyAll(t)
			})
		})
		c.With(t, func() { c.WaitFor(t, func() bool { return ready }) })
		n++
		w.Join(t)
	}},
	{name: "notified", run: func(t *gil.Thread) {
		c := threading.NewCondition(newLock("mu"))
		n := 0
		w := t.Go("waiter", func(t *gil.Thread) {
			c.Acquire(t)
			if c.WaitTimeout(t, time.Second) {
				n++
			}
			c.Release(t)
		})
		c.Acquire(t)
		n = 1
		c.Notify(t, 1)
		c.Release(t)
		w.Join(t)
	}},
	{name: "barrier", run: func(t *gil.Thread) {
		parts := make([]int, 2)
		sum := 0
		b := threading.NewBarrier(2, func(*gil.Thread) { sum = parts[0] + parts[1] })
		part := func(i int) func(t *gil.Thread) {
			return func(t *gil.Thread) {
				parts[i] = i + 1
				_, _ = b.Wait(t)
				if parts[1-i]+parts[i] != sum {
					t.Errorf("%v %d", parts, sum)
				}
			}
		}
		gil.JoinAll(t, t.Go("a", part(0)), t.Go("b", part(1)))
	}},
	{name: "timer", run: func(t *gil.Thread) {
		n := 1
		m := threading.NewTimer(time.Second, func(*gil.Thread) { n++ })
		m.Start(t)
		m.Join(t)
		n++
	}},
	{name: "local", run: func(t *gil.Thread) {
		l := threading.Local[*int]{New: func(*gil.Thread) *int { return new(int) }}
		count := func(t *gil.Thread) {
			for range 2 {
				*l.Get(t)++
				t.Tick(1)
			}
			l.Delete(t)
		}
		gil.JoinAll(t, t.Go("a", count), t.Go("b", count))
	}},
	{name: "start and join", run: func(t *gil.Thread) {
		n := 1
		a := t.Go("", func(t *gil.Thread) {
			n++
			t.Go("inner", func(t *gil.Thread) { n++ }).Join(t)
			n++
		})
		a.Join(t)
		b := t.NewThread("b", func(t *gil.Thread) { n++ })
		n++
		b.Start(t)
		for b.IsAlive(t) {
			t.Yield()
		}
		n++
		if !b.JoinTimeout(t, time.Second) || n != 7 {
			t.Errorf("n = %d", n)
		}
	}},
	{name: "left behind", run: func(t *gil.Thread) {
		n := 0
		t.Go("last", func(t *gil.Thread) { t.Tick(1); n++ })
		t.Tick(1)
	}},
	{name: "published", run: func(t *gil.Thread) {
		type node struct{ v int }
		x := gil.NewVar[*node]("x", nil)
		l := gil.NewList[*node]("l")
		d := gil.NewDict[string, *node]("d")
		w := t.Go("writer", func(t *gil.Thread) {
			x.Store(t, &node{1})
			l.Append(t, &node{2})
			d.Set(t, strings.Repeat("k", 2), &node{3})
		})
		if p := x.Load(t); p != nil {
			p.v++
		}
		if p, err := l.Pop(t); err == nil {
			p.v++
		}
		if p, ok := d.Get(t, "kk"); ok {
			p.v++
		}
		w.Join(t)
	}},
	{name: "shared objects", run: func(t *gil.Thread) {
		var big gil.Var[large]
		var zero gil.List[large]
		l := gil.NewList("l", "a", "b")
		d := gil.NewDict("d", gil.Item[any, []int]{Key: 1, Value: []int{1}})
		points := gil.NewList[any]("points")
		use := func(t *gil.Thread) {
			v := big.Load(t)
			v.words[3]++
			v.next = &v
			big.Store(t, v)
			big.Swap(t, large{})
			big.CompareAndSwap(t, large{}, v)
			zero.Append(t, v)
			zero.Extend(t, v, v)
			zero.Insert(t, -1, v)
			_, _ = zero.PopAt(t, 0)
			_ = zero.SetIndex(t, 0, v)
			l.Extend(t, "c", strings.Repeat("d", 2))
			_ = l.Remove(t, "dd")
			l.Contains(t, "a")
			l.Count(t, "c")
			gil.Sort(t, l)
			for s := range l.Iter(t) {
				if s == "c" {
					break
				}
			}
			for range l.Snapshot(t) {
				t.Tick(1)
			}
			points.Append(t, &large{})
			points.Append(t, large{})
			points.Contains(t, large{})
			_ = points.Remove(t, &large{})
			d.Update(t, gil.Item[any, []int]{Key: "s", Value: nil}, gil.Item[any, []int]{Key: [2]int{1, 2}, Value: []int{2}})
			d.SetDefault(t, 2.5, []int{1})
			d.GetDefault(t, 3, nil)
			_, _ = d.Pop(t, "s")
			_ = d.Delete(t, "nothing")
			d.Contains(t, 1)
			if _, err := d.Index(t, "nothing"); err != nil {
				_ = err.Error()
			}
			for _, k := range d.Keys(t) {
				_ = gil.Repr(k)
			}
			for _, it := range d.Items(t) {
				if len(it.Value) > 0 {
					_ = it.Value[0]
				}
			}
			if d.Truth(t) && zero.Truth(t) && l.Len(t) > 0 && d.Len(t) > 0 {
				t.Print(l.Peek(), len(d.Peek()), zero.Peek()[0].words[3], big.Peek().words[3])
			}
			for i := range gil.Range(t, 2) {
				t.Call(func() { t.Branch(i == 0) })
			}
		}
		gil.JoinAll(t, t.Go("a", use), t.Go("b", use))
	}, opts: []explore.Option{explore.WithMaxSchedules(20)}},
	{name: "threads", run: func(t *gil.Thread) {
		work := func(t *gil.Thread) {
			t.Tick(1)
			t.Compute(time.Millisecond)
			t.Held(time.Millisecond)
			t.Released(time.Millisecond, 2)
			t.IO(time.Millisecond)
			t.Sleep(0)
			t.Yield()
			t.GC(time.Millisecond)
			t.Alloc(10)
			t.Op(gil.OpNop)
			t.Choose(3)
			t.Label(strings.Repeat("l", 2))
			t.Block(func() {})
			t.Print([]string{"x"}, t, t.Ident(), t.Daemon(), t.Explored())
			i := t.Interpreter()
			for _, u := range i.Threads(t) {
				_, _, _ = u.Name(), u.Failure(), u.IsAlive(t)
			}
			_, _, _ = i.Main().Name(), i.Stats(), i.ActiveCount(t)
			i.SetCheckInterval(t, 10)
			_ = i.SetSwitchInterval(time.Millisecond)
			_, _, _, _ = i.Acting().Name(), i.SwitchInterval(), i.CheckInterval(), i.Profile().Name()
			_, _, _ = t.Now(), t.Err(), t.String()
			select {
			case <-t.Done():
			default:
			}
			ctx, cancel := gil.WithCancel(t)
			defer cancel()
			_, _ = gil.Current(ctx)
			t.AfterFunc(func() {})
		}
		gil.JoinAll(t, t.Go("", work), t.Go(strings.Repeat("w", 2), work))
	}, opts: []explore.Option{explore.WithMaxSchedules(20)}},
	{name: "panics", fails: true, run: func(t *gil.Thread) {
		n, mu := 0, newLock("mu")
		fall := func(t *gil.Thread) {
			mu.Acquire(t)
			defer mu.Release(t)
			defer func() { n++ }()
			t.Tick(1)
			panic(bytes.NewBufferString("fallen"))
		}
		gil.JoinAll(t, t.Go("a", fall), t.Go("b", fall))
		n++
	}},
	{name: "fails", fails: true, run: func(t *gil.Thread) {
		n, mu := 0, newLock("mu")
		fail := func(t *gil.Thread) {
			mu.Acquire(t)
			defer mu.Release(t)
			defer func() { n++ }()
			t.Errorf("failed with %v", []int{1})
			t.FailNow()
		}
		gil.JoinAll(t, t.Go("a", fail), t.Go("b", fail))
	}},
	{name: "recovered misuse", run: func(t *gil.Thread) {
		n, mu := 0, newLock("mu")
		wrong := func(t *gil.Thread) {
			defer func() { _ = recover() }()
			mu.Acquire(t)
			defer mu.Release(t)
			n++
			t.Sleep(-1)
		}
		gil.JoinAll(t, t.Go("a", wrong), t.Go("b", wrong))
	}},
	{name: "hook", fails: true, run: func(t *gil.Thread) {
		fall := func(t *gil.Thread) { panic("fallen") }
		gil.JoinAll(t, t.Go("a", fall), t.Go("b", fall))
	}, opts: []explore.Option{explore.WithSandbox(gil.WithExceptHook(func(t *gil.Thread, f *gil.UncaughtError) {
		_ = f.Error()
		t.Print(t.Name())
	}))}},
	{name: "writer", run: func(t *gil.Thread) {
		say := func(t *gil.Thread) { t.Print("hello", strings.Repeat("x", 2)) }
		gil.JoinAll(t, t.Go("a", say), t.Go("b", say))
	}, opts: []explore.Option{explore.WithSandbox(gil.WithStdout(new(bytes.Buffer)))}},
	{name: "killed daemon", run: func(t *gil.Thread) {
		n, mu := 0, newLock("mu")
		t.Go("daemon", func(t *gil.Thread) {
			for {
				func() {
					mu.Acquire(t)
					defer mu.Release(t)
					defer func() { n++ }()
					t.Tick(1)
				}()
			}
		}, gil.WithDaemon(true))
		mu.With(t, func() { n++ })
	}},
	{name: "cut short", fails: true, run: func(t *gil.Thread) {
		n, mu := 0, newLock("mu")
		loop := func(t *gil.Thread) {
			for {
				func() {
					mu.Acquire(t)
					defer mu.Release(t)
					defer func() { n++ }()
					t.Tick(1)
				}()
			}
		}
		gil.JoinAll(t, t.Go("a", loop), t.Go("b", loop))
	}, opts: []explore.Option{explore.WithMaxSteps(50), explore.WithMaxSchedules(20)}},
	{name: "deadlock", fails: true, run: func(t *gil.Thread) {
		n, mu, nu := 0, newLock(strings.Repeat("m", 2)), newLock(strings.Repeat("n", 2))
		both := func(a, b *threading.Lock) func(t *gil.Thread) {
			return func(t *gil.Thread) {
				defer func() { n++ }()
				a.With(t, func() { b.With(t, func() {}) })
			}
		}
		gil.JoinAll(t, t.Go("a", both(mu, nu)), t.Go("b", func(t *gil.Thread) { nu.With(t, func() { mu.With(t, func() {}) }) }))
	}},
	{name: "deadline", run: func(t *gil.Thread) {
		ctx, cancel := gil.WithTimeout(t, time.Second)
		defer cancel()
		w := t.Go("waiter", func(t *gil.Thread) { t.Sleep(2 * time.Second) })
		_ = ctx.Err()
		w.Join(t)
		_ = ctx.Err()
	}},
	{name: "process", run: func(t *gil.Thread) {
		n := 0
		c := t.Emulate("child", func(t *gil.Thread) {
			t.Tick(1)
			n++
		})
		n++
		c.Join(t)
		n++
	}, opts: []explore.Option{explore.WithMaxSchedules(20)}},
	{name: "many runs", run: func() func(t *gil.Thread) {
		runs := 0 // the program's own memory outlives its runs, and they are one after the other
		return func(t *gil.Thread) {
			runs++
			t.Go("a", func(*gil.Thread) { runs++ }).Join(t)
			t.Go("b", func(*gil.Thread) { _ = runs })
		}
	}()},
}

// guarded is a counter that two threads increment between enter and leave.
func guarded(make func() (enter, leave func(t *gil.Thread))) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		n := 0
		enter, leave := make()
		add := func(t *gil.Thread) {
			enter(t)
			v := n
			t.Tick(1)
			n = v + 1
			leave(t)
		}
		gil.JoinAll(t, t.Go("a", add), t.Go("b", add))
		if n != 2 {
			t.Errorf("n = %d", n)
		}
	}
}
