package threading_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
)

// run runs a program on a machine with two cores.
func run(main func(t *gil.Thread)) {
	if err := gil.NewMachine(2).Run(gil.CPython313, main); err != nil {
		fmt.Println(err)
	}
}

func Example() {
	run(func(t *gil.Thread) {
		var mu threading.Lock
		balance := gil.NewVar("balance", 100)
		deposit := func(t *gil.Thread) {
			for range 1000 {
				mu.With(t, func() { balance.Update(t, func(n int) int { return n + 1 }) })
			}
		}
		gil.JoinAll(t, t.Go("a", deposit), t.Go("b", deposit))
		fmt.Println(balance.Load(t))
	})
	// Output: 2100
}

func ExampleLock() {
	run(func(t *gil.Thread) {
		mu := threading.Lock{Name: "accounts"}
		mu.Acquire(t)
		fmt.Println(mu.TryAcquire(t))
		fmt.Println(mu.AcquireTimeout(t, time.Second), t.Now())
		mu.Release(t)
	})
	// Output:
	// false
	// false 1s
}

// Misuse panics with a typed error that knows Python's words.
func ExampleLock_Release() {
	run(func(t *gil.Thread) {
		defer func() {
			err := recover().(*gil.RuntimeError)
			fmt.Println(err)
			fmt.Println(err.PythonText())
		}()
		new(threading.Lock).Release(t)
	})
	// Output:
	// threading: release unlocked lock; acquire it first, release it once
	// release unlocked lock
}

// Two threads that take two locks in opposite order wait for each other for ever.
func ExampleLock_deadlock() {
	err := gil.NewMachine(2).Run(gil.CPython313, func(t *gil.Thread) {
		accounts, journal := threading.Lock{Name: "accounts"}, threading.Lock{Name: "journal"}
		both := func(first, second *threading.Lock) func(t *gil.Thread) {
			return func(t *gil.Thread) {
				first.With(t, func() {
					t.Sleep(time.Millisecond)
					second.With(t, func() {})
				})
			}
		}
		t.Go("a", both(&accounts, &journal))
		t.Go("b", both(&journal, &accounts))
	})
	var deadlock *gil.DeadlockError
	if errors.As(err, &deadlock) {
		for _, w := range deadlock.Waits[1:] {
			fmt.Printf("%s waits for %s held by %s\n", w.Thread, w.For, w.Held)
		}
	}
	// Output:
	// a waits for journal held by b
	// b waits for accounts held by a
}

func ExampleRLock() {
	run(func(t *gil.Thread) {
		var mu threading.RLock
		mu.With(t, func() {
			mu.With(t, func() { fmt.Println("twice") })
		})
		fmt.Println(mu.Locked(t))
	})
	// Output:
	// twice
	// false
}

func ExampleCondition() {
	run(func(t *gil.Thread) {
		var c threading.Condition
		var items []string
		consumer := t.Go("consumer", func(t *gil.Thread) {
			c.With(t, func() {
				c.WaitFor(t, func() bool { return len(items) > 0 })
				fmt.Println(items)
			})
		})
		c.With(t, func() {
			items = append(items, "tea")
			c.Notify(t, 1)
		})
		consumer.Join(t)
	})
	// Output: [tea]
}

func ExampleSemaphore() {
	run(func(t *gil.Thread) {
		connections := threading.NewSemaphore(2)
		var threads []*gil.Thread
		for i := range 3 {
			threads = append(threads, t.Go(fmt.Sprint("client ", i), func(t *gil.Thread) {
				connections.With(t, func() { t.IO(time.Duration(10+i) * time.Millisecond) })
				fmt.Println(t.Name(), t.Now())
			}))
		}
		gil.JoinAll(t, threads...)
	})
	// Output:
	// client 0 10ms
	// client 1 11ms
	// client 2 22ms
}

func ExampleBoundedSemaphore() {
	run(func(t *gil.Thread) {
		s := threading.NewBoundedSemaphore(1)
		s.With(t, func() { fmt.Println(s.Value(t)) })
		defer func() { fmt.Println(recover()) }()
		s.Release(t)
	})
	// Output:
	// 0
	// threading: semaphore released too many times: 1 more do not fit into its 1 units
}

func ExampleEvent() {
	run(func(t *gil.Thread) {
		var ready threading.Event
		server := t.Go("server", func(t *gil.Thread) {
			t.IO(30 * time.Millisecond)
			ready.Set(t)
		})
		fmt.Println(ready.WaitTimeout(t, 20*time.Millisecond), t.Now())
		fmt.Println(ready.Wait(t), t.Now())
		server.Join(t)
	})
	// Output:
	// false 20ms
	// true 30ms
}

func ExampleBarrier() {
	run(func(t *gil.Thread) {
		b := threading.NewBarrier(2, func(t *gil.Thread) { fmt.Println("all here:", t.Now()) })
		late := t.Go("late", func(t *gil.Thread) {
			t.Sleep(time.Second)
			place, err := b.Wait(t)
			fmt.Println("late:", place, err)
		})
		place, err := b.Wait(t)
		fmt.Println("main:", place, err)
		late.Join(t)

		_, err = b.WaitTimeout(t, time.Second) // nobody else comes
		fmt.Println(errors.Is(err, threading.ErrBrokenBarrier), b.Broken(t))
		b.Reset(t)
	})
	// Unordered output:
	// all here: 1s
	// main: 0 <nil>
	// late: 1 <nil>
	// true true
}

func ExampleTimer() {
	run(func(t *gil.Thread) {
		hello := threading.NewTimer(30*time.Second, func(t *gil.Thread) { fmt.Println("hello", t.Now()) })
		never := threading.NewTimer(time.Hour, func(t *gil.Thread) { fmt.Println("never") })
		hello.Start(t)
		never.Start(t)
		never.Cancel(t)
		hello.Join(t)
		never.Join(t)
	})
	// Output: hello 30s
}

func ExampleLocal() {
	run(func(t *gil.Thread) {
		depth := threading.Local[int]{New: func(t *gil.Thread) int { return 1 }}
		depth.Set(t, 5)
		t.Go("other", func(t *gil.Thread) { fmt.Println("other", depth.Get(t)) }).Join(t)
		fmt.Println("main", depth.Get(t))
	})
	// Output:
	// other 1
	// main 5
}
