//go:build linux

package queue_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/process"
	"github.com/pygil/pygil/queue"
)

type squareTask struct {
	In  *queue.JoinableQueue[int]
	Out *queue.ProcessQueue[string]
}

// Functions that children run are package variables.
var squares = process.DefineTarget("example.squares", func(ctx context.Context, s squareTask) error {
	for n := range s.In.All(ctx) {
		if err := s.Out.Put(ctx, fmt.Sprintf("%d² = %d", n, n*n)); err != nil {
			return err
		}
		if err := s.In.TaskDone(ctx); err != nil {
			return err
		}
	}
	return nil
})

// Work goes to two processes through one queue, and comes back through another.
func ExampleNewProcess() {
	ctx := context.Background()
	in, _ := queue.NewJoinable[int](ctx, 10)
	out, _ := queue.NewProcess[string](ctx, 0)
	defer in.Close()
	defer out.Close()
	var workers []*process.Process
	for range 2 {
		p, err := squares.Start(ctx, squareTask{in, out})
		if err != nil {
			fmt.Println(err)
			return
		}
		workers = append(workers, p)
	}
	for n := range 4 {
		_ = in.Put(ctx, n)
	}
	_ = in.Join(ctx) // until everything is done
	_ = in.Shutdown(ctx, false)

	var results []string
	for range 4 {
		s, _ := out.Get(ctx)
		results = append(results, s)
	}
	for _, p := range workers {
		_ = p.Join(ctx)
	}
	slices.Sort(results)
	fmt.Println(results)
	// Output: [0² = 0 1² = 1 2² = 4 3² = 9]
}

// What a queue between processes carries arrives with its types.
func ExampleNewSimpleProcess() {
	ctx := context.Background()
	q, _ := queue.NewSimpleProcess[[]any](ctx)
	defer q.Close()
	_ = q.Put(ctx, []any{42, nil, "hello"})
	v, _ := q.Get(ctx)
	fmt.Println(v)
	// Output: [42 <nil> hello]
}

// A thread of a Machine makes queues between emulated processes.
func ExampleProcessQueue_GetTimeout() {
	_ = gil.NewMachine(2).Run(gil.CPython313, func(t *gil.Thread) {
		q, _ := queue.NewProcess[int](t, 0)
		_, err := q.GetTimeout(t, 2_000_000_000)
		fmt.Println(err)
		fmt.Println(t.Now())
	})
	// Output:
	// queue: empty; Get waits for an item (timed out after 2s)
	// 2s
}

// A process that does not wait for its items to be sent loses those that are not.
func ExampleProcessQueue_Stats() {
	ctx := context.Background()
	q, _ := queue.NewProcess[int](ctx, 0)
	defer q.Close()
	for i := range 3 {
		_ = q.Put(ctx, i)
	}
	vs, _ := q.GetMany(ctx, 2)
	s := q.Stats(ctx)
	fmt.Println(vs, s.Items, s.Lost)
	// Output: [0 1] 1 0
}

// Join knows when all tasks are done.
func ExampleNewJoinable() {
	ctx := context.Background()
	q, _ := queue.NewJoinable[string](ctx, 0)
	defer q.Close()
	_ = q.Put(ctx, "task")
	fmt.Println(q.JoinTimeout(ctx, 0))
	_, _ = q.Get(ctx)
	_ = q.TaskDone(ctx)
	fmt.Println(q.Join(ctx))
	// Output:
	// queue: not all tasks are done; Join waits for TaskDone (timed out after 0s)
	// <nil>
}
