package queue_test

import (
	"errors"
	"fmt"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/queue"
)

// A producer and a consumer. There is room for one item, so they take turns.
func Example() {
	err := gil.NewMachine(2).Run(gil.CPython313, func(t *gil.Thread) {
		q := queue.New[string](1)
		consumer := t.Go("consumer", func(t *gil.Thread) {
			for v := range q.All(t) {
				fmt.Println("got", v)
				_ = q.TaskDone(t)
			}
			fmt.Println("no more")
		})
		for _, v := range []string{"a", "b", "c"} {
			if err := q.Put(t, v); err != nil {
				panic(err)
			}
		}
		q.Join(t) // all are done
		q.Shutdown(t, false)
		consumer.Join(t)
	})
	fmt.Println(err)
	// Output:
	// got a
	// got b
	// got c
	// no more
	// <nil>
}

func ExampleNewLifo() {
	_ = gil.Live().Run(gil.CPython313, func(t *gil.Thread) {
		q := queue.NewLifo[int](2)
		fmt.Println(q.TryPut(t, 1), q.TryPut(t, 2), q.TryPut(t, 3))
		v, err := q.TryGet(t)
		fmt.Println(v, err)
	})
	// Output:
	// <nil> <nil> queue: full; Put waits for room
	// 2 <nil>
}

// An item that cannot be compared is refused, and the queue is as before.
func ExampleNewPriority() {
	_ = gil.Live().Run(gil.CPython313, func(t *gil.Thread) {
		q := queue.NewPriority(0, func(a, b any) bool { return a.(int) < b.(int) })
		_ = q.Put(t, 2)
		_ = q.Put(t, 1)
		var refused *queue.CompareError
		fmt.Println(errors.As(q.Put(t, "three"), &refused), q.QSize(t), q.Unfinished(t))
		v, _ := q.Get(t)
		fmt.Println(v)
	})
	// Output:
	// true 2 2
	// 1
}

func ExampleSimpleQueue() {
	_ = gil.Live().Run(gil.CPython313, func(t *gil.Thread) {
		var q queue.SimpleQueue[string]
		t.Go("producer", func(t *gil.Thread) { _ = q.Put(t, "hello") })
		v, err := q.Get(t)
		fmt.Println(v, err)
		_, err = q.TryGet(t)
		fmt.Println(errors.Is(err, queue.ErrEmpty), err)
	})
	// Output:
	// hello <nil>
	// true queue: empty; Get waits for an item
}
