package gil_test

import (
	"fmt"
	"sync"
	"time"

	"github.com/pygil/pygil/gil"
)

// Two goroutines under Python's rule: one runs at a time, and lets the other in
// after 100 ticks.
func ExampleNewGIL() {
	g := gil.NewGIL(gil.Ticks(100))
	n := 0
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			t := g.Enter("worker")
			defer t.Leave()
			for range 10_000 {
				t.Tick(1) // one bytecode; the other one may run after it
				n++
			}
			t.Block(func() {}) // a read or a system call goes here: the GIL is free meanwhile
		})
	}
	wg.Wait()
	fmt.Println(n)
	// Output: 20000
}

// Two threads that compute for a second each take two seconds under a GIL,
// however many cores there are.
func ExampleMachine() {
	program := func(t *gil.Thread) {
		a := t.Go("a", func(t *gil.Thread) { t.Compute(time.Second) })
		b := t.Go("b", func(t *gil.Thread) { t.Compute(time.Second) })
		gil.JoinAll(t, a, b)
	}
	for _, p := range []gil.Profile{gil.CPython39, gil.CPython313, gil.CPython313T} {
		m := gil.NewMachine(4)
		if err := m.Run(p, program); err != nil {
			fmt.Println(err)
		}
		fmt.Printf("%-5s %v, at most %d at once\n", p, m.Now(), m.Par())
	}
	// Output:
	// 3.9   2s, at most 1 at once
	// 3.13  2s, at most 1 at once
	// 3.13t 1.4s, at most 2 at once
}

// The live world runs the same program on goroutines and the wall clock.
func ExampleLive() {
	err := gil.Live().Run(gil.CPython313, func(t *gil.Thread) {
		w := t.Go("worker", func(t *gil.Thread) { t.Print("from", t.Name()) })
		w.Join(t)
		t.Print([]any{42, nil, "hello"})
	})
	fmt.Println(err)
	// Output:
	// from worker
	// [42, None, 'hello']
	// <nil>
}

// A panic ends its thread only and comes back from Run.
func ExampleUncaughtError() {
	quiet := gil.WithExceptHook(func(t *gil.Thread, failure *gil.UncaughtError) {})
	err := gil.NewMachine(1, quiet).Run(gil.CPython313, func(t *gil.Thread) {
		t.Go("worker", func(t *gil.Thread) { panic("out of range") }).Join(t)
		t.Print("main goes on")
	})
	fmt.Println(err)
	// Output:
	// main goes on
	// gil: uncaught panic in thread worker: out of range
}

// A deadlock of a virtual run is an error that says who waits for whom.
func ExampleDeadlockError() {
	err := gil.NewMachine(2).Run(gil.CPython313, func(t *gil.Thread) {
		var never gil.Gate
		never.Init(t, 0, "a gate that nobody opens")
		t.Go("worker", func(t *gil.Thread) { never.Pass(t, gil.OpAcquire, gil.Forever) }).Join(t)
	})
	fmt.Println(err)
	// Output: gil: deadlock: MainThread waits for end of worker, worker waits for a gate that nobody opens
}

// Processes of a Machine have a GIL each.
func ExampleThread_Emulate() {
	m := gil.NewMachine(4, gil.WithStartCost(250*time.Millisecond))
	err := m.Run(gil.CPython313, func(t *gil.Thread) {
		var children []*gil.Child
		for i := range 4 {
			children = append(children, t.Emulate(fmt.Sprint("worker", i), func(t *gil.Thread) { t.Compute(19 * time.Second) }))
		}
		for _, c := range children {
			c.Join(t)
		}
	})
	fmt.Println(m.Now(), m.Par(), err)
	// Output: 20s 4 <nil>
}

// A timeout on the world's clock, for calls that take a context.
func ExampleWithTimeout() {
	err := gil.NewMachine(1).Run(gil.CPython313, func(t *gil.Thread) {
		ctx, cancel := gil.WithTimeout(t, time.Hour)
		defer cancel()
		t.Sleep(2 * time.Hour)
		t.Print(ctx.Err().Error())
	})
	fmt.Println(err)
	// Output:
	// context deadline exceeded
	// <nil>
}
