package asyncio_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/asyncio"
)

// Three coroutines that sleep at the same time take as long as one.
func Example() {
	m := gil.NewMachine(1)
	err := m.Run(gil.CPython313, func(t *gil.Thread) {
		count := func(co *asyncio.Co) error {
			fmt.Print("One ")
			err := co.Sleep(time.Second)
			fmt.Print("Two ")
			return err
		}
		_, err := asyncio.Run(t, func(co *asyncio.Co) (any, error) {
			return nil, asyncio.GatherAll(co, count, count, count)
		})
		fmt.Println(err)
	})
	fmt.Println(err, m.Now())
	// Output:
	// One One One Two Two Two <nil>
	// <nil> 1s
}

func ExampleTimeout() {
	_ = gil.NewMachine(1).Run(gil.CPython313, func(t *gil.Thread) {
		_, err := asyncio.Run(t, func(co *asyncio.Co) (any, error) {
			return nil, asyncio.Timeout(co, time.Second, func(co *asyncio.Co) error {
				err := co.Sleep(time.Hour)
				fmt.Println("inside:", err)
				return err
			})
		})
		fmt.Println("outside:", err, errors.Is(err, asyncio.ErrTimeout), t.Now())
	})
	// Output:
	// inside: asyncio: cancelled
	// outside: asyncio: timed out true 1s
}

func ExampleGroup() {
	_ = gil.NewMachine(1).Run(gil.CPython313, func(t *gil.Thread) {
		_, err := asyncio.Run(t, func(co *asyncio.Co) (any, error) {
			return nil, asyncio.Group(co, func(g *asyncio.TaskGroup) error {
				if err := g.Go("slow", func(co *asyncio.Co) error {
					err := co.Sleep(time.Hour)
					fmt.Println("slow:", err)
					return err
				}); err != nil {
					return err
				}
				return g.Go("bad", func(co *asyncio.Co) error {
					_ = co.Sleep(time.Second)
					return errors.New("boom")
				})
			})
		})
		fmt.Println(err)
	})
	// Output:
	// slow: asyncio: cancelled
	// asyncio: unhandled errors in a TaskGroup (1 sub-exception): boom
}

func ExampleTask_Cancel() {
	_ = gil.NewMachine(1).Run(gil.CPython313, func(t *gil.Thread) {
		_, _ = asyncio.Run(t, func(co *asyncio.Co) (any, error) {
			task := asyncio.Go(co, "worker", func(co *asyncio.Co) (string, error) {
				defer fmt.Println("cleaned up")
				return "done", co.Sleep(time.Hour)
			})
			_ = co.Sleep(time.Second)
			fmt.Println(task.Cancel(), task.Cancelled())
			_, err := task.Await(co)
			fmt.Println(err, task.Cancelled())
			return nil, nil
		})
	})
	// Output:
	// true false
	// cleaned up
	// asyncio: cancelled true
}

func ExampleToThread() {
	_ = gil.NewMachine(2).Run(gil.CPython313, func(t *gil.Thread) {
		_, _ = asyncio.Run(t, func(co *asyncio.Co) (any, error) {
			answer, err := asyncio.ToThread(co, func(t *gil.Thread) (int, error) {
				t.IO(time.Second) // blocks this thread, not the loop
				return 42, nil
			})
			fmt.Println(answer, err, co.Now())
			return nil, nil
		})
	})
	// Output: 42 <nil> 1s
}

func ExampleQueue() {
	_ = gil.NewMachine(1).Run(gil.CPython313, func(t *gil.Thread) {
		_, _ = asyncio.Run(t, func(co *asyncio.Co) (any, error) {
			q := asyncio.NewQueue[int](co.Loop(), 1)
			asyncio.Go(co, "producer", func(co *asyncio.Co) (any, error) {
				for i := range 3 {
					if err := q.Put(co, i); err != nil {
						return nil, err
					}
				}
				return nil, q.ShutDown(false)
			})
			for {
				v, err := q.Get(co)
				if err != nil {
					fmt.Println(err)
					return nil, nil
				}
				fmt.Println(v)
			}
		})
	})
	// Output:
	// 0
	// 1
	// 2
	// asyncio: the queue is shut down
}

func ExampleAsCompleted() {
	_ = gil.NewMachine(1).Run(gil.CPython313, func(t *gil.Thread) {
		_, _ = asyncio.Run(t, func(co *asyncio.Co) (any, error) {
			var tasks []asyncio.Awaiter[int]
			for _, n := range []int{3, 1, 2} {
				tasks = append(tasks, asyncio.Go(co, "", func(co *asyncio.Co) (int, error) {
					return n, co.Sleep(time.Duration(n) * time.Second)
				}))
			}
			for v, err := range asyncio.AsCompleted(co, tasks...) {
				fmt.Println(v, err)
			}
			return nil, nil
		})
	})
	// Output:
	// 1 <nil>
	// 2 <nil>
	// 3 <nil>
}

func ExampleGroupError_Split() {
	missing := errors.New("missing")
	tree := &asyncio.GroupError{Message: "all", Errs: []error{
		missing,
		&asyncio.GroupError{Message: "some", Errs: []error{missing, errors.New("broken")}},
	}}
	yes, no := tree.Split(func(err error) bool { return err == missing })
	fmt.Print(yes.Tree(), no.Tree())
	// Output:
	// + all (2 sub-exceptions)
	//   - missing
	//   + some (1 sub-exception)
	//     - missing
	// + all (1 sub-exception)
	//   + some (1 sub-exception)
	//     - broken
}
