package pool_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pool"
)

// Four waits on four threads take as long as one.
func Example() {
	machine := gil.NewMachine(2)
	_ = machine.Run(gil.CPython313, func(t *gil.Thread) {
		ex := pool.NewThreadExecutor(t, 4)
		fetch := pool.Func(func(t *gil.Thread, n int) (string, error) {
			t.IO(time.Second) // a request
			return fmt.Sprint("page ", n), nil
		})
		for page, err := range pool.MapOn(t, ex, fetch, []int{1, 2, 3, 4}) {
			fmt.Println(page, err)
		}
		_ = ex.Shutdown(t)
	})
	fmt.Println(machine.Now().Round(time.Millisecond))
	// Output:
	// page 1 <nil>
	// page 2 <nil>
	// page 3 <nil>
	// page 4 <nil>
	// 1s
}

func ExampleAsCompleted() {
	_ = gil.NewMachine(1).Run(gil.CPython313, func(t *gil.Thread) {
		ex := pool.NewThreadExecutor(t, 3)
		wait := pool.Func(func(t *gil.Thread, d time.Duration) (time.Duration, error) {
			t.Sleep(d)
			return d, nil
		})
		var fs []*pool.Future[time.Duration]
		for _, seconds := range []int{3, 1, 2} {
			fs = append(fs, pool.Submit(t, ex, wait, time.Duration(seconds)*time.Second))
		}
		for f, err := range pool.AsCompleted(t, fs) {
			if err != nil {
				break
			}
			d, err := f.Result(t)
			fmt.Println(d, err)
		}
		_ = ex.Shutdown(t)
	})
	// Output:
	// 1s <nil>
	// 2s <nil>
	// 3s <nil>
}

// The worker that has begun is ended, and says so; what it has not begun is cancelled.
func ExampleProcessExecutor_TerminateWorkers() {
	_ = gil.NewMachine(2).Run(gil.CPython314, func(t *gil.Thread) {
		ex, err := pool.NewProcessExecutor(t, 1)
		if err != nil {
			fmt.Println(err)
			return
		}
		first := pool.Submit(t, ex, nap, time.Hour) // made with process.Define
		second := pool.Submit(t, ex, nap, time.Hour)
		t.Sleep(time.Second)
		ex.TerminateWorkers(t)
		fmt.Println(second.Exception(t))
		var death *pool.WorkerError
		if err := first.Exception(t); errors.Is(err, pool.ErrBroken) && errors.As(err, &death) {
			fmt.Println("broken:", death.Task, "ended by", death.Signal())
		}
		_ = ex.Shutdown(t)
		fmt.Println(t.Now() < 3*time.Second)
	})
	// Output:
	// pool: the future was cancelled
	// broken: pool_test.nap ended by terminated
	// true
}

func ExampleMap() {
	_ = gil.Live().Run(gil.CPython313, func(t *gil.Thread) {
		p := pool.NewThread(t, 4)
		_ = p.With(t, func() {
			fmt.Println(pool.Map(t, p, pool.Func(func(_ *gil.Thread, n int) (int, error) { return n * n, nil }), []int{1, 2, 3}))
		})
	})
	// Output: [1 4 9] <nil>
}
