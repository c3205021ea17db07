package queue

import "time"

// StallAfter sets how long a child waits before it says that it is stuck.
func StallAfter(d time.Duration) (restore func()) {
	old := stallAfter
	stallAfter = d
	return func() { stallAfter = old }
}
