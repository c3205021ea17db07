package queue

import "fmt"

// ErrUnfinished says that not all tasks of a JoinableQueue were done when time ran
// out.
var ErrUnfinished error = sentinel("queue: not all tasks are done; Join waits for TaskDone")

// An AbandonedError is what joining a [JoinableQueue] returns when tasks are left that
// nobody is going to do: nothing is in the queue, and the processes that took them
// have ended without TaskDone. Whoever does them instead calls TaskDone and joins
// again. Python waits for ever.
type AbandonedError struct {
	Queue string // its name
	Tasks int    // how many are left
}

// Error says how many tasks are left.
func (e *AbandonedError) Error() string {
	return fmt.Sprintf("queue: %d tasks of %s were taken by processes that have ended without TaskDone: do them and call TaskDone, then join again", e.Tasks, e.Queue)
}
