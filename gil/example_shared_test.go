package gil_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/pygil/pygil/gil"
)

// Four threads count to the same number. From 3.10 on nothing can come between the
// load and the store of `x += 1`; before that, and without a GIL, updates get lost.
func ExampleAdd() {
	for _, p := range []gil.Profile{gil.CPython27, gil.CPython39, gil.CPython310, gil.CPython314, gil.CPython313T} {
		x := gil.NewVar("x", 0)
		m := gil.NewMachine(2, gil.Measured())
		err := m.Run(p.WithSwitchInterval(100*time.Microsecond), func(t *gil.Thread) {
			var gate gil.Gate // no worker may have finished when the last one starts
			gate.Init(t, 0, "start gate")
			var workers []*gil.Thread
			for range 4 {
				workers = append(workers, t.Go("", func(t *gil.Thread) {
					gate.Pass(t, gil.OpWait, gil.Forever)
					for range gil.Range(t, 50_000) {
						gil.Add(t, x, 1)
					}
				}))
			}
			gate.Open(t, gil.OpSet, gil.All)
			gil.JoinAll(t, workers...)
		})
		if err != nil {
			fmt.Println(err)
		}
		fmt.Printf("%-5s lost updates: %t\n", p, x.Peek() < 200_000)
	}
	// Output:
	// 2.7   lost updates: true
	// 3.9   lost updates: true
	// 3.10  lost updates: false
	// 3.14  lost updates: false
	// 3.13t lost updates: true
}

func ExampleVar() {
	_ = gil.NewMachine(1).Run(gil.CPython313, func(t *gil.Thread) {
		x := gil.NewVar("x", 1)
		x.Store(t, x.Load(t)+1)                        // x = x + 1
		x.Update(t, func(v int) int { return v * 10 }) // x = f(x): torn under every profile
		fmt.Println(x.Swap(t, 7), x.CompareAndSwap(t, 7, 8), x.Load(t))
	})
	// Output: 20 true 8
}

func ExampleList() {
	_ = gil.NewMachine(1).Run(gil.CPython313, func(t *gil.Thread) {
		jobs := gil.NewList("jobs", "wash", "dry")
		jobs.Append(t, "iron")
		for {
			job, err := jobs.PopAt(t, 0)
			if errors.Is(err, gil.ErrIndex) {
				var e *gil.IndexError
				errors.As(err, &e)
				fmt.Println(e.PythonText())
				return
			}
			fmt.Println(job)
		}
	})
	// Output:
	// wash
	// dry
	// iron
	// pop from empty list
}

func ExampleList_Iter() {
	_ = gil.NewMachine(1).Run(gil.CPython313, func(t *gil.Thread) {
		l := gil.NewList("l", 1, 2, 3, 4)
		for x := range l.Iter(t) {
			if x == 2 {
				_ = l.Remove(t, x) // 3 moves to its place, which has been passed
			}
			fmt.Print(x, " ")
		}
		t.Print(l.Snapshot(t))
	})
	// Output: 1 2 4 [1, 3, 4]
}

func ExampleDict() {
	_ = gil.NewMachine(1).Run(gil.CPython313, func(t *gil.Thread) {
		ages := gil.NewDict("ages", gil.Item[string, int]{Key: "Ada", Value: 36})
		ages.Set(t, "Alan", 41)
		fmt.Println(ages.SetDefault(t, "Ada", 0), ages.GetDefault(t, "Grace", -1), ages.Len(t))
		_, err := ages.Index(t, "Grace")
		fmt.Println(err)
		t.Print(ages.Keys(t))
	})
	// Output:
	// 36 -1 2
	// gil: dict "ages" has no key 'Grace'; use GetDefault or SetDefault, or handle ErrKey
	// ['Ada', 'Alan']
}

// A dict must not change its size while a loop runs over it.
func ExampleDict_Iter() {
	err := gil.NewMachine(1).Run(gil.CPython313, func(t *gil.Thread) {
		d := gil.NewDict("d", gil.Item[int, int]{Key: 1}, gil.Item[int, int]{Key: 2})
		defer func() {
			var e *gil.RuntimeError
			if err, ok := recover().(error); ok && errors.As(err, &e) {
				fmt.Println("RuntimeError:", e.PythonText())
			}
		}()
		for k := range d.Iter(t) {
			fmt.Println(k)
			_ = d.Delete(t, k)
		}
	})
	fmt.Println(err)
	// Output:
	// 1
	// RuntimeError: dictionary changed size during iteration
	// <nil>
}

func ExampleAddTo() {
	words := []string{"spam", "egg", "spam", "spam"}
	_ = gil.NewMachine(1).Run(gil.CPython313, func(t *gil.Thread) {
		counts := gil.NewDict[string, int]("counts")
		for _, w := range words {
			if err := gil.AddTo(t, counts, w, 1); errors.Is(err, gil.ErrKey) {
				counts.Set(t, w, 1)
			}
		}
		for _, it := range counts.Items(t) {
			fmt.Println(it.Key, it.Value)
		}
	})
	// Output:
	// spam 3
	// egg 1
}

func ExampleAddAt() {
	_ = gil.NewMachine(1).Run(gil.CPython313, func(t *gil.Thread) {
		l := gil.NewList("l", 1, 2)
		_ = gil.AddAt(t, l, -1, 40)
		err := gil.AddAt(t, l, 2, 1)
		fmt.Println(l.Peek(), err)
	})
	// Output: [1 42] gil: list "l": list index out of range: index 2 of 2 items; test the length and use the index under one lock, or handle ErrIndex
}
