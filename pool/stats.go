package pool

import "fmt"

// Stats are the figures of a pool or executor at one moment. A chunk of a map is one
// task.
type Stats struct {
	Submitted int // tasks that were accepted
	Completed int // tasks that have ended: also those that failed
	Failed    int // tasks that ended with an error, a panic, or with their worker
	Cancelled int // tasks that were cancelled before they began
	Retried   int // times a task was begun again because its worker had died
	Replaced  int // workers that another one comes in place of: they have died, or done WithMaxTasksPerChild
	Started   int // workers that were ever started
	Workers   int // workers that there are
	Idle      int // of these, that have nothing to do
	Running   int // tasks that have begun and not ended
	Pending   int // tasks that wait for a worker
}

// String shows the figures on one line.
func (s Stats) String() string {
	return fmt.Sprintf("%d workers (%d idle), %d running, %d pending, %d submitted, %d completed (%d failed), %d cancelled, %d retried, %d workers started, %d replaced",
		s.Workers, s.Idle, s.Running, s.Pending, s.Submitted, s.Completed, s.Failed, s.Cancelled, s.Retried, s.Started, s.Replaced)
}
